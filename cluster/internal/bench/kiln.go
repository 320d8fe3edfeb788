package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	callDeadline  = 30 * time.Second
	buildDeadline = 5 * time.Minute
	namespace     = "kiln-bench"
)

var platforms = []string{"linux/amd64", "linux/arm64"}

// dockerfile is the build that is measured: as little as an image can be, so that what is measured is everything around it.
const dockerfile = "FROM scratch\nCOPY content /content\n"

// kilnBuilds runs builds one after the other and returns their moments. The first one, which pulls the images onto the node, does not count.
func (b *Bench) kilnBuilds(ctx context.Context, count int) ([]Moments, error) {
	ctx, events, stop, err := b.watchBuilds(ctx)
	if err != nil {
		return nil, err
	}
	defer stop()
	var all []Moments
	for i := range count + 1 {
		moments, err := b.kilnBuild(ctx, b.trivial(i, nil), events)
		if err != nil {
			return nil, fmt.Errorf("build %d of %d with Kiln: %w", i, count, err)
		}
		fmt.Fprintf(b.Out, "  kiln %2d/%d: %s%s\n", i, count, total(moments).Round(time.Millisecond), map[bool]string{true: " (does not count)"}[i == 0])
		if i > 0 {
			all = append(all, moments)
		}
	}
	return all, nil
}

// watchBuilds creates the namespace of the builds and sends what happens there, until stop is called.
func (b *Bench) watchBuilds(ctx context.Context) (watching context.Context, events chan event, stop func(), err error) {
	if err := b.namespace(ctx, namespace, "baseline"); err != nil {
		return nil, nil, nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	events = make(chan event)
	for _, kind := range []string{"imagebuilds.kiln.build", "pods"} {
		go func() {
			if err := watch(ctx, b.Kubectl, namespace, kind, events); err != nil {
				cancel(err)
			}
		}()
	}
	return ctx, events, func() { cancel(nil) }, nil
}

// kilnRun is one run of an ImageBuild.
type kilnRun struct {
	name      string
	number    int
	platforms []string
	// spec lacks platforms and output.
	spec map[string]any
	// accelerated runs have to start something natively.
	accelerated bool
}

// trivial is the run of an ImageBuild with content of its own.
func (b *Bench) trivial(number int, placement map[string]any) kilnRun {
	name := fmt.Sprintf("trivial-%s-%d", b.session, number)
	spec := map[string]any{
		"source": map[string]any{"inline": map[string]any{"files": map[string]string{"Dockerfile": dockerfile, "content": name}}},
		"cache":  map[string]string{"mode": "Disabled"},
	}
	if placement != nil {
		spec["placement"] = placement
	}
	return kilnRun{name: name, number: 1, platforms: platforms, spec: spec}
}

func (r kilnRun) repository() string { return "kiln-bench/" + r.name }

func (r kilnRun) object(registry string) ([]byte, error) {
	spec := maps.Clone(r.spec)
	spec["platforms"] = r.platforms
	spec["output"] = map[string]any{"image": registry + "/" + r.repository(), "tags": []string{"latest"}}
	return json.Marshal(map[string]any{
		"apiVersion": "kiln.build/v1alpha1", "kind": "ImageBuild",
		"metadata": map[string]string{"name": r.name, "namespace": namespace}, "spec": spec,
	})
}

func (b *Bench) kilnBuild(ctx context.Context, run kilnRun, events <-chan event) (Moments, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, buildDeadline, fmt.Errorf("it did not end within %s", buildDeadline))
	defer cancel()
	object, err := run.object(b.Registry)
	if err != nil {
		return Moments{}, err
	}
	seen := newObservation(run.name, run.number, len(run.platforms))
	seen.moments.Submitted = time.Now()
	applied := make(chan error, 1)
	go func() { applied <- b.Kubectl.Apply(ctx, callDeadline, object) }()
	for ended := false; !ended; {
		select {
		case <-ctx.Done():
			return Moments{}, context.Cause(ctx)
		case err := <-applied:
			if err != nil {
				return Moments{}, err
			}
		case e := <-events:
			if ended, err = seen.add(e); err != nil {
				return Moments{}, err
			}
		}
	}
	if seen.failure != "" {
		return Moments{}, fmt.Errorf("it failed: %s", seen.failure)
	}
	if run.accelerated && seen.native == 0 {
		return Moments{}, errors.New("it was to be accelerated, and no program started natively")
	}
	if seen.moments.TagWritten, err = b.tagWritten(run.repository(), seen.image); err != nil {
		return Moments{}, err
	}
	return seen.moments, nil
}

// tagWritten is when the registry wrote the tag of the image, which must be the one that the build claims.
func (b *Bench) tagWritten(repository, image string) (time.Time, error) {
	link := filepath.Join(b.RegistryRoot, "docker", "registry", "v2", "repositories", repository, "_manifests", "tags", "latest", "current", "link")
	content, err := os.ReadFile(link)
	if err != nil {
		return time.Time{}, fmt.Errorf("read the tag in the registry: %w", err)
	}
	_, digest, _ := strings.Cut(image, "@")
	if string(content) != digest {
		return time.Time{}, fmt.Errorf("the tag in the registry points at %s, the status says %s", content, image)
	}
	info, err := os.Stat(link)
	if err != nil {
		return time.Time{}, fmt.Errorf("read the time of the tag in the registry: %w", err)
	}
	return info.ModTime(), nil
}

// namespace creates a namespace at a Pod Security level.
func (b *Bench) namespace(ctx context.Context, name, level string) error {
	return b.Kubectl.Apply(ctx, callDeadline, []byte(`{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "`+name+`",
	  "labels": {"pod-security.kubernetes.io/enforce": "`+level+`"}}}`))
}

// remove deletes the namespaces of the benchmark and what is in them.
func (b *Bench) remove(ctx context.Context) error {
	_, err := b.Kubectl.Run(ctx, 2*time.Minute, nil, "delete", "namespace", namespace, buildxNamespace, "--ignore-not-found")
	return err
}
