// Package imagebuilder builds images on this machine with a BuildKit daemon of its own, without any cluster.
//
//	builder, err := imagebuilder.Start(ctx, imagebuilder.Options{...})
//	defer builder.Stop(ctx)
//	digest, err := builder.Build(ctx, imagebuilder.Build{...})
package imagebuilder

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"kiln.build/cluster/internal/cgroup"
	"kiln.build/cluster/internal/process"
	"kiln.build/cluster/internal/registry"
	"kiln.build/cluster/internal/sandbox"
	"kiln.build/cluster/internal/toolchain"
)

const startLimit = time.Minute

// Options say how to start a Builder.
type Options struct {
	Tools *toolchain.Toolchain
	// Cache is Kiln's cache folder. The daemon keeps its state in it, so that a later builder reuses the steps of an earlier one.
	Cache string
	// Registry is the host:port of a plain HTTP registry: where images are pushed to, and the mirror of docker.io. Left empty, the builder
	// serves RegistryRoot on the loopback interface itself.
	Registry     string
	RegistryRoot string
}

// Builder is a running BuildKit daemon. Only one runs per cache folder; another call of Start waits for it.
type Builder struct {
	registry string
	bin      string
	dir      string // state, kept
	run      string // socket, removed
	cgroup   string
	lock     *os.File
	daemons  []*process.Daemon
}

// Start starts the daemon, and what it needs, and waits until it can build.
func Start(ctx context.Context, options Options) (*Builder, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("building images needs root: run this as root, for example with sudo -E")
	}
	bin, err := options.Tools.Ensure(ctx, toolchain.Runc, toolchain.BuildKit, toolchain.Registry)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(options.Cache, "builder")
	sum := sha256.Sum256([]byte(dir))
	builder := &Builder{registry: options.Registry, bin: bin, dir: dir, cgroup: "/kiln-builder-" + hex.EncodeToString(sum[:4])}
	if err := builder.acquire(ctx); err != nil {
		return nil, err
	}
	if err := builder.start(ctx, options); err != nil {
		return nil, errors.Join(fmt.Errorf("start BuildKit: %w", err), builder.Stop(context.WithoutCancel(ctx)))
	}
	return builder, nil
}

// Registry is the host:port that images are pushed to.
func (b *Builder) Registry() string { return b.registry }

// Stop ends the daemon and removes everything but its cache.
func (b *Builder) Stop(ctx context.Context) error {
	defer b.lock.Close()
	for i := len(b.daemons) - 1; i >= 0; i-- {
		// Told first, the daemon stores its cache in order.
		daemon := b.daemons[i]
		_ = unix.Kill(daemon.PID, unix.SIGTERM)
		select {
		case <-daemon.Exited:
		case <-time.After(10 * time.Second):
		}
	}
	var failure error
	if cgroup.Exists(b.cgroup) {
		failure = cgroup.Remove(ctx, b.cgroup)
	}
	if b.run != "" {
		failure = errors.Join(failure, os.RemoveAll(b.run))
	}
	if failure != nil {
		return fmt.Errorf("stop BuildKit: %w", failure)
	}
	return nil
}

// acquire waits for an earlier builder to end, and removes what a killed one left.
func (b *Builder) acquire(ctx context.Context) (err error) {
	if err := os.MkdirAll(b.dir, 0o755); err != nil {
		return fmt.Errorf("create the builder's folder: %w", err)
	}
	if b.lock, err = os.Open(b.dir); err != nil {
		return fmt.Errorf("lock the builder's folder: %w", err)
	}
	for {
		err := unix.Flock(int(b.lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			break
		}
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return errors.Join(fmt.Errorf("lock the builder's folder: %w", err), b.lock.Close())
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("wait for another builder in %s: %w", b.dir, ctx.Err()), b.lock.Close())
		case <-time.After(100 * time.Millisecond):
		}
	}
	if cgroup.Exists(b.cgroup) {
		if err := cgroup.Remove(ctx, b.cgroup); err != nil {
			return errors.Join(fmt.Errorf("remove what is left of an earlier builder: %w", err), b.lock.Close())
		}
	}
	return nil
}

func (b *Builder) start(ctx context.Context, options Options) (err error) {
	if b.run, err = os.MkdirTemp("", "kiln-builder-"); err != nil {
		return err
	}
	for _, child := range []string{"daemons", "steps"} {
		if err := cgroup.Create(filepath.Join(b.cgroup, child)); err != nil {
			return err
		}
	}
	holder, err := sandbox.Start(sandbox.Options{
		Name: "sandbox", Log: b.log("sandbox"), Cgroup: filepath.Join(b.cgroup, "daemons"), Dir: filepath.Join(b.run, "sandbox"),
		// The machine's name servers may be described below /run.
		Keep: []string{options.Cache, b.run, "/run/systemd/resolve"},
	})
	if err != nil {
		return err
	}
	b.daemons = append(b.daemons, holder)
	if b.registry == "" {
		if err := b.serveRegistry(ctx, holder.PID, options.RegistryRoot); err != nil {
			return err
		}
	}
	config := filepath.Join(b.run, "buildkitd.toml")
	if err := os.WriteFile(config, []byte(b.config()), 0o644); err != nil {
		return err
	}
	return b.daemon(ctx, holder.PID, "buildkitd", nil, func(ctx context.Context) error { return dial(ctx, "unix", b.socket()) }, "--config", config)
}

func (b *Builder) serveRegistry(ctx context.Context, holder int, root string) error {
	address, err := freeAddress()
	if err != nil {
		return err
	}
	b.registry = address
	file := filepath.Join(b.run, "registry.json")
	if err := (registry.Config{Root: root, Address: address}).Write(file); err != nil {
		return err
	}
	return b.daemon(ctx, holder, "registry", registry.Env(), func(ctx context.Context) error { return dial(ctx, "tcp", address) }, registry.Args(file)...)
}

// daemon starts a program and waits until it listens.
func (b *Builder) daemon(ctx context.Context, holder int, program string, env []string, ready func(context.Context) error, args ...string) error {
	started, err := process.Start(process.Spec{
		Name: program, Path: filepath.Join(b.bin, program), Args: args, Dir: b.run, Log: b.log(program),
		Env:    append([]string{"PATH=" + b.bin + ":" + os.Getenv("PATH") + ":/usr/sbin:/sbin"}, env...),
		Cgroup: filepath.Join(b.cgroup, "daemons"), Holder: holder, Mounts: true,
	})
	if err != nil {
		return err
	}
	b.daemons = append(b.daemons, started)
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for ready(ctx) != nil {
		select {
		case <-started.Exited:
			return started.Failure()
		case <-ctx.Done():
			return fmt.Errorf("%s does not listen: %w\n%s", program, ctx.Err(), process.Tail(started.Log, 12))
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

func (b *Builder) socket() string            { return filepath.Join(b.run, "buildkitd.sock") }
func (b *Builder) log(program string) string { return filepath.Join(b.dir, program+".log") }

func (b *Builder) config() string {
	return fmt.Sprintf(`root = %q
[grpc]
  address = [%q]
[worker.oci]
  binary = %q
  defaultCgroupParent = %q
[worker.containerd]
  enabled = false
[registry."docker.io"]
  mirrors = [%[5]q]
[registry.%[5]q]
  http = true
`, filepath.Join(b.dir, "state"), "unix://"+b.socket(), filepath.Join(b.bin, "runc"), filepath.Join(b.cgroup, "steps"), b.registry)
}

// freeAddress is a loopback address that nothing listens on.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return listener.Addr().String(), listener.Close()
}

func dial(ctx context.Context, network, address string) error {
	connection, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return err
	}
	return connection.Close()
}
