package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func requireRuns(t *testing.T, p platform, emulator string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "probe")
	if err := os.WriteFile(path, p.probe(), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path)
	if emulator != "" {
		cmd = exec.Command(emulator, path)
	}
	err := cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != probeExitCode {
		t.Errorf("probe of %s: %v, want exit code %d", p.name, err, probeExitCode)
	}
}
