package images

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"
)

func TestPackagesLandInAMergedUsr(t *testing.T) {
	for name, want := range map[string]string{
		"./bin/sh": "usr/bin/sh", "./lib/x86_64-linux-gnu/libc.so.6": "usr/lib/x86_64-linux-gnu/libc.so.6", "./lib": "usr/lib",
		"./usr/bin/env": "usr/bin/env", "./": "", "./etc/passwd": "etc/passwd", "./library": "library", "../../etc/shadow": "etc/shadow",
	} {
		if got := installedName(name); got != want {
			t.Errorf("%s lands in %q, want %q", name, got, want)
		}
	}
}

func TestDevicesAndDocumentationAreLeftOut(t *testing.T) {
	var stream bytes.Buffer
	writer := tar.NewWriter(&stream)
	for _, header := range []tar.Header{
		{Name: "./dev/null", Typeflag: tar.TypeChar, Mode: 0o666},
		{Name: "./usr/share/man/man1/x.1", Typeflag: tar.TypeReg},
		{Name: "./usr/share/doc/x/copyright", Typeflag: tar.TypeReg},
		{Name: "./usr/share/doc/x/changelog", Typeflag: tar.TypeReg},
		{Name: "./bin/x", Typeflag: tar.TypeReg, Mode: 0o4755},
		{Name: "./bin/y", Typeflag: tar.TypeLink, Linkname: "./bin/x"},
	} {
		if err := writer.WriteHeader(&header); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	r := newRootFS()
	if err := r.addTar(&stream); err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, name := range r.order {
		if r.nodes[name].header.Typeflag != tar.TypeDir {
			files = append(files, name)
		}
	}
	if want := []string{"usr/share/doc/x/copyright", "usr/bin/x", "usr/bin/y"}; !slices.Equal(files, want) {
		t.Errorf("files %v, want %v", files, want)
	}
	if link := r.nodes["usr/bin/y"].header.Linkname; link != "usr/bin/x" {
		t.Errorf("hard link to %q", link)
	}
	if mode := r.nodes["usr/bin/x"].header.Mode; mode != 0o4755 {
		t.Errorf("mode %o", mode)
	}
}

func TestUpperLayerHoldsWhatChanged(t *testing.T) {
	lower, whole := newRootFS(), newRootFS()
	for _, r := range []*rootFS{lower, whole} {
		r.file("etc/same", 0o644, []byte("same"))
	}
	lower.file("etc/changed", 0o644, []byte("before"))
	whole.file("etc/changed", 0o644, []byte("after"))
	whole.file("usr/share/perl/x", 0o644, []byte("x"))
	whole.file("usr/lib/aarch64-linux-gnu/perl5/y", 0o644, []byte("y"))
	whole.file("usr/lib/aarch64-linux-gnu/z", 0o644, []byte("z"))
	upper := whole.without(lower).dropping([]string{"usr/share/perl", "usr/lib/*/perl5"})
	if upper.has("etc/same") || upper.has("usr/share/perl/x") || upper.has("usr/lib/aarch64-linux-gnu/perl5/y") {
		t.Errorf("too much: %v", upper.order)
	}
	if string(upper.content("etc/changed")) != "after" || !upper.has("usr/lib/aarch64-linux-gnu/z") {
		t.Errorf("too little: %v", upper.order)
	}
}

func TestPostInstallMakesWhatMaintainerScriptsMake(t *testing.T) {
	r := skeleton("amd64")
	r.file("usr/share/base-passwd/passwd.master", 0o644, []byte("root:*:0:0::/root:/bin/bash\n"))
	r.file("usr/bin/gcc", 0o755, nil)
	r.file("usr/share/ca-certificates/mozilla/a.crt", 0o644, []byte("A\n"))
	r.file("usr/share/ca-certificates/mozilla/b.crt", 0o644, []byte("B"))
	postInstall(r)
	for name, want := range map[string]string{
		"etc/passwd": "root:*:0:0::/root:/bin/bash\n", "etc/shadow": "root:*:19000:0:99999:7:::\n", "etc/ssl/certs/ca-certificates.crt": "A\nB\n",
	} {
		if got := string(r.content(name)); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if cc := r.nodes["usr/bin/cc"]; cc == nil || cc.header.Linkname != "gcc" {
		t.Errorf("cc is %v", cc)
	}
	if r.has("usr/bin/c++") {
		t.Error("c++ without g++")
	}
}

func TestCapabilityIsWrittenAsTheKernelReadsIt(t *testing.T) {
	r := newRootFS()
	r.fileWithCapability("usr/bin/newuidmap", []byte("program"), capSetUID)
	var stream bytes.Buffer
	if err := r.writeTo(&stream); err != nil {
		t.Fatal(err)
	}
	reader := tar.NewReader(&stream)
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			t.Fatal("the program is not in the layer")
		}
		if err != nil {
			t.Fatal(err)
		}
		if header.Name != "usr/bin/newuidmap" {
			continue
		}
		// struct vfs_cap_data: revision 2 with the effective bit, CAP_SETUID (7) permitted.
		want := "\x01\x00\x00\x02\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		if got := header.PAXRecords["SCHILY.xattr.security.capability"]; got != want {
			t.Errorf("%q, want %q", got, want)
		}
		return
	}
}
