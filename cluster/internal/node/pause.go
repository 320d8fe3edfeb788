package node

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// WritePauseImage packs the program `pause` into an archive in OCI image layout, for `ctr images import`.
func WritePauseImage(program, archive string) error {
	content, err := os.ReadFile(program)
	if err != nil {
		return fmt.Errorf("pack the pause image: %w", err)
	}
	packed, err := pauseArchive(content)
	if err != nil {
		return fmt.Errorf("pack the pause image: %w", err)
	}
	if err := os.WriteFile(archive, packed, 0o644); err != nil {
		return fmt.Errorf("pack the pause image: %w", err)
	}
	return nil
}

type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

type file struct {
	name    string
	mode    int64
	content []byte
}

func pauseArchive(program []byte) ([]byte, error) {
	layer, err := pack(file{"pause", 0o755, program})
	if err != nil {
		return nil, err
	}
	var blobs []file
	blob := func(mediaType string, content []byte) descriptor {
		sum := sha256.Sum256(content)
		digest := hex.EncodeToString(sum[:])
		blobs = append(blobs, file{filepath.Join("blobs", "sha256", digest), 0o644, content})
		return descriptor{MediaType: mediaType, Digest: "sha256:" + digest, Size: len(content)}
	}
	document := func(mediaType string, value any) (descriptor, error) {
		encoded, err := json.Marshal(value)
		if err != nil {
			return descriptor{}, err
		}
		return blob(mediaType, encoded), nil
	}
	layerDescriptor := blob("application/vnd.oci.image.layer.v1.tar", layer)
	config, err := document("application/vnd.oci.image.config.v1+json", map[string]any{
		"os": "linux", "architecture": runtime.GOARCH,
		"config": map[string]any{"Entrypoint": []string{"/pause"}, "User": "65535:65535"},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{layerDescriptor.Digest}},
	})
	if err != nil {
		return nil, err
	}
	manifest, err := document("application/vnd.oci.image.manifest.v1+json", map[string]any{
		"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": config, "layers": []descriptor{layerDescriptor},
	})
	if err != nil {
		return nil, err
	}
	manifest.Annotations = map[string]string{"io.containerd.image.name": PauseImage}
	index, err := json.Marshal(map[string]any{"schemaVersion": 2, "manifests": []descriptor{manifest}})
	if err != nil {
		return nil, err
	}
	return pack(append(blobs, file{"index.json", 0o644, index}, file{"oci-layout", 0o644, []byte(`{"imageLayoutVersion":"1.0.0"}`)})...)
}

func pack(files ...file) ([]byte, error) {
	var packed bytes.Buffer
	writer := tar.NewWriter(&packed)
	for _, file := range files {
		header := &tar.Header{Name: file.name, Mode: file.mode, Size: int64(len(file.content)), ModTime: time.Unix(0, 0)}
		if err := writer.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := writer.Write(file.content); err != nil {
			return nil, err
		}
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}
