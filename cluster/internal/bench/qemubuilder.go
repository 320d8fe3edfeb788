package bench

import (
	"archive/tar"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// qemuImage is a daemon for buildx that can run programs for linux/arm64: Kiln's BuildKit image, which is upstream's rootless one with
// QEMU from Debian, started as upstream's is, with QEMU registered in RootlessKit's user namespace.
const qemuImage = "kiln-bench/buildkit-qemu:latest"

// withQEMU registers QEMU for linux/arm64 as Kiln's launcher does, and becomes the daemon.
const withQEMU = `#!/bin/sh
set -e
mkdir -p /tmp/binfmt_misc
mount -t binfmt_misc binfmt_misc /tmp/binfmt_misc
printf '%s' ':qemu-aarch64:M:0:\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:/usr/bin/qemu-aarch64-static:POCF' > /tmp/binfmt_misc/register
exec buildkitd "$@"
`

const withQEMUPath = "usr/local/bin/buildkitd-with-qemu"

// pushQEMUImage makes the image in the cluster's registry.
func (b *Bench) pushQEMUImage(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "kiln-bench-image-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	layer := filepath.Join(dir, "layer.tar")
	if err := writeLayer(layer); err != nil {
		return fmt.Errorf("write a layer: %w", err)
	}
	target := b.Registry + "/" + qemuImage
	for _, args := range [][]string{
		{"append", "--base", b.BuildKitImage, "--new_layer", layer, "--new_tag", target},
		{"mutate", target, "--entrypoint", strings.Join([]string{"rootlesskit", "/" + withQEMUPath}, ","), "--tag", target},
	} {
		if err := run(ctx, "", b.Crane, append(args, "--insecure")...); err != nil {
			return err
		}
	}
	return nil
}

// writeLayer writes a tar file with the script.
func writeLayer(file string) error {
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	defer out.Close()
	writer := tar.NewWriter(out)
	if err := writer.WriteHeader(&tar.Header{Name: withQEMUPath, Mode: 0o755, Size: int64(len(withQEMU))}); err != nil {
		return err
	}
	if _, err := writer.Write([]byte(withQEMU)); err != nil {
		return err
	}
	return writer.Close()
}
