package cluster

import (
	"context"
	"fmt"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"kiln.build/cluster/internal/cgroup"
	"kiln.build/cluster/internal/kube"
	"kiln.build/cluster/internal/node"
)

// Two nodes run a pod with a volume each; everything but the pods is killed, so that their processes, mounts and cgroups are in the way of the next start.
func TestNodesLeaveNoTrace(t *testing.T) {
	if testing.Short() {
		t.Skip("starts whole nodes: left out with --fast")
	}
	cluster := open(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	startPods(t, ctx, cluster)
	iface := cluster.record.Interface()
	first := daemons(t, cluster)

	for _, daemon := range first {
		if err := syscall.Kill(daemon.ID.PID, syscall.SIGKILL); err != nil {
			t.Fatalf("kill %s: %v", daemon.Name, err)
		}
	}
	expectState(t, cluster, Broken)
	again := Open(cluster.Cluster, cluster.tools, os.Stderr)
	startPods(t, ctx, again)
	restartSecondNode(t, ctx, again)
	last := daemons(t, again)

	if err := again.Down(ctx); err != nil {
		t.Fatal(err)
	}
	expectNoTrace(t, cluster, iface, append(first, last...))
}

// startPods brings up a cluster of two nodes, one of which claims to be arm64, and waits for a pod with a user namespace of its own on each.
func startPods(t *testing.T, ctx context.Context, cluster *Cluster) {
	t.Helper()
	if err := cluster.Up(ctx, Options{}); err != nil {
		t.Fatal(err)
	}
	if err := cluster.AddNode(ctx, "second", NodeOptions{Architecture: "arm64"}); err != nil {
		t.Fatal(err)
	}
	expectState(t, cluster, Running)
	client, err := cluster.client()
	if err != nil {
		t.Fatal(err)
	}
	for _, architecture := range []string{"amd64", "arm64"} {
		name := "pod-" + architecture
		if err := client.Apply(ctx, "/api/v1/namespaces/default/persistentvolumeclaims/"+name, claim(name)); err != nil {
			t.Fatal(err)
		}
		if err := client.Apply(ctx, "/api/v1/namespaces/default/pods/"+name, pausePod(name, architecture)); err != nil {
			t.Fatal(err)
		}
	}
	for _, architecture := range []string{"amd64", "arm64"} {
		name := "pod-" + architecture
		if err := cluster.wait(ctx, name, 2*time.Minute, func(ctx context.Context) error { return podRuns(ctx, client, name) }); err != nil {
			t.Fatal(err)
		}
	}
}

// restartSecondNode stops the node "second" with the pod on it, starts it again and removes it.
func restartSecondNode(t *testing.T, ctx context.Context, cluster *Cluster) {
	t.Helper()
	if err := cluster.Stop(ctx, cluster.Name+"-node"); err == nil {
		t.Error("the node of the control plane was stopped")
	}
	if err := cluster.Stop(ctx, "second"); err != nil {
		t.Fatal(err)
	}
	status, err := cluster.Status()
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"sandbox-2", "containerd-2", "kubelet-2", "kube-proxy-2"}; !slices.Equal(status.StoppedDaemons, want) || status.State != Running {
		t.Errorf("stopped: %v, not %v; the cluster is %s", status.StoppedDaemons, want, status.State)
	}
	for _, group := range []string{cluster.daemonCgroup(2), cluster.Cgroup() + "/node2"} {
		if cgroup.Exists(group) {
			t.Errorf("the stopped node has the cgroup %s", group)
		}
	}
	if err := cluster.Start(ctx, "second"); err != nil {
		t.Fatal(err)
	}
	if err := cluster.RemoveNode(ctx, "second"); err != nil {
		t.Fatal(err)
	}
	if status, err = cluster.Status(); err != nil || len(status.Nodes) != 1 || len(status.StoppedDaemons) != 0 || status.State != Running {
		t.Errorf("after the node was removed: %+v, %v", status, err)
	}
}

func podRuns(ctx context.Context, client *kube.Client, name string) error {
	var pod struct{ Status struct{ Phase string } }
	if err := client.Get(ctx, "/api/v1/namespaces/default/pods/"+name, &pod); err != nil {
		return err
	}
	if pod.Status.Phase != "Running" {
		return fmt.Errorf("it is %s", pod.Status.Phase)
	}
	return nil
}

func pausePod(name, architecture string) map[string]any {
	return map[string]any{
		"apiVersion": "v1", "kind": "Pod",
		"metadata": map[string]any{"name": name},
		"spec": map[string]any{
			"hostUsers":    false,
			"nodeSelector": map[string]string{"kubernetes.io/arch": architecture},
			"containers": []any{map[string]any{
				"name": "pause", "image": node.PauseImage, "imagePullPolicy": "Never",
				"volumeMounts": []any{map[string]any{"name": "data", "mountPath": "/data"}},
			}},
			"volumes": []any{map[string]any{"name": "data", "persistentVolumeClaim": map[string]any{"claimName": name}}},
		},
	}
}

// claim asks for a volume of the cluster's default class.
func claim(name string) map[string]any {
	return map[string]any{
		"apiVersion": "v1", "kind": "PersistentVolumeClaim",
		"metadata": map[string]any{"name": name},
		"spec": map[string]any{
			"accessModes": []string{"ReadWriteOnce"},
			"resources":   map[string]any{"requests": map[string]string{"storage": "1Gi"}},
		},
	}
}
