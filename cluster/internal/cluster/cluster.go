// Package cluster brings up, describes and removes a whole Kubernetes cluster on this machine.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"kiln.build/cluster/internal/cgroup"
	"kiln.build/cluster/internal/kube"
	"kiln.build/cluster/internal/layout"
	"kiln.build/cluster/internal/process"
	"kiln.build/cluster/internal/state"
	"kiln.build/cluster/internal/toolchain"
)

// Cluster is one cluster of this machine, running or not.
type Cluster struct {
	layout.Cluster
	tools *toolchain.Toolchain
	out   io.Writer

	mutex  sync.Mutex // guards record and daemons while components start side by side
	record *state.Record
	// daemons are those that this call started: their end is noticed at once.
	daemons []*process.Daemon
}

// Open prepares to work on a cluster. out is told about long steps.
func Open(at layout.Cluster, tools *toolchain.Toolchain, out io.Writer) *Cluster {
	return &Cluster{Cluster: at, tools: tools, out: out}
}

// daemonCgroup holds the daemons of the node with the given number, and what its container runtime starts beside the pods.
func (c *Cluster) daemonCgroup(node int) string {
	return filepath.Join(c.Cgroup(), "daemons", fmt.Sprintf("node%d", node))
}

// start starts a program of the toolchain as a daemon in the namespaces of the node with the given number.
func (c *Cluster) start(name, program string, node int, mounts bool, env []string, args ...string) (*process.Daemon, error) {
	if !filepath.IsAbs(program) {
		program = filepath.Join(c.record.Bin, program)
	}
	return c.launch(name, node, state.Command{
		Path: program, Args: args, Mounts: mounts, Env: append([]string{"PATH=" + c.record.Bin + ":" + systemPath()}, env...),
	})
}

func (c *Cluster) launch(name string, node int, command state.Command) (*process.Daemon, error) {
	holder, err := c.holder(node)
	if err != nil {
		return nil, err
	}
	daemon, err := process.Start(process.Spec{
		Name: name, Path: command.Path, Args: command.Args, Dir: c.Dir, Log: c.Log(name), Cgroup: c.daemonCgroup(node),
		Env: command.Env, Holder: holder, Mounts: command.Mounts,
	})
	if err != nil {
		return nil, err
	}
	return daemon, c.remember(daemon, node, &command)
}

// systemPath is PATH with the folders of system programs, which the PATH of an ordinary login may lack.
func systemPath() string {
	return os.Getenv("PATH") + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
}

func (c *Cluster) remember(daemon *process.Daemon, node int, command *state.Command) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.daemons = append(c.daemons, daemon)
	c.record.Remember(state.Daemon{Name: daemon.Name, Log: daemon.Log, ID: daemon.Identity, Node: node, Command: command})
	return c.record.Save(c.Cluster)
}

func holderName(node int) string { return fmt.Sprintf("sandbox-%d", node) }

// holder is the process that holds the namespaces of a node.
func (c *Cluster) holder(node int) (int, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	daemon, ok := c.record.Daemon(holderName(node))
	if !ok {
		return 0, fmt.Errorf("the namespaces of node %d do not exist", node)
	}
	return daemon.ID.PID, nil
}

func (c *Cluster) has(daemon string) bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	_, ok := c.record.Daemon(daemon)
	return ok
}

// address is where the control plane, the registries and the git server listen.
func (c *Cluster) address() string { return c.record.NodeAddress(1) }

// wait polls a condition until it holds, the deadline passes, or a daemon ends. Errors of the condition count as not yet.
func (c *Cluster) wait(ctx context.Context, what string, limit time.Duration, condition func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var last error
	for {
		if err := condition(ctx); err == nil {
			return nil
		} else if !errors.Is(err, context.DeadlineExceeded) || last == nil {
			last = err
		}
		if err := c.failure(); err != nil {
			return fmt.Errorf("wait for %s: %w", what, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: gave up after %s: %w (logs: %s)", what, limit, last, c.Path("log"))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// failure tells whether a daemon started by this call has ended.
func (c *Cluster) failure() error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, daemon := range c.daemons {
		select {
		case <-daemon.Exited:
			return daemon.Failure()
		default:
		}
	}
	return nil
}

func (c *Cluster) client() (*kube.Client, error) { return kube.NewClient(c.Kubeconfig()) }

// leftovers tells whether anything of the cluster is there that no record speaks of.
func (c *Cluster) leftovers() bool { return cgroup.Exists(c.Cgroup()) }

// together runs functions side by side and returns all their errors.
func together(functions ...func() error) error {
	failures := make([]error, len(functions))
	var group sync.WaitGroup
	for i, function := range functions {
		group.Go(func() { failures[i] = function() })
	}
	group.Wait()
	return errors.Join(failures...)
}
