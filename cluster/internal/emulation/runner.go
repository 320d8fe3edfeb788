package emulation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"kiln.build/cluster/internal/elfcompare"
	"kiln.build/cluster/internal/progress"
	"kiln.build/cluster/internal/twins"
)

// DefaultTwins is the set that the corpus is built with.
const DefaultTwins = "debian-12-arm64"

// Runner builds projects in all ways.
type Runner struct {
	cache   string
	machine Machine
	set     twins.Set
	twins   string
	root    string // foreign
	native  string
	version string // of the emulators
	out     io.Writer
}

// NewRunner makes what the builds need: emulators, twins and root file systems, as far as the cache lacks them. Self is a program that
// dispatches Commands; root is the source tree, cache Kiln's cache folder.
func NewRunner(ctx context.Context, self, root, cache string, set twins.Set, out io.Writer) (runner *Runner, err error) {
	if runtime.GOARCH != "amd64" {
		return nil, fmt.Errorf("native twins exist for nodes of amd64; this machine is of %s", runtime.GOARCH)
	}
	done := progress.Start(out, "making emulators, twins and root file systems")
	defer func() { done(err) }()
	r := &Runner{cache: filepath.Join(cache, "emulation"), set: set, out: out}
	if err := removeAbandoned(filepath.Join(r.cache, "jobs")); err != nil {
		return nil, err
	}
	if r.machine, r.version, err = newMachine(ctx, self, root, r.cache, set.Architecture.QEMU); err != nil {
		return nil, err
	}
	if r.twins, err = twins.Cached(ctx, root, filepath.Join(cache, "twins"), set); err != nil {
		return nil, err
	}
	if r.root, err = Root(ctx, r.cache, set.Release.Suite, set.Architecture.Debian, rootPackages); err != nil {
		return nil, err
	}
	if r.native, err = Root(ctx, r.cache, set.Release.Suite, "amd64", rootPackages); err != nil {
		return nil, err
	}
	return r, nil
}

// removeAbandoned removes the folders of builds that were killed.
func removeAbandoned(jobs string) error {
	entries, err := os.ReadDir(jobs)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && time.Since(info.ModTime()) > 24*time.Hour {
			if err := os.RemoveAll(filepath.Join(jobs, entry.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// Way is how a project is built.
type Way string

// The ways.
const (
	Native      Way = "native"
	QEMU        Way = "qemu"
	Accelerated Way = "accelerated"
)

// Outcome is a build with its objects: the files of the foreign architecture, by their path.
type Outcome struct {
	Result
	Objects map[string][]byte `json:"-"`
}

// Build builds a project in one way.
func (r *Runner) Build(ctx context.Context, p Project, way Way) (outcome Outcome, err error) {
	done := progress.Start(r.out, fmt.Sprintf("building %s (%s)", p.Name, way))
	defer func() { done(err) }()
	file := ""
	if p.source != "" {
		if file, err = p.fetch(ctx, r.cache); err != nil {
			return Outcome{}, err
		}
	}
	jobs := filepath.Join(r.cache, "jobs")
	if err := os.MkdirAll(jobs, 0o755); err != nil {
		return Outcome{}, err
	}
	dir, err := os.MkdirTemp(jobs, p.Name+"-")
	if err != nil {
		return Outcome{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := p.unpack(ctx, file, dir); err != nil {
		return Outcome{}, err
	}
	build := Build{Root: r.root, Job: dir, Platform: r.set.Architecture.Platform(), Steps: p.steps(), Limit: limit}
	switch way {
	case Native:
		build.Root, build.Platform = r.native, ""
	case Accelerated:
		build.Twins = []string{r.twins}
	case QEMU:
	}
	if outcome.Result, err = r.machine.Run(ctx, build); err != nil {
		return Outcome{}, fmt.Errorf("build %s (%s): %w", p.Name, way, err)
	}
	outcome.Objects, err = objects(filepath.Join(dir, "changed", "src"))
	return outcome, err
}

// objects reads the object files, libraries and programs below a folder.
func objects(dir string) (map[string][]byte, error) {
	found := map[string][]byte{}
	err := filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if _, ok := elfcompare.Machine(content); ok {
			found[strings.TrimPrefix(file, dir+"/")] = content
		}
		return nil
	})
	return found, err
}

// Reference is the build of a project under QEMU alone, from the cache if it was built of the same things before.
func (r *Runner) Reference(ctx context.Context, p Project) (Outcome, error) {
	sum := sha256.New()
	fmt.Fprintln(sum, p.sum, p.steps(), filepath.Base(r.root), r.version)
	dir := filepath.Join(r.cache, "references", p.Name+"-"+hex.EncodeToString(sum.Sum(nil))[:16])
	if outcome, err := readOutcome(dir); err == nil {
		return outcome, nil
	}
	outcome, err := r.Build(ctx, p, QEMU)
	if err != nil {
		return Outcome{}, err
	}
	return outcome, outcome.write(dir)
}

func readOutcome(dir string) (Outcome, error) {
	var outcome Outcome
	text, err := os.ReadFile(filepath.Join(dir, resultFile))
	if err != nil {
		return outcome, err
	}
	if err := json.Unmarshal(text, &outcome); err != nil {
		return outcome, err
	}
	outcome.Objects, err = objects(filepath.Join(dir, "objects"))
	return outcome, err
}

func (o Outcome) write(dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	building, err := os.MkdirTemp(filepath.Dir(dir), ".writing-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(building)
	for name, content := range o.Objects {
		file := filepath.Join(building, "objects", name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, content, 0o644)); err != nil {
			return err
		}
	}
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(building, resultFile), text, 0o644); err != nil {
		return err
	}
	if err := os.Rename(building, dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// Compare returns how the objects of a build differ from those of the reference.
func Compare(p Project, reference, outcome Outcome) []elfcompare.Difference {
	names := slices.Sorted(maps.Keys(reference.Objects))
	for name := range outcome.Objects {
		if _, ok := reference.Objects[name]; !ok {
			names = append(names, name)
		}
	}
	var differences []elfcompare.Difference
	for _, name := range names {
		want, wanted := reference.Objects[name]
		got, made := outcome.Objects[name]
		label := p.Name + "/" + name
		switch {
		case !made:
			differences = append(differences, elfcompare.Difference{Object: label, What: "made by the build under QEMU only"})
		case !wanted:
			differences = append(differences, elfcompare.Difference{Object: label, What: "made by the accelerated build only"})
		default:
			differences = append(differences, elfcompare.Files(label, want, got)...)
		}
	}
	return differences
}
