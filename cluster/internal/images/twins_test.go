package images

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"kiln.build/cluster/internal/twins"
)

func TestImageOfTwinsHoldsTheFolder(t *testing.T) {
	folder := &twins.Folder{Files: map[string][]byte{"table": []byte("kiln-twins 1\n"), "bin/cc1": []byte("compiler"), "lib/libc.so.6": []byte("library")}}
	make := func() (registryStore, string) {
		work := t.TempDir()
		store := registryStore{root: filepath.Join(work, "registry")}
		digest, err := publishTwins(store, blobStore{dir: filepath.Join(work, "blobs")}, "kiln/twins-debian-12-arm64", folder)
		if err != nil {
			t.Fatal(err)
		}
		return store, digest
	}
	store, digest := make()
	if _, again := make(); again != digest {
		t.Errorf("the same folder makes %s and %s", digest, again)
	}
	_, blobs, err := store.parts(digest)
	if err != nil {
		t.Fatal(err)
	}
	modes := map[string]int64{}
	var config imageConfig
	for _, blob := range blobs {
		readBlob(t, store.blob(blob), modes, &config)
	}
	want := map[string]int64{"twins/table": 0o644, "twins/bin/cc1": 0o755, "twins/lib/libc.so.6": 0o755}
	for name, mode := range want {
		if modes[name] != mode {
			t.Errorf("%s has mode %o, want %o", name, modes[name], mode)
		}
	}
	if config.Architecture != "amd64" {
		t.Errorf("the image is %+v", config)
	}
}

// readBlob reads the modes of the files of a layer, or the configuration.
func readBlob(t *testing.T, file string, modes map[string]int64, config *imageConfig) {
	t.Helper()
	content, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	unpacked, err := gzip.NewReader(content)
	if err != nil {
		if _, err := content.Seek(0, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		if err := json.NewDecoder(content).Decode(config); err != nil {
			t.Fatal(err)
		}
		return
	}
	layer := tar.NewReader(unpacked)
	for {
		header, err := layer.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		modes[header.Name] = header.Mode
	}
}
