package emulation

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// The stages of a build: processes of this program, each in a namespace of the one before.
const (
	mountCommand = "emulation-mounts"
	podCommand   = "emulation-pod"
	buildCommand = "emulation-build"
)

// Commands are the stages, for process.Dispatch.
var Commands = map[string]func(string) error{mountCommand: enterMounts, podCommand: enterPod, buildCommand: runSteps}

// Places inside the namespace.
const (
	binDir   = "/run/bin"
	jobDir   = "/run/job"
	rootDir  = "/run/root"
	twinsDir = "/run/twins"
	// Made by the launcher.
	containerDir = "/run/kiln/accelerate/container"
	startsDir    = "/run/buildkit/starts"
)

func readJob(dir string) (job, error) {
	var j job
	text, err := os.ReadFile(filepath.Join(dir, jobFile))
	if err != nil {
		return j, err
	}
	return j, json.Unmarshal(text, &j)
}

// enterMounts puts everything where the pod may find it, and starts it: the folders of the caller may be closed to other users.
func enterMounts(dir string) error {
	j, err := readJob(dir)
	if err != nil {
		return err
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make the mounts private: %w", err)
	}
	// Of this namespace of process ids, whose processes the kernel accounts for.
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mount proc: %w", err)
	}
	if err := accountProcesses(dir); err != nil {
		return err
	}
	// Where the caller's folders are, /run may be among them.
	staging, err := os.MkdirTemp("/", ".kiln-emulation-")
	if err != nil {
		return err
	}
	defer os.Remove(staging)
	if err := unix.Mount("tmpfs", staging, "tmpfs", 0, "mode=0755"); err != nil {
		return err
	}
	at := func(place string) string { return staging + strings.TrimPrefix(place, "/run") }
	if err := errors.Join(
		os.Mkdir(at(binDir), 0o755), os.Mkdir(at(twinsDir), 0o755),
		bind(j.Build.Root, at(rootDir)), bind(dir, at(jobDir)),
		copyProgram(j.Machine.Self, at(binDir)+"/kiln"), copyProgram(j.Machine.Launcher, at(binDir)+"/kiln-buildkitd"),
		os.WriteFile(at(binDir)+"/buildkitd", []byte("#!/bin/sh\nexec "+binDir+"/kiln "+buildCommand+" "+jobDir+"\n"), 0o755),
	); err != nil {
		return err
	}
	for _, folder := range j.Build.Twins {
		if err := bind(folder, at(twinsDir)+"/"+filepath.Base(folder)); err != nil {
			return err
		}
	}
	if err := errors.Join(
		overlay("/usr/bin", j.Machine.Emulators), overlay("/usr/local/lib", j.Machine.Interpreter),
		unix.Mount(staging, "/run", "", unix.MS_MOVE, ""),
	); err != nil {
		return fmt.Errorf("mount what the image has: %w", err)
	}
	for _, folder := range []string{"/run/kiln", "/run/buildkit"} {
		if err := ownedFolder(folder); err != nil {
			return err
		}
	}
	ids := []syscall.SysProcIDMap{{ContainerID: 0, HostID: firstID, Size: podIDs}}
	command := exec.Command(binDir+"/kiln", podCommand, jobDir)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID, UidMappings: ids, GidMappings: ids,
		GidMappingsEnableSetgroups: true, Credential: &syscall.Credential{}, Pdeathsig: unix.SIGKILL,
	}
	return command.Run()
}

func bind(source, target string) error {
	if err := os.MkdirAll(target, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(source, target, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("bind %s to %s: %w", source, target, err)
	}
	return nil
}

// overlay adds the files of another folder to a folder.
func overlay(folder, added string) error {
	if err := unix.Mount("overlay", folder, "overlay", 0, "lowerdir="+added+":"+folder); err != nil {
		return fmt.Errorf("add %s to %s: %w", added, folder, err)
	}
	return nil
}

func copyProgram(source, target string) error {
	content, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	return os.WriteFile(target, content, 0o755)
}

// enterPod becomes the launcher.
func enterPod(dir string) error {
	j, err := readJob(dir)
	if err != nil {
		return err
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mount proc: %w", err)
	}
	env := []string{"PATH=" + binDir + ":/usr/sbin:/usr/bin:/sbin:/bin", "KILN_PROFILE=Baseline", "KILN_EMULATE=" + j.Build.Platform}
	if len(j.Build.Twins) > 0 {
		var folders []string
		for _, folder := range j.Build.Twins {
			folders = append(folders, twinsDir+"/"+filepath.Base(folder))
		}
		encoded, err := json.Marshal(map[string][]string{j.Build.Platform: folders})
		if err != nil {
			return err
		}
		env = append(env, "KILN_ACCELERATE="+string(encoded))
	}
	launcher := binDir + "/kiln-buildkitd"
	return fmt.Errorf("start the launcher: %w", unix.Exec(launcher, []string{launcher}, env))
}

// runSteps takes the place of the daemon.
func runSteps(dir string) error {
	j, err := readJob(dir)
	if err != nil {
		return err
	}
	root, err := mountRoot(dir)
	if err != nil {
		return fmt.Errorf("mount the root file system: %w", err)
	}
	log, err := os.Create(filepath.Join(dir, logFile))
	if err != nil {
		return err
	}
	defer log.Close()
	result := Result{Seconds: map[string]float64{}, Processor: map[string]float64{}, Programs: map[string]map[string]Program{}}
	_, noted, err := accounted(dir, 0)
	if err != nil {
		return err
	}
	for _, step := range j.Build.Steps {
		started := time.Now()
		command := exec.Command("/bin/sh", "-ec", step.Script)
		command.Stdout, command.Stderr = log, log
		command.Dir, command.SysProcAttr = "/src", &syscall.SysProcAttr{Chroot: root}
		command.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "SOURCE_DATE_EPOCH=1700000000"}
		if err := command.Run(); err != nil {
			return fmt.Errorf("the step %q: %w", step.Name, err)
		}
		result.Seconds[step.Name] = time.Since(started).Seconds()
		if result.Programs[step.Name], noted, err = accounted(dir, noted); err != nil {
			return err
		}
		result.Processor[step.Name] = (command.ProcessState.UserTime() + command.ProcessState.SystemTime()).Seconds()
	}
	if result.Native, result.Emulated, err = readStarts(); err != nil {
		return err
	}
	encoded, err := json.Marshal(result)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, resultFile), encoded, 0o644)
}

// mountRoot mounts the root file system with a layer for what changes, and what a container has in /dev and /proc.
func mountRoot(dir string) (string, error) {
	root := filepath.Join(dir, "root")
	options := "lowerdir=" + rootDir + ",upperdir=" + filepath.Join(dir, "changed") + ",workdir=" + filepath.Join(dir, "work")
	if err := unix.Mount("overlay", root, "overlay", 0, options); err != nil {
		return "", err
	}
	if err := errors.Join(
		unix.Mount("tmpfs", root+"/dev", "tmpfs", 0, "mode=0755"), bind("/proc", root+"/proc"),
		unix.Mount("tmpfs", root+"/tmp", "tmpfs", 0, "mode=1777"),
	); err != nil {
		return "", err
	}
	for _, device := range []string{"null", "zero", "full", "random", "urandom"} {
		target := root + "/dev/" + device
		if err := os.WriteFile(target, nil, 0o666); err != nil {
			return "", err
		}
		if err := unix.Mount("/dev/"+device, target, "", unix.MS_BIND, ""); err != nil {
			return "", err
		}
	}
	if err := errors.Join(os.Symlink("/proc/self/fd", root+"/dev/fd"), os.Mkdir(root+"/dev/shm", 0o1777)); err != nil {
		return "", err
	}
	if _, err := os.Stat(containerDir); errors.Is(err, fs.ErrNotExist) {
		return root, nil
	}
	return root, bind(containerDir, root+"/dev/.kiln")
}

// readStarts adds up the counters of the interpreter: after eight bytes of magic the native starts and the emulated ones.
func readStarts() (native, emulated uint64, err error) {
	files, err := filepath.Glob(startsDir + "/*")
	if err != nil {
		return 0, 0, err
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return 0, 0, err
		}
		if len(content) < 24 {
			return 0, 0, fmt.Errorf("%s has %d bytes", file, len(content))
		}
		native += binary.NativeEndian.Uint64(content[8:])
		emulated += binary.NativeEndian.Uint64(content[16:])
	}
	return native, emulated, nil
}
