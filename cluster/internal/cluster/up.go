package cluster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"kiln.build/cluster/internal/cgroup"
	"kiln.build/cluster/internal/controlplane"
	"kiln.build/cluster/internal/network"
	"kiln.build/cluster/internal/sandbox"
	"kiln.build/cluster/internal/state"
	"kiln.build/cluster/internal/toolchain"
)

const startLimit = 2 * time.Minute

// Options say what a cluster consists of.
type Options struct {
	// ControlPlaneOnly leaves out everything that runs pods, the registries and the git server.
	ControlPlaneOnly bool
	// Seeds are content folders of registries (see registry.Seed) for the cluster's plain registry.
	Seeds []string
}

// RequireRoot tells an ordinary user what to do.
func RequireRoot() error {
	if os.Geteuid() != 0 {
		return errors.New("a cluster needs root, for its namespaces, cgroups and network: run this as root, for example with sudo -E")
	}
	return nil
}

// Up makes the cluster run. What runs already stays; a cluster of which something died is replaced by a new one.
func (c *Cluster) Up(ctx context.Context, options Options) error {
	if err := RequireRoot(); err != nil {
		return err
	}
	if err := c.prepare(ctx, options); err != nil {
		return err
	}
	unlock, err := state.Lock(ctx, c.Cluster)
	if err != nil {
		return err
	}
	defer unlock()
	if err := c.begin(ctx); err != nil {
		return err
	}
	if err := c.change(func() error { return c.startAll(ctx, options) }); err != nil {
		return fmt.Errorf("start cluster %s: %w", c.Name, err)
	}
	return nil
}

// change notes that a change to the cluster is under way, so that one that was cut short is noticed later.
func (c *Cluster) change(act func() error) error {
	c.record.Ready = false
	if err := c.record.Save(c.Cluster); err != nil {
		return err
	}
	if err := act(); err != nil {
		return err
	}
	c.record.Ready = true
	return c.record.Save(c.Cluster)
}

// prepare has the programs ready before anything starts.
func (c *Cluster) prepare(ctx context.Context, options Options) error {
	packages, tools := toolchain.ControlPlanePackages, toolchain.ControlPlane
	if !options.ControlPlaneOnly {
		packages, tools = toolchain.NodePackages, toolchain.Node
	}
	if err := toolchain.EnsurePackages(ctx, c.out, packages...); err != nil {
		return err
	}
	_, err := c.tools.Ensure(ctx, tools...)
	return err
}

// begin loads the record of a sound cluster, or clears what is left of a broken one and creates a record.
func (c *Cluster) begin(ctx context.Context) error {
	record, err := state.Load(c.Cluster)
	if err != nil {
		return err
	}
	if record != nil && record.Ready && len(record.Dead()) == 0 {
		c.record = record
		return nil
	}
	if record != nil || c.leftovers() {
		if record != nil {
			fmt.Fprintf(c.out, "cluster %s is %s: replacing it\n", c.Name, brokenness(record))
		}
		if err := c.clear(ctx, record); err != nil {
			return fmt.Errorf("remove what is left of cluster %s: %w", c.Name, err)
		}
	}
	if c.record, err = state.Create(ctx, c.Cluster, network.InUse); err != nil {
		return err
	}
	if c.record.Bin, err = c.tools.Bin(); err != nil {
		return err
	}
	c.record.RegistryPassword, c.record.GitPassword = rand.Text(), rand.Text()
	return c.record.Save(c.Cluster)
}

// brokenness says what is wrong with a cluster that is not sound.
func brokenness(record *state.Record) string {
	if dead := record.Dead(); len(dead) > 0 {
		return "broken (ended: " + strings.Join(dead, ", ") + ")"
	}
	return "incomplete"
}

func (c *Cluster) startAll(ctx context.Context, options Options) error {
	if err := c.startStopped(ctx); err != nil {
		return err
	}
	if !c.has(controlplane.APIServer) {
		if err := c.startControlPlane(ctx, options); err != nil {
			return err
		}
	}
	if options.ControlPlaneOnly {
		return nil
	}
	return c.startRest(ctx, options)
}

// startControlPlane starts etcd, the API server and the controller manager, and waits until objects can be created.
func (c *Cluster) startControlPlane(ctx context.Context, options Options) error {
	if err := os.MkdirAll(c.Path("run"), 0o755); err != nil {
		return err
	}
	err := together(
		func() error { return controlplane.WriteCredentials(c.Cluster, c.address()) },
		func() error { return c.startSandbox(ctx, 1) },
	)
	if err != nil {
		return err
	}
	if _, err := c.start(controlplane.Etcd, controlplane.Etcd, 1, false, nil, controlplane.EtcdArgs(c.Cluster)...); err != nil {
		return err
	}
	if _, err := c.start(controlplane.APIServer, controlplane.APIServer, 1, false, nil, controlplane.APIServerArgs(c.Cluster, c.address())...); err != nil {
		return err
	}
	if !options.ControlPlaneOnly {
		// The rest needs no API server to begin with.
		if err := c.startEarly(ctx, options); err != nil {
			return err
		}
	}
	client, err := c.client()
	if err != nil {
		return err
	}
	if err := c.wait(ctx, "the API server", startLimit, func(ctx context.Context) error { return client.Get(ctx, "/readyz", nil) }); err != nil {
		return err
	}
	if _, err := c.start(controlplane.ControllerManager, controlplane.ControllerManager, 1, false, nil, controlplane.ControllerManagerArgs(c.Cluster)...); err != nil {
		return err
	}
	if !options.ControlPlaneOnly {
		return nil
	}
	return c.waitForServiceAccounts(ctx)
}

// waitForServiceAccounts waits until the controller manager works: pods cannot be created before their service account.
func (c *Cluster) waitForServiceAccounts(ctx context.Context) error {
	client, err := c.client()
	if err != nil {
		return err
	}
	return c.wait(ctx, "the controller manager", startLimit, func(ctx context.Context) error {
		return client.Get(ctx, "/api/v1/namespaces/default/serviceaccounts/default", nil)
	})
}

// startSandbox gives the node with the given number its namespaces, and its network when it is the first.
func (c *Cluster) startSandbox(ctx context.Context, number int) error {
	cache, err := filepath.EvalSymlinks(filepath.Dir(filepath.Dir(c.record.Bin)))
	if err != nil {
		return fmt.Errorf("find the tools: %w", err)
	}
	if err := cgroup.Create(c.daemonCgroup(number)); err != nil {
		return err
	}
	holder, err := sandbox.Start(sandbox.Options{
		Name: holderName(number), Log: c.Log(holderName(number)), Cgroup: c.daemonCgroup(number), Network: true,
		Keep: []string{c.Dir, cache}, Dir: c.nodePath(number, "sandbox"),
	})
	if err != nil {
		return err
	}
	if err := c.remember(holder, number, nil); err != nil {
		return err
	}
	if number != 1 {
		return nil
	}
	return network.ConnectMachine(ctx, c.record.Interface(), c.record.MachineAddress(), network.Node{Number: number, Holder: holder.PID, Address: c.address()})
}

// nodePath is a path below the folder of the node with the given number.
func (c *Cluster) nodePath(number int, elements ...string) string {
	return c.Path(append([]string{fmt.Sprintf("node%d", number)}, elements...)...)
}
