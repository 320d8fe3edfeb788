package images

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// suite is the Debian release that the base images are made from, under upstream's tags.
const suite = "bookworm"

const (
	mirrorVariable = "KILN_DEBIAN_MIRROR"
	debianKeyring  = "/usr/share/keyrings/debian-archive-keyring.gpg"
)

// archive is the Debian archive for one architecture: apt with a configuration and a state of its own, so that neither the
// machine's packages nor its settings matter and nothing is installed on it.
type archive struct {
	architecture string
	config       string
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

// openArchive fetches the package lists of an architecture (Debian's name) into a folder below dir.
func openArchive(ctx context.Context, dir, architecture string) (*archive, error) {
	for _, program := range []string{"apt-get", "dpkg-deb"} {
		if _, err := exec.LookPath(program); err != nil {
			return nil, fmt.Errorf("the base images are made from Debian packages: this machine has no %s (use Debian or Ubuntu)", program)
		}
	}
	if _, err := os.Stat(debianKeyring); err != nil {
		return nil, fmt.Errorf("verify Debian packages: %w (apt-get install debian-archive-keyring)", err)
	}
	mirror, err := debianMirror(ctx)
	if err != nil {
		return nil, err
	}
	own := filepath.Join(dir, architecture)
	a := &archive{architecture: architecture, config: filepath.Join(own, "apt.conf"), packages: filepath.Join(dir, "packages")}
	for _, folder := range []string{"state", "lists/partial", "cache"} {
		if err := os.MkdirAll(filepath.Join(own, folder), 0o755); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(filepath.Join(a.packages, "partial"), 0o755); err != nil {
		return nil, err
	}
	for name, content := range map[string]string{
		"apt.conf":     fmt.Sprintf(aptConfiguration, own, a.packages, architecture),
		"sources.list": fmt.Sprintf("deb [signed-by=%s] %s %s main\n", debianKeyring, mirror, suite),
		"status":       "",
	} {
		if err := os.WriteFile(filepath.Join(own, name), []byte(content), 0o644); err != nil {
			return nil, err
		}
	}
	if _, err := a.apt(ctx, "update", "-qq"); err != nil {
		return nil, err
	}
	return a, nil
}

func (a *archive) apt(ctx context.Context, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, "apt-get", args...)
	command.Env = append(os.Environ(), "APT_CONFIG="+a.config, "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C")
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("apt-get %s (%s, %s): %w\n%s", strings.Join(args, " "), suite, a.architecture, err, stderr.Bytes())
	}
	return output, nil
}

// printedURI is a line of apt-get --print-uris: 'URI' FILE SIZE HASH.
var printedURI = regexp.MustCompile(`(?m)^'[^']+' (\S+\.deb) \d+ \S+$`)

// fetch downloads the packages with all that they depend on, and returns their files in the order apt names them.
func (a *archive) fetch(ctx context.Context, packages []string) ([]string, error) {
	install := append([]string{"install", "-qq", "-y", "--print-uris"}, packages...)
	// Packages that are already downloaded are not printed, so the list is made against an empty folder.
	output, err := a.apt(ctx, append(install, "-o", "Dir::Cache::archives="+filepath.Dir(a.config)+"/cache")...)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, match := range printedURI.FindAllStringSubmatch(string(output), -1) {
		files = append(files, filepath.Join(a.packages, match[1]))
	}
	if _, err := a.apt(ctx, append([]string{"install", "-qq", "-y", "--download-only"}, packages...)...); err != nil {
		return nil, err
	}
	for _, file := range files {
		if _, err := os.Stat(file); err != nil {
			return nil, fmt.Errorf("a package that apt named was not downloaded: %w", err)
		}
	}
	return files, nil
}

// debianMirror is the archive that the machine itself uses, when it is a Debian machine.
func debianMirror(ctx context.Context) (string, error) {
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
	return "", errors.New("the base images are made from Debian packages, and apt on this machine has no Debian mirror: " +
		"run apt-get update, or set " + mirrorVariable + " to the URL of one")
}
