// Package demo shows one ImageBuild becoming one image for two platforms, from the chart's installation to the digest.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"kiln.build/cluster/internal/install"
	"kiln.build/cluster/internal/kubectl"
	"kiln.build/cluster/internal/progress"
)

const (
	namespace     = "kiln-demo"
	callDeadline  = 30 * time.Second
	buildDeadline = 15 * time.Minute
)

// Demo is a demonstration on one cluster.
type Demo struct {
	// Root is the root of the source tree.
	Root      string
	Installer install.Installer
	// Images are Kiln's own, Registries what Kiln is told about registries.
	Images     install.Images
	Registries []install.Registry
	// Twins are for emulated builds; none leaves what is installed.
	Twins []install.Twins
	// Registry is where the example's image goes: a host, or a host and a path.
	Registry string
	// PlainHTTP says that this registry does not speak HTTPS.
	PlainHTTP bool
	// Own is set when the cluster was started for the demo, and not brought by the user.
	Own bool
	Out io.Writer
}

// ErrBuildFailed says that the demo's build did not succeed; why was shown already.
var ErrBuildFailed = errors.New("the demo's build failed")

// Run installs Kiln, builds the example and shows what came of it.
func (d Demo) Run(ctx context.Context) error {
	if err := d.Install(ctx); err != nil {
		return err
	}
	if err := d.prepareNamespace(ctx); err != nil {
		return err
	}
	example, err := d.example(ctx)
	if err != nil {
		return err
	}
	asked, err := d.ask(ctx, example)
	if err != nil {
		return err
	}
	fmt.Fprintf(d.Out, "\nImageBuild %s/%s from examples/hello/imagebuild.yaml:\n", namespace, example.name())
	start := time.Now()
	b, err := follower{
		kubectl: d.kubectl(), namespace: namespace, name: example.name(), request: asked, screen: newScreen(d.Out, start),
	}.follow(ctx, buildDeadline)
	if err != nil {
		return fmt.Errorf("%w\nLook at it: %s describe --namespace %s imagebuild %s", err, d.kubectl().Command(), namespace, kubectl.Quote(example.name()))
	}
	fmt.Fprintln(d.Out)
	if !b.succeeded() {
		explain(d.Out, b, d.kubectl())
		return ErrBuildFailed
	}
	writeTable(d.Out, result(b))
	fmt.Fprintf(d.Out, "\nimage: %s\n\n", clean(b.Status.Image))
	d.further(b)
	return nil
}

func (d Demo) kubectl() kubectl.Client { return d.Installer.Kubectl }

// Install installs Kiln and waits until it is ready.
func (d Demo) Install(ctx context.Context) error {
	for _, step := range []struct {
		text string
		run  func(context.Context) error
	}{
		{"install Kiln with its Helm chart", func(ctx context.Context) error { return d.Installer.Apply(ctx, d.Images, d.Registries, d.Twins) }},
		{"wait for the operator", d.Installer.Await},
	} {
		done := progress.Start(d.Out, step.text)
		err := step.run(ctx)
		done(err)
		if err != nil {
			return err
		}
	}
	return nil
}

// prepareNamespace creates the namespace for the build, in which nothing privileged may run.
func (d Demo) prepareNamespace(ctx context.Context) error {
	return d.kubectl().Apply(ctx, callDeadline, []byte(`{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "`+namespace+`",
	  "labels": {"pod-security.kubernetes.io/enforce": "baseline"}}}`))
}

// ask applies the example so that a run starts, whether it was built before or not.
func (d Demo) ask(ctx context.Context, example object) (request, error) {
	before := new(build)
	found, err := d.kubectl().Get(ctx, callDeadline, before, "imagebuild.kiln.build", example.name(), "--namespace", namespace)
	if err != nil {
		return request{}, err
	}
	var asked request
	if found {
		asked = request{after: before.Status.Run.Number, token: time.Now().UTC().Format("2006-01-02T15:04:05.000Z")}
	}
	content, err := example.prepared(d.Registry, asked.token)
	if err != nil {
		return request{}, err
	}
	return asked, d.kubectl().Apply(ctx, callDeadline, content)
}

// further names commands for a closer look.
func (d Demo) further(b *build) {
	name := kubectl.Quote(b.Metadata.Name)
	insecure := ""
	if d.PlainHTTP {
		insecure = "--insecure "
	}
	if !d.Own {
		fmt.Fprintf(d.Out, "Look further:\n  %s describe --namespace %s imagebuild %s\n", d.kubectl().Command(), namespace, name)
		fmt.Fprintf(d.Out, "  crane manifest %s%s\n", insecure, kubectl.Quote(clean(b.Status.Image)))
		fmt.Fprintf(d.Out, "Remove it:\n  %s delete namespace %s\n  helm uninstall %s --namespace %s --kube-context %s\n",
			d.kubectl().Command(), namespace, install.Name, install.Namespace, kubectl.Quote(d.kubectl().Context))
		return
	}
	kiln := Script(d.Root)
	fmt.Fprintf(d.Out, "Look further:\n  export KUBECONFIG=$(%s cluster kubeconfig) PATH=$(%s cluster bin):$PATH\n", kiln, kiln)
	fmt.Fprintf(d.Out, "  kubectl describe --namespace %s imagebuild %s\n", namespace, name)
	fmt.Fprintf(d.Out, "  crane manifest %s%s\n", insecure, kubectl.Quote(clean(b.Status.Image)))
	fmt.Fprintf(d.Out, "Remove every trace:\n  %s down\n", kiln)
}

// Script is how the user's shell calls the kiln script of the source tree at root.
func Script(root string) string {
	script := kubectl.Quote(filepath.Join(root, "kiln"))
	if current, err := os.Getwd(); err == nil && current == root {
		script = "./kiln"
	}
	if name := os.Getenv("KILN_CLUSTER"); name != "" {
		return "KILN_CLUSTER=" + kubectl.Quote(name) + " " + script
	}
	return script
}

// Reachable tells whether a cluster answers, before anything is built for it.
func Reachable(ctx context.Context, client kubectl.Client) error {
	if _, err := client.Run(ctx, callDeadline, nil, "version", "--request-timeout=20s"); err != nil {
		return fmt.Errorf("the cluster of context %s cannot be used: %w", client.Context, err)
	}
	return nil
}
