package images

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// registryStore is the folder that a CNCF Distribution registry keeps its content in. Writing to it directly lets a new
// cluster share the cached blobs by hard links: the registry never changes a blob in place.
type registryStore struct{ root string }

func (r registryStore) path(elements ...string) string {
	return filepath.Join(append([]string{r.root, "docker", "registry", "v2"}, elements...)...)
}

// addImage publishes a complete image, an index over one or more platforms, under repository:tag.
func (r registryStore) addImage(store blobStore, repository, tag string, top descriptor, images []builtImage) error {
	manifests, blobs := []string{top.Digest}, []string{}
	for _, image := range images {
		manifests = append(manifests, image.manifest.Digest)
		blobs = append(blobs, image.blobs...)
	}
	if err := r.add(store.path, repository, tag, manifests, blobs); err != nil {
		return fmt.Errorf("seed %s:%s: %w", repository, tag, err)
	}
	return nil
}

// copyImage takes over an image with all it consists of.
func (r registryStore) copyImage(from registryStore, repository, tag, digest string) error {
	manifests, blobs, err := from.parts(digest)
	if err != nil {
		return err
	}
	return r.add(from.blob, repository, tag, manifests, blobs)
}

// parts returns the digests of an image: of its index and manifests, top first, and of its configurations and layers.
func (r registryStore) parts(digest string) (manifests, blobs []string, err error) {
	data, err := os.ReadFile(r.blob(digest))
	if err != nil {
		return nil, nil, err
	}
	var either struct {
		index
		Config descriptor   `json:"config"`
		Layers []descriptor `json:"layers"`
	}
	if err := json.Unmarshal(data, &either); err != nil {
		return nil, nil, fmt.Errorf("read the manifest %s: %w", digest, err)
	}
	manifests = []string{digest}
	for _, child := range either.Manifests {
		below, theirs, err := r.parts(child.Digest)
		if err != nil {
			return nil, nil, err
		}
		manifests, blobs = append(manifests, below...), append(blobs, theirs...)
	}
	if either.Config.Digest != "" {
		blobs = append(blobs, either.Config.Digest)
	}
	for _, layer := range either.Layers {
		blobs = append(blobs, layer.Digest)
	}
	return manifests, blobs, nil
}

// add links what belongs to an image; the first manifest is the one that the tag names.
func (r registryStore) add(source func(digest string) string, repository, tag string, manifests, blobs []string) error {
	for _, digest := range slices.Concat(manifests, blobs) {
		if err := r.addBlob(source(digest), digest); err != nil {
			return err
		}
	}
	links := map[string]string{}
	for _, digest := range blobs {
		links[r.path("repositories", repository, "_layers", "sha256", hexOf(digest), "link")] = digest
	}
	for _, digest := range manifests {
		links[r.path("repositories", repository, "_manifests", "revisions", "sha256", hexOf(digest), "link")] = digest
	}
	links[r.path("repositories", repository, "_manifests", "tags", tag, "index", "sha256", hexOf(manifests[0]), "link")] = manifests[0]
	links[r.path("repositories", repository, "_manifests", "tags", tag, "current", "link")] = manifests[0]
	for file, digest := range links {
		if err := writeWhole(file, []byte(digest)); err != nil {
			return err
		}
	}
	return nil
}

func (r registryStore) blob(digest string) string {
	return r.path("blobs", "sha256", hexOf(digest)[:2], hexOf(digest), "data")
}

func (r registryStore) addBlob(source, digest string) error {
	target := r.blob(digest)
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	err := os.Link(source, target)
	switch {
	case err == nil, errors.Is(err, fs.ErrExist):
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return err
	}
	data, err := os.ReadFile(source) // another file system
	if err != nil {
		return err
	}
	return writeWhole(target, data)
}
