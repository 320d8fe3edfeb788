package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"kiln.build/cluster/internal/emulation"
	"kiln.build/cluster/internal/layout"
	"kiln.build/cluster/internal/toolchain"
)

const javaVersion = "25"

// goModules have tests of their own, run before those that Maven runs.
var goModules = []string{"cluster", "cluster/tools/argocd", "cluster/tools/kstatus", "images/buildkit/launcher"}

// runTest builds what the tests start, and runs all of them.
func runTest(ctx context.Context, args []string) error {
	set := flags("test")
	fast := set.Bool("fast", false, "")
	if err := parse(set, args); err != nil {
		return err
	}
	t, err := prepareTests(ctx, *fast)
	if err != nil {
		return err
	}
	for _, module := range goModules {
		if err := runGoTests(ctx, filepath.Join(t.root, module), t.env, *fast); err != nil {
			return err
		}
	}
	mavenArgs := []string{"--batch-mode", "--no-transfer-progress", "verify"}
	if *fast {
		mavenArgs = append(mavenArgs, "-Dkiln.skipClusterTests=true")
	}
	return testStep(ctx, t.root, t.env, "mvn", mavenArgs...)
}

// tests is what the tests start from.
type tests struct {
	root string
	env  []string
}

// prepareTests builds what the tests start; those without nodes need less.
func prepareTests(ctx context.Context, fast bool) (t tests, err error) {
	root, err := layout.Root()
	if err != nil {
		return t, err
	}
	jdk, err := findJDK()
	if err != nil {
		return t, err
	}
	if _, err := exec.LookPath("mvn"); err != nil {
		return t, errors.New("Maven is missing. Install it: apt-get install --no-install-recommends maven")
	}
	tools, err := newToolchain()
	if err != nil {
		return t, err
	}
	// Without cluster scenarios, the tests still start control planes, registries, object stores and BuildKit daemons.
	wanted := append(slices.Clone(toolchain.ControlPlane), toolchain.Runc, toolchain.BuildKit, toolchain.Helm, toolchain.VersityGW)
	if !fast {
		wanted = toolchain.Node
	}
	bin, err := tools.Ensure(ctx, wanted...)
	if err != nil {
		return t, err
	}
	cache, err := layout.Cache()
	if err != nil {
		return t, err
	}
	emulators, _, err := emulation.FetchEmulators(ctx, filepath.Join(cache, "emulation"), "aarch64", "arm", "i386", "ppc64le", "riscv64", "s390x", "x86_64")
	if err != nil {
		return t, fmt.Errorf("get QEMU for the tests: %w", err)
	}
	return tests{root: root, env: append(os.Environ(), "KILN_QEMU_BIN="+emulators, "JAVA_HOME="+jdk, "KILN_TOOLS_BIN="+bin, "KILN_SCRIPT="+filepath.Join(root, "kiln"))}, nil
}

// runGoTests checks format and common mistakes of a Go module and runs its tests, without those of whole nodes when fast.
func runGoTests(ctx context.Context, dir string, env []string, fast bool) error {
	unformatted, err := exec.CommandContext(ctx, "gofmt", "-l", dir).Output()
	if err != nil {
		return fmt.Errorf("gofmt in %s: %w", dir, err)
	}
	if len(unformatted) > 0 {
		return fmt.Errorf("not formatted, run gofmt -w on:\n%s", unformatted)
	}
	if err := testStep(ctx, dir, env, "go", "vet", "./..."); err != nil {
		return err
	}
	return testStep(ctx, dir, env, "go", "test", "-timeout=40m", fmt.Sprintf("-short=%t", fast), "./...")
}

func testStep(ctx context.Context, dir string, env []string, program string, args ...string) error {
	fmt.Fprintf(os.Stderr, "%s$ %s %s\n", filepath.Base(dir), program, strings.Join(args, " "))
	command := exec.CommandContext(ctx, program, args...)
	command.Dir, command.Env = dir, env
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	// Interrupted, tests remove their clusters.
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = time.Minute
	if err := command.Run(); err != nil {
		return fmt.Errorf("the tests failed: %s %s: %w", program, strings.Join(args, " "), err)
	}
	return nil
}

// findJDK looks for a JDK of the right version in JAVA_HOME and where installers put one.
func findJDK() (string, error) {
	candidates := []string{os.Getenv("JAVA_HOME")}
	for _, pattern := range []string{"/usr/lib/jvm/*", "/opt/*", "/opt/java/*", "/usr/local/*", filepath.Join(os.Getenv("HOME"), ".sdkman/candidates/java/*"), filepath.Join(os.Getenv("HOME"), ".jdks/*")} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return "", fmt.Errorf("look for a JDK in %s: %w", pattern, err)
		}
		candidates = append(candidates, found...)
	}
	for _, candidate := range candidates {
		if candidate != "" && isJDK(candidate) {
			return candidate, nil
		}
	}
	return "", fmt.Errorf("a JDK %s is missing. Install it: apt-get install openjdk-%[1]s-jdk-headless, or https://adoptium.net; elsewhere than in /usr/lib/jvm or /opt, set JAVA_HOME", javaVersion)
}

var releaseVersion = regexp.MustCompile(`(?m)^JAVA_VERSION="([0-9]+)`)

func isJDK(dir string) bool {
	if _, err := os.Stat(filepath.Join(dir, "bin", "javac")); err != nil {
		return false
	}
	release, err := os.ReadFile(filepath.Join(dir, "release"))
	if err != nil {
		return false
	}
	match := releaseVersion.FindSubmatch(release)
	return match != nil && string(match[1]) == javaVersion
}
