// Package state remembers a cluster between two calls of the command line: one JSON file per cluster, and locks so that calls do not race.
package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"kiln.build/cluster/internal/layout"
	"kiln.build/cluster/internal/process"
)

const (
	recordFile = "cluster.json"
	maxIndex   = 250
)

// Record is what is known of a cluster.
type Record struct {
	Name string `json:"name"`
	// Index makes the addresses of clusters on one machine differ.
	Index            int       `json:"index"`
	Created          time.Time `json:"created"`
	Bin              string    `json:"bin"`
	RegistryPassword string    `json:"registryPassword"`
	GitPassword      string    `json:"gitPassword"`
	// Ready tells that the last change to the cluster came to its end.
	Ready   bool     `json:"ready"`
	Nodes   []Node   `json:"nodes"`
	Daemons []Daemon `json:"daemons"`
}

// Node is a kubelet with its container runtime, in namespaces of its own.
type Node struct {
	Name         string `json:"name"`
	Architecture string `json:"architecture"`
	// Number is 1 for the node that the control plane lives on.
	Number int `json:"number"`
	// NoUserNamespaces: its container runtime gives pods none.
	NoUserNamespaces bool `json:"noUserNamespaces,omitempty"`
}

// Daemon is a process of the cluster.
type Daemon struct {
	Name string           `json:"name"`
	Log  string           `json:"log"`
	ID   process.Identity `json:"id"`
	// Node is the number of the node whose namespaces it runs in.
	Node int `json:"node"`
	// Command starts it again; a process that holds a node's namespaces has none.
	Command *Command `json:"command,omitempty"`
	// Stopped tells that it does not run because somebody asked for that.
	Stopped bool `json:"stopped,omitempty"`
}

// Command is how a daemon is started.
type Command struct {
	Path string   `json:"path"`
	Args []string `json:"args"`
	Env  []string `json:"env"` // added to the environment of the command line
	// Mounts tells that it enters the node's mount namespace too.
	Mounts bool `json:"mounts"`
}

// Subnet is the cluster's own network.
func (r *Record) Subnet() netip.Prefix { return subnet(r.Index) }

// MachineAddress is the machine's address in the cluster's network.
func (r *Record) MachineAddress() string { return fmt.Sprintf("10.99.%d.1", r.Index) }

// NodeAddress is the address of the node with the given number; number 1 is the one that the control plane, the registries and git listen on.
func (r *Record) NodeAddress(number int) string { return fmt.Sprintf("10.99.%d.%d", r.Index, number+1) }

// PodSubnet is the network of the pods on the node with the given number.
func PodSubnet(number int) string { return fmt.Sprintf("10.244.%d.0/24", number-1) }

// Interface is the machine's network interface to the cluster.
func (r *Record) Interface() string { return fmt.Sprintf("kiln%d", r.Index) }

// Daemon finds a daemon by its name.
func (r *Record) Daemon(name string) (Daemon, bool) {
	i := slices.IndexFunc(r.Daemons, func(d Daemon) bool { return d.Name == name })
	if i < 0 {
		return Daemon{}, false
	}
	return r.Daemons[i], true
}

// Remember adds a daemon, in the place of an earlier one of its name.
func (r *Record) Remember(daemon Daemon) {
	r.Daemons = append(slices.DeleteFunc(r.Daemons, func(d Daemon) bool { return d.Name == daemon.Name }), daemon)
}

// Dead lists the daemons that should run and do not.
func (r *Record) Dead() []string {
	return r.names(func(daemon Daemon) bool { return !daemon.Stopped && !daemon.ID.Running() })
}

// Stopped lists the daemons that do not run because somebody asked for that.
func (r *Record) Stopped() []string {
	return r.names(func(daemon Daemon) bool { return daemon.Stopped })
}

func (r *Record) names(of func(Daemon) bool) []string {
	var names []string
	for _, daemon := range r.Daemons {
		if of(daemon) {
			names = append(names, daemon.Name)
		}
	}
	return names
}

// FreeNumber is the least number that no node has.
func (r *Record) FreeNumber() int {
	number := 1
	for slices.ContainsFunc(r.Nodes, func(n Node) bool { return n.Number == number }) {
		number++
	}
	return number
}

// Load reads the record of a cluster; without one it returns nil.
func Load(cluster layout.Cluster) (*Record, error) {
	content, err := os.ReadFile(cluster.Path(recordFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the state of cluster %s: %w", cluster.Name, err)
	}
	var record Record
	if err := json.Unmarshal(content, &record); err != nil {
		return nil, fmt.Errorf("read the state of cluster %s (%s): %w", cluster.Name, cluster.Path(recordFile), err)
	}
	return &record, nil
}

// Save writes the record in one step.
func (r *Record) Save(cluster layout.Cluster) error {
	content, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the state of cluster %s: %w", cluster.Name, err)
	}
	temporary := cluster.Path("." + recordFile)
	if err := os.WriteFile(temporary, append(content, '\n'), 0o600); err != nil {
		return fmt.Errorf("write the state of cluster %s: %w", cluster.Name, err)
	}
	if err := os.Rename(temporary, cluster.Path(recordFile)); err != nil {
		return fmt.Errorf("write the state of cluster %s: %w", cluster.Name, err)
	}
	return nil
}

// Create makes the state folder and a record whose network nobody uses. inUse tells the networks that the machine has already.
func Create(ctx context.Context, cluster layout.Cluster, inUse func() ([]netip.Prefix, error)) (*Record, error) {
	unlock, err := lockDir(ctx, filepath.Dir(cluster.Dir))
	if err != nil {
		return nil, err
	}
	defer unlock()
	networks, err := inUse()
	if err != nil {
		return nil, fmt.Errorf("list the machine's networks: %w", err)
	}
	taken, err := indexes(filepath.Dir(cluster.Dir))
	if err != nil {
		return nil, err
	}
	index, err := freeIndex(taken, networks)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cluster.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("create the state folder of cluster %s: %w", cluster.Name, err)
	}
	record := &Record{Name: cluster.Name, Index: index, Created: time.Now().UTC().Truncate(time.Second)}
	return record, record.Save(cluster)
}

// Remove deletes the state folder, and its parent when no other cluster is left.
func Remove(cluster layout.Cluster) error {
	if err := os.RemoveAll(cluster.Dir); err != nil {
		return fmt.Errorf("remove the state folder: %w", err)
	}
	if err := os.Remove(filepath.Dir(cluster.Dir)); err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, unix.ENOTEMPTY) && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("remove the state folder: %w", err)
	}
	return nil
}

func indexes(stateRoot string) ([]int, error) {
	records, err := filepath.Glob(filepath.Join(stateRoot, "*", recordFile))
	if err != nil {
		return nil, fmt.Errorf("list clusters: %w", err)
	}
	var taken []int
	for _, file := range records {
		var record Record
		content, err := os.ReadFile(file)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("list clusters: %w", err)
		}
		if err := json.Unmarshal(content, &record); err != nil {
			return nil, fmt.Errorf("list clusters: read %s: %w", file, err)
		}
		taken = append(taken, record.Index)
	}
	return taken, nil
}

func freeIndex(taken []int, networks []netip.Prefix) (int, error) {
	for index := range maxIndex {
		free := !slices.Contains(taken, index) &&
			!slices.ContainsFunc(networks, func(network netip.Prefix) bool { return network.Bits() > 0 && network.Overlaps(subnet(index)) })
		if free {
			return index, nil
		}
	}
	return 0, fmt.Errorf("no free network in 10.99.0.0/16 for another cluster: remove one with `kiln down`")
}

func subnet(index int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 99, byte(index), 0}), 24)
}

// Lock keeps other calls away from a cluster until unlock is called. It creates the state folder.
func Lock(ctx context.Context, cluster layout.Cluster) (unlock func(), err error) {
	return lockDir(ctx, cluster.Dir)
}

// lockDir locks a folder, so that no lock file stays behind. The folder may be removed by the one that holds the lock.
func lockDir(ctx context.Context, dir string) (unlock func(), err error) {
	for {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, fmt.Errorf("create %s: %w", dir, err)
		}
		handle, err := os.Open(dir)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("lock %s: %w", dir, err)
		}
		err = flock(ctx, handle)
		if err == nil && same(handle, dir) {
			return func() { handle.Close() }, nil
		}
		handle.Close()
		if err != nil {
			return nil, fmt.Errorf("lock %s, which another kiln works on: %w", dir, err)
		}
	}
}

func flock(ctx context.Context, handle *os.File) error {
	for {
		err := unix.Flock(int(handle.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func same(handle *os.File, path string) bool {
	opened, err := handle.Stat()
	if err != nil {
		return false
	}
	current, err := os.Stat(path)
	return err == nil && os.SameFile(opened, current)
}
