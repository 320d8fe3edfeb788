package emulation

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"kiln.build/cluster/internal/debian"
)

const emulators = "qemu-user-static"

// newMachine compiles the launcher and the interpreter of the source tree, and gets the emulators that the image has.
func newMachine(ctx context.Context, self, root, cache, qemu string) (m Machine, version string, err error) {
	bin := filepath.Join(cache, "bin")
	m = Machine{Self: self, Launcher: filepath.Join(bin, "kiln-buildkitd"), Interpreter: bin}
	if err := os.MkdirAll(filepath.Join(bin, "kiln"), 0o755); err != nil {
		return m, "", err
	}
	launcher := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-o", m.Launcher, ".")
	launcher.Dir = filepath.Join(root, "images", "buildkit", "launcher")
	launcher.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	interpreter := exec.CommandContext(ctx, "make", "--silent", "interpreter.bin")
	interpreter.Dir = filepath.Join(root, "images", "buildkit", "interpreter")
	for _, command := range []*exec.Cmd{launcher, interpreter} {
		if output, err := command.CombinedOutput(); err != nil {
			return m, "", fmt.Errorf("%s: %w\n%s", strings.Join(command.Args, " "), err, output)
		}
	}
	if err := copyProgram(filepath.Join(interpreter.Dir, "interpreter.bin"), filepath.Join(bin, "kiln", "interpreter.bin")); err != nil {
		return m, "", err
	}
	m.Emulators, version, err = FetchEmulators(ctx, cache, qemu)
	return m, version, err
}

// FetchEmulators gets emulators from their Debian package into a folder below cache, as qemu-NAME-static.
func FetchEmulators(ctx context.Context, cache string, names ...string) (dir, version string, err error) {
	archive, err := debian.Open(ctx, filepath.Join(cache, "archives", suite+"-amd64"), filepath.Join(cache, "packages"), suite, "amd64")
	if err != nil {
		return "", "", err
	}
	debs, err := archive.Fetch(ctx, []string{emulators})
	if err != nil {
		return "", "", err
	}
	for _, deb := range debs {
		if !strings.HasPrefix(filepath.Base(deb), emulators+"_") {
			continue
		}
		version = strings.TrimSuffix(filepath.Base(deb), ".deb")
		dir = filepath.Join(cache, version)
		missing := map[string]string{} // file of the package to where it goes
		for _, name := range names {
			program := "usr/bin/qemu-" + name + "-static"
			target := filepath.Join(dir, filepath.Base(program))
			if _, err := os.Stat(target); err != nil {
				missing[program] = target
			}
		}
		return dir, version, unpackPrograms(ctx, deb, missing)
	}
	return "", "", errors.New("apt named no file for the package " + emulators)
}

func unpackPrograms(ctx context.Context, deb string, targets map[string]string) error {
	if len(targets) == 0 {
		return nil
	}
	files, err := debian.Files(ctx, deb, func(name string) bool { return targets[name] != "" })
	if err != nil {
		return err
	}
	for name, target := range targets {
		file, ok := files[name]
		if !ok {
			return fmt.Errorf("%s has no %s", filepath.Base(deb), name)
		}
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(target, file.Content, 0o755); err != nil {
			return err
		}
	}
	return nil
}
