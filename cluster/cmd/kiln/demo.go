package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"kiln.build/cluster/internal/cluster"
	"kiln.build/cluster/internal/demo"
	"kiln.build/cluster/internal/images"
	"kiln.build/cluster/internal/install"
	"kiln.build/cluster/internal/kubectl"
	"kiln.build/cluster/internal/layout"
	"kiln.build/cluster/internal/progress"
	"kiln.build/cluster/internal/toolchain"
)

// runDemo shows what Kiln does, on a cluster of its own or on one that the user has.
func runDemo(ctx context.Context, args []string) error {
	set := flags("demo")
	kubeContext := set.String("context", "", "")
	registry := set.String("registry", "", "")
	plainHTTP := set.Bool("plain-http", false, "")
	if err := parse(set, args); err != nil {
		return err
	}
	switch {
	case *kubeContext != "" && *registry == "":
		return usageError{"demo: --context needs --registry HOST[/PATH] too: where to push Kiln's images and the demo's, so that this machine and the cluster's nodes reach it"}
	case *kubeContext == "" && (*registry != "" || *plainHTTP):
		return usageError{"demo: --registry and --plain-http go with --context: the demo's own cluster has a registry"}
	case *kubeContext != "":
		d, err := demoElsewhere(ctx, *kubeContext, *registry, *plainHTTP)
		if err != nil {
			return err
		}
		return d.Run(ctx)
	}
	d, _, err := demoHere(ctx)
	if err == nil {
		err = d.Run(ctx)
	}
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("interrupted: whatever runs stays up; `%s down` removes every trace of it", demo.Script(d.Root))
	}
	return err
}

// demoHere brings up the cluster that the environment names, with Kiln's images in its registry.
func demoHere(ctx context.Context) (demo.Demo, *cluster.Status, error) {
	d := demo.Demo{Own: true, PlainHTTP: true, Out: os.Stdout}
	options, err := imageOptions()
	if err = errors.Join(demo.CheckMachine(), err); err != nil {
		return d, nil, err
	}
	d.Root = options.Root
	current, err := currentCluster()
	if err != nil {
		return d, nil, err
	}
	if err := ensureTools(ctx, options); err != nil {
		return d, nil, err
	}
	seed, err := images.Seed(ctx, options.Tools, options.Cache, options.JDK, options.Out)
	if err != nil {
		return d, nil, err
	}
	done := progress.Start(options.Out, "start the cluster "+current.Name)
	err = current.Up(ctx, cluster.Options{Seeds: []string{seed}})
	done(err)
	if err != nil {
		return d, nil, err
	}
	status, err := current.Status()
	if err != nil {
		return d, nil, err
	}
	references, err := images.BuildAndPush(ctx, options, current.Cluster, status.Registry)
	if err != nil {
		return d, nil, err
	}
	if d.Images, err = own(references); err != nil {
		return d, nil, err
	}
	d.Registry = status.Registry
	d.Registries = []install.Registry{{Host: "docker.io", Mirrors: []string{status.Registry}}, {Host: status.Registry, Insecure: true}}
	d.Installer = install.Installer{
		Helm: filepath.Join(status.Bin, "helm"), Chart: filepath.Join(d.Root, "helm", "kiln"),
		Kubectl: kubectl.Client{Program: filepath.Join(status.Bin, "kubectl"), Kubeconfig: status.Kubeconfig},
	}
	return d, status, nil
}

// ensureTools has everything ready that a cluster is started with.
func ensureTools(ctx context.Context, options images.Options) error {
	kubectl, err := options.Tools.Path("kubectl")
	if err != nil {
		return err
	}
	if _, err := os.Stat(kubectl); err != nil {
		fmt.Fprintln(options.Out, "The first time, this builds Kubernetes, containerd, BuildKit and what belongs to them from source: about 20 minutes on two cores. Later it takes seconds.")
	}
	if err := toolchain.EnsurePackages(ctx, options.Out, toolchain.NodePackages...); err != nil {
		return err
	}
	_, err = options.Tools.Ensure(ctx, toolchain.Node...)
	return err
}

// demoElsewhere prepares for a cluster of the user's, with Kiln's images in the user's registry.
func demoElsewhere(ctx context.Context, kubeContext, registry string, plainHTTP bool) (demo.Demo, error) {
	d := demo.Demo{Registry: registry, PlainHTTP: plainHTTP, Out: os.Stdout}
	options, err := imageOptions()
	if err != nil {
		return d, err
	}
	d.Root = options.Root
	bin, err := options.Tools.Ensure(ctx, toolchain.Kubernetes, toolchain.Helm)
	if err != nil {
		return d, err
	}
	client := kubectl.Client{Program: filepath.Join(bin, "kubectl"), Context: kubeContext}
	if err := demo.Reachable(ctx, client); err != nil {
		return d, err
	}
	built, err := images.Build(ctx, options)
	if err != nil {
		return d, err
	}
	done := progress.Start(options.Out, "push Kiln's images to "+registry)
	options.PlainHTTP = plainHTTP
	references, err := images.PushTo(ctx, options, built, registry)
	done(err)
	if err != nil {
		return d, err
	}
	if d.Images, err = own(references); err != nil {
		return d, err
	}
	if plainHTTP {
		host, _, _ := strings.Cut(registry, "/")
		d.Registries = []install.Registry{{Host: host, Insecure: true}}
	}
	d.Installer = install.Installer{Helm: filepath.Join(bin, "helm"), Chart: filepath.Join(d.Root, "helm", "kiln"), Kubectl: client}
	return d, nil
}

// imageOptions find what Kiln's images are built from, and name what is missing.
func imageOptions() (images.Options, error) {
	root, err := layout.Root()
	if err != nil {
		return images.Options{}, err
	}
	cache, err := layout.Cache()
	if err != nil {
		return images.Options{}, err
	}
	jdk, err := findJDK()
	if _, missing := exec.LookPath("mvn"); missing != nil {
		err = errors.Join(err, errors.New("Maven is missing. Install it: apt-get install --no-install-recommends maven"))
	}
	if err != nil {
		return images.Options{}, err
	}
	return images.Options{Tools: toolchain.New(root, cache, os.Stderr), Cache: cache, Root: root, JDK: jdk, Out: os.Stderr}, nil
}

// own are Kiln's images, from references by name.
func own(references map[string]string) (install.Images, error) {
	var all install.Images
	for name, image := range map[string]*install.Image{images.Operator: &all.Operator, images.Worker: &all.Worker, images.BuildKit: &all.BuildKit} {
		var err error
		if *image, err = install.ParseImage(references[name]); err != nil {
			return all, fmt.Errorf("the image %s: %w", name, err)
		}
	}
	return all, nil
}
