package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// runtimeName is the name under which this program is the OCI runtime of buildkitd: it gives every container of a build step the
// folder of twins and then becomes runc.
const runtimeName = "kiln-runc"

const (
	runtimePath       = accelerateDir + "/" + runtimeName
	twinsInContainers = "/dev/.kiln"
)

func runContainer(args []string) error {
	if bundle, ok := bundleOf(args); ok {
		if err := addTwins(filepath.Join(bundle, "config.json"), containerDir); err != nil {
			return fmt.Errorf("give the container its twins: %w", err)
		}
	}
	for _, name := range []string{"buildkit-runc", "runc"} {
		if path, err := exec.LookPath(name); err == nil {
			return syscall.Exec(path, append([]string{path}, args...), os.Environ())
		}
	}
	return errors.New("the image has no runc")
}

// bundleOf returns the folder of the container that the command line creates.
func bundleOf(args []string) (string, bool) {
	flags := []string{"--debug", "--systemd-cgroup", "--help", "-h", "--version", "-v"}
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		if !slices.Contains(flags, args[0]) && !strings.Contains(args[0], "=") && len(args) > 1 {
			args = args[1:]
		}
		args = args[1:]
	}
	if len(args) == 0 || (args[0] != "run" && args[0] != "create") {
		return "", false
	}
	for i, arg := range args {
		if (arg == "--bundle" || arg == "-b") && i+1 < len(args) {
			return args[i+1], true
		}
		for _, prefix := range []string{"--bundle=", "-b="} {
			if value, ok := strings.CutPrefix(arg, prefix); ok {
				return value, true
			}
		}
	}
	return ".", true
}

// addTwins adds one mount to the configuration and leaves everything else in it alone. It comes last because /dev is a mount of
// its own; as /dev is a tmpfs, the mount point is not in any layer of the image.
func addTwins(file, source string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var config map[string]json.RawMessage
	if err := json.Unmarshal(text, &config); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	var mounts []json.RawMessage
	if raw, ok := config["mounts"]; ok {
		if err := json.Unmarshal(raw, &mounts); err != nil {
			return fmt.Errorf("%s: mounts: %w", file, err)
		}
	}
	mount, err := json.Marshal(map[string]any{
		"destination": twinsInContainers, "type": "bind", "source": source, "options": []string{"rbind", "ro", "nosuid", "nodev"},
	})
	if err != nil {
		return err
	}
	if config["mounts"], err = json.Marshal(append(mounts, mount)); err != nil {
		return err
	}
	if text, err = json.Marshal(config); err != nil {
		return err
	}
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	changed := file + ".kiln"
	if err := os.WriteFile(changed, text, info.Mode().Perm()); err != nil {
		return err
	}
	return os.Rename(changed, file)
}
