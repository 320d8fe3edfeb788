package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// baseline is root of a pod with its own user namespace (hostUsers: false). It nests one more user namespace with the same
// ids: there the daemon has the capabilities that the container lacks, and the process sandbox of build steps works.
type baseline struct{}

// podIDs is how many ids a kubelet gives a pod (userNamespaces.idsPerPod is a multiple of it).
const podIDs = 65536

const (
	capSetGID = 6
	capSetUID = 7
)

func (baseline) check(ids idMap) error {
	if ids.initial() {
		return &unsupported{
			symptom: userNamespacesUnsupported,
			what:    "the pod runs in the user namespace of the node, as the node's root",
			remedy: "the cluster dropped hostUsers: false; it needs Kubernetes 1.33, containerd 2.0 or CRI-O 1.25, runc 1.2 " +
				"or crun 1.9, and Linux 6.3, or use the profile Rootless",
		}
	}
	if os.Geteuid() != 0 {
		return &unsupported{
			symptom: podChanged,
			what:    fmt.Sprintf("profile Baseline runs as uid %d", os.Geteuid()),
			remedy:  "set runAsUser: 0 in the container (it is root of the pod's own user namespace only)",
		}
	}
	if !ids.covers(0, podIDs) {
		return &unsupported{
			symptom: tooFewIDs,
			what:    fmt.Sprintf("the pod's user namespace has fewer than %d ids", podIDs),
			remedy:  "leave idsPerPod of the kubelet's userNamespaces configuration at its default",
		}
	}
	caps, err := effectiveCapabilities()
	if err != nil {
		return err
	}
	if caps&(1<<capSetUID) == 0 || caps&(1<<capSetGID) == 0 {
		return &unsupported{
			symptom: podChanged,
			what:    "the container lacks the capabilities SETUID and SETGID",
			remedy:  "do not drop the default capabilities of the container",
		}
	}
	return checkMounting(baseline{}.namespaces())
}

func (baseline) namespaces() *syscall.SysProcAttr {
	ids := []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: podIDs}}
	return &syscall.SysProcAttr{
		Cloneflags:                 syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings:                ids,
		GidMappings:                ids,
		GidMappingsEnableSetgroups: true,
	}
}

func (b baseline) start() (*os.Process, error) {
	p, err := startSelf(stageNamespace, b.namespaces())
	if err != nil {
		return nil, namespaceRefused(err)
	}
	return p, nil
}

func (baseline) notEntered() *unsupported {
	return &unsupported{
		symptom: namespaceFailed,
		what:    "the process in the nested user namespace ended before it could start",
		remedy:  "see the lines above",
	}
}

// prepare checks that a build step can have its own /proc, on which the process sandbox depends.
func (baseline) prepare() error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make the mounts private: %w", err)
	}
	p, err := startSelf(stageCheckProc, &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS})
	if err != nil {
		return fmt.Errorf("check /proc: %w", err)
	}
	state, err := p.Wait()
	if err != nil {
		return fmt.Errorf("check /proc: %w", err)
	}
	if !state.Success() {
		return &unsupported{
			symptom: procMasked,
			what:    "/proc of the container is masked, so build steps cannot have their own",
			remedy:  "set procMount: Unmasked in the container (Kubernetes 1.33 or later, with hostUsers: false)",
		}
	}
	return nil
}

func checkProcChild() int {
	dir := filepath.Join(runDir, "proc")
	if err := os.Mkdir(dir, 0o555); err != nil && !errors.Is(err, os.ErrExist) {
		note("check /proc: %v", err)
		return exitFailure
	}
	if err := syscall.Mount("proc", dir, "proc", syscall.MS_NOSUID|syscall.MS_NODEV|syscall.MS_NOEXEC, ""); err != nil {
		note("mount proc: %v", err)
		return exitFailure
	}
	return 0
}

func (baseline) workerID() int { return 1000 }

func (baseline) stateFolder() string { return "/var/lib/buildkit" }

func (baseline) arguments() []string { return []string{"--group", "1000"} }

func (baseline) environment() map[string]string {
	return map[string]string{"USER": "root", "HOME": "/root", "XDG_RUNTIME_DIR": "", "TMPDIR": ""}
}
