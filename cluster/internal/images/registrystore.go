package images

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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
	for _, digest := range append(append([]string{}, manifests...), blobs...) {
		if err := r.addBlob(store, digest); err != nil {
			return fmt.Errorf("seed %s:%s: %w", repository, tag, err)
		}
	}
	links := map[string]string{}
	for _, digest := range blobs {
		links[r.path("repositories", repository, "_layers", "sha256", hexOf(digest), "link")] = digest
	}
	for _, digest := range manifests {
		links[r.path("repositories", repository, "_manifests", "revisions", "sha256", hexOf(digest), "link")] = digest
	}
	links[r.path("repositories", repository, "_manifests", "tags", tag, "index", "sha256", hexOf(top.Digest), "link")] = top.Digest
	links[r.path("repositories", repository, "_manifests", "tags", tag, "current", "link")] = top.Digest
	for file, digest := range links {
		if err := writeWhole(file, []byte(digest)); err != nil {
			return fmt.Errorf("seed %s:%s: %w", repository, tag, err)
		}
	}
	return nil
}

func (r registryStore) addBlob(store blobStore, digest string) error {
	target := r.path("blobs", "sha256", hexOf(digest)[:2], hexOf(digest), "data")
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	err := os.Link(store.path(digest), target)
	switch {
	case err == nil, errors.Is(err, fs.ErrExist):
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return err
	}
	data, err := os.ReadFile(store.path(digest)) // another file system
	if err != nil {
		return err
	}
	return writeWhole(target, data)
}
