// Package debian gets packages from the Debian archive, for any release and architecture, without touching the packages or the settings
// of the machine.
package debian

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

// Names of the releases' suites.
const (
	Bookworm = "bookworm"
	Trixie   = "trixie"
)

const (
	mirrorVariable = "KILN_DEBIAN_MIRROR"
	keyring        = "/usr/share/keyrings/debian-archive-keyring.gpg"
)

// Archive is the Debian archive of one suite for one architecture: apt with a configuration and a state of its own.
type Archive struct {
	suite        string
	architecture string
	state        string
	packages     string // folder of the downloaded packages
}

var aptConfiguration = `Dir::State "%[1]s/state";
Dir::State::status "%[1]s/status";
Dir::State::Lists "%[1]s/lists";
Dir::Cache "%[1]s/cache";
Dir::Cache::archives "%[2]s";
Dir::Etc::SourceList "%[1]s/sources.list";
Dir::Etc::SourceParts "-";
Dir::Etc::Preferences "-";
Dir::Etc::PreferencesParts "-";
APT::Architecture "%[3]s";
APT::Architectures { "%[3]s"; };
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::Languages "none";
Debug::NoLocking "true";
`

// Open fetches the package lists of a suite and an architecture (Debian's name of it). State is the folder for them, packages the one for
// downloaded packages, which archives may share.
func Open(ctx context.Context, state, packages, suite, architecture string) (*Archive, error) {
	return open(ctx, state, packages, suite, architecture, "deb")
}

// OpenSources fetches the lists of source packages of a suite.
func OpenSources(ctx context.Context, state, suite string) (*Archive, error) {
	return open(ctx, state, filepath.Join(state, "packages"), suite, runtime.GOARCH, "deb-src")
}

func open(ctx context.Context, state, packages, suite, architecture, kind string) (*Archive, error) {
	for _, program := range []string{"apt-get", "dpkg-deb"} {
		if _, err := exec.LookPath(program); err != nil {
			return nil, fmt.Errorf("images are made from Debian packages: this machine has no %s (use Debian or Ubuntu)", program)
		}
	}
	if _, err := os.Stat(keyring); err != nil {
		return nil, fmt.Errorf("verify Debian packages: %w (apt-get install debian-archive-keyring)", err)
	}
	mirror, err := mirror(ctx)
	if err != nil {
		return nil, err
	}
	a := &Archive{suite: suite, architecture: architecture, state: state, packages: packages}
	for _, folder := range []string{state + "/state", state + "/lists/partial", state + "/cache", packages + "/partial"} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return nil, err
		}
	}
	for name, content := range map[string]string{
		"apt.conf":     fmt.Sprintf(aptConfiguration, state, packages, architecture),
		"sources.list": fmt.Sprintf("%s [signed-by=%s] %s %s main\n", kind, keyring, mirror, suite),
		"status":       "",
	} {
		if err := os.WriteFile(filepath.Join(state, name), []byte(content), 0o644); err != nil {
			return nil, err
		}
	}
	if _, err := a.apt(ctx, "", "update", "-qq"); err != nil {
		return nil, err
	}
	return a, nil
}

// apt runs apt-get in a folder.
func (a *Archive) apt(ctx context.Context, dir string, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, "apt-get", args...)
	command.Dir = dir
	command.Env = append(os.Environ(), "APT_CONFIG="+filepath.Join(a.state, "apt.conf"), "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C")
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("apt-get %s (%s, %s): %w\n%s", strings.Join(args, " "), a.suite, a.architecture, err, stderr.Bytes())
	}
	return output, nil
}

// printedURI is a line of apt-get --print-uris: 'URI' FILE SIZE HASH.
var printedURI = regexp.MustCompile(`(?m)^'[^']+' (\S+\.deb) \d+ \S+$`)

// Fetch downloads the packages with all that they depend on, and returns their files in the order apt names them.
func (a *Archive) Fetch(ctx context.Context, packages []string) ([]string, error) {
	install := append([]string{"install", "-qq", "-y", "--print-uris"}, packages...)
	// Packages that are already downloaded are not printed, so the list is made against an empty folder.
	output, err := a.apt(ctx, "", append(install, "-o", "Dir::Cache::archives="+filepath.Join(a.state, "cache"))...)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, match := range printedURI.FindAllStringSubmatch(string(output), -1) {
		files = append(files, filepath.Join(a.packages, match[1]))
	}
	if _, err := a.apt(ctx, "", append([]string{"install", "-qq", "-y", "--download-only"}, packages...)...); err != nil {
		return nil, err
	}
	for _, file := range files {
		if _, err := os.Stat(file); err != nil {
			return nil, fmt.Errorf("a package that apt named was not downloaded: %w", err)
		}
	}
	return files, nil
}

// ErrNotOffered says that the archive does not have a version of a package any more.
var ErrNotOffered = errors.New("the archive does not offer this version any more: set " + mirrorVariable + " to a snapshot of the archive, or pin the present version")

// Download downloads one version of a package without what it depends on, and returns its file.
func (a *Archive) Download(ctx context.Context, name, version string) (string, error) {
	if _, err := a.apt(ctx, a.packages, "download", "-qq", name+"="+version); err != nil {
		if strings.Contains(err.Error(), "was not found") {
			err = errors.Join(ErrNotOffered, err)
		}
		return "", fmt.Errorf("get the package %s %s for %s: %w", name, version, a.architecture, err)
	}
	for _, architecture := range []string{a.architecture, "all"} {
		file := filepath.Join(a.packages, PackageFile(name, version, architecture))
		if _, err := os.Stat(file); err == nil {
			return file, nil
		}
	}
	return "", fmt.Errorf("apt-get download %s=%s (%s, %s) left no file", name, version, a.suite, a.architecture)
}

// Source downloads the files of a source package, in the version that the suite has now, into a folder.
func (a *Archive) Source(ctx context.Context, dir, name string) error {
	_, err := a.apt(ctx, dir, "source", "-qq", "--download-only", "--only-source", name)
	return err
}

// PackageFile is the name that apt gives a downloaded package.
func PackageFile(name, version, architecture string) string {
	return name + "_" + strings.ReplaceAll(version, ":", "%3a") + "_" + architecture + ".deb"
}

// mirror is the archive that the machine itself uses, when it is a Debian machine.
func mirror(ctx context.Context) (string, error) {
	if mirror := os.Getenv(mirrorVariable); mirror != "" {
		return mirror, nil
	}
	output, err := exec.CommandContext(ctx, "apt-get", "indextargets",
		"--format", "$(ORIGIN) $(COMPONENT) $(CODENAME) $(REPO_URI)", "Created-By: Packages").Output()
	if err != nil {
		return "", fmt.Errorf("ask apt for the Debian mirror (or set %s): %w", mirrorVariable, err)
	}
	return mirrorOf(string(output))
}

func mirrorOf(targets string) (string, error) {
	for line := range strings.Lines(targets) {
		fields := strings.Fields(line)
		if len(fields) == 4 && fields[0] == "Debian" && fields[1] == "main" && !strings.Contains(fields[2], "-") {
			return fields[3], nil
		}
	}
	return "", errors.New("images are made from Debian packages, and apt on this machine has no Debian mirror: " +
		"run apt-get update, or set " + mirrorVariable + " to the URL of one")
}
