// Package bench measures how long Kiln takes for a trivial build and for real ones, beside docker/buildx on the same cluster, and what the
// operator costs.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"kiln.build/cluster/internal/kube"
	"kiln.build/cluster/internal/kubectl"
)

// Bench measures on a cluster of this machine that Kiln is installed in.
type Bench struct {
	Kubectl kubectl.Client
	Kube    *kube.Client
	// Registry is the cluster's plain registry, RegistryRoot the folder it keeps its content in.
	Registry     string
	RegistryRoot string
	// Buildx and Crane are the paths of the programs.
	Buildx string
	Crane  string
	// OperatorImage and BuildKitImage are repository@digest.
	OperatorImage string
	BuildKitImage string
	// Sources are where the examples come from; the measurements of them need it.
	Sources Sources
	Out     io.Writer

	session string
}

// Options say how much is measured.
type Options struct {
	// Builds with Kiln, each new to the cluster.
	Builds int
	// Builders that buildx creates, and warm builds on them in all.
	Builders   int
	WarmBuilds int
	// Idle is how long the operator is left alone before its memory is read.
	Idle time.Duration
}

// Run measures everything and removes what it created.
func (b *Bench) Run(ctx context.Context, options Options) (report *Report, err error) {
	now, machine, err := b.begin()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.remove(context.WithoutCancel(ctx))) }()

	fmt.Fprintf(b.Out, "operator: image, start, memory after %s idle\n", options.Idle)
	operator, err := b.operator(ctx, options.Idle)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(b.Out, "%d builds with Kiln\n", options.Builds)
	moments, err := b.kilnBuilds(ctx, options.Builds)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(b.Out, "%d builders and %d warm builds with buildx\n", options.Builders, options.WarmBuilds)
	times, err := b.buildx(ctx, options.Builders, options.WarmBuilds)
	if err != nil {
		return nil, err
	}
	return newReport(now, machine, moments, times, operator), nil
}

// begin starts a measurement: what it creates has names of its own.
func (b *Bench) begin() (time.Time, Machine, error) {
	now := time.Now()
	b.session = strconv.FormatInt(now.Unix(), 36)
	machine, err := thisMachine()
	return now, machine, err
}
