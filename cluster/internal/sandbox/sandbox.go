// Package sandbox gives a node namespaces of its own, held open by one small process.
//
// The mount namespace hides the places of the machine that Kubernetes and container runtimes write to, whatever they are told
// (/run, /var/lib, /var/log), and guards the kernel's settings. Everything that is mounted in it disappears with its last process.
package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"kiln.build/cluster/internal/cgroup"
	"kiln.build/cluster/internal/process"
)

// HoldCommand is the hidden subcommand of this program that sets up and holds a sandbox.
const HoldCommand = "__hold"

// Options describe a sandbox.
type Options struct {
	Name   string
	Log    string
	Cgroup string
	// Network gives the sandbox a network namespace of its own, with only a loopback interface.
	Network bool
	// Keep lists folders that stay visible, at their place, although they lie below a hidden one.
	Keep []string
	// Proc is a folder for a second, whole proc file system. The kernel lets a user namespace mount its own /proc only where a whole one
	// is visible, and guarding the kernel's settings leaves /proc itself not whole.
	Proc string
}

var (
	hidden  = []string{"/run", "/var/lib", "/var/log"}
	guarded = []string{"/proc/sys/vm", "/proc/sys/kernel"}
)

// Start starts the process that holds a new sandbox and returns once the sandbox is ready.
func Start(options Options) (*process.Daemon, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	encoded, err := json.Marshal(options)
	if err != nil {
		return nil, fmt.Errorf("encode sandbox %s: %w", options.Name, err)
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start sandbox %s: %w", options.Name, err)
	}
	defer reader.Close()
	command := exec.Command(self, HoldCommand, string(encoded))
	command.ExtraFiles = []*os.File{writer}
	flags := uintptr(syscall.CLONE_NEWNS)
	if options.Network {
		flags |= syscall.CLONE_NEWNET
	}
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags}
	holder, err := process.Launch(options.Name, options.Log, command)
	writer.Close()
	if err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(reader)
	if err != nil || string(answer) != "ready" {
		<-holder.Exited
		return nil, holder.Failure()
	}
	return holder, nil
}

// Hold sets the sandbox up from inside, reports "ready" on file descriptor 3 and stays until it is killed.
func Hold(encoded string) error {
	var options Options
	if err := json.Unmarshal([]byte(encoded), &options); err != nil {
		return fmt.Errorf("decode sandbox: %w", err)
	}
	if options.Cgroup != "" {
		if err := cgroup.Join(options.Cgroup, os.Getpid()); err != nil {
			return err
		}
	}
	if err := setUpMounts(options); err != nil {
		return err
	}
	if options.Network {
		if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0); err != nil {
			return fmt.Errorf("let the sandbox forward packets: %w", err)
		}
		// Packets between nodes pass the first one's bridge; they are not its own to filter.
		err := os.WriteFile("/proc/sys/net/bridge/bridge-nf-call-iptables", []byte("0"), 0)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("keep the sandbox's bridge unfiltered: %w", err)
		}
	}
	ready := os.NewFile(3, "ready")
	if _, err := ready.WriteString("ready"); err != nil {
		return fmt.Errorf("report the sandbox: %w", err)
	}
	ready.Close()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	<-stop
	return nil
}

func setUpMounts(options Options) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("part from the machine's mounts: %w", err)
	}
	for _, dir := range hidden {
		if err := hide(dir, options.Keep); err != nil {
			return fmt.Errorf("hide %s: %w", dir, err)
		}
	}
	if err := os.MkdirAll(options.Proc, 0o755); err != nil {
		return err
	}
	if err := unix.Mount("proc", options.Proc, "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mount %s: %w", options.Proc, err)
	}
	for _, dir := range guarded {
		if err := unix.Mount(dir, dir, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("guard %s: %w", dir, err)
		}
		if err := unix.Mount("", dir, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
			return fmt.Errorf("guard %s: %w", dir, err)
		}
	}
	// Pods may ask for mounts that propagate.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, ""); err != nil {
		return fmt.Errorf("share mounts within the sandbox: %w", err)
	}
	return nil
}

// hide covers dir with an empty file system and puts the folders to keep back on top.
func hide(dir string, keep []string) error {
	resolved, err := filepath.EvalSymlinks(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	kept := map[string]int{}
	for _, path := range keep {
		if !strings.HasPrefix(path, resolved+"/") {
			continue
		}
		tree, err := unix.OpenTree(unix.AT_FDCWD, path, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
		if err != nil {
			return fmt.Errorf("keep %s: %w", path, err)
		}
		kept[path] = tree
	}
	if err := unix.Mount("tmpfs", resolved, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755"); err != nil {
		return err
	}
	for path, tree := range kept {
		if err := os.MkdirAll(path, 0o755); err != nil {
			return fmt.Errorf("keep %s: %w", path, err)
		}
		if err := unix.MoveMount(tree, "", unix.AT_FDCWD, path, unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
			return fmt.Errorf("keep %s: %w", path, err)
		}
		unix.Close(tree)
	}
	return nil
}
