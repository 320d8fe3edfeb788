package images

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
	"time"
)

// node is one entry of a root file system. Its header's name is relative to the root, without a leading "./" or a closing "/".
type node struct {
	header  tar.Header
	content []byte
}

// rootFS is a root file system in memory, in the order in which its entries are to be written.
type rootFS struct {
	nodes map[string]*node
	order []string
}

func newRootFS() *rootFS { return &rootFS{nodes: map[string]*node{}} }

// epoch is the time of every entry that does not come from a package.
var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// mergedUsr are the folders of the root that are links into /usr.
var mergedUsr = []string{"bin", "sbin", "lib", "lib32", "lib64", "libx32"}

// unpack adds the files of a package. A chain of links like /lib -> /usr/lib is followed by name; device nodes, which a user
// namespace may not create, and documentation are left out.
func (r *rootFS) unpack(ctx context.Context, deb string) error {
	command := exec.CommandContext(ctx, "dpkg-deb", "--fsys-tarfile", deb)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return fmt.Errorf("unpack %s: %w", deb, err)
	}
	readErr := r.addTar(output)
	_, drainErr := io.Copy(io.Discard, output)
	if err := errors.Join(readErr, drainErr, command.Wait()); err != nil {
		return fmt.Errorf("unpack %s: %w %s", deb, err, stderr.Bytes())
	}
	return nil
}

func (r *rootFS) addTar(stream io.Reader) error {
	reader := tar.NewReader(stream)
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name := installedName(header.Name)
		if name == "" || leftOut(name, header.Typeflag) {
			continue
		}
		content, err := io.ReadAll(reader)
		if err != nil {
			return err
		}
		copied := tar.Header{
			Typeflag: header.Typeflag, Name: name, Linkname: header.Linkname, Mode: header.Mode, Uid: header.Uid, Gid: header.Gid,
			Size: int64(len(content)), ModTime: header.ModTime.Truncate(time.Second),
		}
		if header.Typeflag == tar.TypeLink {
			copied.Linkname = installedName(header.Linkname)
		}
		r.put(&node{header: copied, content: content})
	}
}

// installedName is where an entry of a package lands in a merged-/usr root.
func installedName(name string) string {
	name = strings.TrimPrefix(path.Clean("/"+name), "/")
	top, rest, nested := strings.Cut(name, "/")
	for _, merged := range mergedUsr {
		if top == merged {
			if nested {
				return "usr/" + top + "/" + rest
			}
			return "usr/" + top
		}
	}
	return name
}

// leftOut follows Debian's own slim images: no documentation but the copyright files.
func leftOut(name string, kind byte) bool {
	if kind == tar.TypeChar || kind == tar.TypeBlock {
		return true
	}
	if strings.HasPrefix(name, "usr/share/doc/") {
		return kind != tar.TypeDir && path.Base(name) != "copyright"
	}
	for _, folder := range []string{"usr/share/man/", "usr/share/info/", "usr/share/locale/", "usr/share/lintian/", "usr/share/bug/"} {
		if strings.HasPrefix(name, folder) {
			return true
		}
	}
	return false
}

// put adds an entry; a folder that exists stays as it is.
func (r *rootFS) put(n *node) {
	name := n.header.Name
	existing, exists := r.nodes[name]
	if exists && existing.header.Typeflag == tar.TypeDir && n.header.Typeflag == tar.TypeDir {
		return
	}
	if !exists {
		r.makeParents(name)
		r.order = append(r.order, name)
	}
	r.nodes[name] = n
}

func (r *rootFS) makeParents(name string) {
	if parent := path.Dir(name); parent != "." {
		r.folder(parent, 0o755, 0)
	}
}

func (r *rootFS) folder(name string, mode int64, owner int) {
	r.put(&node{header: tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: mode, Uid: owner, Gid: owner, ModTime: epoch}})
}

func (r *rootFS) file(name string, mode int64, content []byte) {
	r.put(&node{header: tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: int64(len(content)), ModTime: epoch}, content: content})
}

func (r *rootFS) link(name, target string) {
	r.put(&node{header: tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target, Mode: 0o777, ModTime: epoch}})
}

// content is the content of a regular file, and nil where there is none.
func (r *rootFS) content(name string) []byte {
	if n, ok := r.nodes[name]; ok && n.header.Typeflag == tar.TypeReg {
		return n.content
	}
	return nil
}

func (r *rootFS) has(name string) bool {
	_, ok := r.nodes[name]
	return ok
}

// below returns the names of the entries under a folder, in order.
func (r *rootFS) below(folder string) []string {
	var names []string
	for _, name := range r.order {
		if strings.HasPrefix(name, folder+"/") {
			names = append(names, name)
		}
	}
	return names
}

// without returns the entries that base does not have in the same form: the upper layer of an image.
func (r *rootFS) without(base *rootFS) *rootFS {
	upper := newRootFS()
	for _, name := range r.order {
		n := r.nodes[name]
		if under, ok := base.nodes[name]; ok && same(n, under) {
			continue
		}
		upper.nodes[name] = n
		upper.order = append(upper.order, name)
	}
	return upper
}

// dropping returns the entries that neither match one of the patterns nor lie below an entry that does.
func (r *rootFS) dropping(patterns []string) *rootFS {
	kept := newRootFS()
	for _, name := range r.order {
		if !matchesAny(patterns, name) {
			kept.nodes[name] = r.nodes[name]
			kept.order = append(kept.order, name)
		}
	}
	return kept
}

func matchesAny(patterns []string, name string) bool {
	for at := name; at != "."; at = path.Dir(at) {
		for _, pattern := range patterns {
			if ok, err := path.Match(pattern, at); ok && err == nil {
				return true
			}
		}
	}
	return false
}

func same(a, b *node) bool {
	return a.header.Typeflag == b.header.Typeflag && a.header.Linkname == b.header.Linkname && a.header.Mode == b.header.Mode &&
		a.header.Uid == b.header.Uid && a.header.Gid == b.header.Gid && bytes.Equal(a.content, b.content)
}

func (r *rootFS) writeTo(w io.Writer) error {
	out := tar.NewWriter(w)
	for _, name := range r.order {
		n := r.nodes[name]
		header := n.header
		if header.Typeflag == tar.TypeDir {
			header.Name += "/"
		}
		if err := out.WriteHeader(&header); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
		if _, err := out.Write(n.content); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	return out.Close()
}
