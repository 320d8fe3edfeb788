package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"kiln.build/cluster/internal/cgroup"
	"kiln.build/cluster/internal/network"
	"kiln.build/cluster/internal/process"
	"kiln.build/cluster/internal/state"
)

const endLimit = 10 * time.Second

// Stop kills a daemon, or every process of an added node, as a crash would: without a word to anybody. What has stopped already is fine.
func (c *Cluster) Stop(ctx context.Context, name string) error {
	return c.disturb(ctx, "stop", name, c.stopDaemon, c.stopNode)
}

// Pause lets a daemon stand still until Start, or Stop: it holds its connections and answers nobody.
func (c *Cluster) Pause(ctx context.Context, name string) error {
	return c.disturb(ctx, "pause", name, c.pauseDaemon, func(context.Context, state.Node) error {
		return errors.New("it is a node: pause one of its daemons, or stop it")
	})
}

// Start undoes Stop and Pause. A node comes back with an empty disk.
func (c *Cluster) Start(ctx context.Context, name string) error {
	return c.disturb(ctx, "start", name, c.startDaemon, c.startNodeAgain)
}

// RemoveNode removes an added node, running or stopped, and its object from the API.
func (c *Cluster) RemoveNode(ctx context.Context, name string) error {
	return c.disturb(ctx, "remove", name, func(context.Context, state.Daemon) error {
		return errors.New("it is not a node")
	}, c.removeNode)
}

// disturb does one thing to a daemon or a node of a cluster whose record is sound.
func (c *Cluster) disturb(
	ctx context.Context, verb, name string, daemon func(context.Context, state.Daemon) error, node func(context.Context, state.Node) error,
) error {
	if err := RequireRoot(); err != nil {
		return err
	}
	unlock, err := state.Lock(ctx, c.Cluster)
	if err != nil {
		return err
	}
	defer unlock()
	if c.record, err = state.Load(c.Cluster); err != nil {
		return err
	}
	if c.record == nil || !c.record.Ready {
		return fmt.Errorf("cluster %s does not run: start it with `kiln cluster up`", c.Name)
	}
	if found, ok := c.record.Daemon(name); ok {
		err = daemon(ctx, found)
	} else if i := slices.IndexFunc(c.record.Nodes, func(n state.Node) bool { return n.Name == name }); i >= 0 {
		err = node(ctx, c.record.Nodes[i])
	} else {
		err = fmt.Errorf("cluster %s has neither a daemon nor a node of that name; daemons: %s", c.Name, strings.Join(c.daemonNames(), ", "))
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", verb, name, err)
	}
	return nil
}

func (c *Cluster) daemonNames() []string {
	var names []string
	for _, daemon := range c.record.Daemons {
		if daemon.Command != nil {
			names = append(names, daemon.Name)
		}
	}
	return names
}

func (c *Cluster) stopDaemon(ctx context.Context, daemon state.Daemon) error {
	if daemon.Command == nil {
		return errors.New("it holds the namespaces of a node: stop the node")
	}
	c.forget(daemon.Name)
	if err := signal(daemon, syscall.SIGKILL); err != nil {
		return err
	}
	if err := c.wait(ctx, "the end of "+daemon.Name, endLimit, func(context.Context) error {
		if daemon.ID.Running() {
			return errors.New("it runs")
		}
		return nil
	}); err != nil {
		return err
	}
	return c.stopped(func(d state.Daemon) bool { return d.Name == daemon.Name })
}

// forget lets a daemon end without it being taken for a failure.
func (c *Cluster) forget(name string) {
	c.daemons = slices.DeleteFunc(c.daemons, func(d *process.Daemon) bool { return d.Name == name })
}

// stopped notes that daemons do not run any more because somebody asked for that.
func (c *Cluster) stopped(which func(state.Daemon) bool) error {
	for i, daemon := range c.record.Daemons {
		if which(daemon) {
			c.record.Daemons[i].Stopped = true
			c.forget(daemon.Name)
		}
	}
	return c.record.Save(c.Cluster)
}

func (c *Cluster) pauseDaemon(_ context.Context, daemon state.Daemon) error {
	if !daemon.ID.Running() {
		return errors.New("it does not run")
	}
	return signal(daemon, syscall.SIGSTOP)
}

// startDaemon starts what does not run and lets go on what does.
func (c *Cluster) startDaemon(_ context.Context, daemon state.Daemon) error {
	if daemon.ID.Running() {
		return signal(daemon, syscall.SIGCONT)
	}
	if daemon.Command == nil {
		return errors.New("it holds the namespaces of a node: start the node")
	}
	_, err := c.launch(daemon.Name, daemon.Node, *daemon.Command)
	return err
}

// signal tells a daemon something, unless it has ended.
func signal(daemon state.Daemon, signal syscall.Signal) error {
	if !daemon.ID.Running() {
		return nil
	}
	if err := syscall.Kill(daemon.ID.PID, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("send it %v: %w", signal, err)
	}
	return nil
}

// startStopped starts again what somebody stopped, whole nodes first: their daemons come with them.
func (c *Cluster) startStopped(ctx context.Context) error {
	for _, node := range c.record.Nodes {
		if c.isStopped(node) {
			if err := c.startNodeAgain(ctx, node); err != nil {
				return err
			}
		}
	}
	for _, name := range c.record.Stopped() {
		daemon, _ := c.record.Daemon(name)
		if err := c.startDaemon(ctx, daemon); err != nil {
			return err
		}
	}
	return nil
}

// isStopped tells whether a whole node was stopped.
func (c *Cluster) isStopped(node state.Node) bool {
	holder, ok := c.record.Daemon(holderName(node.Number))
	return ok && holder.Stopped
}

func (c *Cluster) stopNode(ctx context.Context, node state.Node) error {
	if node.Number == 1 {
		return errors.New("the control plane runs there: stop single daemons, or remove the cluster with `kiln cluster down`")
	}
	// Daemons first, or the kubelet would still report the end of the pods.
	for _, group := range []string{c.daemonCgroup(node.Number), c.nodeConfig(node).Cgroup} {
		if err := cgroup.Remove(ctx, group); err != nil {
			return err
		}
	}
	first, err := c.networkNode(c.record.Nodes[0])
	if err != nil {
		return err
	}
	if err := network.DisconnectNode(ctx, node.Number, first); err != nil {
		return err
	}
	return c.stopped(func(d state.Daemon) bool { return d.Node == node.Number })
}

func (c *Cluster) startNodeAgain(ctx context.Context, node state.Node) error {
	if !c.isStopped(node) {
		return nil
	}
	if err := c.emptyNode(node); err != nil {
		return err
	}
	return c.startNode(ctx, node)
}

func (c *Cluster) removeNode(ctx context.Context, node state.Node) error {
	if err := c.stopNode(ctx, node); err != nil {
		return err
	}
	if err := c.emptyNode(node); err != nil {
		return err
	}
	client, err := c.client()
	if err != nil {
		return err
	}
	if err := client.Delete(ctx, "/api/v1/nodes/"+node.Name); err != nil {
		return err
	}
	c.record.Daemons = slices.DeleteFunc(c.record.Daemons, func(d state.Daemon) bool { return d.Node == node.Number })
	c.record.Nodes = slices.DeleteFunc(c.record.Nodes, func(n state.Node) bool { return n.Number == node.Number })
	return c.record.Save(c.Cluster)
}

func (c *Cluster) emptyNode(node state.Node) error {
	if err := unmountBelow(c.nodePath(node.Number)); err != nil {
		return err
	}
	return os.RemoveAll(c.nodePath(node.Number))
}
