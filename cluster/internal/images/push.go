package images

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"kiln.build/cluster/internal/layout"
	"kiln.build/cluster/internal/process"
	"kiln.build/cluster/internal/registry"
	"kiln.build/cluster/internal/toolchain"
)

// BuildAndPush builds Kiln's own images, offers them and the base images in the registry of a cluster made by this program, and
// returns their references (repository@digest) by name. host is the registry's host:port.
func BuildAndPush(ctx context.Context, options Options, cluster layout.Cluster, host string) (map[string]string, error) {
	seed, err := Seed(ctx, options.Tools, options.Cache, options.JDK, options.Out)
	if err != nil {
		return nil, err
	}
	built, err := Build(ctx, options)
	if err != nil {
		return nil, err
	}
	if err := registry.Seed(cluster.RegistryRoot(), seed); err != nil {
		return nil, err
	}
	references := map[string]string{}
	for _, image := range built {
		if err := registry.Seed(cluster.RegistryRoot(), image.Content); err != nil {
			return nil, err
		}
		references[image.Name] = host + "/" + image.Repository() + "@" + image.Digest
	}
	return references, nil
}

// PushTo pushes built images to any registry, below prefix (a host, or a host and a path), with the credentials of the user's
// docker configuration, and returns their references by name.
func PushTo(ctx context.Context, options Options, built []Image, prefix string) (map[string]string, error) {
	bin, err := options.Tools.Ensure(ctx, toolchain.Registry, toolchain.Crane)
	if err != nil {
		return nil, err
	}
	references := map[string]string{}
	for _, image := range built {
		target := strings.TrimSuffix(prefix, "/") + "/" + image.Repository()
		if err := copyOut(ctx, bin, image, target+":"+buildTag, options.PlainHTTP); err != nil {
			return nil, fmt.Errorf("push the image %s to %s: %w", image.Name, target, err)
		}
		references[image.Name] = target + "@" + image.Digest
	}
	return references, nil
}

// copyOut serves the image on the loopback interface for as long as crane copies it.
func copyOut(ctx context.Context, bin string, image Image, target string, plainHTTP bool) error {
	work, err := os.MkdirTemp("", "kiln-push-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		return err
	}
	config := filepath.Join(work, "registry.json")
	if err := (registry.Config{Root: image.Content, Address: address}).Write(config); err != nil {
		return err
	}
	server := exec.CommandContext(ctx, filepath.Join(bin, "registry"), registry.Args(config)...)
	server.Env = append(os.Environ(), registry.Env()...)
	server.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	daemon, err := process.Launch("registry", filepath.Join(work, "registry.log"), server)
	if err != nil {
		return err
	}
	defer func() {
		_ = server.Process.Kill()
		<-daemon.Exited
	}()
	if err := awaitListener(ctx, address, daemon); err != nil {
		return err
	}
	args := []string{"copy", address + "/" + image.Repository() + "@" + image.Digest, target}
	if plainHTTP {
		args = append(args, "--insecure")
	}
	copy := exec.CommandContext(ctx, filepath.Join(bin, "crane"), args...)
	if output, err := copy.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, output)
	}
	return nil
}

func awaitListener(ctx context.Context, address string, daemon *process.Daemon) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err == nil {
			return connection.Close()
		}
		select {
		case <-daemon.Exited:
			return daemon.Failure()
		case <-ctx.Done():
			return err
		case <-time.After(20 * time.Millisecond):
		}
	}
}
