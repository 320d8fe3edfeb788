// Package process starts the daemons of a cluster, recognises them later, and says what went wrong with them.
package process

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Spec describes a daemon.
type Spec struct {
	Name   string
	Path   string
	Args   []string
	Env    []string // added to the caller's environment
	Dir    string
	Log    string // receives stdout and stderr
	Cgroup string // optional
	// Holder is the process whose network namespace the daemon enters; 0 keeps the caller's.
	Holder int
	// Mounts lets the daemon enter the holder's mount namespace too.
	Mounts bool
}

// Identity recognises a process again: the PID alone may have been given to another process since.
type Identity struct {
	PID   int    `json:"pid"`
	Start uint64 `json:"start"` // clock ticks after boot
}

// Daemon is a process started by this program.
type Daemon struct {
	Identity
	Name string
	Log  string
	// Exited is closed when the process ends; Err says how.
	Exited chan struct{}
	Err    error
}

// Start starts a daemon that outlives this program.
func Start(spec Spec) (*Daemon, error) {
	entry := Entry{Cgroup: spec.Cgroup, Path: spec.Path, Args: spec.Args}
	if spec.Holder != 0 {
		entry.NetworkNamespace = fmt.Sprintf("/proc/%d/ns/net", spec.Holder)
		if spec.Mounts {
			entry.MountNamespace = fmt.Sprintf("/proc/%d/ns/mnt", spec.Holder)
		}
	}
	command, err := entry.Command()
	if err != nil {
		return nil, err
	}
	command.Dir = spec.Dir
	command.Env = append(os.Environ(), spec.Env...)
	return Launch(spec.Name, spec.Log, command)
}

// Launch starts a prepared command as a daemon that writes to the log file.
func Launch(name, log string, command *exec.Cmd) (*Daemon, error) {
	if err := os.MkdirAll(filepath.Dir(log), 0o755); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	file, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	defer file.Close()
	command.Stdout, command.Stderr = file, file
	if command.SysProcAttr == nil {
		command.SysProcAttr = &syscall.SysProcAttr{}
	}
	command.SysProcAttr.Setsid = true
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	daemon := &Daemon{Identity: Identity{PID: command.Process.Pid}, Name: name, Log: log, Exited: make(chan struct{})}
	if _, start, err := stat(daemon.PID); err == nil {
		daemon.Identity.Start = start
	}
	go func() {
		daemon.Err = command.Wait()
		close(daemon.Exited)
	}()
	return daemon, nil
}

// Running tells whether the very process still runs.
func (i Identity) Running() bool {
	state, start, err := stat(i.PID)
	return err == nil && start == i.Start && state != "Z" && state != "X"
}

// Failure describes an ended daemon with the tail of its log.
func (d *Daemon) Failure() error {
	how := "ended"
	if d.Err != nil {
		how = d.Err.Error()
	}
	return fmt.Errorf("%s stopped (%s)\n%s", d.Name, how, Tail(d.Log, 12))
}

// Tail returns the last lines of a log file, headed by its path.
func Tail(path string, count int) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Sprintf("its log %s cannot be read: %v", path, err)
	}
	lines := strings.Split(strings.TrimRight(string(data), "\n"), "\n")
	if len(lines) > count {
		lines = lines[len(lines)-count:]
	}
	return fmt.Sprintf("last lines of %s:\n  %s", path, strings.Join(lines, "\n  "))
}

// stat reads a process's state letter and start time.
func stat(pid int) (state string, start uint64, err error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", 0, err
	}
	return parseStat(string(data))
}

func parseStat(line string) (state string, start uint64, err error) {
	// The name in parentheses may hold anything, so fields count from its end: state is the first, the start time the 20th.
	closing := strings.LastIndexByte(line, ')')
	fields := strings.Fields(line[closing+1:])
	if closing < 0 || len(fields) < 20 {
		return "", 0, errors.New("malformed process status")
	}
	start, err = strconv.ParseUint(fields[19], 10, 64)
	return fields[0], start, err
}

// Entry says what a child does before it becomes the program: join a cgroup, enter namespaces.
type Entry struct {
	Cgroup           string   `json:"cgroup,omitempty"`
	NetworkNamespace string   `json:"networkNamespace,omitempty"`
	MountNamespace   string   `json:"mountNamespace,omitempty"`
	Path             string   `json:"path"`
	Args             []string `json:"args"`
}

// EntryCommand is the hidden subcommand of this program that carries out an Entry.
const EntryCommand = "__enter"

// Command runs the entry in a child of this program.
func (e Entry) Command() (*exec.Cmd, error) {
	encoded, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encode the entry of %s: %w", e.Path, err)
	}
	return Self(EntryCommand, string(encoded))
}
