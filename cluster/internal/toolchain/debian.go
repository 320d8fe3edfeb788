package toolchain

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// DebianPackage is a package of the machine's distribution, and how to tell that it is not needed.
type DebianPackage struct {
	Name string
	// Present is a file whose existence, or a program whose presence in PATH, makes the package unnecessary.
	Present []string
	// Why completes "needed to ...".
	Why string
}

var (
	gcc               = DebianPackage{"gcc", []string{"gcc"}, "compile runc"}
	libcHeaders       = DebianPackage{"libc6-dev", []string{"/usr/include/stdlib.h"}, "compile runc"}
	pkgConfig         = DebianPackage{"pkg-config", []string{"pkg-config"}, "compile runc"}
	libseccompHeaders = DebianPackage{"libseccomp-dev", []string{"/usr/include/seccomp.h"}, "compile runc with system call filters"}

	// Network packages set up a cluster's network; NodePackages are what a node takes besides.
	iproute  = DebianPackage{"iproute2", []string{"ip"}, "set up the cluster's network namespace"}
	iptables = DebianPackage{"iptables", []string{"iptables"}, "route the services inside the cluster's network namespace"}
	mount    = DebianPackage{"mount", []string{"mount"}, "let the kubelet mount volumes"}
	git      = DebianPackage{"git", []string{"git"}, "serve git repositories"}
)

// ControlPlanePackages are needed by every cluster, NodePackages by those that run pods.
var (
	ControlPlanePackages = []DebianPackage{iproute}
	NodePackages         = []DebianPackage{iproute, iptables, mount, git}
)

// EnsurePackages installs the packages that the machine lacks, and says so.
func EnsurePackages(ctx context.Context, out io.Writer, packages ...DebianPackage) error {
	var names []string
	for _, wanted := range packages {
		if !wanted.present() {
			fmt.Fprintf(out, "installing the Debian package %s, needed to %s\n", wanted.Name, wanted.Why)
			names = append(names, wanted.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	install := "apt-get install --no-install-recommends " + strings.Join(names, " ")
	if _, err := exec.LookPath("apt-get"); err != nil {
		return fmt.Errorf("this machine lacks %s and has no apt-get: install what corresponds to `%s`", strings.Join(names, ", "), install)
	}
	for _, args := range [][]string{
		{"update", "-qq"},
		append([]string{"install", "-y", "-qq", "--no-install-recommends"}, names...),
	} {
		command := exec.CommandContext(ctx, "apt-get", args...)
		command.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if output, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("install missing packages: apt-get %s: %w\n%s\nInstall them yourself: %s", args[0], err, output, install)
		}
	}
	return nil
}

func (p DebianPackage) present() bool {
	for _, sign := range p.Present {
		if strings.HasPrefix(sign, "/") {
			if _, err := os.Stat(sign); err == nil {
				return true
			}
		} else if _, err := exec.LookPath(sign); err == nil {
			return true
		}
	}
	return false
}
