package process

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"

	"kiln.build/cluster/internal/cgroup"
)

// Enter carries out an encoded Entry and becomes its program; it returns only when that fails.
func Enter(encoded string) error {
	var entry Entry
	if err := json.Unmarshal([]byte(encoded), &entry); err != nil {
		return fmt.Errorf("decode entry: %w", err)
	}
	if entry.Cgroup != "" {
		if err := cgroup.Join(entry.Cgroup, os.Getpid()); err != nil {
			return err
		}
	}
	// Namespaces belong to a thread; exec makes this one the whole process.
	runtime.LockOSThread()
	namespaces := []struct {
		path string
		kind int
	}{{entry.NetworkNamespace, unix.CLONE_NEWNET}, {entry.MountNamespace, unix.CLONE_NEWNS}}
	files := make([]int, len(namespaces))
	for i, namespace := range namespaces {
		if namespace.path == "" {
			continue
		}
		file, err := unix.Open(namespace.path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return fmt.Errorf("open namespace %s: %w", namespace.path, err)
		}
		files[i] = file
	}
	for i, namespace := range namespaces {
		if namespace.path == "" {
			continue
		}
		if namespace.kind == unix.CLONE_NEWNS {
			// A thread that shares its file system attributes with others is refused entry.
			if err := unix.Unshare(unix.CLONE_FS); err != nil {
				return fmt.Errorf("unshare file system attributes: %w", err)
			}
		}
		if err := unix.Setns(files[i], namespace.kind); err != nil {
			return fmt.Errorf("enter namespace %s: %w", namespace.path, err)
		}
	}
	if err := unix.Exec(entry.Path, append([]string{entry.Path}, entry.Args...), os.Environ()); err != nil {
		return fmt.Errorf("start %s: %w", entry.Path, err)
	}
	return nil
}
