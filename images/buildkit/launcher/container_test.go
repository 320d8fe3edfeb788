package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// asDaemon is what takes the place of buildkitd in the tests that run containers as it does: with its OCI runtime.
const asDaemon = "as-daemon"

// containerStep is one build step: a container with the programs of the test in /bin.
type containerStep struct {
	Args         []string
	Env          []string
	Stdin        string // given as often as said
	StdinRepeat  int
	User         int
	ReadOnlyRoot bool
}

type containerResult struct {
	Stdout string
	Stderr string
	Code   int
}

type daemonResult struct {
	Steps []containerResult
	// Counters is the content of the counter file after all steps; Layer what the steps left in /dev of the image.
	Counters []byte
	Layer    []string
}

const (
	envSteps    = "TEST_STEPS"
	envPrograms = "TEST_PROGRAMS"
	envRuntime  = "TEST_RUNTIME"
	resultMark  = "RESULT "
)

// runAsDaemon runs the steps one after the other and prints a daemonResult.
func runAsDaemon() int {
	var result daemonResult
	err := func() error {
		var steps []containerStep
		if err := json.Unmarshal([]byte(os.Getenv(envSteps)), &steps); err != nil {
			return err
		}
		bundle := filepath.Join(runDir, "bundle")
		root := filepath.Join(bundle, "rootfs")
		if err := prepareRoot(root, os.Getenv(envPrograms)); err != nil {
			return err
		}
		for i, step := range steps {
			one, err := step.run(bundle, fmt.Sprintf("step-%d", i))
			if err != nil {
				return err
			}
			result.Steps = append(result.Steps, one)
		}
		entries, err := os.ReadDir(filepath.Join(root, "dev"))
		for _, e := range entries {
			result.Layer = append(result.Layer, e.Name())
		}
		counters, readErr := os.ReadFile(filepath.Join(startsDir, "aarch64"))
		if !errors.Is(readErr, os.ErrNotExist) {
			err = errors.Join(err, readErr)
		}
		result.Counters = counters
		return err
	}()
	if err != nil {
		note("the daemon of the test: %v", err)
		return exitFailure
	}
	text, err := json.Marshal(result)
	if err != nil {
		panic(err)
	}
	fmt.Println(resultMark + string(text))
	return 0
}

// prepareRoot makes the root file system of the steps. One program is setuid, and /other is a root file system for chroot.
func prepareRoot(root, programs string) error {
	for _, folder := range []string{"bin", "dev", "proc", "tmp", "other"} {
		if err := os.MkdirAll(filepath.Join(root, folder), 0o755); err != nil {
			return err
		}
	}
	if err := os.Chmod(filepath.Join(root, "tmp"), 0o777); err != nil {
		return err
	}
	entries, err := os.ReadDir(programs)
	if err != nil {
		return err
	}
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(programs, e.Name()))
		if err != nil {
			return err
		}
		targets := []string{filepath.Join(root, "bin", e.Name())}
		if e.Name() == "matched" {
			targets = append(targets, filepath.Join(root, "other", e.Name()), filepath.Join(root, "bin", "privileged"))
		}
		for _, target := range targets {
			if err := os.WriteFile(target, content, 0o755); err != nil {
				return err
			}
		}
	}
	return os.Chmod(filepath.Join(root, "bin", "privileged"), os.ModeSetuid|0o755)
}

func (step containerStep) run(bundle, id string) (containerResult, error) {
	capabilities := []string{"CAP_CHOWN", "CAP_SETUID", "CAP_SETGID", "CAP_SYS_CHROOT", "CAP_KILL"}
	config, err := json.Marshal(map[string]any{
		"ociVersion": "1.2.0",
		"process": map[string]any{
			"args": step.Args, "env": append([]string{"PATH=/bin"}, step.Env...), "cwd": "/tmp",
			"user":         map[string]any{"uid": step.User, "gid": step.User},
			"capabilities": map[string]any{"bounding": capabilities, "effective": capabilities, "permitted": capabilities},
		},
		"root": map[string]any{"path": "rootfs", "readonly": step.ReadOnlyRoot},
		"mounts": []map[string]any{
			{"destination": "/proc", "type": "proc", "source": "proc"},
			{"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": []string{"nosuid", "mode=755", "size=64k"}},
			{"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": []string{"mode=1777"}},
		},
		"linux": map[string]any{"namespaces": []map[string]any{{"type": "pid"}, {"type": "mount"}, {"type": "ipc"}}},
	})
	if err != nil {
		return containerResult{}, err
	}
	if err := os.WriteFile(filepath.Join(bundle, "config.json"), config, 0o644); err != nil {
		return containerResult{}, err
	}
	command := exec.Command(os.Getenv(envRuntime), "--root", filepath.Join(runDir, "runc"), "run", "--bundle", bundle, id)
	var stdout, stderr bytes.Buffer
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(strings.Repeat(step.Stdin, max(1, step.StdinRepeat))), &stdout, &stderr
	err = command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return containerResult{}, err
	}
	return containerResult{stdout.String(), stderr.String(), command.ProcessState.ExitCode()}, nil
}

// acceleratedPod is a pod whose build steps run under QEMU, with twins when there are folders.
type acceleratedPod struct {
	programs string
	folders  []string
	noexec   string // folder to be mounted without execution at /run/noexec
}

// run also returns what the launcher logged.
func (pod acceleratedPod) run(t *testing.T, steps ...containerStep) (daemonResult, string) {
	t.Helper()
	if pod.folders == nil {
		return pod.runUnaccelerated(t, steps...)
	}
	return pod.runWith(t, runtimePath, steps)
}

// runUnaccelerated is for pods in which buildkitd is not given the launcher's OCI runtime.
func (pod acceleratedPod) runUnaccelerated(t *testing.T, steps ...containerStep) (daemonResult, string) {
	t.Helper()
	return pod.runWith(t, filepath.Join(built(t), "tools", "runc"), steps)
}

func (pod acceleratedPod) runWith(t *testing.T, program string, steps []containerStep) (daemonResult, string) {
	t.Helper()
	text, err := json.Marshal(steps)
	if err != nil {
		t.Fatal(err)
	}
	tools := filepath.Join(built(t), "tools")
	env := []string{"KILN_EMULATE=linux/arm64", "DAEMON=" + asDaemon, envSteps + "=" + string(text), envPrograms + "=" + pod.programs,
		envRuntime + "=" + program, "PATH=" + os.Getenv("PATH") + ":" + tools}
	if pod.noexec != "" {
		env = append(env, "NOEXEC="+pod.noexec)
	}
	if pod.folders != nil {
		folders, err := json.Marshal(map[string][]string{"linux/arm64": pod.folders})
		if err != nil {
			t.Fatal(err)
		}
		env = append(env, "INTERPRETER="+interpreter(t), "KILN_ACCELERATE="+string(folders))
	}
	got := runPod(t, env...)
	log, text2, found := strings.Cut(got.output, resultMark)
	if got.code != 0 || !found {
		t.Fatalf("the pod ended with %d:\n%s", got.code, got.output)
	}
	var result daemonResult
	if err := json.Unmarshal([]byte(text2), &result); err != nil {
		t.Fatal(err)
	}
	if len(result.Steps) != len(steps) {
		t.Fatalf("%d results of %d steps", len(result.Steps), len(steps))
	}
	return result, log
}

// mountForTests puts what the image has beside the launcher where the image has it.
func mountForTests() error {
	folder := os.Getenv("INTERPRETER")
	if folder == "" {
		return nil
	}
	return unix.Mount("overlay", "/usr/local/lib", "overlay", 0, "lowerdir=/usr/local/lib:"+folder)
}
