package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// emulate makes the executables of the wanted platforms runnable in this user namespace. The mount of binfmt_misc has to
// live as long as the daemon: the registrations go with the last one. What the node has registered is no help for the accelerated
// platforms, whose emulators are not the node's.
func emulate(wanted, accelerated []platform, dir string) error {
	missing, err := notRunnable(wanted, dir)
	if err != nil {
		return err
	}
	if len(missing) == 0 && len(accelerated) == 0 {
		if len(wanted) > 0 {
			note("emulation: kernel (the node runs %s already)", names(wanted))
		}
		return nil
	}
	mountPoint := filepath.Join(dir, "binfmt_misc")
	if err := os.MkdirAll(mountPoint, 0o755); err != nil {
		return fmt.Errorf("create the mount point of binfmt_misc: %w", err)
	}
	if err := unix.Mount("binfmt_misc", mountPoint, "binfmt_misc", 0, ""); err != nil {
		if len(accelerated) > 0 {
			note("acceleration: off (binfmt_misc cannot be mounted in the user namespace: %v)", err)
		}
		if len(missing) == 0 {
			return nil
		}
		return useEmbedded(missing, err, dir)
	}
	// The new instance is empty: what the node had registered is not visible any more.
	if missing, err = notRunnable(wanted, dir); err != nil {
		return err
	}
	for _, p := range missing {
		if err := register(p, mountPoint); err != nil {
			return err
		}
	}
	if missing, err = notRunnable(missing, dir); err != nil {
		return err
	}
	if len(missing) > 0 {
		return &unsupported{
			symptom: emulationUnavailable,
			what:    fmt.Sprintf("QEMU is registered for %s but a test program of that platform does not run", names(missing)),
			remedy:  "use a node of that architecture, or report it with the kernel version of the node",
		}
	}
	note("emulation: kernel (%s)", names(wanted))
	return nil
}

func register(p platform, mountPoint string) error {
	if _, err := os.Stat(p.emulator()); err != nil {
		return &unsupported{
			symptom: imageIncomplete,
			what:    fmt.Sprintf("the image has no emulator for %s: %v", p.name, err),
			remedy:  "use the kiln/buildkit image of this release",
		}
	}
	err := os.WriteFile(filepath.Join(mountPoint, "register"), []byte(p.registration()), 0o200)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return &unsupported{
			symptom: emulationUnavailable,
			what:    fmt.Sprintf("QEMU for %s cannot be registered with the kernel: %v", p.name, err),
			remedy:  "use a node with Linux 6.7 or later, or a node of that architecture",
		}
	}
	return nil
}

// useEmbedded leaves emulation to buildkitd, which can put its own patched QEMU in front of a foreign command. Images that
// mix architectures do not build that way, and the daemon does not list the platforms.
func useEmbedded(missing []platform, cause error, dir string) error {
	for _, p := range missing {
		refused := func(problem string) error {
			return &unsupported{
				symptom: emulationUnavailable,
				what:    fmt.Sprintf("binfmt_misc cannot be mounted in the user namespace (%v), and %s", cause, problem),
				remedy:  "use a node with Linux 6.7 or later, or a node with the architecture of " + p.name,
			}
		}
		emulator, err := exec.LookPath(p.embeddedEmulator())
		if err != nil {
			return refused("the image has no " + p.embeddedEmulator())
		}
		ok, err := runs(p, dir, emulator)
		if err != nil {
			return err
		}
		if !ok {
			return refused(emulator + " does not run a test program of " + p.name)
		}
	}
	note("emulation: embedded (%s; binfmt_misc cannot be mounted in the user namespace: %v)", names(missing), cause)
	return nil
}

// notRunnable executes a program of each platform and returns those whose program does not run.
func notRunnable(candidates []platform, dir string) ([]platform, error) {
	var missing []platform
	for _, p := range candidates {
		if p.native() {
			continue
		}
		ok, err := runs(p, dir)
		if err != nil {
			return nil, err
		}
		if !ok {
			missing = append(missing, p)
		}
	}
	return missing, nil
}

// runs executes a program of the platform, under an emulator when one is given.
func runs(p platform, dir string, emulator ...string) (bool, error) {
	path := filepath.Join(dir, "probe-"+p.goarch)
	if err := os.WriteFile(path, p.probe(), 0o755); err != nil {
		return false, fmt.Errorf("write the test program of %s: %w", p.name, err)
	}
	defer os.Remove(path)
	command := append(emulator, path)
	err := exec.Command(command[0], command[1:]...).Run()
	var exit *exec.ExitError
	return errors.As(err, &exit) && exit.ExitCode() == probeExitCode, nil
}

func names(list []platform) string {
	s := make([]string, len(list))
	for i, p := range list {
		s[i] = p.name
	}
	return strings.Join(s, ", ")
}
