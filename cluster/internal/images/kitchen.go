package images

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"kiln.build/cluster/internal/debian"
	"kiln.build/cluster/internal/toolchain"
)

// What makes a layer besides its inputs.
//
//go:embed bases.go kitchen.go postinstall.go rootfs.go oci.go
var recipeSources embed.FS

// kitchen makes the layers of the base images, from what it is given and from Debian packages.
type kitchen struct {
	chain *toolchain.Toolchain
	dir   string // cache
	store blobStore
	out   io.Writer

	tools           map[string]string // program to file, with a path that changes with the content
	buildkitVersion string
	jdk             string
	jdkRelease      string

	archives  map[string]*debian.Archive
	installed map[string]*rootFS
}

var rootlessKit = toolchain.Tool{
	Name: "rootlesskit", Module: "github.com/rootless-containers/rootlesskit/v3",
	Packages: []string{"github.com/rootless-containers/rootlesskit/v3/cmd/rootlesskit"},
}

// layer returns the layer of a recipe from the cache, or makes it.
func (k *kitchen) layer(ctx context.Context, r recipe, architecture string) (layer, error) {
	key, err := r.key(architecture)
	if err != nil {
		return layer{}, err
	}
	record := filepath.Join(k.dir, "layers", key+".json")
	var l layer
	if data, err := os.ReadFile(record); err == nil && json.Unmarshal(data, &l) == nil {
		if info, err := os.Stat(k.store.path(l.Digest)); err == nil && info.Size() == l.Size {
			return l, nil
		}
	}
	root, err := r.make(ctx, k, architecture)
	if err != nil {
		return layer{}, fmt.Errorf("make the layer %q for %s: %w", r.by, architecture, err)
	}
	if l, err = k.store.putLayer(root.writeTo); err != nil {
		return layer{}, fmt.Errorf("write the layer %q for %s: %w", r.by, architecture, err)
	}
	l.By = r.by
	data, err := json.Marshal(l)
	if err != nil {
		return layer{}, err
	}
	return l, writeWhole(record, data)
}

func (r recipe) key(architecture string) (string, error) {
	sum := sha256.New()
	entries, err := recipeSources.ReadDir(".")
	if err != nil {
		return "", err
	}
	for _, entry := range entries {
		source, err := recipeSources.ReadFile(entry.Name())
		if err != nil {
			return "", err
		}
		sum.Write(source)
	}
	fmt.Fprintf(sum, "%s\n%s\n%s\n", r.by, architecture, strings.Join(r.inputs, "\n"))
	return hex.EncodeToString(sum.Sum(nil))[:24], nil
}

// install returns the root file system that the packages and all they depend on make.
func (k *kitchen) install(ctx context.Context, architecture string, packages []string) (*rootFS, error) {
	packages = slices.Compact(slices.Sorted(slices.Values(packages)))
	id := architecture + " " + strings.Join(packages, " ")
	if r, ok := k.installed[id]; ok {
		return r, nil
	}
	debs, err := k.fetch(ctx, architecture, packages)
	if err != nil {
		return nil, err
	}
	r := skeleton(architecture)
	for _, deb := range debs {
		if err := r.unpack(ctx, deb); err != nil {
			return nil, err
		}
	}
	postInstall(r)
	k.installed[id] = r
	return r, nil
}

// unpack returns the files of one package without what it depends on.
func (k *kitchen) unpack(ctx context.Context, architecture string, packages []string, wanted string) (*rootFS, error) {
	debs, err := k.fetch(ctx, architecture, packages)
	if err != nil {
		return nil, err
	}
	r := newRootFS()
	for _, deb := range debs {
		if strings.HasPrefix(filepath.Base(deb), wanted+"_") {
			return r, r.unpack(ctx, deb)
		}
	}
	return nil, fmt.Errorf("apt named no file for the package %s", wanted)
}

func (k *kitchen) fetch(ctx context.Context, architecture string, packages []string) ([]string, error) {
	a, ok := k.archives[architecture]
	if !ok {
		dir := filepath.Join(k.dir, "debian")
		opened, err := debian.Open(ctx, filepath.Join(dir, architecture), filepath.Join(dir, "packages"), suite, architecture)
		if err != nil {
			return nil, err
		}
		a, k.archives[architecture] = opened, opened
	}
	return a.Fetch(ctx, packages)
}

func (r *rootFS) copyFile(source, name string, mode int64) error {
	content, err := os.ReadFile(source)
	if err != nil {
		return fmt.Errorf("copy into the image: %w", err)
	}
	r.file(name, mode, content)
	return nil
}

// runTemporary runs a program that exists in memory only, under a name.
func runTemporary(ctx context.Context, name string, program []byte, args ...string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "kiln-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, program, 0o755); err != nil {
		return nil, err
	}
	return exec.CommandContext(ctx, file, args...).Output()
}
