// Package emulation builds real projects natively, under QEMU and with native twins, on this machine: to prove that the twins make the
// same programs, and to measure what they save. The emulated ways run what a worker runs: the launcher of the BuildKit image prepares
// the emulators in a user namespace of its own; only the daemon and its containers are replaced by a chroot.
package emulation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// podIDs and firstID are the ids of the namespace that stands for the one of a pod.
const (
	podIDs  = 65536
	firstID = 200000
)

// Machine is what emulated builds need.
type Machine struct {
	// Self is this program, which has to dispatch Commands.
	Self string
	// Launcher is the program of the BuildKit image; Interpreter a folder with kiln/interpreter.bin, Emulators one with qemu-*-static.
	Launcher, Interpreter, Emulators string
}

// Build is one build in a root file system.
type Build struct {
	// Root is the folder with the root file system, of which nothing is changed. Its files belong to firstID.
	Root string
	// Job is a folder of its own for the build; the changed files are in its folder `changed` afterwards.
	Job string
	// Platform is empty for a native build; Twins are the folders of twins then used, if any.
	Platform string
	Twins    []string
	Steps    []Step
	// Limit bounds the time of the whole build.
	Limit time.Duration
}

// Step is a shell script that is run in the folder /src of the root file system.
type Step struct {
	Name, Script string
}

// Result is what came of a build.
type Result struct {
	// Seconds of each step, by the clock and of processor time.
	Seconds, Processor map[string]float64
	// Programs of each step, by their name.
	Programs map[string]map[string]Program
	// Starts of programs that became native twins or ran under QEMU; both are 0 without twins.
	Native, Emulated uint64
}

// job is what the stages tell each other, in the file job.json of the folder.
type job struct {
	Build   Build
	Machine Machine
}

const (
	jobFile    = "job.json"
	resultFile = "result.json"
	logFile    = "log"
)

// Run runs a build and returns when it has ended. An error carries the end of the output.
func (m Machine) Run(ctx context.Context, b Build) (Result, error) {
	if os.Geteuid() != 0 {
		return Result{}, errors.New("emulated builds need root")
	}
	encoded, err := json.Marshal(job{b, m})
	if err != nil {
		return Result{}, err
	}
	for _, folder := range []string{"changed", "work", "root"} {
		if err := ownedFolder(filepath.Join(b.Job, folder)); err != nil {
			return Result{}, err
		}
	}
	if err := errors.Join(os.Chown(b.Job, firstID, firstID), os.WriteFile(filepath.Join(b.Job, jobFile), encoded, 0o644)); err != nil {
		return Result{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, b.Limit)
	defer cancel()
	command := exec.CommandContext(ctx, m.Self, mountCommand, b.Job)
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	command.WaitDelay = 10 * time.Second
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID, Pdeathsig: unix.SIGKILL}
	runtime.LockOSThread() // the signal is sent when the thread ends that started the process
	defer runtime.UnlockOSThread()
	runErr := command.Run()
	log, readErr := os.ReadFile(filepath.Join(b.Job, logFile))
	if runErr != nil {
		return Result{}, fmt.Errorf("%w\n%s%s", errors.Join(runErr, ctx.Err()), tail(output.Bytes()), tail(log))
	}
	var result Result
	text, err := os.ReadFile(filepath.Join(b.Job, resultFile))
	if err := errors.Join(readErr, err); err != nil {
		return Result{}, fmt.Errorf("%w\n%s", err, tail(output.Bytes()))
	}
	return result, json.Unmarshal(text, &result)
}

func tail(output []byte) []byte { return output[max(0, len(output)-3000):] }

func ownedFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.Chown(dir, firstID, firstID)
}
