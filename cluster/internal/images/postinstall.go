package images

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"path"
	"strings"
)

// The maintainer scripts of the packages do not run: half of the images are for another architecture. What they do that
// matters to an image is done here.

// skeleton is the part of a merged-/usr root that no package ships.
func skeleton(architecture string) *rootFS {
	r := newRootFS()
	merged := []string{"bin", "lib", "sbin"}
	if architecture == "amd64" {
		merged = append(merged, "lib64")
	}
	for _, name := range merged {
		r.folder("usr/"+name, 0o755, 0)
		r.link(name, "usr/"+name)
	}
	for _, name := range []string{
		"dev", "media", "mnt", "opt", "proc", "srv", "sys", "usr/local", "usr/local/bin", "usr/local/etc", "usr/local/games",
		"usr/local/include", "usr/local/lib", "usr/local/sbin", "usr/local/share", "usr/local/src", "var",
	} {
		r.folder(name, 0o755, 0)
	}
	r.folder("tmp", 0o1777, 0)
	r.link("usr/local/man", "share/man")
	r.link("var/lock", "/run/lock")
	r.link("var/run", "/run")
	return r
}

// templates are the files that base packages create from a template when they are installed.
var templates = [][2]string{
	{"usr/share/base-passwd/passwd.master", "etc/passwd"},
	{"usr/share/base-passwd/group.master", "etc/group"},
	{"usr/share/libc-bin/nsswitch.conf", "etc/nsswitch.conf"},
	{"usr/share/base-files/profile", "etc/profile"},
	{"usr/share/base-files/dot.profile", "root/.profile"},
	{"usr/share/base-files/dot.bashrc", "root/.bashrc"},
}

// alternatives are the links of update-alternatives that are expected to exist where their target does.
var alternatives = [][2]string{
	{"usr/bin/awk", "mawk"},
	{"usr/bin/which", "which.debianutils"},
	{"usr/bin/cc", "gcc"},
	{"usr/bin/c++", "g++"},
	{"usr/bin/c89", "c89-gcc"},
	{"usr/bin/c99", "c99-gcc"},
}

func postInstall(r *rootFS) {
	for _, t := range templates {
		if content := r.content(t[0]); content != nil && !r.has(t[1]) {
			r.file(t[1], 0o644, content)
		}
	}
	if passwd := r.content("etc/passwd"); passwd != nil && !r.has("etc/shadow") {
		r.file("etc/shadow", 0o640, shadow(passwd))
	}
	for _, a := range alternatives {
		if r.has(path.Dir(a[0])+"/"+a[1]) && !r.has(a[0]) {
			r.link(a[0], a[1])
		}
	}
	if r.has("etc/pam.d") {
		for _, c := range authentication {
			r.file("etc/pam.d/"+c[0], 0o644, []byte(c[1]+"\n"))
		}
	}
	trustAuthorities(r)
}

// authentication is what pam-auth-update writes when nothing but pam_unix is installed, without the optional parts.
var authentication = [][2]string{
	{"common-account", "account required pam_unix.so"},
	{"common-auth", "auth required pam_unix.so nullok"},
	{"common-password", "password required pam_unix.so yescrypt"},
	{"common-session", "session required pam_unix.so"},
	{"common-session-noninteractive", "session required pam_unix.so"},
}

// shadow locks every account of a passwd file.
func shadow(passwd []byte) []byte {
	var out bytes.Buffer
	for line := range strings.Lines(string(passwd)) {
		name, _, _ := strings.Cut(line, ":")
		out.WriteString(name + ":*:19000:0:99999:7:::\n")
	}
	return out.Bytes()
}

// trustAuthorities does the part of update-ca-certificates that programs read.
func trustAuthorities(r *rootFS) {
	var bundle bytes.Buffer
	for _, name := range r.below("usr/share/ca-certificates") {
		if path.Ext(name) == ".crt" {
			bundle.Write(bytes.TrimRight(r.content(name), "\n"))
			bundle.WriteByte('\n')
		}
	}
	if bundle.Len() > 0 {
		r.file("etc/ssl/certs/ca-certificates.crt", 0o644, bundle.Bytes())
	}
}

// fileWithCapability adds a program that has one capability instead of the setuid bit.
func (r *rootFS) fileWithCapability(name string, content []byte, capability int) {
	r.put(&node{content: content, header: tar.Header{
		Typeflag: tar.TypeReg, Name: name, Mode: 0o755, Size: int64(len(content)), ModTime: epoch, Format: tar.FormatPAX,
		PAXRecords: map[string]string{"SCHILY.xattr.security.capability": string(fileCapability(capability))},
	}})
}

// fileCapability is struct vfs_cap_data of the kernel, revision 2, with the capability permitted and effective.
func fileCapability(capability int) []byte {
	const revision2, effective = 0x02000000, 1
	data := binary.LittleEndian.AppendUint32(nil, revision2|effective)
	for word := range 2 {
		permitted := uint32(0)
		if capability/32 == word {
			permitted = 1 << (capability % 32)
		}
		data = binary.LittleEndian.AppendUint32(data, permitted)
		data = binary.LittleEndian.AppendUint32(data, 0)
	}
	return data
}
