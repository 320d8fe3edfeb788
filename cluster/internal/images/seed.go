// Package images makes the base images that a cluster's registry mirrors, and builds Kiln's own images on them.
package images

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"kiln.build/cluster/internal/debian"
	"kiln.build/cluster/internal/progress"
	"kiln.build/cluster/internal/toolchain"
)

// Seed returns a registry content folder with the base images, under the names and tags that they have upstream, so that
// ordinary Dockerfiles build without Internet access. It makes what the cache lacks; jdk is the home of the JDK 25 to pack.
func Seed(ctx context.Context, tools *toolchain.Toolchain, cache, jdk string, out io.Writer) (string, error) {
	k, err := newKitchen(ctx, tools, cache, jdk, out)
	if err != nil {
		return "", err
	}
	all := bases(k)
	key, err := keyOf(all)
	if err != nil {
		return "", err
	}
	target := filepath.Join(k.dir, "seed-"+key)
	if _, err := os.Stat(target); err == nil {
		return target, nil
	}
	if err := os.MkdirAll(k.dir, 0o755); err != nil {
		return "", err
	}
	building, err := os.MkdirTemp(k.dir, ".seed-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(building)
	for _, b := range all {
		if err := k.add(ctx, registryStore{root: building}, b); err != nil {
			return "", err
		}
	}
	if err := os.Chmod(building, 0o755); err != nil {
		return "", err
	}
	// Another process may have been faster.
	if err := os.Rename(building, target); err != nil && !errors.Is(err, os.ErrExist) {
		return "", err
	}
	return target, errors.Join(prune(k.dir, "seed-", 2), removeAbandoned(k.dir), k.store.prune())
}

// removeAbandoned removes the work folders of runs that were killed.
func removeAbandoned(dir string) error {
	for _, pattern := range []string{".seed-*", ".own-*"} {
		folders, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return err
		}
		for _, folder := range folders {
			if info, err := os.Stat(folder); err == nil && time.Since(info.ModTime()) > 24*time.Hour {
				if err := os.RemoveAll(folder); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func newKitchen(ctx context.Context, tools *toolchain.Toolchain, cache, jdk string, out io.Writer) (*kitchen, error) {
	bin, err := tools.Ensure(ctx, toolchain.BuildKit, toolchain.Runc, rootlessKit)
	if err != nil {
		return nil, err
	}
	version, err := tools.Version(toolchain.BuildKit)
	if err != nil {
		return nil, err
	}
	programs := map[string]string{}
	for _, program := range []string{"buildctl", "buildkitd", "dockerfile-frontend", "rootlesskit", "runc"} {
		if programs[program], err = filepath.EvalSymlinks(filepath.Join(bin, program)); err != nil {
			return nil, err
		}
	}
	release, err := os.ReadFile(filepath.Join(jdk, "release"))
	if err != nil {
		return nil, fmt.Errorf("the JDK to pack: %w", err)
	}
	dir := filepath.Join(cache, "images")
	return &kitchen{
		chain: tools, dir: dir, store: blobStore{dir: filepath.Join(dir, "blobs")}, out: out, tools: programs,
		buildkitVersion: version, jdk: jdk, jdkRelease: string(release),
		archives: map[string]*debian.Archive{}, installed: map[string]*rootFS{},
	}, nil
}

// keyOf identifies the images without making them.
func keyOf(all []base) (string, error) {
	sum := sha256.New()
	for _, b := range all {
		fmt.Fprintf(sum, "%s:%s %+v\n", b.repository, b.tag, b.config)
		for _, architecture := range b.architectures {
			for _, r := range b.layers {
				key, err := r.key(architecture)
				if err != nil {
					return "", err
				}
				fmt.Fprintln(sum, key)
			}
		}
	}
	return hex.EncodeToString(sum.Sum(nil))[:12], nil
}

func (k *kitchen) add(ctx context.Context, registry registryStore, b base) (err error) {
	done := progress.Start(k.out, fmt.Sprintf("making the image %s:%s (%s)", b.repository, b.tag, strings.Join(b.architectures, ", ")))
	defer func() { done(err) }()
	top := index{SchemaVersion: 2, MediaType: mediaIndex}
	var platforms []builtImage
	for _, architecture := range b.architectures {
		var layers []layer
		for _, r := range b.layers {
			l, err := k.layer(ctx, r, architecture)
			if err != nil {
				return err
			}
			layers = append(layers, l)
		}
		image, err := k.store.putImage(architecture, b.config, layers)
		if err != nil {
			return err
		}
		platforms = append(platforms, image)
		top.Manifests = append(top.Manifests, image.manifest)
	}
	described, err := k.store.put(mediaIndex, top)
	if err != nil {
		return err
	}
	return registry.addImage(k.store, b.repository, b.tag, described, platforms)
}
