package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// evidenceSocket is where the worker, which has a container of its own, asks what happens in this one.
const evidenceSocket = "/run/buildkit/evidence.sock"

const (
	// evidenceGroup is that of the worker.
	evidenceGroup    = 1000
	evidenceDeadline = 2 * time.Second
	maxProcesses     = 200
	maxCommand       = 200
	// ticksPerSecond of the times in /proc: USER_HZ, 100 on every architecture Kubernetes runs on.
	ticksPerSecond = 100
)

// evidence is what the worker is told: enough to say why a build does not move, or who killed its step.
type evidence struct {
	// OOMKills counts the processes of this container that the kernel killed for want of memory; nil when it cannot be told.
	OOMKills  *int      `json:"oomKills,omitempty"`
	Processes []process `json:"processes"`
}

type process struct {
	PID        int    `json:"pid"`
	State      string `json:"state"`
	Seconds    int64  `json:"seconds"`
	CPUSeconds int64  `json:"cpuSeconds"`
	Command    string `json:"command"`
}

// serveEvidence answers whoever connects with one document. Nothing is read from the connection.
func serveEvidence(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("serve evidence: %w", err)
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return fmt.Errorf("serve evidence: %w", err)
	}
	if err := errors.Join(os.Chown(path, -1, evidenceGroup), os.Chmod(path, 0o660)); err != nil {
		return fmt.Errorf("let the worker ask for evidence: %w", err)
	}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				note("serve evidence: %v", err)
				return
			}
			answerEvidence(connection)
		}
	}()
	return nil
}

func answerEvidence(connection net.Conn) {
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(evidenceDeadline)); err != nil {
		note("answer with evidence: %v", err)
		return
	}
	if err := json.NewEncoder(connection).Encode(collectEvidence("/proc", "/sys/fs/cgroup")); err != nil {
		note("answer with evidence: %v", err)
	}
}

func collectEvidence(proc, cgroup string) evidence {
	found := evidence{Processes: processes(proc)}
	if kills, ok := oomKills(cgroup); ok {
		found.OOMKills = &kills
	}
	return found
}

// oomKills reads the counter of the container's memory cgroup, whose file is another one in version 1.
func oomKills(cgroup string) (int, bool) {
	for _, file := range []string{"memory.events", "memory/memory.oom_control"} {
		text, err := os.ReadFile(filepath.Join(cgroup, file))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			if value, ok := strings.CutPrefix(strings.TrimSpace(line), "oom_kill "); ok {
				kills, err := strconv.Atoi(value)
				return kills, err == nil
			}
		}
	}
	return 0, false
}

// processes lists the processes of this container but for the launcher itself; those that computed most come first.
func processes(proc string) []process {
	entries, err := os.ReadDir(proc)
	if err != nil {
		note("list processes: %v", err)
		return nil
	}
	up := uptime(proc)
	found := []process{}
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		if p, ok := readProcess(filepath.Join(proc, entry.Name()), pid, up); ok {
			found = append(found, p)
		}
	}
	slices.SortStableFunc(found, func(a, b process) int { return int(b.CPUSeconds - a.CPUSeconds) })
	return found[:min(len(found), maxProcesses)]
}

// readProcess returns nothing for a process that has ended in between.
func readProcess(dir string, pid int, up float64) (process, bool) {
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return process{}, false
	}
	// The name in parentheses may hold anything; the fields after it count from 3 (proc_pid_stat(5)).
	name, rest, ok := cutLast(string(stat), ") ")
	fields := strings.Fields(rest)
	if !ok || len(fields) < 20 {
		return process{}, false
	}
	field := func(number int) float64 {
		value, err := strconv.ParseFloat(fields[number-3], 64)
		if err != nil {
			return 0
		}
		return value / ticksPerSecond
	}
	return process{
		PID:        pid,
		State:      fields[0],
		Seconds:    max(0, int64(up-field(22))),
		CPUSeconds: int64(field(14) + field(15)),
		Command:    command(dir, name),
	}, true
}

// command is what the process was started with, or its name where it has no arguments, as a zombie.
func command(dir, stat string) string {
	text, err := os.ReadFile(filepath.Join(dir, "cmdline"))
	line := strings.TrimSpace(strings.ReplaceAll(string(text), "\x00", " "))
	if err != nil || line == "" {
		_, name, _ := strings.Cut(stat, " (")
		line = "[" + name + "]"
	}
	if len(line) > maxCommand {
		line = line[:maxCommand]
	}
	return strings.ToValidUTF8(line, "?")
}

func uptime(proc string) float64 {
	text, err := os.ReadFile(filepath.Join(proc, "uptime"))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(text), " ")
	seconds, err := strconv.ParseFloat(first, 64)
	if err != nil {
		return 0
	}
	return seconds
}

func cutLast(text, separator string) (before, after string, found bool) {
	if i := strings.LastIndex(text, separator); i >= 0 {
		return text[:i], text[i+len(separator):], true
	}
	return text, "", false
}
