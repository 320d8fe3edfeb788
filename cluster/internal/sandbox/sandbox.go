// Package sandbox gives a node namespaces of its own, held open by one small process.
//
// The mount namespace hides the places of the machine that Kubernetes and container runtimes write to, whatever they are told
// (/run, /var/lib, /var/log), and keeps it from changing the kernel's settings. Everything that is mounted in it disappears with its last process.
package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
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
	// Keep lists folders that stay visible, at their place, although they lie below a hidden one. Those that do not exist are left out.
	Keep []string
	// Dir is a folder for the sandbox's own use.
	Dir string
}

var (
	hidden = []string{"/run", "/var/lib", "/var/log"}
	// settings are those that a kubelet changes for the whole machine. It is shown what it wants and leaves the real ones alone.
	settings = map[string]string{
		"vm/overcommit_memory":      "1",
		"vm/panic_on_oom":           "0",
		"kernel/panic":              "10",
		"kernel/panic_on_oops":      "1",
		"kernel/keys/root_maxkeys":  "1000000",
		"kernel/keys/root_maxbytes": "25000000",
	}
)

// Start starts the process that holds a new sandbox and returns once the sandbox is ready.
func Start(options Options) (*process.Daemon, error) {
	encoded, err := json.Marshal(options)
	if err != nil {
		return nil, fmt.Errorf("encode sandbox %s: %w", options.Name, err)
	}
	command, err := process.Self(HoldCommand, string(encoded))
	if err != nil {
		return nil, err
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start sandbox %s: %w", options.Name, err)
	}
	defer reader.Close()
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
	if err := coverSettings(options.Dir); err != nil {
		return err
	}
	// Pods may ask for mounts that propagate.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, ""); err != nil {
		return fmt.Errorf("share mounts within the sandbox: %w", err)
	}
	return nil
}

// coverSettings covers the kernel settings that nothing in the sandbox shall change.
func coverSettings(dir string) error {
	// The kernel lets a user namespace mount its own /proc only where a whole one is visible, and covering settings leaves /proc not whole.
	whole := filepath.Join(dir, "proc")
	if err := os.MkdirAll(whole, 0o755); err != nil {
		return err
	}
	if err := unix.Mount("proc", whole, "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mount %s: %w", whole, err)
	}
	for name, value := range settings {
		real, shown := filepath.Join("/proc/sys", name), filepath.Join(dir, strings.ReplaceAll(name, "/", "."))
		if err := os.WriteFile(shown, []byte(value+"\n"), 0o644); err != nil {
			return err
		}
		if err := unix.Mount(shown, real, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("cover %s: %w", real, err)
		}
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
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
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
