package main

import (
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestEvidenceNamesTheProcessesOfTheContainer(t *testing.T) {
	sleep := exec.Command("sleep", "600")
	if err := sleep.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = sleep.Process.Kill()
		_ = sleep.Wait()
	}()
	socket := filepath.Join(t.TempDir(), "evidence.sock")
	if err := serveEvidence(socket); err != nil {
		t.Fatal(err)
	}

	found := askForEvidence(t, socket)

	i := slices.IndexFunc(found.Processes, func(p process) bool { return p.PID == sleep.Process.Pid })
	if i < 0 && len(found.Processes) < maxProcesses {
		t.Fatalf("no process %d in %v", sleep.Process.Pid, found.Processes)
	}
	if i >= 0 && (found.Processes[i].Command != "sleep 600" || found.Processes[i].Seconds > 60) {
		t.Errorf("got %+v", found.Processes[i])
	}
	if slices.ContainsFunc(found.Processes, func(p process) bool { return p.PID == os.Getpid() }) {
		t.Error("the launcher lists itself")
	}
}

func TestEvidenceReadsTheCounterOfEitherCgroupVersion(t *testing.T) {
	for name, file := range map[string]struct {
		path, text string
		want       int
		known      bool
	}{
		"version 2": {"memory.events", "low 0\nhigh 0\nmax 7\noom 3\noom_kill 2\noom_group_kill 0\n", 2, true},
		"version 1": {"memory/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n", 1, true},
		"neither":   {"other", "", 0, false},
		"malformed": {"memory.events", "oom_kill many\n", 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), file.path)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(file.text), 0o644); err != nil {
				t.Fatal(err)
			}
			cgroup := strings.TrimSuffix(path, file.path)
			if got, known := oomKills(cgroup); known != file.known || (known && got != file.want) {
				t.Errorf("got %d, %v", got, known)
			}
		})
	}
}

func TestEvidenceReadsAProcessWhoseNameIsHostile(t *testing.T) {
	proc := t.TempDir()
	dir := filepath.Join(proc, "42")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	stat := "42 (a) S 1) R 1 42 42 0 -1 4194304 1 0 0 0 250 150 0 0 20 0 1 0 1000 0 0 0\n"
	for name, text := range map[string]string{
		"42/stat":    stat,
		"42/cmdline": "",
		"uptime":     "110.50 400.00\n",
	} {
		if err := os.WriteFile(filepath.Join(proc, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}

	found := processes(proc)

	want := process{PID: 42, State: "R", Seconds: 100, CPUSeconds: 4, Command: "[a) S 1]"}
	if len(found) != 1 || found[0] != want {
		t.Errorf("got %+v, want %+v", found, want)
	}
}

func askForEvidence(t *testing.T, socket string) evidence {
	t.Helper()
	connection, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	var found evidence
	if err := json.NewDecoder(connection).Decode(&found); err != nil {
		t.Fatal(err)
	}
	return found
}
