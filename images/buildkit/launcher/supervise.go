package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"
)

// How long a daemon that was told to stop may take: its first signal lets it end gracefully, and what it holds is thrown away
// with the pod.
const (
	graceBeforeReminder = 400 * time.Millisecond
	graceBeforeKill     = 800 * time.Millisecond
)

// supervise starts the daemon and stays as the first process of the container: it passes signals on, collects orphaned
// processes, and returns the daemon's exit code.
func supervise(p profile, s settings) (int, error) {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	// A build that fails is only told less about it.
	if err := serveEvidence(evidenceSocket); err != nil {
		note("%v", err)
	}
	if !s.keptState {
		return superviseDaemon(p, signals, func() {})
	}
	volume := stateVolume(p.stateFolder())
	lock, err := volume.hold(lockDeadline, signals)
	if err != nil {
		return exitFailure, err
	}
	defer lock.Close()
	for {
		if err := os.Remove(stateReport); err != nil && !errors.Is(err, os.ErrNotExist) {
			return exitFailure, err
		}
		var served atomic.Bool
		ended := make(chan struct{})
		code, err := superviseDaemon(p, signals, func() { go watchServing(&served, ended) })
		close(ended)
		if err != nil || code == 0 || code == exitUnsupported || code == exitUnusableState || code > 128 || served.Load() {
			return code, err
		}
		suspect, err := volume.suspect(stateReport)
		if err != nil || !suspect {
			return code, err
		}
		note("the daemon ended with exit code %d before it answered: starting again with an empty cache volume", code)
	}
}

// watchServing notes when the daemon serves, until it has ended.
func watchServing(served *atomic.Bool, ended <-chan struct{}) {
	for {
		if answers(daemonSocket) {
			served.Store(true)
			return
		}
		select {
		case <-ended:
			return
		case <-time.After(lockPoll):
		}
	}
}

func superviseDaemon(p profile, signals <-chan os.Signal, started func()) (int, error) {
	if err := os.Remove(enteredPath(runDir)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return exitFailure, err
	}
	daemon, err := p.start()
	if err != nil {
		return exitFailure, err
	}
	started()
	ended := make(chan syscall.WaitStatus, 1)
	go collect(daemon.Pid, ended)

	stopping := false
	var reminder, kill <-chan time.Time
	for {
		select {
		case <-signals:
			if !stopping {
				stopping = true
				reminder, kill = time.After(graceBeforeReminder), time.After(graceBeforeKill)
			}
			send(daemon, syscall.SIGTERM)
		case <-reminder:
			send(daemon, syscall.SIGTERM)
		case <-kill:
			send(daemon, syscall.SIGKILL)
		case status := <-ended:
			return outcome(p, status, stopping)
		}
	}
}

func send(p *os.Process, s syscall.Signal) {
	if err := p.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		note("send %v to the daemon: %v", s, err)
	}
}

func outcome(p profile, status syscall.WaitStatus, stopping bool) (int, error) {
	if stopping {
		return 0, nil
	}
	code := status.ExitStatus()
	if status.Signaled() {
		note("the daemon was ended by signal %v", status.Signal())
		code = 128 + int(status.Signal())
	}
	_, err := os.Stat(enteredPath(runDir))
	if errors.Is(err, os.ErrNotExist) {
		return exitUnsupported, p.notEntered()
	}
	return code, err
}

// collect waits for every child, also those that build steps left behind and the kernel gave to the container's first process.
func collect(daemon int, ended chan<- syscall.WaitStatus) {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil {
			note("wait for the daemon: %v", err)
			ended <- syscall.WaitStatus(exitFailure << 8)
			return
		}
		if pid == daemon {
			ended <- status
			return
		}
	}
}

func enteredPath(dir string) string { return filepath.Join(dir, "entered") }

// markEntered tells supervise that the namespaces were created: from here on every refusal is reported by name.
func markEntered(dir string) error {
	if err := os.WriteFile(enteredPath(dir), nil, 0o644); err != nil {
		return fmt.Errorf("report the start in the namespace: %w", err)
	}
	return nil
}

func execDaemon(p profile, s settings, accelerated bool) error {
	path, err := exec.LookPath("buildkitd")
	if err != nil {
		return &unsupported{symptom: imageIncomplete, what: "the image has no buildkitd", remedy: "use the kiln/buildkit image of this release"}
	}
	root := p.stateFolder()
	if s.keptState {
		root = stateVolume(root).root()
	}
	args := append([]string{
		"buildkitd",
		"--root", root,
		"--config", configPath(runDir),
		"--addr", daemonAddress,
		"--oci-worker-snapshotter", "auto",
		"--containerd-worker=false",
		"--cdi-disabled",
	}, p.arguments()...)
	if accelerated {
		args = append(args, "--oci-worker-binary", runtimePath)
	}
	change := p.environment()
	for _, name := range []string{envConfig, envCABundles, envEmulate, envAccelerate, envState, envProfile} {
		change[name] = ""
	}
	if err := syscall.Exec(path, args, withEnvironment(os.Environ(), change)); err != nil {
		return fmt.Errorf("start %s: %w", path, err)
	}
	return nil
}
