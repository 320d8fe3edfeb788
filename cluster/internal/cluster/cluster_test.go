package cluster

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"kiln.build/cluster/internal/cgroup"
	"kiln.build/cluster/internal/controlplane"
	"kiln.build/cluster/internal/gitserver"
	"kiln.build/cluster/internal/layout"
	"kiln.build/cluster/internal/process"
	"kiln.build/cluster/internal/sandbox"
	"kiln.build/cluster/internal/state"
	"kiln.build/cluster/internal/toolchain"
	"kiln.build/cluster/internal/volumes"
)

// TestMain lets clusters start their daemons through the test program.
func TestMain(m *testing.M) {
	handled, err := process.Dispatch(map[string]func(string) error{
		process.EntryCommand: process.Enter, sandbox.HoldCommand: sandbox.Hold, gitserver.Command: gitserver.Serve,
		volumes.Command: volumes.Serve,
	})
	if !handled {
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// open prepares a cluster with a state folder of its own. Like all tests of real daemons it runs with `./kiln test`, which sets KILN_ROOT, as root.
func open(t *testing.T) *Cluster {
	t.Helper()
	root, err := layout.Root()
	if err != nil || os.Geteuid() != 0 {
		t.Skip("needs root and the toolchain: run ./kiln test")
	}
	cache, err := layout.Cache()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	// Pods with a user namespace of their own have to get through it.
	if err := os.Chmod(filepath.Dir(folder), 0o755); err != nil {
		t.Fatal(err)
	}
	at, err := layout.NewCluster(folder, "ct")
	if err != nil {
		t.Fatal(err)
	}
	tools := toolchain.New(root, cache, os.Stderr)
	t.Cleanup(func() {
		if err := Open(at, tools, os.Stderr).Down(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return Open(at, tools, os.Stderr)
}

func TestControlPlaneLeavesNoTrace(t *testing.T) {
	cluster := open(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	if err := cluster.Up(ctx, Options{ControlPlaneOnly: true}); err != nil {
		t.Fatal(err)
	}
	expectState(t, cluster, Running)
	client, err := cluster.client()
	if err != nil {
		t.Fatal(err)
	}
	var version struct{ GitVersion string }
	if err := client.Get(ctx, "/version", &version); err != nil || version.GitVersion == "" {
		t.Errorf("version %+v, %v", version, err)
	}
	iface := cluster.record.Interface()
	first := daemons(t, cluster)

	again := Open(cluster.Cluster, cluster.tools, os.Stderr)
	if err := again.Up(ctx, Options{ControlPlaneOnly: true}); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(daemons(t, cluster), first) {
		t.Error("a running cluster was started again")
	}

	restartAPIServer(t, ctx, again)
	first = append(first, daemons(t, again)...)

	etcd, _ := again.record.Daemon(controlplane.Etcd)
	if err := syscall.Kill(etcd.ID.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := again.wait(ctx, "the end of etcd", time.Minute, func(context.Context) error {
		if etcd.ID.Running() {
			return fmt.Errorf("it runs")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	expectState(t, cluster, Broken)
	if err := Open(cluster.Cluster, cluster.tools, os.Stderr).Up(ctx, Options{ControlPlaneOnly: true}); err != nil {
		t.Fatalf("the leftovers of a broken cluster are in the way: %v", err)
	}
	expectState(t, cluster, Running)
	last := daemons(t, cluster)

	if err := cluster.Down(ctx); err != nil {
		t.Fatal(err)
	}
	expectNoTrace(t, cluster, iface, append(first, last...))
	if err := cluster.Down(ctx); err != nil {
		t.Errorf("removing a cluster that does not exist: %v", err)
	}
}

func restartAPIServer(t *testing.T, ctx context.Context, cluster *Cluster) {
	t.Helper()
	before, _ := cluster.record.Daemon(controlplane.APIServer)
	for _, act := range []func(context.Context, string) error{cluster.Pause, cluster.Start, cluster.Pause, cluster.Stop} {
		if err := act(ctx, controlplane.APIServer); err != nil {
			t.Fatal(err)
		}
	}
	if before.ID.Running() {
		t.Error("the API server still runs")
	}
	if status, err := cluster.Status(); err != nil || !slices.Equal(status.StoppedDaemons, []string{controlplane.APIServer}) || status.State != Running {
		t.Errorf("after the API server was stopped: %+v, %v", status, err)
	}
	if err := cluster.Up(ctx, Options{ControlPlaneOnly: true}); err != nil {
		t.Fatal(err)
	}
	client, err := cluster.client()
	if err != nil {
		t.Fatal(err)
	}
	if err := cluster.wait(ctx, "the API server", time.Minute, func(ctx context.Context) error { return client.Get(ctx, "/readyz", nil) }); err != nil {
		t.Error(err)
	}
	if err := cluster.Stop(ctx, "no-such-daemon"); err == nil || !strings.Contains(err.Error(), controlplane.APIServer) {
		t.Errorf("an unknown name: %v", err)
	}
}

func expectNoTrace(t *testing.T, cluster *Cluster, iface string, started []state.Daemon) {
	t.Helper()
	expectState(t, cluster, Stopped)
	for _, daemon := range started {
		if daemon.ID.Running() {
			t.Errorf("%s still runs", daemon.Name)
		}
	}
	if cgroup.Exists(cluster.Cgroup()) {
		t.Errorf("the cgroup %s is still there", cluster.Cgroup())
	}
	for _, path := range []string{cluster.Dir, "/sys/class/net/" + iface} {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s is still there", path)
		}
	}
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(mounts), cluster.Dir) {
		t.Errorf("something is still mounted below %s:\n%s", cluster.Dir, mounts)
	}
}

func expectState(t *testing.T, cluster *Cluster, want string) {
	t.Helper()
	status, err := cluster.Status()
	if err != nil {
		t.Fatal(err)
	}
	if status.State != want {
		t.Errorf("the cluster is %s (%v), not %s", status.State, status.Dead, want)
	}
}

func daemons(t *testing.T, cluster *Cluster) []state.Daemon {
	t.Helper()
	record, err := state.Load(cluster.Cluster)
	if err != nil || record == nil {
		t.Fatalf("record %v, %v", record, err)
	}
	return record.Daemons
}
