package demo

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// The oldest Linux that lets a user namespace register its own emulators.
const kernelMajor, kernelMinor = 6, 7

// CheckMachine names what keeps this machine from running the demo's cluster.
func CheckMachine() error {
	var problems []error
	if os.Geteuid() != 0 {
		problems = append(problems, errors.New("a cluster needs root, for its network and mount namespaces: run this as root, for example with sudo -E"))
	}
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return fmt.Errorf("find out the version of Linux (the demo's cluster runs on Linux only): %w", err)
	}
	if !atLeast(strings.TrimSpace(string(release)), kernelMajor, kernelMinor) {
		problems = append(problems, fmt.Errorf("the demo's workers need Linux %d.%d or newer, for emulation without privilege; this is %s",
			kernelMajor, kernelMinor, strings.TrimSpace(string(release))))
	}
	return errors.Join(problems...)
}

// atLeast compares a kernel release such as 6.12.4-amd64. One that cannot be read passes: the workers look for themselves.
func atLeast(release string, major, minor int) bool {
	parts := strings.SplitN(release, ".", 3)
	if len(parts) < 2 {
		return true
	}
	digits := func(text string) string {
		return text[:len(text)-len(strings.TrimLeft(text, "0123456789"))]
	}
	first, firstErr := strconv.Atoi(digits(parts[0]))
	second, secondErr := strconv.Atoi(digits(parts[1]))
	if firstErr != nil || secondErr != nil {
		return true
	}
	return first > major || (first == major && second >= minor)
}
