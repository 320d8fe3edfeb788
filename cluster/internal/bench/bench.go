// Package bench measures how long Kiln takes for a trivial build, beside docker/buildx on the same cluster, and what the operator costs.
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
	// Buildx is the path of the program.
	Buildx string
	// OperatorImage is the operator's repository@digest.
	OperatorImage string
	Out           io.Writer

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
	now := time.Now()
	machine, err := thisMachine()
	if err != nil {
		return nil, err
	}
	b.session = strconv.FormatInt(now.Unix(), 36)
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
