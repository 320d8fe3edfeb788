package cluster

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"kiln.build/cluster/internal/cgroup"
	"kiln.build/cluster/internal/network"
	"kiln.build/cluster/internal/state"
)

// Down removes every trace of the cluster but what the cache holds. A cluster that does not exist is fine.
func (c *Cluster) Down(ctx context.Context) error {
	if err := RequireRoot(); err != nil {
		return err
	}
	if _, err := os.Stat(c.Dir); errors.Is(err, os.ErrNotExist) && !c.leftovers() {
		return nil
	}
	unlock, err := state.Lock(ctx, c.Cluster)
	if err != nil {
		return err
	}
	defer unlock()
	record, err := state.Load(c.Cluster)
	if err != nil {
		return err
	}
	if err := c.clear(ctx, record); err != nil {
		return fmt.Errorf("remove cluster %s: %w", c.Name, err)
	}
	if err := state.Remove(c.Cluster); err != nil {
		return fmt.Errorf("remove cluster %s: %w", c.Name, err)
	}
	return nil
}

// clear kills the cluster's processes, pods included, and removes its cgroups, network and files. Its state folder stays, empty, for the lock on it.
func (c *Cluster) clear(ctx context.Context, record *state.Record) error {
	if err := cgroup.Remove(ctx, c.Cgroup()); err != nil {
		return err
	}
	if record != nil {
		if err := network.Disconnect(ctx, record.Interface()); err != nil {
			return err
		}
	}
	if err := unmountBelow(c.Dir); err != nil {
		return err
	}
	entries, err := os.ReadDir(c.Dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := os.RemoveAll(c.Path(entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// unmountBelow removes mounts of the machine itself: deleting through one would delete what it shows.
func unmountBelow(dir string) error {
	file, err := os.Open("/proc/self/mounts")
	if err != nil {
		return fmt.Errorf("list mounts: %w", err)
	}
	defer file.Close()
	var points []string
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) > 1 && strings.HasPrefix(fields[1], dir+"/") {
			points = append(points, fields[1])
		}
	}
	for i := len(points) - 1; i >= 0; i-- {
		if err := unix.Unmount(points[i], unix.MNT_DETACH); err != nil {
			return fmt.Errorf("unmount %s: %w", points[i], err)
		}
	}
	return nil
}
