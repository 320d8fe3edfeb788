package images

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"kiln.build/cluster/internal/debian"
	"kiln.build/cluster/internal/toolchain"
)

// Packages of the base images. What upstream's images have and these lack: apt itself, and for gcc the libraries of
// buildpack-deps.
var (
	debianPackages = []string{
		"base-files", "base-passwd", "bash", "coreutils", "dash", "debianutils", "diffutils", "findutils", "grep", "gzip", "hostname",
		"libc-bin", "login", "mawk", "mount", "ncurses-base", "ncurses-bin", "passwd", "procps", "sed", "sysvinit-utils", "tar", "usr-is-merged",
		"util-linux",
	}
	gccPackages      = []string{"binutils", "ca-certificates", "g++", "gcc", "libc6-dev", "make"}
	goPackages       = []string{"ca-certificates", "golang-go"}
	jdkPackages      = []string{"binutils", "ca-certificates"} // jlink calls objcopy
	buildkitPackages = []string{"ca-certificates", "git", "libseccomp2", "openssh-client", "pigz", "uidmap", "xz-utils"}
)

// perl comes with git, for subcommands that no build calls.
var perl = []string{"usr/share/perl", "usr/share/perl5", "usr/lib/*/perl", "usr/lib/*/perl5", "usr/lib/*/libperl.so*", "usr/bin/perl5*"}

// unusedGo is what cross-compiling without cgo does not need: libraries for the race detector and for plugins, and Go's own tests.
var unusedGo = []string{"usr/lib/go-*/pkg/linux_*_*", "usr/share/go-*/test"}

// suite is the Debian release that the base images are made from, under upstream's tags.
const suite = debian.Bookworm

const defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// base is an image that the cluster's registry offers under the name it has upstream.
type base struct {
	repository    string
	tag           string
	architectures []string
	config        runtimeConfig
	layers        []recipe
}

// recipe makes one layer. Its inputs, with the code of this package, identify the result.
type recipe struct {
	by     string // what docker history shows
	inputs []string
	make   func(ctx context.Context, k *kitchen, architecture string) (*rootFS, error)
}

func bases(k *kitchen) []base {
	both, own := []string{"amd64", "arm64"}, []string{runtime.GOARCH}
	slim := packages("debian "+suite, nil, debianPackages)
	return []base{
		{repository: "library/debian", tag: suite + "-slim", architectures: both, layers: []recipe{slim},
			config: runtimeConfig{Env: []string{defaultPath}, Cmd: []string{"bash"}}},
		{repository: "library/gcc", tag: "12", architectures: both,
			layers: []recipe{slim, packages("gcc 12", debianPackages, gccPackages)},
			config: runtimeConfig{Env: []string{defaultPath}, Cmd: []string{"bash"}}},
		{repository: "library/busybox", tag: "latest", architectures: both, layers: []recipe{busybox()},
			config: runtimeConfig{Env: []string{defaultPath}, Cmd: []string{"sh"}}},
		{repository: "library/golang", tag: "1-" + suite, architectures: own,
			layers: []recipe{slim, packages("golang 1", debianPackages, goPackages, unusedGo...)},
			config: runtimeConfig{Env: []string{"GOPATH=/go", strings.Replace(defaultPath, "=", "=/go/bin:", 1)}, Cmd: []string{"bash"}}},
		{repository: "library/eclipse-temurin", tag: "25-jdk", architectures: own,
			layers: []recipe{slim, packages("what jlink calls", debianPackages, jdkPackages), k.jdkRecipe()},
			config: runtimeConfig{
				Env: []string{"JAVA_HOME=/opt/java/openjdk", strings.Replace(defaultPath, "=", "=/opt/java/openjdk/bin:", 1)},
				Cmd: []string{"jshell"},
			}},
		{repository: "docker/dockerfile", tag: "1", architectures: both, layers: []recipe{k.frontendRecipe()},
			config: runtimeConfig{Env: []string{defaultPath}, Entrypoint: []string{"/bin/dockerfile-frontend"}, Labels: map[string]string{
				"moby.buildkit.frontend.network.none": "true",
				"moby.buildkit.frontend.caps":         "moby.buildkit.frontend.inputs,moby.buildkit.frontend.subrequests,moby.buildkit.frontend.contexts",
			}}},
		{repository: "moby/buildkit", tag: k.buildkitVersion + "-rootless", architectures: own,
			layers: []recipe{slim, packages("tools of BuildKit", debianPackages, buildkitPackages, perl...), k.buildkitRecipe()},
			config: runtimeConfig{
				User: "1000:1000", Entrypoint: []string{"rootlesskit", "buildkitd"},
				Env: []string{defaultPath, "HOME=/home/user", "USER=user", "XDG_RUNTIME_DIR=/run/user/1000", "TMPDIR=/home/user/.local/tmp",
					"BUILDKIT_HOST=unix:///run/user/1000/buildkit/buildkitd.sock"},
				Volumes: map[string]struct{}{"/home/user/.local/share/buildkit": {}},
			}},
		{repository: qemuRepository, tag: suite, architectures: own, layers: []recipe{qemu()}},
	}
}

// qemuRepository stands in for the stage of our Dockerfile that installs QEMU from the distribution.
const qemuRepository = "kiln/qemu-user-static"

// packages makes the layer that added brings on top of an image made of below, without the files and folders that match a pattern.
func packages(by string, below, added []string, without ...string) recipe {
	return recipe{
		by: by, inputs: slices.Concat([]string{suite, "below"}, below, []string{"added"}, added, []string{"without"}, without),
		make: func(ctx context.Context, k *kitchen, architecture string) (*rootFS, error) {
			if len(below) == 0 {
				return k.install(ctx, architecture, added)
			}
			lower, err := k.install(ctx, architecture, below)
			if err != nil {
				return nil, err
			}
			whole, err := k.install(ctx, architecture, slices.Concat(below, added))
			if err != nil {
				return nil, err
			}
			return whole.without(lower).dropping(without), nil
		},
	}
}

// busybox has the applets as links. Under QEMU its shell does not find them (it starts them through /proc/self/exe, which is
// QEMU then), so that RUN steps on this image work on the native platform only.
func busybox() recipe {
	return recipe{by: "busybox-static", inputs: []string{suite, runtime.GOARCH}, make: func(ctx context.Context, k *kitchen, architecture string) (*rootFS, error) {
		unpacked, err := k.unpack(ctx, architecture, []string{"busybox-static"}, "busybox-static")
		if err != nil {
			return nil, err
		}
		native, err := k.unpack(ctx, runtime.GOARCH, []string{"busybox-static"}, "busybox-static")
		if err != nil {
			return nil, err
		}
		applets, err := busyboxApplets(ctx, native.content("usr/bin/busybox"))
		if err != nil {
			return nil, err
		}
		r := newRootFS()
		r.folder("tmp", 0o1777, 0)
		r.folder("root", 0o700, 0)
		r.file("etc/passwd", 0o644, []byte("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"))
		r.file("etc/group", 0o644, []byte("root:x:0:\nnogroup:x:65534:\n"))
		r.file("bin/busybox", 0o755, unpacked.content("usr/bin/busybox"))
		for _, applet := range applets {
			if !r.has("bin/" + applet) {
				r.link("bin/"+applet, "busybox")
			}
		}
		return r, nil
	}}
}

func busyboxApplets(ctx context.Context, program []byte) ([]string, error) {
	output, err := runTemporary(ctx, "busybox", program, "--list")
	if err != nil {
		return nil, fmt.Errorf("list the applets of busybox: %w", err)
	}
	return strings.Fields(string(output)), nil
}

// qemu holds the emulators of the platforms that images are built for.
func qemu() recipe {
	emulators := []string{"aarch64", "arm", "i386", "ppc64le", "riscv64", "s390x", "x86_64"}
	return recipe{by: "qemu-user-static", inputs: append([]string{suite}, emulators...), make: func(ctx context.Context, k *kitchen, architecture string) (*rootFS, error) {
		unpacked, err := k.unpack(ctx, architecture, []string{"qemu-user-static"}, "qemu-user-static")
		if err != nil {
			return nil, err
		}
		r := newRootFS()
		for _, emulator := range emulators {
			name := "usr/bin/qemu-" + emulator + "-static"
			content := unpacked.content(name)
			if content == nil {
				return nil, fmt.Errorf("qemu-user-static has no %s", name)
			}
			r.file(name, 0o755, content)
		}
		return r, nil
	}}
}

// frontendRecipe is the Dockerfile frontend of the BuildKit module, which upstream ships as an image of its own.
func (k *kitchen) frontendRecipe() recipe {
	const program = "dockerfile-frontend"
	return recipe{by: program, inputs: []string{k.tools[program]}, make: func(ctx context.Context, k *kitchen, architecture string) (*rootFS, error) {
		file := k.tools[program]
		if architecture != runtime.GOARCH {
			dir, err := os.MkdirTemp("", "kiln-frontend-")
			if err != nil {
				return nil, err
			}
			defer os.RemoveAll(dir)
			frontend := toolchain.BuildKit
			frontend.Packages = slices.DeleteFunc(slices.Clone(frontend.Packages), func(name string) bool { return path.Base(name) != program })
			if err := k.chain.CompileFor(ctx, architecture, frontend, dir); err != nil {
				return nil, err
			}
			file = filepath.Join(dir, program)
		}
		r := newRootFS()
		return r, r.copyFile(file, "bin/"+program, 0o755)
	}}
}

// buildkitRecipe lays BuildKit out as upstream's rootless image does. What it lacks are the buildkit-qemu-* programs:
// patched builds of QEMU that exist in no distribution. QEMU as it is would run a step's first program and none that this one
// starts; without any, the launcher says what is missing: binfmt_misc in user namespaces (Linux 6.7).
func (k *kitchen) buildkitRecipe() recipe {
	return recipe{by: "moby/buildkit " + k.buildkitVersion, inputs: []string{k.tools["buildkitd"], k.tools["runc"], k.tools["rootlesskit"]}, make: func(ctx context.Context, k *kitchen, architecture string) (*rootFS, error) {
		whole, err := k.install(ctx, architecture, slices.Concat(debianPackages, buildkitPackages))
		if err != nil {
			return nil, err
		}
		r := newRootFS()
		for _, program := range []string{"buildctl", "buildkitd", "rootlesskit"} {
			if err := r.copyFile(k.tools[program], "usr/bin/"+program, 0o755); err != nil {
				return nil, err
			}
		}
		if err := r.copyFile(k.tools["runc"], "usr/bin/buildkit-runc", 0o755); err != nil {
			return nil, err
		}
		r.fileWithCapability("usr/bin/newgidmap", whole.content("usr/bin/newgidmap"), capSetGID)
		r.fileWithCapability("usr/bin/newuidmap", whole.content("usr/bin/newuidmap"), capSetUID)
		r.file("etc/passwd", 0o644, slices.Concat(whole.content("etc/passwd"), []byte("user:x:1000:1000::/home/user:/bin/sh\n")))
		r.file("etc/group", 0o644, slices.Concat(whole.content("etc/group"), []byte("user:x:1000:\n")))
		r.file("etc/subuid", 0o644, []byte("user:100000:65536\n"))
		r.file("etc/subgid", 0o644, []byte("user:100000:65536\n"))
		for _, folder := range []string{"home/user", "home/user/.local", "home/user/.local/share", "home/user/.local/share/buildkit", "home/user/.local/tmp", "run/user/1000"} {
			r.folder(folder, 0o755, 1000)
		}
		return r, nil
	}}
}

const (
	capSetGID = 6
	capSetUID = 7
)

// jdkRecipe is the JDK that builds Kiln on this machine, where upstream's image has one.
func (k *kitchen) jdkRecipe() recipe {
	return recipe{by: "JDK " + filepath.Base(k.jdk), inputs: []string{k.jdk, k.jdkRelease}, make: func(ctx context.Context, k *kitchen, _ string) (*rootFS, error) {
		r := newRootFS()
		err := filepath.WalkDir(k.jdk, func(file string, entry os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			relative, err := filepath.Rel(k.jdk, file)
			if err != nil {
				return err
			}
			info, err := os.Stat(file) // the trust store may be a link to the machine's
			if err != nil {
				return err
			}
			name := path.Join("opt/java/openjdk", filepath.ToSlash(relative))
			if info.IsDir() {
				r.folder(name, 0o755, 0)
				return nil
			}
			return r.copyFile(file, name, int64(info.Mode().Perm()))
		})
		return r, err
	}}
}
