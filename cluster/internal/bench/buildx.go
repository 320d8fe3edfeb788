package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	buildxNamespace = "kiln-bench-buildx"
	buildxImage     = "moby/buildkit:v0.33.1-rootless"
	builderName     = "kiln-bench"
)

// buildxTimes are the durations of whole command lines, as a user waits for them.
type buildxTimes struct {
	create, cold, createAndCold, warm []time.Duration
}

// buildx creates a builder, builds and builds again, as often as told; the warm builds are spread over the builders.
func (b *Bench) buildx(ctx context.Context, builders, warm int) (buildxTimes, error) {
	var times buildxTimes
	x, closed, err := b.newBuildx(ctx, buildxImage)
	if err != nil {
		return times, err
	}
	defer closed()
	for i := range builders {
		if err := x.measure(ctx, i, (warm+builders-1)/builders, &times); err != nil {
			return times, errors.Join(fmt.Errorf("builder %d of %d of buildx: %w", i+1, builders, err), x.remove(ctx))
		}
		if err := x.remove(ctx); err != nil {
			return times, err
		}
	}
	return times, nil
}

// pullBuildx has the daemon's image on the node, as Kiln's images are after its first build.
func (b *Bench) pullBuildx(ctx context.Context, image string) error {
	pod := `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pull", "namespace": "` + buildxNamespace + `"}, "spec": {"restartPolicy": "Never",
	  "containers": [{"name": "pull", "image": "` + b.Registry + "/" + image + `", "command": ["buildkitd", "--version"]}]}}`
	if err := b.Kubectl.Apply(ctx, callDeadline, []byte(pod)); err != nil {
		return err
	}
	_, err := b.Kubectl.Run(ctx, 2*time.Minute, nil, "wait", "pod/pull", "--namespace", buildxNamespace, "--for=jsonpath={.status.phase}=Succeeded", "--timeout=110s")
	return err
}

type buildxClient struct {
	bench *Bench
	home  string
	// image is what the daemon runs.
	image string
}

// newBuildx prepares for builders whose daemon is an image of the cluster's registry; closed removes the files of the preparation.
func (b *Bench) newBuildx(ctx context.Context, image string) (x buildxClient, closed func(), err error) {
	// Rootless BuildKit runs without seccomp and AppArmor profiles, which no stricter level admits.
	if err := b.namespace(ctx, buildxNamespace, "privileged"); err != nil {
		return x, nil, err
	}
	if err := b.pullBuildx(ctx, image); err != nil {
		return x, nil, err
	}
	home, err := os.MkdirTemp("", "kiln-bench-")
	if err != nil {
		return x, nil, err
	}
	x = buildxClient{bench: b, home: home, image: image}
	if err := x.configure(); err != nil {
		return x, nil, errors.Join(err, os.RemoveAll(home))
	}
	return x, func() { os.RemoveAll(home) }, nil
}

// create creates a builder, whose pod may not be ready yet unless options say --bootstrap.
func (x buildxClient) create(ctx context.Context, options ...string) (time.Duration, error) {
	start := time.Now()
	// A rootless daemon does not look where the driver mounts its configuration.
	err := x.run(ctx, append([]string{"create", "--name", builderName, "--driver", "kubernetes",
		"--buildkitd-config", x.path("buildkitd.toml"), "--buildkitd-flags", "--config=/etc/buildkit/buildkitd.toml",
		"--driver-opt", "namespace=" + buildxNamespace + ",image=" + x.bench.Registry + "/" + x.image + ",rootless=true"}, options...)...)
	return time.Since(start), err
}

func (x buildxClient) measure(ctx context.Context, builder, warm int, times *buildxTimes) error {
	start := time.Now()
	created, err := x.create(ctx)
	if err != nil {
		return err
	}
	times.create = append(times.create, created)
	cold, err := x.buildTrivial(ctx, fmt.Sprintf("%d-cold", builder))
	if err != nil {
		return err
	}
	times.cold, times.createAndCold = append(times.cold, cold), append(times.createAndCold, time.Since(start))
	fmt.Fprintf(x.bench.Out, "  buildx builder %d: created and built in %s\n", builder+1, time.Since(start).Round(time.Millisecond))
	for i := range warm {
		took, err := x.buildTrivial(ctx, fmt.Sprintf("%d-warm-%d", builder, i))
		if err != nil {
			return err
		}
		times.warm = append(times.warm, took)
		fmt.Fprintf(x.bench.Out, "  buildx warm %d: %s\n", i+1, took.Round(time.Millisecond))
	}
	return nil
}

// buildTrivial builds and pushes the same image as Kiln does, with content of its own.
func (x buildxClient) buildTrivial(ctx context.Context, content string) (time.Duration, error) {
	folder := x.path("context")
	name := "trivial-" + x.bench.session + "-" + content
	if err := os.WriteFile(filepath.Join(folder, "content"), []byte(name), 0o644); err != nil {
		return 0, err
	}
	return x.build(ctx, name, platforms, folder)
}

// build builds and pushes a context, a folder or a git repository.
func (x buildxClient) build(ctx context.Context, name string, platforms []string, source string) (time.Duration, error) {
	start := time.Now()
	err := x.run(ctx, "build", "--builder", builderName, "--platform", strings.Join(platforms, ","), "--push", "--progress", "plain",
		"--tag", x.bench.Registry+"/kiln-bench-buildx/"+name+":latest", source)
	return time.Since(start), err
}

// configure writes the context, and tells the daemon that the registry speaks plain HTTP and has the images of docker.io.
func (x buildxClient) configure() error {
	if err := os.Mkdir(x.path("context"), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(x.path("context"), "Dockerfile"), []byte(dockerfile), 0o644); err != nil {
		return err
	}
	return os.WriteFile(x.path("buildkitd.toml"), []byte("[registry.\""+x.bench.Registry+"\"]\nhttp = true\n[registry.\"docker.io\"]\nmirrors = [\""+x.bench.Registry+"\"]\n"), 0o644)
}

func (x buildxClient) remove(ctx context.Context) error {
	return x.run(context.WithoutCancel(ctx), "rm", "--force", builderName)
}

func (x buildxClient) run(ctx context.Context, args ...string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, buildDeadline, fmt.Errorf("not done within %s", buildDeadline))
	defer cancel()
	command := exec.CommandContext(ctx, x.bench.Buildx, args...)
	command.Env = append(os.Environ(), "KUBECONFIG="+x.bench.Kubectl.Kubeconfig, "BUILDX_CONFIG="+x.home, "DOCKER_CONFIG="+x.home)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 10 * time.Second
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Run(); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return fmt.Errorf("buildx %s: %w\n%s", args[0], err, output.Bytes()[max(0, output.Len()-3000):])
	}
	return nil
}

func (x buildxClient) path(name string) string { return filepath.Join(x.home, name) }
