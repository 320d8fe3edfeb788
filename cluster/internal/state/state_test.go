package state

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"kiln.build/cluster/internal/layout"
)

func newCluster(t *testing.T, root, name string) layout.Cluster {
	t.Helper()
	// The length of a temporary folder's path is no concern here.
	return layout.Cluster{Name: name, Dir: filepath.Join(root, name)}
}

func nothing() ([]netip.Prefix, error) { return nil, nil }

func TestClustersGetNetworksOfTheirOwn(t *testing.T) {
	root := t.TempDir()
	inUse := func() ([]netip.Prefix, error) {
		return []netip.Prefix{netip.MustParsePrefix("10.99.1.0/24"), netip.MustParsePrefix("192.168.0.0/16")}, nil
	}
	var subnets []string
	for _, name := range []string{"a", "b", "c"} {
		record, err := Create(t.Context(), newCluster(t, root, name), inUse)
		if err != nil {
			t.Fatal(err)
		}
		subnets = append(subnets, record.Subnet().String())
	}
	if subnets[0] != "10.99.0.0/24" || subnets[1] != "10.99.2.0/24" || subnets[2] != "10.99.3.0/24" {
		t.Errorf("subnets: %v", subnets)
	}
	if err := Remove(newCluster(t, root, "b")); err != nil {
		t.Fatal(err)
	}
	record, err := Create(t.Context(), newCluster(t, root, "d"), inUse)
	if err != nil || record.NodeAddress(1) != "10.99.2.2" || record.MachineAddress() != "10.99.2.1" {
		t.Errorf("the network of a removed cluster is not used again: %+v %v", record, err)
	}
}

func TestNoFreeNetwork(t *testing.T) {
	all := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	if _, err := freeIndex(nil, all); err == nil {
		t.Error("a network in use was chosen")
	}
	defaultRoute := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}
	if index, err := freeIndex(nil, defaultRoute); err != nil || index != 0 {
		t.Errorf("a default route counts as a network in use: %d %v", index, err)
	}
}

func TestRecordIsReadBack(t *testing.T) {
	cluster := newCluster(t, t.TempDir(), "a")
	if record, err := Load(cluster); record != nil || err != nil {
		t.Errorf("a cluster that does not exist: %v %v", record, err)
	}
	record, err := Create(t.Context(), cluster, nothing)
	if err != nil {
		t.Fatal(err)
	}
	record.Nodes = append(record.Nodes, Node{Name: "n", Architecture: "arm64", Number: 1})
	if err := record.Save(cluster); err != nil {
		t.Fatal(err)
	}
	loaded, err := Load(cluster)
	if err != nil || len(loaded.Nodes) != 1 || loaded.Nodes[0] != record.Nodes[0] || !loaded.Created.Equal(record.Created) {
		t.Errorf("got %+v %v", loaded, err)
	}
	info, err := os.Stat(cluster.Path(recordFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the record, which holds passwords, has mode %v (%v)", info.Mode(), err)
	}
}

func TestLockKeepsOthersOut(t *testing.T) {
	cluster := newCluster(t, t.TempDir(), "a")
	unlock, err := Lock(t.Context(), cluster)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := Lock(ctx, cluster); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the second lock gave %v", err)
	}
	// The one that waits gets a folder that exists, although the holder removed the one it locked.
	entered := make(chan error)
	go func() {
		second, err := Lock(t.Context(), cluster)
		if err == nil {
			_, err = os.Stat(cluster.Dir)
			second()
		}
		entered <- err
	}()
	if err := Remove(cluster); err != nil {
		t.Fatal(err)
	}
	unlock()
	if err := <-entered; err != nil {
		t.Error(err)
	}
}

func TestStoppedDaemonsAreNotDead(t *testing.T) {
	record := Record{Daemons: []Daemon{{Name: "a"}, {Name: "b"}}}
	record.Remember(Daemon{Name: "a", Stopped: true})
	if dead, stopped := record.Dead(), record.Stopped(); !slices.Equal(dead, []string{"b"}) || !slices.Equal(stopped, []string{"a"}) {
		t.Errorf("dead %v, stopped %v", dead, stopped)
	}
}

func TestNodesGetTheLeastFreeNumber(t *testing.T) {
	record := Record{Nodes: []Node{{Number: 1}, {Number: 3}}}
	if number := record.FreeNumber(); number != 2 {
		t.Errorf("number %d", number)
	}
}
