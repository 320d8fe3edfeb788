package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

func effectiveCapabilities() (uint64, error) {
	text, err := procStatus("CapEff")
	if err != nil {
		return 0, err
	}
	caps, err := strconv.ParseUint(text, 16, 64)
	if err != nil {
		return 0, fmt.Errorf("effective capabilities: %w", err)
	}
	return caps, nil
}

// sysctl returns the value of a kernel setting, or the empty string when the kernel does not have it.
func sysctl(name string) string {
	text, err := os.ReadFile("/proc/sys/" + name)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

func isErrno(err error, want syscall.Errno) bool {
	var errno syscall.Errno
	return errors.As(err, &errno) && errno == want
}

// withEnvironment sets the variables of change in env; an empty value removes one.
func withEnvironment(env []string, change map[string]string) []string {
	var result []string
	for _, entry := range env {
		name, _, _ := strings.Cut(entry, "=")
		if _, changed := change[name]; !changed {
			result = append(result, entry)
		}
	}
	for name, value := range change {
		if value != "" {
			result = append(result, name+"="+value)
		}
	}
	return result
}
