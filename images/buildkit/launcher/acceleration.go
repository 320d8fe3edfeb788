package main

import (
	"context"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	interpreterPath = "/usr/local/lib/kiln/interpreter.bin"

	accelerateDir = runDir + "/accelerate"
	// containerDir is what build containers see as twinsInContainers.
	containerDir = accelerateDir + "/container"

	// startsDir is shared with the worker container, which reads the counters.
	startsDir = "/run/buildkit/starts"
	// The layout of a counter file: see interpreter/starts.h.
	startsMagic = "kilncnt1"
	startsSize  = 64 + 63*256

	loadCheckLimit = 20 * time.Second
)

// twinFolders says for each platform, by its name, where its folders of twins are mounted.
type twinFolders map[string][]string

func parseTwinFolders(text string) (twinFolders, error) {
	if text == "" {
		return nil, nil
	}
	var given map[string][]string
	if err := json.Unmarshal([]byte(text), &given); err != nil {
		return nil, fmt.Errorf("%s: want a JSON object of platform to folders: %w", envAccelerate, err)
	}
	folders := twinFolders{}
	for name, list := range given {
		p, err := platformNamed(name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", envAccelerate, err)
		}
		for _, folder := range list {
			if !filepath.IsAbs(folder) {
				return nil, fmt.Errorf("%s: the folder %q of %s is not an absolute path", envAccelerate, folder, name)
			}
		}
		folders[p.name] = append(folders[p.name], list...)
	}
	return folders, nil
}

// accelerate prepares the twins of those wanted platforms that have some, and puts the interpreter in front of their emulators.
// It never fails: a platform for which something is missing is emulated by QEMU alone, and the log says why.
func accelerate(wanted []platform, folders twinFolders) (accelerated []platform) {
	wanted = slices.DeleteFunc(slices.Clone(wanted), func(p platform) bool { return p.native() || len(folders[p.name]) == 0 })
	if len(wanted) == 0 {
		return nil
	}
	interpreter, err := os.ReadFile(interpreterPath)
	if errors.Is(err, fs.ErrNotExist) {
		note("acceleration: off (there is no interpreter for nodes of %s)", runtime.GOARCH)
		return nil
	}
	if err == nil {
		err = mountAccelerateDir()
	}
	if err != nil {
		note("acceleration: off (%v)", err)
		return nil
	}
	var tables []twinTable
	for _, p := range wanted {
		usable := usableTables(p, folders[p.name])
		if len(usable) == 0 {
			note("acceleration of %s: off (no twins)", p.name)
			continue
		}
		if err := joinEmulator(p, interpreter); err != nil {
			note("acceleration of %s: off (%v)", p.name, err)
			continue
		}
		tables = append(tables, usable...)
		accelerated = append(accelerated, p)
	}
	if len(accelerated) == 0 {
		return nil
	}
	// Without an index every program runs under QEMU.
	if err := writeIndex(tables); err != nil {
		note("acceleration: off (%v)", err)
		return nil
	}
	return accelerated
}

// mountAccelerateDir keeps the files in memory: the folder of the pod is small.
func mountAccelerateDir() error {
	if err := os.MkdirAll(accelerateDir, 0o755); err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", accelerateDir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0755,size=256m"); err != nil {
		return fmt.Errorf("mount a tmpfs: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return errors.Join(
		os.Symlink(self, runtimePath),
		os.MkdirAll(filepath.Join(containerDir, "starts"), 0o755),
		os.MkdirAll(filepath.Join(accelerateDir, "emulators"), 0o755))
}

func writeIndex(tables []twinTable) error {
	index, err := compileIndex(tables)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(containerDir, "index"), index, 0o444)
}

// usableTables mounts the folders of a platform for its build containers.
func usableTables(p platform, folders []string) (usable []twinTable) {
	for _, folder := range folders {
		table, err := readTable(folder)
		if err == nil {
			err = table.mount(p)
		}
		if err != nil {
			note("acceleration of %s: twins left out: %v", p.name, err)
			continue
		}
		whole := len(table.twins)
		table.twins = table.loadable()
		note("acceleration of %s: %d twins of %d in %s", p.name, len(table.twins), whole, table.name)
		if len(table.twins) > 0 {
			usable = append(usable, table)
		}
	}
	return usable
}

func (t twinTable) mount(p platform) error {
	if t.qemu != p.qemu || t.host != runtime.GOARCH {
		return fmt.Errorf("%s holds programs of %s that stand for those of %s", t.folder, t.host, t.qemu)
	}
	target := filepath.Join(containerDir, t.name)
	if err := os.Mkdir(target, 0o755); err != nil {
		return err
	}
	return mountReadOnly(t.folder, target)
}

func mountReadOnly(source, target string) error {
	var s unix.Statfs_t
	if err := unix.Statfs(source, &s); err != nil {
		return fmt.Errorf("look at %s: %w", source, err)
	}
	if s.Flags&unix.ST_NOEXEC != 0 {
		return mountExecutable(source, target)
	}
	if err := unix.Mount(source, target, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("mount %s: %w", source, err)
	}
	attributes := &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV}
	if err := unix.MountSetattr(unix.AT_FDCWD, target, unix.AT_RECURSIVE, attributes); err != nil {
		return fmt.Errorf("make %s read-only: %w", target, err)
	}
	return nil
}

// mountExecutable is for container runtimes that mount image volumes noexec. The flag cannot be removed from another's mount, but
// an overlay is a mount of our own; the second, empty layer is there because an overlay wants two.
func mountExecutable(source, target string) error {
	empty := filepath.Join(accelerateDir, "empty")
	if err := os.MkdirAll(empty, 0o755); err != nil {
		return err
	}
	err := unix.Mount("twins", target, "overlay", unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV, "lowerdir="+source+":"+empty)
	if err != nil {
		return fmt.Errorf("%s is mounted noexec, and an overlay of it is refused (%w): let an init container copy the twins", source, err)
	}
	return nil
}

// loadable leaves out what the loader of the folder cannot load: a program that fails after its start is not replaced by QEMU.
func (t twinTable) loadable() []twin {
	folder := filepath.Join(containerDir, t.name)
	loader := ""
	if found, err := filepath.Glob(filepath.Join(folder, "lib", "ld-linux*.so.*")); err == nil && len(found) == 1 {
		loader = found[0]
	}
	ctx, cancel := context.WithTimeout(context.Background(), loadCheckLimit)
	defer cancel()
	failures := map[string]error{}
	for _, tw := range t.twins {
		failures[tw.path] = nil
	}
	var lock sync.Mutex
	var wait sync.WaitGroup
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for path := range failures {
		wait.Go(func() {
			slots <- struct{}{}
			err := checkLoads(ctx, loader, filepath.Join(folder, path))
			<-slots
			lock.Lock()
			defer lock.Unlock()
			failures[path] = err
		})
	}
	wait.Wait()
	for path, err := range failures {
		if err != nil {
			note("acceleration: %s/%s left out: %v", t.name, path, err)
		}
	}
	return slices.DeleteFunc(slices.Clone(t.twins), func(tw twin) bool { return failures[tw.path] != nil })
}

func checkLoads(ctx context.Context, loader, program string) error {
	file, err := elf.Open(program)
	if err != nil {
		return err
	}
	defer file.Close()
	dynamic, executable := false, file.Type == elf.ET_EXEC
	for _, p := range file.Progs {
		dynamic = dynamic || p.Type == elf.PT_DYNAMIC
		executable = executable || p.Type == elf.PT_INTERP
		if p.Type == elf.PT_LOAD {
			if info, err := os.Stat(program); err != nil || uint64(info.Size()) < p.Off+p.Filesz {
				return errors.Join(err, errors.New("the file is cut off"))
			}
		}
	}
	if info, err := os.Stat(program); err != nil || executable && info.Mode()&0o111 == 0 {
		return errors.Join(err, errors.New("the file is not executable"))
	}
	if !dynamic {
		return nil
	}
	if loader == "" {
		return errors.New("lib has no dynamic loader, or several")
	}
	command := exec.CommandContext(ctx, loader, "--list", program)
	command.Env = []string{}
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, lastLine(string(output)))
	}
	return nil
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

// joinEmulator mounts the emulator with the interpreter in front of it over the emulator itself, so that it is registered under
// the same name, and gives the platform its counters.
func joinEmulator(p platform, interpreter []byte) error {
	emulator, err := os.ReadFile(p.emulator())
	if err != nil {
		return err
	}
	starts := "starts/" + p.qemu
	joined, err := join(interpreter, emulator, twinsInContainers+"/index", twinsInContainers+"/"+starts)
	if err != nil {
		return fmt.Errorf("%s: %w", p.emulator(), err)
	}
	if err := shareCounters(p, filepath.Join(containerDir, starts)); err != nil {
		return fmt.Errorf("counters of program starts: %w", err)
	}
	file := filepath.Join(accelerateDir, "emulators", filepath.Base(p.emulator()))
	if err := os.WriteFile(file, joined, 0o755); err != nil {
		return err
	}
	return unix.Mount(file, p.emulator(), "", unix.MS_BIND, "")
}

// shareCounters makes a counter file that the programs of a build write and the worker reads. Both treat it as hostile: a
// build step can write anything into it.
func shareCounters(p platform, target string) error {
	if err := os.MkdirAll(startsDir, 0o755); err != nil {
		return err
	}
	source := filepath.Join(startsDir, p.qemu)
	content := make([]byte, startsSize)
	copy(content, startsMagic)
	if err := os.WriteFile(source, content, 0o666); err != nil {
		return err
	}
	if err := os.Chmod(source, 0o666); err != nil { // whatever the umask: build steps run as any user
		return err
	}
	if err := os.WriteFile(target, nil, 0o444); err != nil {
		return err
	}
	return unix.Mount(source, target, "", unix.MS_BIND, "")
}
