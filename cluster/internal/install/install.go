package install

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"kiln.build/cluster/internal/kubectl"
)

// Where the chart puts the operator when it is installed under its own name.
const (
	Name       = "kiln"
	Namespace  = "kiln-system"
	Deployment = "kiln-operator"
)

const (
	helmDeadline    = 2 * time.Minute
	rolloutDeadline = 3 * time.Minute
	lookDeadline    = 15 * time.Second
)

// Installer installs the chart with Helm.
type Installer struct {
	// Helm is the path of the program, Chart that of the chart's folder.
	Helm    string
	Chart   string
	Kubectl kubectl.Client
}

// Apply installs Kiln, or changes what is installed; values that somebody gave to what is installed stay unless they are given here.
func (i Installer) Apply(ctx context.Context, images Images, registries []Registry, twins []Twins) error {
	content, err := values(images, registries, twins)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, helmDeadline)
	defer cancel()
	args := []string{"upgrade", "--install", Name, i.Chart, "--namespace", Namespace, "--create-namespace", "--reset-then-reuse-values", "--values", "-"}
	if i.Kubectl.Context != "" {
		args = append(args, "--kube-context", i.Kubectl.Context)
	}
	command := exec.CommandContext(ctx, i.Helm, args...)
	command.Stdin = bytes.NewReader(content)
	if i.Kubectl.Kubeconfig != "" {
		command.Env = append(os.Environ(), "KUBECONFIG="+i.Kubectl.Kubeconfig)
	}
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 10 * time.Second
	output, err := command.CombinedOutput()
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("helm %s: not done within %s\n%s", strings.Join(args, " "), helmDeadline, lastBytes(output))
	case err != nil:
		return fmt.Errorf("helm %s: %w\n%s", strings.Join(args, " "), err, lastBytes(output))
	}
	return nil
}

// Await waits until the installed operator is ready.
func (i Installer) Await(ctx context.Context) error {
	_, err := i.Kubectl.Run(ctx, rolloutDeadline+lookDeadline, nil,
		"rollout", "status", "deployment/"+Deployment, "--namespace", Namespace, "--timeout", rolloutDeadline.String())
	if err == nil || ctx.Err() != nil {
		return err
	}
	return fmt.Errorf("the operator did not become ready: %w\n%s", err, i.look(ctx))
}

// look gathers what a person would look at first when the operator does not start.
func (i Installer) look(ctx context.Context) string {
	var report strings.Builder
	for _, args := range [][]string{
		{"get", "pods", "--namespace", Namespace, "--output=wide"},
		{"get", "events", "--namespace", Namespace, "--field-selector=type=Warning", "--sort-by=.lastTimestamp"},
		{"logs", "deployment/" + Deployment, "--namespace", Namespace, "--tail=20", "--all-pods"},
	} {
		output, err := i.Kubectl.Run(ctx, lookDeadline, nil, args...)
		if err != nil {
			output = []byte(err.Error())
		}
		fmt.Fprintf(&report, "$ kubectl %s\n%s\n", strings.Join(args, " "), lastBytes(bytes.TrimSpace(output)))
	}
	return report.String()
}

func lastBytes(text []byte) []byte { return text[max(0, len(text)-4000):] }
