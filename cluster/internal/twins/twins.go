package twins

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"kiln.build/cluster/internal/debian"
)

// Names of the files that are committed for each set.
const (
	lockFile   = "packages"
	tableFile  = "table"
	reviewFile = "README.md"
)

// data is the folder of a set's committed files.
func data(root string, set Set) string {
	return filepath.Join(root, "images", "twins", "data", set.Name())
}

// Make makes the folder of a set from the packages of its committed lock file, which it keeps in a folder of the cache. The result depends
// on nothing else. It is an error when the table is not the committed one.
func Make(ctx context.Context, root, cache string, set Set) (*Folder, error) {
	folder, err := fromLock(ctx, root, cache, set)
	if err != nil {
		return nil, fmt.Errorf("make the twins %s: %w", set.Name(), err)
	}
	for name, content := range map[string]string{tableFile: folder.table(), reviewFile: folder.Review()} {
		file := filepath.Join(data(root, set), name)
		committed, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		if string(committed) != content {
			return nil, fmt.Errorf("%s is not what its packages and the code make: run `kiln twins --update %s`, and look at what changes", file, set.Name())
		}
	}
	return folder, nil
}

// Cached returns the folder of a set, on disk below the cache.
func Cached(ctx context.Context, root, cache string, set Set) (string, error) {
	key, err := Key(root, set)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "folders", set.Name()+"-"+key)
	if _, err := os.Stat(dir); err == nil {
		return filepath.Join(dir, set.Name()), nil
	}
	folder, err := Make(ctx, root, cache, set)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", err
	}
	building, err := os.MkdirTemp(filepath.Dir(dir), ".making-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(building)
	if err := folder.Write(filepath.Join(building, set.Name())); err != nil {
		return "", err
	}
	if err := os.Chmod(building, 0o755); err != nil {
		return "", err
	}
	if err := os.Rename(building, dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return filepath.Join(dir, set.Name()), prune(filepath.Dir(dir), set.Name()+"-", dir)
}

// prune removes older folders of the same set, that nothing has used for a day.
func prune(dir, prefix, keep string) error {
	folders, err := filepath.Glob(filepath.Join(dir, prefix+"*"))
	if err != nil {
		return err
	}
	for _, folder := range folders {
		if info, err := os.Stat(folder); err == nil && folder != keep && time.Since(info.ModTime()) > 24*time.Hour {
			if err := os.RemoveAll(folder); err != nil {
				return err
			}
		}
	}
	return nil
}

// sources make the folders, beside the committed files.
//
//go:embed build.go driver.go elf.go include.go loader.go set.go table.go
var sources embed.FS

// Key identifies what Make makes of a set.
func Key(root string, set Set) (string, error) {
	sum := sha256.New()
	for _, name := range []string{lockFile, tableFile} {
		content, err := os.ReadFile(filepath.Join(data(root, set), name))
		if err != nil {
			return "", err
		}
		sum.Write(content)
	}
	entries, err := sources.ReadDir(".")
	if err != nil {
		return "", err
	}
	for _, entry := range entries {
		content, err := sources.ReadFile(entry.Name())
		if err != nil {
			return "", err
		}
		sum.Write(content)
	}
	return hex.EncodeToString(sum.Sum(nil))[:16], nil
}

func fromLock(ctx context.Context, root, cache string, set Set) (*Folder, error) {
	text, err := os.ReadFile(filepath.Join(data(root, set), lockFile))
	if err != nil {
		return nil, err
	}
	pins, err := parseLock(string(text))
	if err != nil {
		return nil, err
	}
	p := newPantry(cache)
	packages := map[locked]string{}
	for _, l := range pins {
		if packages[l], err = p.get(ctx, set.Release.Suite, l); err != nil {
			return nil, err
		}
	}
	return assemble(ctx, set, packages)
}

// Update pins the packages that the archive has now, and writes the files of a set that are committed.
func Update(ctx context.Context, root, cache string, set Set) error {
	p := newPantry(cache)
	packages := map[locked]string{}
	for architecture, names := range set.packages() {
		archive, err := p.archive(ctx, set.Release.Suite, architecture)
		if err != nil {
			return err
		}
		files, err := archive.Fetch(ctx, names)
		if err != nil {
			return err
		}
		for _, file := range files {
			identity, err := debian.Identify(ctx, file)
			if err != nil {
				return err
			}
			sum, err := sumOf(file)
			if err != nil {
				return err
			}
			packages[locked{architecture, identity.Name, identity.Version, sum}] = file
		}
	}
	folder, err := assemble(ctx, set, packages)
	if err != nil {
		return err
	}
	dir := data(root, set)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, content := range map[string]string{
		lockFile:  formatLock(set, slices.Collect(maps.Keys(folder.used))),
		tableFile: folder.table(), reviewFile: folder.Review(),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// packages are those that have the files of the set, by the architecture of the archive. What is linked to comes with them.
func (s Set) packages() map[string][]string {
	version, triple := "-"+s.Release.gcc, "-"+s.Architecture.Triple
	foreign := []string{"xz-utils", "zstd", "gzip", "cpp" + version, "g++" + version, "gcc" + version, "binutils"}
	native := []string{"xz-utils", "zstd", "gzip", "cpp" + version + triple, "g++" + version + triple, "gcc" + version + triple, "binutils" + triple}
	if s.hasGold() && s.Release == trixie {
		foreign, native = append(foreign, "binutils-gold"), append(native, "binutils-gold"+triple)
	}
	return map[string][]string{s.Architecture.Debian: foreign, host: native}
}
