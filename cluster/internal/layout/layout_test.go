package layout

import (
	"strings"
	"testing"
)

func TestClusterNames(t *testing.T) {
	for _, name := range []string{"kiln", "a", "it-operator-1"} {
		if _, err := NewCluster("/var/lib/kiln", name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{"", "Kiln", "-a", "a-", "a/b", "..", strings.Repeat("a", 21)} {
		if _, err := NewCluster("/var/lib/kiln", name); err == nil {
			t.Errorf("%q is accepted", name)
		}
	}
}

func TestStateFolderMustLeaveRoomForSockets(t *testing.T) {
	if _, err := NewCluster("/"+strings.Repeat("x", 60), "kiln"); err == nil {
		t.Error("a path that is too long is accepted")
	}
	if _, err := NewCluster("relative", "kiln"); err == nil {
		t.Error("a relative path is accepted")
	}
}

func TestClustersOfTwoStateRootsHaveTheirOwnCgroups(t *testing.T) {
	usual, _ := NewCluster(defaultStateRoot, "kiln")
	other, _ := NewCluster("/tmp/other", "kiln")
	if usual.Cgroup() != "/kiln-kiln" || other.Cgroup() == usual.Cgroup() {
		t.Errorf("cgroups %s and %s", usual.Cgroup(), other.Cgroup())
	}
}
