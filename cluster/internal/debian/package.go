package debian

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path"
	"strings"
)

// Identity says which package a file holds.
type Identity struct{ Name, Version, Architecture, Source string }

// Identify reads the identity out of a package.
func Identify(ctx context.Context, file string) (Identity, error) {
	command := exec.CommandContext(ctx, "dpkg-deb", "--showformat=${Package}\n${Version}\n${Architecture}\n${source:Package}\n", "--show", file)
	output, err := command.Output()
	if err != nil {
		return Identity{}, fmt.Errorf("identify %s: %w", file, err)
	}
	fields := strings.Split(string(output), "\n")
	if len(fields) < 4 {
		return Identity{}, fmt.Errorf("identify %s: dpkg-deb says %q", file, output)
	}
	return Identity{fields[0], fields[1], fields[2], fields[3]}, nil
}

// File is a regular file or a symbolic link of a package.
type File struct {
	Content []byte
	Target  string // of a link
	Mode    int64
}

// Files returns the wanted files of a package by their path without a leading slash, as it is in the package.
func Files(ctx context.Context, deb string, wanted func(name string) bool) (map[string]File, error) {
	command := exec.CommandContext(ctx, "dpkg-deb", "--fsys-tarfile", deb)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("unpack %s: %w", deb, err)
	}
	files, readErr := readFiles(output, wanted)
	_, drainErr := io.Copy(io.Discard, output)
	if err := errors.Join(readErr, drainErr, command.Wait()); err != nil {
		return nil, fmt.Errorf("unpack %s: %w %s", deb, err, stderr.Bytes())
	}
	return files, nil
}

func readFiles(stream io.Reader, wanted func(name string) bool) (map[string]File, error) {
	files := map[string]File{}
	reader := tar.NewReader(stream)
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		name := strings.TrimPrefix(path.Clean("/"+header.Name), "/")
		if !wanted(name) {
			continue
		}
		switch header.Typeflag {
		case tar.TypeReg:
			content, err := io.ReadAll(reader)
			if err != nil {
				return nil, err
			}
			files[name] = File{Content: content, Mode: header.Mode}
		case tar.TypeSymlink:
			files[name] = File{Target: header.Linkname}
		}
	}
}
