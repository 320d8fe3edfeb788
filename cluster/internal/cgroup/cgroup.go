// Package cgroup keeps the processes of a cluster in cgroups of its own, on cgroup v1, v2 and hybrid machines alike.
package cgroup

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Hierarchy is one mounted cgroup file system.
type Hierarchy struct {
	Mount       string
	Unified     bool
	Controllers []string // of a v1 hierarchy: "cpuset", "memory", "name=systemd"
}

// Hierarchies lists the machine's cgroup file systems.
func Hierarchies() ([]Hierarchy, error) {
	file, err := os.Open("/proc/self/mounts")
	if err != nil {
		return nil, fmt.Errorf("list cgroup mounts: %w", err)
	}
	defer file.Close()
	return parseMounts(file)
}

func parseMounts(mounts io.Reader) ([]Hierarchy, error) {
	var found []Hierarchy
	for lines := bufio.NewScanner(mounts); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 {
			continue
		}
		switch fields[2] {
		case "cgroup2":
			found = append(found, Hierarchy{Mount: fields[1], Unified: true})
		case "cgroup":
			found = append(found, Hierarchy{Mount: fields[1], Controllers: controllers(fields[3])})
		}
	}
	if len(found) == 0 {
		return nil, errors.New("no cgroup file system is mounted: a node needs one, mount cgroup2 at /sys/fs/cgroup")
	}
	return found, nil
}

func controllers(options string) []string {
	general := []string{"rw", "ro", "relatime", "noatime", "nosuid", "nodev", "noexec", "xattr", "clone_children"}
	return slices.DeleteFunc(strings.Split(options, ","), func(option string) bool { return slices.Contains(general, option) })
}

// Create makes the cgroup in every hierarchy, ready to hold processes or children.
func Create(path string) error {
	hierarchies, err := Hierarchies()
	if err != nil {
		return err
	}
	for _, hierarchy := range hierarchies {
		if err := hierarchy.create(path); err != nil {
			return fmt.Errorf("create cgroup %s in %s: %w", path, hierarchy.Mount, err)
		}
	}
	return nil
}

func (h Hierarchy) create(path string) error {
	current := h.Mount
	for _, element := range strings.Split(strings.Trim(path, "/"), "/") {
		parent := current
		current = filepath.Join(current, element)
		if h.Unified {
			delegate(parent)
		}
		if err := os.Mkdir(current, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		if slices.Contains(h.Controllers, "cpuset") {
			if err := inherit(parent, current, "cpuset.cpus", "cpuset.mems"); err != nil {
				return err
			}
		}
	}
	return nil
}

// delegate offers a v2 cgroup's controllers to its children. A controller that cannot be offered is one that the kubelet names when it misses it.
func delegate(dir string) {
	available, err := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
	if err != nil {
		return
	}
	for _, controller := range strings.Fields(string(available)) {
		_ = os.WriteFile(filepath.Join(dir, "cgroup.subtree_control"), []byte("+"+controller), 0)
	}
}

// inherit copies settings that a new v1 cpuset starts without: no process can enter it before it has them.
func inherit(parent, child string, files ...string) error {
	for _, file := range files {
		own, err := os.ReadFile(filepath.Join(child, file))
		if err != nil {
			return err
		}
		if strings.TrimSpace(string(own)) != "" {
			continue
		}
		value, err := os.ReadFile(filepath.Join(parent, file))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(child, file), value, 0); err != nil {
			return err
		}
	}
	return nil
}

// Join moves a process into the cgroup, in every hierarchy.
func Join(path string, pid int) error {
	hierarchies, err := Hierarchies()
	if err != nil {
		return err
	}
	for _, hierarchy := range hierarchies {
		procs := filepath.Join(hierarchy.Mount, path, "cgroup.procs")
		if err := os.WriteFile(procs, []byte(strconv.Itoa(pid)), 0); err != nil {
			return fmt.Errorf("move process %d into cgroup %s: %w", pid, filepath.Dir(procs), err)
		}
	}
	return nil
}

// Processes lists the processes in the cgroup and below it, over all hierarchies.
func Processes(path string) ([]int, error) {
	hierarchies, err := Hierarchies()
	if err != nil {
		return nil, err
	}
	seen := map[int]bool{}
	for _, hierarchy := range hierarchies {
		for _, dir := range tree(filepath.Join(hierarchy.Mount, path)) {
			data, err := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
			if err != nil {
				continue // the cgroup is gone, and its processes with it
			}
			for _, field := range strings.Fields(string(data)) {
				if pid, err := strconv.Atoi(field); err == nil && pid > 0 {
					seen[pid] = true
				}
			}
		}
	}
	pids := make([]int, 0, len(seen))
	for pid := range seen {
		pids = append(pids, pid)
	}
	sort.Ints(pids)
	return pids, nil
}

// Exists tells whether any hierarchy has the cgroup.
func Exists(path string) bool {
	hierarchies, err := Hierarchies()
	if err != nil {
		return false
	}
	return slices.ContainsFunc(hierarchies, func(h Hierarchy) bool {
		_, err := os.Stat(filepath.Join(h.Mount, path))
		return err == nil
	})
}

// Remove kills what is in the cgroup and below it, then removes the cgroups bottom-up.
func Remove(ctx context.Context, path string) error {
	if strings.Trim(path, "/") == "" {
		return errors.New("refusing to remove the root cgroup")
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if err := killAll(ctx, path); err != nil {
		return err
	}
	hierarchies, err := Hierarchies()
	if err != nil {
		return err
	}
	for _, hierarchy := range hierarchies {
		if err := removeTree(ctx, filepath.Join(hierarchy.Mount, path)); err != nil {
			return fmt.Errorf("remove cgroup: %w", err)
		}
	}
	return nil
}

func killAll(ctx context.Context, path string) error {
	for {
		pids, err := Processes(path)
		if err != nil {
			return err
		}
		if len(pids) == 0 {
			return nil
		}
		for _, pid := range pids {
			if pid != os.Getpid() {
				_ = syscall.Kill(pid, syscall.SIGKILL) // gone already is what is wanted
			}
		}
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return fmt.Errorf("processes %v of cgroup %s do not end: %w", pids, path, err)
		}
	}
}

// removeTree retries a busy cgroup: a killed process leaves it a moment after it left cgroup.procs.
func removeTree(ctx context.Context, dir string) error {
	dirs := tree(dir)
	slices.Reverse(dirs)
	for _, dir := range dirs {
		for {
			err := syscall.Rmdir(dir)
			if err == nil || errors.Is(err, fs.ErrNotExist) {
				break
			}
			if !errors.Is(err, syscall.EBUSY) || pause(ctx, 10*time.Millisecond) != nil {
				return &fs.PathError{Op: "rmdir", Path: dir, Err: err}
			}
		}
	}
	return nil
}

// tree lists dir and the cgroups below it, parents first.
func tree(dir string) []string {
	var dirs []string
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			dirs = append(dirs, path)
		}
		return nil // a cgroup may vanish while its parent is listed
	})
	return dirs
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
