package images

import (
	"io"
	"os"
	"path/filepath"
	"testing"
)

// An image that was written, copied to another folder and read back consists of the same blobs.
func TestImagesAreCopiedWhole(t *testing.T) {
	store := blobStore{dir: t.TempDir()}
	var platforms []builtImage
	top := index{SchemaVersion: 2, MediaType: mediaIndex}
	for _, architecture := range []string{"amd64", "arm64"} {
		r := newRootFS()
		r.file("etc/architecture", 0o644, []byte(architecture))
		l, err := store.putLayer(func(w io.Writer) error { return r.writeTo(w) })
		if err != nil {
			t.Fatal(err)
		}
		image, err := store.putImage(architecture, runtimeConfig{}, []layer{l})
		if err != nil {
			t.Fatal(err)
		}
		platforms = append(platforms, image)
		top.Manifests = append(top.Manifests, image.manifest)
	}
	described, err := store.put(mediaIndex, top)
	if err != nil {
		t.Fatal(err)
	}
	first, second := registryStore{root: t.TempDir()}, registryStore{root: t.TempDir()}
	if err := first.addImage(store, "library/x", "1", described, platforms); err != nil {
		t.Fatal(err)
	}
	if err := second.copyImage(first, "library/x", "1", described.Digest); err != nil {
		t.Fatal(err)
	}
	manifests, blobs, err := second.parts(described.Digest)
	if err != nil {
		t.Fatal(err)
	}
	if len(manifests) != 3 || len(blobs) != 4 {
		t.Errorf("%d manifests and %d blobs, want 3 and 4", len(manifests), len(blobs))
	}
	for _, digest := range append(manifests, blobs...) {
		data, err := os.ReadFile(second.blob(digest))
		if err != nil || digestOf(data) != digest {
			t.Errorf("blob %s: %v", digest, err)
		}
	}
	tag, err := os.ReadFile(second.path("repositories", "library/x", "_manifests", "tags", "1", "current", "link"))
	if err != nil || string(tag) != described.Digest {
		t.Errorf("tag 1 is %q, %v", tag, err)
	}
}

func TestOnlyTheLatestImagesAreKept(t *testing.T) {
	dir := t.TempDir()
	for i, name := range []string{"worker-a", "worker-b", "worker-c", "worker-d", "operator-a"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		at := epoch.AddDate(0, 0, i)
		if err := os.Chtimes(filepath.Join(dir, name), at, at); err != nil {
			t.Fatal(err)
		}
	}
	if err := prune(dir, "worker-", 3); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"worker-a": false, "worker-b": true, "worker-d": true, "operator-a": true} {
		if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}
