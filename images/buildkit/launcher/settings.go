package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

const (
	envProfile    = "KILN_PROFILE"
	envConfig     = "KILN_BUILDKITD_CONFIG"
	envCABundles  = "KILN_CA_BUNDLES"
	envEmulate    = "KILN_EMULATE"
	envAccelerate = "KILN_ACCELERATE"
	envState      = "KILN_STATE"

	runDir        = "/run/kiln"
	daemonSocket  = "/run/buildkit/buildkitd.sock"
	daemonAddress = "unix://" + daemonSocket
)

type settings struct {
	config    string
	caBundles map[string]string
	emulate   []platform
	twins     twinFolders
	// keptState tells that the volume with BuildKit's state outlives the pod.
	keptState bool
}

// caBundleName keeps a bundle inside its folder: one path element that does not start with a dot.
var caBundleName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}\.pem$`)

func readSettings(getenv func(string) string) (settings, error) {
	s := settings{config: getenv(envConfig)}
	if text := getenv(envCABundles); text != "" {
		if err := json.Unmarshal([]byte(text), &s.caBundles); err != nil {
			return s, fmt.Errorf("%s: want a JSON object of file name to PEM text: %w", envCABundles, err)
		}
	}
	for name := range s.caBundles {
		if !caBundleName.MatchString(name) {
			return s, fmt.Errorf("%s: %q is not a file name of the form NAME.pem", envCABundles, name)
		}
	}
	switch value := getenv(envState); value {
	case "":
	case "Kept":
		s.keptState = true
	default:
		return s, fmt.Errorf("%s=%q: want Kept, or nothing", envState, value)
	}
	var err error
	if s.emulate, err = parsePlatforms(getenv(envEmulate)); err != nil {
		return s, err
	}
	s.twins, err = parseTwinFolders(getenv(envAccelerate))
	return s, err
}

func parsePlatforms(list string) ([]platform, error) {
	var platforms []platform
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		if name == "" {
			continue
		}
		p, err := platformNamed(name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", envEmulate, err)
		}
		platforms = append(platforms, p)
	}
	return platforms, nil
}

func configPath(dir string) string { return filepath.Join(dir, "buildkitd.toml") }

func (s settings) writeFiles(dir string) error {
	ca := filepath.Join(dir, "ca")
	if err := os.MkdirAll(ca, 0o755); err != nil {
		return fmt.Errorf("create the folder of CA bundles: %w", err)
	}
	for name, pem := range s.caBundles {
		if err := os.WriteFile(filepath.Join(ca, name), []byte(pem), 0o644); err != nil {
			return fmt.Errorf("write CA bundle: %w", err)
		}
	}
	if err := os.WriteFile(configPath(dir), []byte(s.config), 0o644); err != nil {
		return fmt.Errorf("write the configuration of buildkitd: %w", err)
	}
	return nil
}
