package emulation

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"kiln.build/cluster/internal/debian"
)

// rootFormat changes when roots are made in another way.
const rootFormat = "1"

// Root returns a folder with the root file system that packages and all they depend on make, and makes what the cache lacks. No
// maintainer script runs; the links that builds expect are made here.
func Root(ctx context.Context, cache, suite, architecture string, packages []string) (string, error) {
	state := filepath.Join(cache, "archives", suite+"-"+architecture)
	archive, err := debian.Open(ctx, state, filepath.Join(cache, "packages"), suite, architecture)
	if err != nil {
		return "", err
	}
	files, err := archive.Fetch(ctx, packages)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	fmt.Fprintln(sum, rootFormat)
	for _, file := range files {
		fmt.Fprintln(sum, filepath.Base(file))
	}
	target := filepath.Join(cache, "roots", suite+"-"+architecture+"-"+hex.EncodeToString(sum.Sum(nil))[:16])
	if _, err := os.Stat(target); err == nil {
		return target, nil
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return "", err
	}
	building, err := os.MkdirTemp(filepath.Dir(target), ".making-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(building)
	if err := fillRoot(ctx, building, files); err != nil {
		return "", fmt.Errorf("make a root file system of %s for %s: %w", suite, architecture, err)
	}
	if err := os.Rename(building, target); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return target, nil
}

func fillRoot(ctx context.Context, dir string, debs []string) error {
	for _, folder := range []string{"usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "dev", "proc", "sys", "tmp", "root", "src", "etc"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			return err
		}
	}
	for _, merged := range []string{"bin", "sbin", "lib", "lib64"} {
		if err := os.Symlink("usr/"+merged, filepath.Join(dir, merged)); err != nil {
			return err
		}
	}
	for _, deb := range debs {
		if err := unpackInto(ctx, dir, deb); err != nil {
			return err
		}
	}
	for name, target := range map[string]string{"cc": "gcc", "c++": "g++", "awk": "mawk"} {
		if err := os.Symlink(target, filepath.Join(dir, "usr/bin", name)); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "etc/passwd"), []byte("root:x:0:0:root:/root:/bin/sh\n"), 0o644); err != nil {
		return err
	}
	return filepath.WalkDir(dir, func(file string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(file, firstID, firstID)
	})
}

// unpackInto unpacks a package into a root whose folders /bin, /lib and so on are links into /usr.
func unpackInto(ctx context.Context, dir, deb string) error {
	unpack := exec.CommandContext(ctx, "dpkg-deb", "--fsys-tarfile", deb)
	output, err := unpack.StdoutPipe()
	if err != nil {
		return err
	}
	if err := unpack.Start(); err != nil {
		return err
	}
	readErr := untar(output, dir, func(name string) string {
		if strings.HasPrefix(name, "usr/share/doc/") || strings.HasPrefix(name, "usr/share/man/") || strings.HasPrefix(name, "usr/share/locale/") {
			return ""
		}
		return name
	})
	_, drainErr := io.Copy(io.Discard, output)
	if err := errors.Join(readErr, drainErr, unpack.Wait()); err != nil {
		return fmt.Errorf("unpack %s: %w", deb, err)
	}
	return nil
}

// untar unpacks folders, files and links under the names that rename gives them; what it names "" is left out.
func untar(stream io.Reader, dir string, rename func(string) string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	reader := tar.NewReader(stream)
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name := rename(clean(header.Name))
		if name == "" || name == "." {
			continue
		}
		if err := unpackEntry(root, name, clean(header.Linkname), header, reader); err != nil {
			return fmt.Errorf("%s: %w", header.Name, err)
		}
	}
}

func clean(name string) string { return strings.TrimPrefix(filepath.Clean("/"+name), "/") }

func unpackEntry(root *os.Root, name, linked string, header *tar.Header, content io.Reader) error {
	if header.Typeflag != tar.TypeDir {
		if err := errors.Join(root.MkdirAll(filepath.Dir(name), 0o755), removed(root, name)); err != nil {
			return err
		}
	}
	switch header.Typeflag {
	case tar.TypeDir:
		if info, err := root.Stat(name); err == nil && info.IsDir() {
			return nil
		}
		return root.MkdirAll(name, 0o755)
	case tar.TypeReg:
		file, err := root.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o755)
		if err != nil {
			return err
		}
		_, err = io.Copy(file, content)
		// Equal times: make and PCH look at them.
		return errors.Join(err, file.Chmod(header.FileInfo().Mode().Perm()|0o444), file.Close(), root.Chtimes(name, header.ModTime, header.ModTime))
	case tar.TypeSymlink:
		return root.Symlink(header.Linkname, name)
	case tar.TypeLink:
		return root.Link(linked, name)
	}
	return nil
}

func removed(root *os.Root, name string) error {
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
