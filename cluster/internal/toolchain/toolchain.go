// Package toolchain builds the pinned tools of a cluster from source, once per content, into the cache.
package toolchain

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"kiln.build/cluster/internal/progress"
)

// Toolchain builds tools from the source tree's cluster/tools into the cache.
type Toolchain struct {
	sources string
	cache   string
	out     io.Writer
}

// New uses the tools pinned below root, the cache folder, and a writer that is told about long steps.
func New(root, cache string, out io.Writer) *Toolchain {
	return &Toolchain{sources: filepath.Join(root, "cluster", "tools"), cache: cache, out: out}
}

// Bin is the folder with every tool built so far, under its usual name. Its path depends on the content of all pinned tools.
func (t *Toolchain) Bin() (string, error) {
	sum := sha256.New()
	for _, tool := range all {
		key, err := t.key(tool)
		if err != nil {
			return "", err
		}
		fmt.Fprintln(sum, key)
	}
	return filepath.Join(t.cache, "bin", hex.EncodeToString(sum.Sum(nil))[:12]), nil
}

// Path is the path of a program of the toolchain.
func (t *Toolchain) Path(program string) (string, error) {
	bin, err := t.Bin()
	if err != nil {
		return "", err
	}
	return filepath.Join(bin, program), nil
}

// Ensure builds the tools that the cache lacks, one after the other (Go uses every core for each), and returns the folder to find them in.
func (t *Toolchain) Ensure(ctx context.Context, tools ...Tool) (string, error) {
	bin, err := t.Bin()
	if err != nil {
		return "", err
	}
	for _, tool := range tools {
		if err := t.ensure(ctx, tool, bin); err != nil {
			return "", fmt.Errorf("build %s: %w", tool.Name, err)
		}
	}
	return bin, nil
}

func (t *Toolchain) ensure(ctx context.Context, tool Tool, bin string) error {
	key, err := t.key(tool)
	if err != nil {
		return err
	}
	target := filepath.Join(t.cache, "tools", tool.Name+"-"+key)
	if _, err := os.Stat(target); err != nil {
		if err := t.build(ctx, tool, target); err != nil {
			return err
		}
	}
	return link(tool, target, bin)
}

// key identifies everything that goes into a tool's programs.
func (t *Toolchain) key(tool Tool) (string, error) {
	sum := sha256.New()
	fmt.Fprintf(sum, "%+v %s %s\n", tool, runtime.Version(), runtime.GOARCH)
	dir := os.DirFS(filepath.Join(t.sources, tool.Name))
	err := fs.WalkDir(dir, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(dir, name)
		fmt.Fprintf(sum, "%s %d\n%s", name, len(content), content)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("read the sources of %s: %w", tool.Name, err)
	}
	return hex.EncodeToString(sum.Sum(nil))[:12], nil
}

// Version is the pinned version of a tool, with its leading "v"; empty for one of our own.
func (t *Toolchain) Version(tool Tool) (string, error) {
	content, err := os.ReadFile(filepath.Join(t.sources, tool.Name, "go.mod"))
	if err != nil {
		return "", fmt.Errorf("read the version of %s: %w", tool.Name, err)
	}
	return requiredVersion(string(content), tool.Module), nil
}

func requiredVersion(goMod, module string) string {
	match := regexp.MustCompile(`(?m)^(?:require)?\s+` + regexp.QuoteMeta(module) + ` (v\S+)`).FindStringSubmatch(goMod)
	if match == nil {
		return ""
	}
	return match[1]
}

func (t *Toolchain) build(ctx context.Context, tool Tool, target string) error {
	unlock, err := lock(ctx, filepath.Join(t.cache, "tools", "."+tool.Name+".lock"))
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := os.Stat(target); err == nil {
		return nil // another process built it meanwhile
	}
	if err := EnsurePackages(ctx, t.out, tool.Debian...); err != nil {
		return err
	}
	version, err := t.Version(tool)
	if err != nil {
		return err
	}
	building, err := os.MkdirTemp(filepath.Dir(target), "."+tool.Name+"-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(building)
	done := progress.Start(t.out, strings.TrimSpace("building "+tool.Name+" "+strings.TrimPrefix(version, "v")))
	err = t.compile(ctx, tool, version, runtime.GOARCH, building)
	done(err)
	if err != nil {
		return err
	}
	if err := os.Chmod(building, 0o755); err != nil {
		return err
	}
	return os.Rename(building, target)
}

// CompileFor compiles a tool that needs no C compiler for another architecture, in Go's terms, into the folder output.
func (t *Toolchain) CompileFor(ctx context.Context, architecture string, tool Tool, output string) error {
	version, err := t.Version(tool)
	if err != nil {
		return err
	}
	return t.compile(ctx, tool, version, architecture, output)
}

func (t *Toolchain) compile(ctx context.Context, tool Tool, version, architecture, output string) error {
	flags := []string{"-s", "-w"}
	for _, variable := range tool.Versions {
		flags = append(flags, "-X", variable+"="+version)
	}
	for _, variable := range tool.Variables {
		flags = append(flags, "-X", variable)
	}
	args := []string{"build", "-trimpath", "-buildvcs=false", "-ldflags", strings.Join(flags, " "), "-o", output + "/"}
	if tool.Tags != "" {
		args = append(args, "-tags", tool.Tags)
	}
	command := exec.CommandContext(ctx, "go", append(args, tool.Packages...)...)
	command.Dir = filepath.Join(t.sources, tool.Name)
	command.Env = append(os.Environ(), "GOWORK=off", "GOARCH="+architecture, "CGO_ENABLED="+map[bool]string{true: "1", false: "0"}[tool.Cgo])
	// Interrupted, Go removes its temporary files.
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 10 * time.Second
	var stderr bytes.Buffer
	command.Stderr = &stderr
	if err := command.Run(); err != nil {
		return fmt.Errorf("go %s in %s: %w\n%s", strings.Join(args, " "), command.Dir, err, lastBytes(stderr.Bytes(), 4000))
	}
	return nil
}

func lastBytes(data []byte, count int) []byte {
	return data[max(0, len(data)-count):]
}

// link makes the tool's programs available in bin.
func link(tool Tool, target, bin string) error {
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return err
	}
	names := map[string]string{}
	for _, pkg := range tool.Packages {
		program := path.Base(pkg)
		if pkg == "." {
			program = tool.Name
		}
		names[program] = program
	}
	for _, name := range tool.Links {
		names[name] = tool.Name
	}
	for name, program := range names {
		if err := symlink(filepath.Join(target, program), filepath.Join(bin, name)); err != nil {
			return err
		}
	}
	return nil
}

// symlink replaces name in one step, for those who look it up meanwhile.
func symlink(target, name string) error {
	if current, err := os.Readlink(name); err == nil && current == target {
		return nil
	}
	temporary := fmt.Sprintf("%s.%d", name, os.Getpid())
	if err := os.Symlink(target, temporary); err != nil {
		return err
	}
	return os.Rename(temporary, name)
}

// lock waits for an exclusive lock on a file.
func lock(ctx context.Context, file string) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return nil, err
	}
	handle, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	for {
		err := unix.Flock(int(handle.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { handle.Close() }, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) {
			handle.Close()
			return nil, fmt.Errorf("lock %s: %w", file, err)
		}
		select {
		case <-ctx.Done():
			handle.Close()
			return nil, fmt.Errorf("wait for another process that holds %s: %w", file, ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}
