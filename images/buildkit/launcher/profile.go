package main

import (
	"fmt"
	"os"
	"syscall"
)

// profile is one way to run BuildKit without privilege.
type profile interface {
	// check refuses a pod that does not have what the profile needs.
	check(ids idMap) error
	// start runs this program again at stageNamespace, inside the namespaces of the daemon.
	start() (*os.Process, error)
	// notEntered explains why the process that start returned ended before it reached stageNamespace.
	notEntered() *unsupported
	// prepare runs inside these namespaces, before the daemon.
	prepare() error
	// workerID is the user and group of the worker container, as the daemon's namespace has them.
	workerID() int
	// stateFolder is where the volume for BuildKit's state is mounted.
	stateFolder() string
	// arguments are those of buildkitd that depend on the profile.
	arguments() []string
	// environment is what buildkitd chooses its own paths by.
	environment() map[string]string
}

func profileNamed(name string) (profile, error) {
	switch name {
	case "Baseline":
		return baseline{}, nil
	case "Rootless":
		return rootless{}, nil
	default:
		return nil, fmt.Errorf("%s=%q: want Baseline or Rootless", envProfile, name)
	}
}

// checkMounting creates a user namespace with a mount namespace as the profile will do it, and names the reason when the
// node refuses.
func checkMounting(attr *syscall.SysProcAttr) error {
	p, err := startSelf(stageCheckMounting, attr)
	if err != nil {
		return namespaceRefused(err)
	}
	state, err := p.Wait()
	if err != nil {
		return fmt.Errorf("check mounting in a user namespace: %w", err)
	}
	if !state.Success() {
		return &unsupported{
			symptom: appArmorRestricted,
			what:    "mounting is refused in a user namespace of the pod (AppArmor or SELinux confines the container)",
			remedy:  "run the container with appArmorProfile Unconfined, or with a profile that allows mount",
		}
	}
	return nil
}

// checkMountingChild does what every tool does first in its own mount namespace.
func checkMountingChild() int {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		note("make the mounts private: %v", err)
		return exitFailure
	}
	return 0
}

// namespaceRefused turns the error of creating a user namespace into its usual cause.
func namespaceRefused(err error) *unsupported {
	what := fmt.Sprintf("a user namespace cannot be created: %v", err)
	switch limit := sysctl("user/max_user_namespaces"); {
	case isErrno(err, syscall.ENOSPC), isErrno(err, syscall.EUSERS), limit == "0":
		return &unsupported{userNamespacesDisabled, what, "raise the sysctl user.max_user_namespaces on the node (it is " + limit + " here)"}
	case sysctl("kernel/unprivileged_userns_clone") == "0":
		return &unsupported{userNamespacesDisabled, what, "set the sysctl kernel.unprivileged_userns_clone=1 on the node"}
	case isErrno(err, syscall.EACCES), sysctl("kernel/apparmor_restrict_unprivileged_userns") == "1":
		return &unsupported{appArmorRestricted, what, "give the container an AppArmor profile that allows userns, " +
			"or set the sysctl kernel.apparmor_restrict_unprivileged_userns=0 on the node"}
	default:
		return &unsupported{seccompRestricted, what, "let seccomp allow unshare, clone and mount: leave seccompProfile unset where the kubelet " +
			"has no --seccomp-default, else use a Localhost profile or the profile Rootless"}
	}
}

// startSelf runs this program again with the argument and returns at once.
func startSelf(stage string, attr *syscall.SysProcAttr) (*os.Process, error) {
	return os.StartProcess("/proc/self/exe", []string{"kiln-buildkitd", stage}, &os.ProcAttr{
		Env:   os.Environ(),
		Files: []*os.File{nil, os.Stdout, os.Stderr},
		Sys:   attr,
	})
}
