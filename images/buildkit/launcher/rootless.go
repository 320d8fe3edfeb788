package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// rootless is an ordinary user of the node: RootlessKit creates the user namespace, with the subordinate ids that
// newuidmap and newgidmap may hand out. Build steps share the process namespace of the pod.
type rootless struct{}

const rootlessUID = 1000

func (rootless) check(ids idMap) error {
	if os.Geteuid() != rootlessUID {
		return &unsupported{
			symptom: podChanged,
			what:    fmt.Sprintf("profile Rootless runs as uid %d", os.Geteuid()),
			remedy:  fmt.Sprintf("set runAsUser: %d and runAsGroup: %d in the container", rootlessUID, rootlessUID),
		}
	}
	noNewPrivileges, err := procStatus("NoNewPrivs")
	if err != nil {
		return err
	}
	if noNewPrivileges == "1" {
		return &unsupported{
			symptom: podChanged,
			what:    "the container may not gain privileges, so newuidmap cannot map ids",
			remedy:  "leave allowPrivilegeEscalation unset in the container",
		}
	}
	for file, tool := range map[string]string{"/etc/subuid": "newuidmap", "/etc/subgid": "newgidmap"} {
		if err := checkSubordinate(ids, file); err != nil {
			return err
		}
		if err := checkMapper(tool); err != nil {
			return err
		}
	}
	one := func(id int) []syscall.SysProcIDMap {
		return []syscall.SysProcIDMap{{ContainerID: 0, HostID: id, Size: 1}}
	}
	return checkMounting(&syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: one(os.Geteuid()),
		GidMappings: one(os.Getegid()),
	})
}

// checkSubordinate refuses a pod whose own user namespace does not contain the subordinate ids.
func checkSubordinate(ids idMap, file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read the subordinate ids: %w", err)
	}
	first, length, err := subordinateIDs(string(text), "user", rootlessUID)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if !ids.covers(first, length) {
		return &unsupported{
			symptom: podChanged,
			what:    fmt.Sprintf("the subordinate ids %d to %d do not exist in the pod's user namespace", first, first+length-1),
			remedy:  "leave hostUsers unset for the profile Rootless, or use the profile Baseline",
		}
	}
	return nil
}

// subordinateIDs finds the range of a user in the text of /etc/subuid or /etc/subgid.
func subordinateIDs(text, user string, uid int) (first, length uint32, err error) {
	for line := range strings.Lines(text) {
		fields := strings.Split(strings.TrimSpace(line), ":")
		if len(fields) != 3 || (fields[0] != user && fields[0] != strconv.Itoa(uid)) {
			continue
		}
		start, err := strconv.ParseUint(fields[1], 10, 32)
		if err != nil {
			return 0, 0, fmt.Errorf("line %q: %w", strings.TrimSpace(line), err)
		}
		count, err := strconv.ParseUint(fields[2], 10, 32)
		if err != nil {
			return 0, 0, fmt.Errorf("line %q: %w", strings.TrimSpace(line), err)
		}
		return uint32(start), uint32(count), nil
	}
	return 0, 0, fmt.Errorf("no subordinate ids of user %s (uid %d)", user, uid)
}

// checkMapper looks for what lets the tool write an id map of many ids: file capabilities, or the setuid bit.
func checkMapper(tool string) error {
	path, err := exec.LookPath(tool)
	if err != nil {
		return &unsupported{symptom: imageIncomplete, what: "the image has no " + tool, remedy: "use the kiln/buildkit image of this release"}
	}
	if size, err := unix.Getxattr(path, "security.capability", nil); err == nil && size > 0 {
		return nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Mode()&os.ModeSetuid == 0 {
		return &unsupported{
			symptom: imageIncomplete,
			what:    path + " has lost its file capabilities",
			remedy:  "let the container runtime keep the extended attributes of image layers",
		}
	}
	return nil
}

func (rootless) start() (*os.Process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	path, err := exec.LookPath("rootlesskit")
	if err != nil {
		return nil, &unsupported{symptom: imageIncomplete, what: "the image has no rootlesskit", remedy: "use the kiln/buildkit image of this release"}
	}
	env := withEnvironment(os.Environ(), rootless{}.environment())
	return os.StartProcess(path, []string{"rootlesskit", "--net=host", self, stageNamespace}, &os.ProcAttr{
		Env:   env,
		Files: []*os.File{nil, os.Stdout, os.Stderr},
	})
}

func (rootless) notEntered() *unsupported {
	return &unsupported{
		symptom: namespaceFailed,
		what:    "RootlessKit could not create the user namespace (see the lines above)",
		remedy:  "run the container with seccompProfile and appArmorProfile Unconfined and the default capabilities",
	}
}

func (rootless) prepare() error { return nil }

func (rootless) workerID() int { return 0 }

func (rootless) stateFolder() string { return "/home/user/.local/share/buildkit" }

func (rootless) arguments() []string { return []string{"--oci-worker-no-process-sandbox"} }

func (rootless) environment() map[string]string {
	return map[string]string{"USER": "user", "HOME": "/home/user", "XDG_RUNTIME_DIR": "/run/user/1000"}
}

func procStatus(key string) (string, error) {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return "", err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), key+":"); ok {
			return strings.TrimSpace(value), nil
		}
	}
	return "", fmt.Errorf("/proc/self/status has no %s: %w", key, lines.Err())
}
