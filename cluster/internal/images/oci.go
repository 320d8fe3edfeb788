package images

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Media types of the OCI image specification 1.1.
const (
	mediaIndex    = "application/vnd.oci.image.index.v1+json"
	mediaManifest = "application/vnd.oci.image.manifest.v1+json"
	mediaConfig   = "application/vnd.oci.image.config.v1+json"
	mediaLayer    = "application/vnd.oci.image.layer.v1.tar+gzip"
)

type descriptor struct {
	MediaType string    `json:"mediaType"`
	Digest    string    `json:"digest"`
	Size      int64     `json:"size"`
	Platform  *platform `json:"platform,omitempty"`
}

type platform struct {
	OS           string `json:"os"`
	Architecture string `json:"architecture"`
	Variant      string `json:"variant,omitempty"`
}

type index struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	Manifests     []descriptor `json:"manifests"`
}

type manifest struct {
	SchemaVersion int          `json:"schemaVersion"`
	MediaType     string       `json:"mediaType"`
	Config        descriptor   `json:"config"`
	Layers        []descriptor `json:"layers"`
}

type imageConfig struct {
	Created      string        `json:"created"`
	OS           string        `json:"os"`
	Architecture string        `json:"architecture"`
	Variant      string        `json:"variant,omitempty"`
	Config       runtimeConfig `json:"config"`
	RootFS       diffIDs       `json:"rootfs"`
	History      []history     `json:"history"`
}

type diffIDs struct {
	Type    string   `json:"type"`
	DiffIDs []string `json:"diff_ids"`
}

type history struct {
	Created   string `json:"created"`
	CreatedBy string `json:"created_by"`
}

type runtimeConfig struct {
	User       string              `json:"User,omitempty"`
	Env        []string            `json:"Env,omitempty"`
	Entrypoint []string            `json:"Entrypoint,omitempty"`
	Cmd        []string            `json:"Cmd,omitempty"`
	Volumes    map[string]struct{} `json:"Volumes,omitempty"`
	WorkingDir string              `json:"WorkingDir,omitempty"`
	Labels     map[string]string   `json:"Labels,omitempty"`
}

// layer is a compressed layer in the blob store.
type layer struct {
	Digest string `json:"digest"`
	Size   int64  `json:"size"`
	DiffID string `json:"diffID"`
	By     string `json:"by"`
}

func platformOf(architecture string) platform {
	p := platform{OS: "linux", Architecture: architecture}
	if architecture == "arm64" {
		p.Variant = "v8"
	}
	return p
}

// blobStore keeps blobs in files named after their digest.
type blobStore struct{ dir string }

func (s blobStore) path(digest string) string {
	return filepath.Join(s.dir, hexOf(digest))
}

// prune removes blobs that no registry content folder links to any more. A blob that is being used right now is young.
func (s blobStore) prune() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || time.Since(info.ModTime()) < time.Hour {
			continue
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok && stat.Nlink == 1 {
			if err := os.Remove(filepath.Join(s.dir, entry.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

func hexOf(digest string) string { return digest[len("sha256:"):] }

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func (s blobStore) put(mediaType string, value any) (descriptor, error) {
	data, err := json.Marshal(value)
	if err != nil {
		return descriptor{}, err
	}
	d := descriptor{MediaType: mediaType, Digest: digestOf(data), Size: int64(len(data))}
	return d, writeWhole(s.path(d.Digest), data)
}

// putLayer compresses what write produces and stores it.
func (s blobStore) putLayer(write func(io.Writer) error) (layer, error) {
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return layer{}, err
	}
	file, err := os.CreateTemp(s.dir, ".layer-")
	if err != nil {
		return layer{}, err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	compressed, plain := sha256.New(), sha256.New()
	counter := &countingWriter{}
	// The layers stay on this machine, so that time counts more than size.
	packer, err := gzip.NewWriterLevel(io.MultiWriter(file, compressed, counter), gzip.BestSpeed)
	if err != nil {
		return layer{}, err
	}
	if err := write(io.MultiWriter(packer, plain)); err != nil {
		return layer{}, err
	}
	if err := packer.Close(); err != nil {
		return layer{}, err
	}
	if err := file.Close(); err != nil {
		return layer{}, err
	}
	l := layer{
		Digest: "sha256:" + hex.EncodeToString(compressed.Sum(nil)), Size: counter.count,
		DiffID: "sha256:" + hex.EncodeToString(plain.Sum(nil)),
	}
	if err := os.Chmod(file.Name(), 0o644); err != nil {
		return layer{}, err
	}
	return l, os.Rename(file.Name(), s.path(l.Digest))
}

type countingWriter struct{ count int64 }

func (w *countingWriter) Write(p []byte) (int, error) {
	w.count += int64(len(p))
	return len(p), nil
}

// putImage writes configuration and manifest of one platform and returns the manifest with every blob it needs.
func (s blobStore) putImage(architecture string, config runtimeConfig, layers []layer) (builtImage, error) {
	target := platformOf(architecture)
	created := epoch.Format("2006-01-02T15:04:05Z")
	full := imageConfig{
		Created: created, OS: target.OS, Architecture: target.Architecture, Variant: target.Variant, Config: config,
		RootFS: diffIDs{Type: "layers"},
	}
	m := manifest{SchemaVersion: 2, MediaType: mediaManifest}
	var image builtImage
	for _, l := range layers {
		full.RootFS.DiffIDs = append(full.RootFS.DiffIDs, l.DiffID)
		full.History = append(full.History, history{Created: created, CreatedBy: l.By})
		m.Layers = append(m.Layers, descriptor{MediaType: mediaLayer, Digest: l.Digest, Size: l.Size})
		image.blobs = append(image.blobs, l.Digest)
	}
	var err error
	if m.Config, err = s.put(mediaConfig, full); err != nil {
		return builtImage{}, fmt.Errorf("write the image configuration: %w", err)
	}
	if image.manifest, err = s.put(mediaManifest, m); err != nil {
		return builtImage{}, fmt.Errorf("write the image manifest: %w", err)
	}
	image.manifest.Platform = &target
	image.blobs = append(image.blobs, m.Config.Digest)
	return image, nil
}

// builtImage is one platform of an image.
type builtImage struct {
	manifest descriptor
	blobs    []string // configuration and layers
}

// writeWhole writes a file so that it is never seen half written.
func writeWhole(file string, data []byte) error {
	if existing, err := os.ReadFile(file); err == nil && bytes.Equal(existing, data) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(file), ".write-")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	if _, err := temporary.Write(data); err != nil {
		temporary.Close()
		return err
	}
	if err := temporary.Close(); err != nil {
		return err
	}
	if err := os.Chmod(temporary.Name(), 0o644); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), file)
}
