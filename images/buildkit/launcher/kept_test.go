package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// A real BuildKit that builds an image with one step, and is stopped. KILN_TOOLS_BIN is a folder with buildkitd, buildctl and runc.
const realBuildKit = `#!/bin/sh
[ "$1" = --version ] && exec $TOOLS/buildkitd --version
export PATH=$TOOLS:$PATH
$TOOLS/buildkitd "$@" 2>&1 &
daemon=$!
until buildctl --addr unix:///run/buildkit/buildkitd.sock debug workers; do
  kill -0 $daemon || exit 4
  sleep 0.2
done
mkdir /run/context
printf 'FROM scratch\nCOPY Dockerfile /\n' > /run/context/Dockerfile
buildctl --addr unix:///run/buildkit/buildkitd.sock build --progress=plain --frontend dockerfile.v0 \
  --local context=/run/context --local dockerfile=/run/context 2>&1 || exit 5
kill $daemon
wait $daemon
exit 7
`

// Every pod has other ids on the node. A kubelet maps them on the volume, so that the files keep theirs.
func TestStateServesPodsWithOtherIDs(t *testing.T) {
	tools := sharedTools(t, "buildkitd", "buildctl", "runc")
	volume := openFolder(t)
	for pod, want := range [][]string{{"cache volume: New", "DONE"}, {"cache volume: Reused", "CACHED"}} {
		root := 200000 + pod*podIDs
		cmd, output := startPodAs(t, root, "KILN_STATE=Kept", "TOOLS="+tools, "STATE="+mapped(t, volume, root), "BUILDKITD="+realBuildKit)
		got := awaitPod(t, cmd, output)
		if got.code != 7 {
			t.Fatalf("pod %d: exit code %d:\n%s", pod, got.code, got.output)
		}
		for _, words := range want {
			if !strings.Contains(got.output, words) {
				t.Errorf("pod %d: no %q in:\n%s", pod, words, got.output)
			}
		}
	}
	var stat unix.Stat_t
	if err := unix.Stat(stateVolume(volume).root(), &stat); err != nil || stat.Uid != 0 {
		t.Errorf("on the volume the state belongs to %d, %v", stat.Uid, err)
	}
}

// sharedTools copies programs to where the user of the pod may read them.
func sharedTools(t *testing.T, names ...string) string {
	t.Helper()
	bin := os.Getenv("KILN_TOOLS_BIN")
	if bin == "" || os.Getuid() != 0 {
		t.Skip("needs root and KILN_TOOLS_BIN: run ./kiln test")
	}
	folder := openFolder(t)
	for _, name := range names {
		program, err := os.ReadFile(filepath.Join(bin, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, name), program, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// openFolder is a folder that every user may enter.
func openFolder(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for _, path := range []string{filepath.Dir(folder), folder} {
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// mapped mounts a folder as a container runtime does it for a pod whose root is that id.
func mapped(t *testing.T, folder string, root int) string {
	t.Helper()
	ids := []syscall.SysProcIDMap{{ContainerID: 0, HostID: root, Size: podIDs}}
	holder := exec.Command("sleep", "60")
	holder.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER, UidMappings: ids, GidMappings: ids}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = holder.Process.Kill()
		_ = holder.Wait()
	}()
	namespace, err := os.Open(fmt.Sprintf("/proc/%d/ns/user", holder.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	defer namespace.Close()
	tree, err := unix.OpenTree(unix.AT_FDCWD, folder, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(tree)
	attributes := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_IDMAP, Userns_fd: uint64(namespace.Fd())}
	if err := unix.MountSetattr(tree, "", unix.AT_EMPTY_PATH, &attributes); err != nil {
		t.Skipf("the file system of %s cannot have ids mapped: %v", folder, err)
	}
	target := openFolder(t)
	if err := unix.MoveMount(tree, "", unix.AT_FDCWD, target, unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(target, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return target
}
