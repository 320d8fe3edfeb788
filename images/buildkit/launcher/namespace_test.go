package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// These tests need root and a kernel with user namespaces. KILN_QEMU_BIN is a folder with qemu-*-static.

const (
	asPod = "as-pod"
	inPod = "in-pod"
)

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == runtimeName {
		main()
	}
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case asPod:
			os.Exit(enterPod())
		case inPod:
			os.Exit(runInPod())
		case asDaemon:
			os.Exit(runAsDaemon())
		case stageNamespace, stageCheckProc, stageCheckMounting:
			os.Exit(run(os.Args[1:]))
		}
	}
	if folder := os.Getenv("KILN_QEMU_BIN"); folder != "" && os.Getuid() == 0 {
		must(shareEmulators(folder))
	}
	code := m.Run()
	if folder := os.Getenv(envShared); folder != "" {
		must(os.RemoveAll(folder))
	}
	if builtDir != "" {
		if err := os.RemoveAll(builtDir); err != nil {
			panic(err)
		}
	}
	os.Exit(code)
}

const envShared = "TEST_EMULATORS"

// shareEmulators copies the emulators to where the user of the pod may read them.
func shareEmulators(folder string) error {
	shared, err := os.MkdirTemp("", "kiln-emulators-")
	if err != nil {
		return err
	}
	for _, p := range platforms {
		name := "qemu-" + p.qemu + "-static"
		content, err := os.ReadFile(filepath.Join(folder, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(shared, name), content, 0o755)
		}
		if err != nil {
			return err
		}
	}
	return errors.Join(os.Chmod(shared, 0o755), os.Setenv("KILN_QEMU_BIN", shared), os.Setenv(envShared, shared))
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// enterPod starts this program again from a place where the pod may find it: a folder of go test is closed to other users.
func enterPod() int {
	must(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	must(unix.Mount("tmpfs", "/run", "tmpfs", 0, ""))
	must(os.MkdirAll("/run/bin", 0o755))
	self, err := os.ReadFile("/proc/self/exe")
	must(err)
	must(os.WriteFile("/run/bin/launcher", self, 0o755))
	must(syscall.Exec("/run/bin/launcher", []string{"/run/bin/launcher", inPod}, os.Environ()))
	return exitFailure
}

// runInPod is the first process of something like a container with hostUsers: false, whose buildkitd is a script.
func runInPod() int {
	must(os.MkdirAll("/run/kiln", 0o755))
	must(os.MkdirAll("/run/buildkit", 0o755))
	daemon := os.Getenv("BUILDKITD")
	if stage := os.Getenv("DAEMON"); stage != "" {
		daemon = "#!/bin/sh\nexec /run/bin/launcher " + stage + "\n"
	}
	must(os.WriteFile("/run/bin/buildkitd", []byte(daemon), 0o755))
	must(os.WriteFile("/run/foreign", platforms["linux/arm64"].probe(), 0o755))
	must(os.Setenv("PATH", "/run/bin:"+os.Getenv("PATH")))
	if folder := os.Getenv("KILN_QEMU_BIN"); folder != "" {
		must(unix.Mount("overlay", "/usr/bin", "overlay", 0, "lowerdir=/usr/bin:"+folder))
	}
	must(mountForTests())
	if folder := os.Getenv("STATE"); folder != "" {
		must(unix.Mount("tmpfs", "/var/lib", "tmpfs", 0, ""))
		must(os.Mkdir(baseline{}.stateFolder(), 0o755))
		must(unix.Mount(folder, baseline{}.stateFolder(), "", unix.MS_BIND, ""))
	}
	if stamp := os.Getenv("STAMP"); stamp != "" {
		must(unix.Mount("tmpfs", "/var/lib", "tmpfs", 0, ""))
		volume := stateVolume(baseline{}.stateFolder())
		must(os.MkdirAll(filepath.Join(volume.root(), "old"), 0o755))
		must(os.WriteFile(volume.stamp(), []byte(stamp), 0o600))
		if os.Getenv("READ_ONLY") != "" {
			must(unix.Mount("", "/var/lib", "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
		}
	}
	if folder := os.Getenv("NOEXEC"); folder != "" {
		must(os.MkdirAll("/run/noexec", 0o755))
		must(unix.Mount(folder, "/run/noexec", "", unix.MS_BIND, ""))
		must(unix.Mount("", "/run/noexec", "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY|unix.MS_NOEXEC, ""))
	}
	must(unix.Mount("proc", "/proc", "proc", 0, ""))
	if os.Getenv("MASK_PROC") != "" {
		must(unix.Mount("/dev/null", "/proc/keys", "", unix.MS_BIND, ""))
	}
	if limit := os.Getenv("MAX_USER_NAMESPACES"); limit != "" {
		must(os.WriteFile("/proc/sys/user/max_user_namespaces", []byte(limit), 0))
	}
	if os.Getenv("REFUSE_BINFMT") != "" {
		must(refuseBinfmt())
	}
	if os.Getenv("REFUSE_USER_NAMESPACES") != "" {
		must(refuseUserNamespaces())
	}
	code := run(nil)
	if refusal, err := os.ReadFile(refusalFile); err == nil {
		note("the worker reads: %s", refusal)
	}
	return code
}

type podRun struct {
	output string
	code   int
}

// startPod returns the process and what it will have printed at its end.
func startPod(t *testing.T, env ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	return startPodAs(t, 200000, env...)
}

// startPodAs starts a pod whose root is that id of the machine.
func startPodAs(t *testing.T, root int, env ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root")
	}
	ids := []syscall.SysProcIDMap{{ContainerID: 0, HostID: root, Size: podIDs}}
	cmd := exec.Command("/proc/self/exe", asPod)
	output := &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = output, output
	cmd.Env = append(os.Environ(), append([]string{"KILN_PROFILE=Baseline"}, env...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:                 syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID,
		UidMappings:                ids,
		GidMappings:                ids,
		GidMappingsEnableSetgroups: true,
		Credential:                 &syscall.Credential{},
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, output
}

func runPod(t *testing.T, env ...string) podRun {
	t.Helper()
	cmd, output := startPod(t, env...)
	return awaitPod(t, cmd, output)
}

func awaitPod(t *testing.T, cmd *exec.Cmd, output *bytes.Buffer) podRun {
	t.Helper()
	overdue := time.AfterFunc(2*time.Minute, func() { cmd.Process.Kill() })
	defer overdue.Stop()
	err := cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return podRun{output: output.String(), code: cmd.ProcessState.ExitCode()}
}

func TestDaemonRunsInANestedUserNamespace(t *testing.T) {
	got := runPod(t, "BUILDKITD=#!/bin/sh\necho $@; cat /proc/self/uid_map; echo $USER $HOME; exit 9\n")
	if got.code != 9 {
		t.Errorf("exit code %d, want the daemon's", got.code)
	}
	for _, want := range []string{"--addr unix:///run/buildkit/buildkitd.sock", "--group 1000", "root /root"} {
		if !strings.Contains(got.output, want) {
			t.Errorf("no %q in:\n%s", want, got.output)
		}
	}
	if !strings.Contains(strings.Join(strings.Fields(got.output), " "), "0 0 65536") {
		t.Errorf("no identity map in:\n%s", got.output)
	}
}

func TestMaskedProcIsRefused(t *testing.T) {
	got := runPod(t, "MASK_PROC=1", "BUILDKITD=#!/bin/sh\necho started\n")
	if got.code != exitUnsupported || !strings.Contains(got.output, "the worker reads: kiln-buildkitd: unsupported: ProcMasked: /proc") {
		t.Errorf("exit code %d:\n%s", got.code, got.output)
	}
}

func TestRefusedUserNamespacesAreNamed(t *testing.T) {
	if sysctl("kernel/apparmor_restrict_unprivileged_userns") == "1" || sysctl("kernel/unprivileged_userns_clone") == "0" {
		t.Skip("this machine restricts user namespaces itself")
	}
	for setting, want := range map[string]string{
		"MAX_USER_NAMESPACES=0":    "UserNamespacesDisabled: a user namespace cannot be created",
		"REFUSE_USER_NAMESPACES=1": "SeccompRestricted: a user namespace cannot be created",
	} {
		got := runPod(t, setting, "BUILDKITD=#!/bin/sh\necho started\n")
		if got.code != exitUnsupported || !strings.Contains(got.output, "the worker reads: kiln-buildkitd: unsupported: "+want) {
			t.Errorf("%s: exit code %d, want %d and %q in:\n%s", setting, got.code, exitUnsupported, want, got.output)
		}
	}
}

func TestNodeUserNamespaceIsRefused(t *testing.T) {
	ids, err := readIDMap("/proc/self/uid_map")
	if err != nil {
		t.Fatal(err)
	}
	if !ids.initial() {
		t.Skip("this machine runs in a user namespace")
	}
	var u *unsupported
	if err := (baseline{}).check(ids); !errors.As(err, &u) || !strings.Contains(u.remedy, "hostUsers") {
		t.Errorf("got %v", err)
	}
}

func TestForeignProgramsRunUnderTheDaemon(t *testing.T) {
	if os.Getenv("KILN_QEMU_BIN") == "" {
		t.Skip("KILN_QEMU_BIN is not set")
	}
	// Every known platform at once: each is checked by running a program of it.
	all := make([]string, 0, len(platforms))
	for name := range platforms {
		all = append(all, name)
	}
	got := runPod(t, "KILN_EMULATE="+strings.Join(all, ","), "BUILDKITD=#!/bin/sh\n/run/foreign; exit $?\n")
	if got.code != probeExitCode || !strings.Contains(got.output, "emulation: kernel") {
		t.Errorf("exit code %d, want %d:\n%s", got.code, probeExitCode, got.output)
	}
}

func TestMissingEmulatorIsNamed(t *testing.T) {
	if _, err := os.Stat(platforms["linux/s390x"].emulator()); err == nil {
		t.Skip("this machine has the emulator")
	}
	got := runPod(t, "KILN_QEMU_BIN=", "KILN_EMULATE=linux/s390x", "BUILDKITD=#!/bin/sh\n")
	if got.code != exitUnsupported || !strings.Contains(got.output, "linux/s390x") {
		t.Errorf("exit code %d:\n%s", got.code, got.output)
	}
}

func TestStopEndsADaemonThatIgnoresIt(t *testing.T) {
	folder := t.TempDir()
	ready := filepath.Join(folder, "fifo")
	if err := unix.Mkfifo(ready, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{filepath.Dir(folder), folder} {
		if err := os.Chmod(p, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(ready, 0o666); err != nil {
		t.Fatal(err)
	}
	cmd, output := startPod(t, "BUILDKITD=#!/bin/sh\ntrap '' TERM\necho ready > "+ready+"\nwhile :; do sleep 1; done\n")
	overdue := time.AfterFunc(30*time.Second, func() { cmd.Process.Kill() })
	defer overdue.Stop()
	if _, err := os.ReadFile(ready); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("asked to stop: %v\n%s", err, output)
	}
}

// The probes are run without registration: natively where the kernel can, else by the QEMU of the same name.
func TestProbesExitWithTheirCode(t *testing.T) {
	for name := range platforms {
		t.Run(name, func(t *testing.T) {
			p, err := platformNamed(name)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "probe")
			if err := os.WriteFile(path, p.probe(), 0o755); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(path)
			if !p.native() {
				folder := os.Getenv("KILN_QEMU_BIN")
				if folder == "" {
					t.Skip("KILN_QEMU_BIN is not set")
				}
				cmd = exec.Command(filepath.Join(folder, filepath.Base(p.emulator())), path)
			}
			err = cmd.Run()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != probeExitCode {
				t.Errorf("probe of %s: %v, want exit code %d", p.name, err, probeExitCode)
			}
		})
	}
}
