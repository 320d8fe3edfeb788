package twins

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"kiln.build/cluster/internal/debian"
)

// locked is a package pinned by version and content.
type locked struct {
	architecture string // of the archive that it is got from, in Debian's words
	name         string
	version      string
	sha256       string
}

func (l locked) String() string {
	return strings.Join([]string{l.architecture, l.name, l.version, l.sha256}, " ")
}

// parseLock reads a lock file: a line ARCHITECTURE PACKAGE VERSION SHA256 for each package; lines that start with # are comments.
func parseLock(text string) ([]locked, error) {
	var packages []locked
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Fields(line)
		if len(fields) != 4 || len(fields[3]) != 2*sha256.Size {
			return nil, fmt.Errorf("the lock file has the line %q: want ARCHITECTURE PACKAGE VERSION SHA256", line)
		}
		packages = append(packages, locked{fields[0], fields[1], fields[2], fields[3]})
	}
	return packages, nil
}

func formatLock(set Set, packages []locked) string {
	lines := []string{"# Packages that the twins " + set.Name() + " are made of, from the suite " + set.Release.Suite +
		": architecture, package, version, SHA-256 of the file."}
	for _, l := range packages {
		lines = append(lines, l.String())
	}
	slices.Sort(lines[1:])
	return strings.Join(slices.Compact(lines), "\n") + "\n"
}

// pantry gets packages, and keeps them.
type pantry struct {
	cache    string
	archives map[string]*debian.Archive
}

func newPantry(cache string) *pantry {
	return &pantry{cache: cache, archives: map[string]*debian.Archive{}}
}

func (p *pantry) packages() string { return filepath.Join(p.cache, "packages") }

func (p *pantry) archive(ctx context.Context, suite, architecture string) (*debian.Archive, error) {
	id := suite + "-" + architecture
	if a, ok := p.archives[id]; ok {
		return a, nil
	}
	a, err := debian.Open(ctx, filepath.Join(p.cache, "archives", id), p.packages(), suite, architecture)
	if err != nil {
		return nil, err
	}
	p.archives[id] = a
	return a, nil
}

// get returns the file of a pinned package; what it downloads has to be what the lock file says.
func (p *pantry) get(ctx context.Context, suite string, l locked) (string, error) {
	for _, architecture := range []string{l.architecture, "all"} {
		file := filepath.Join(p.packages(), debian.PackageFile(l.name, l.version, architecture))
		if sum, err := sumOf(file); err == nil && sum == l.sha256 {
			return file, nil
		}
	}
	archive, err := p.archive(ctx, suite, l.architecture)
	if err != nil {
		return "", err
	}
	file, err := archive.Download(ctx, l.name, l.version)
	if err != nil {
		return "", err
	}
	sum, err := sumOf(file)
	if err != nil {
		return "", err
	}
	if sum != l.sha256 {
		return "", fmt.Errorf("the package %s %s for %s is not the one of the lock file: it has SHA-256 %s, want %s",
			l.name, l.version, l.architecture, sum, l.sha256)
	}
	return file, nil
}

func sumOf(file string) (string, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:]), nil
}
