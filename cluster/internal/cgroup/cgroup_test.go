package cgroup

import (
	"reflect"
	"strings"
	"testing"
)

func TestHierarchiesOfHybridMachine(t *testing.T) {
	mounts := `proc /proc proc rw,relatime 0 0
cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,nosuid,nodev,noexec,relatime,cpu,cpuacct 0 0
cgroup /sys/fs/cgroup/cpuset cgroup rw,relatime,cpuset,clone_children 0 0
cgroup /sys/fs/cgroup/systemd cgroup rw,relatime,xattr,name=systemd 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0
`
	got, err := parseMounts(strings.NewReader(mounts))
	if err != nil {
		t.Fatal(err)
	}
	want := []Hierarchy{
		{Mount: "/sys/fs/cgroup/cpu,cpuacct", Controllers: []string{"cpu", "cpuacct"}},
		{Mount: "/sys/fs/cgroup/cpuset", Controllers: []string{"cpuset"}},
		{Mount: "/sys/fs/cgroup/systemd", Controllers: []string{"name=systemd"}},
		{Mount: "/sys/fs/cgroup/unified", Unified: true},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("hierarchies\n got %+v\nwant %+v", got, want)
	}
}

func TestMachineWithoutCgroups(t *testing.T) {
	if _, err := parseMounts(strings.NewReader("proc /proc proc rw 0 0\n")); err == nil {
		t.Error("a machine without cgroups is accepted")
	}
}

func TestRootIsNeverRemoved(t *testing.T) {
	for _, path := range []string{"", "/", "//"} {
		if err := Remove(t.Context(), path); err == nil {
			t.Errorf("the cgroup %q was removed", path)
		}
	}
}
