// Package kubectl runs kubectl against one cluster, with a deadline for every call.
package kubectl

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Client runs one kubectl program against one cluster.
type Client struct {
	// Program is the path of kubectl.
	Program string
	// Kubeconfig is the path of a kubeconfig; empty leaves the choice to kubectl (KUBECONFIG, then the user's own).
	Kubeconfig string
	// Context names a context of the kubeconfig; empty is its current one.
	Context string
}

// Run runs kubectl and returns what it printed. stdin may be nil.
func (c Client) Run(ctx context.Context, deadline time.Duration, stdin []byte, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	command := c.command(ctx, args)
	if stdin != nil {
		command.Stdin = bytes.NewReader(stdin)
	}
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		return nil, c.failure(ctx, args, deadline, stderr.String(), err)
	}
	return stdout.Bytes(), nil
}

// Get decodes `kubectl get` of one object into out; an object that is not there leaves out as it is and returns false.
func (c Client) Get(ctx context.Context, deadline time.Duration, out any, args ...string) (bool, error) {
	answer, err := c.Run(ctx, deadline, nil, append([]string{"get", "--output=json", "--ignore-not-found"}, args...)...)
	if err != nil {
		return false, err
	}
	if len(bytes.TrimSpace(answer)) == 0 {
		return false, nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return false, fmt.Errorf("read what kubectl get %s printed: %w", strings.Join(args, " "), err)
	}
	return true, nil
}

// Apply applies objects given as JSON or YAML.
func (c Client) Apply(ctx context.Context, deadline time.Duration, objects []byte) error {
	_, err := c.Run(ctx, deadline, objects, "apply", "--filename=-")
	return err
}

// Stream runs kubectl and hands its standard output to read while it is written. It ends with ctx, which is no error, or when kubectl does.
func (c Client) Stream(ctx context.Context, read func(io.Reader) error, args ...string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	command := c.command(ctx, args)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	stdout, err := command.StdoutPipe()
	if err != nil {
		return fmt.Errorf("kubectl %s: %w", strings.Join(args, " "), err)
	}
	if err := command.Start(); err != nil {
		return fmt.Errorf("kubectl %s: %w", strings.Join(args, " "), err)
	}
	readErr := read(stdout)
	ended := ctx.Err() != nil
	cancel()
	waitErr := command.Wait()
	switch {
	case ended:
		return nil
	case readErr != nil:
		return readErr
	case waitErr != nil && stderr.Len() > 0:
		return c.failure(ctx, args, 0, stderr.String(), waitErr)
	default:
		return nil
	}
}

// Command is the beginning of a kubectl command line that a user can type to reach the same cluster.
func (c Client) Command() string {
	var words []string
	if c.Kubeconfig != "" {
		words = append(words, "KUBECONFIG="+Quote(c.Kubeconfig))
	}
	words = append(words, Quote(c.Program))
	if c.Context != "" {
		words = append(words, "--context", Quote(c.Context))
	}
	return strings.Join(words, " ")
}

func (c Client) command(ctx context.Context, args []string) *exec.Cmd {
	var flags []string
	if c.Context != "" {
		flags = append(flags, "--context="+c.Context)
	}
	command := exec.CommandContext(ctx, c.Program, append(flags, args...)...)
	if c.Kubeconfig != "" {
		command.Env = append(os.Environ(), "KUBECONFIG="+c.Kubeconfig)
	}
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 3 * time.Second
	return command
}

func (c Client) failure(ctx context.Context, args []string, deadline time.Duration, stderr string, err error) error {
	call := "kubectl " + strings.Join(args, " ")
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("%s: no answer within %s", call, deadline)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", call, ctx.Err())
	}
	if text := strings.TrimSpace(stderr); text != "" {
		return fmt.Errorf("%s: %s", call, text[max(0, len(text)-2000):])
	}
	return fmt.Errorf("%s: %w", call, err)
}
