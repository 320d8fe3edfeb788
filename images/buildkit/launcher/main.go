// Kiln-buildkitd is the entry point of the kiln/buildkit image: it checks that the node gives the pod what its security
// profile needs, creates the user namespace BuildKit runs in, registers QEMU there, and starts buildkitd.
//
// It takes its settings from the environment:
//
//	KILN_PROFILE           Baseline or Rootless
//	KILN_BUILDKITD_CONFIG  text of buildkitd.toml
//	KILN_CA_BUNDLES        JSON object, file name to PEM text, written to /run/kiln/ca
//	KILN_EMULATE           comma-separated platforms that QEMU must run, for example linux/arm64
//	KILN_STATE             Kept when the volume with BuildKit's state outlives the pod
//	KILN_ACCELERATE        JSON object, platform to folders of native twins of its programs, for example {"linux/arm64": ["/twins/0"]}
//
// As kiln-runc it is the OCI runtime of buildkitd. "kiln-buildkitd copy FROM TO" copies a folder of twins into a volume.
//
// Exit codes: 78 when the node or the pod does not offer what the profile needs (the reason is printed and written to the
// container's termination message), 75 when the volume with the state cannot be used, otherwise the exit code of buildkitd.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Names of the stages: the launcher runs itself again inside the namespaces it creates.
const (
	stageNamespace     = "in-namespace"
	stageCheckProc     = "check-proc"
	stageCheckMounting = "check-mounting"
)

const (
	exitFailure       = 1
	exitUnsupported   = 78 // EX_CONFIG of sysexits.h
	exitUnusableState = 75 // EX_TEMPFAIL
)

func main() {
	if filepath.Base(os.Args[0]) == runtimeName {
		err := runContainer(os.Args[1:])
		fmt.Fprintln(os.Stderr, runtimeName+": "+err.Error())
		os.Exit(exitFailure)
	}
	os.Exit(run(os.Args[1:]))
}

func run(args []string) int {
	stage := ""
	if len(args) > 0 {
		stage = args[0]
	}
	code, err := exitFailure, error(nil)
	switch stage {
	case "":
		code, err = launch()
	case stageNamespace:
		err = enterDaemon()
	case stageCheckProc:
		return checkProcChild()
	case stageCheckMounting:
		return checkMountingChild()
	case stageCopy:
		code, err = 0, runCopy(args[1:])
	default:
		err = fmt.Errorf("unknown argument %q: all settings come from the environment", stage)
	}
	if err == nil {
		return code
	}
	var u *unsupported
	if errors.As(err, &u) {
		reportUnsupported(u)
		return exitUnsupported
	}
	var s *unusableState
	if errors.As(err, &s) {
		note("%s", s.Error())
		announceRefusal("kiln-buildkitd: " + strings.ReplaceAll(s.Error(), "\n", " "))
		return exitUnusableState
	}
	note("%v", err)
	return exitFailure
}

// launch checks the pod, prepares the files and supervises the daemon until it ends.
func launch() (int, error) {
	// The user namespace comes before everything else: in the initial one every later step would act as the node's root.
	ids, err := readIDMap("/proc/self/uid_map")
	if err != nil {
		return exitFailure, err
	}
	p, err := profileNamed(os.Getenv(envProfile))
	if err != nil {
		return exitFailure, err
	}
	if err := p.check(ids); err != nil {
		return exitFailure, err
	}
	s, err := readSettings(os.Getenv)
	if err != nil {
		return exitFailure, err
	}
	if err := s.writeFiles(runDir); err != nil {
		return exitFailure, err
	}
	return supervise(p, s)
}

// enterDaemon runs inside the namespace of the daemon and becomes buildkitd.
func enterDaemon() error {
	p, err := profileNamed(os.Getenv(envProfile))
	if err != nil {
		return err
	}
	s, err := readSettings(os.Getenv)
	if err != nil {
		return err
	}
	if err := markEntered(runDir); err != nil {
		return err
	}
	if err := p.prepare(); err != nil {
		return err
	}
	if s.keptState {
		if err := prepareState(p); err != nil {
			return err
		}
	}
	accelerated := accelerate(s.emulate, s.twins)
	if err := emulate(s.emulate, accelerated, runDir); err != nil {
		return err
	}
	return execDaemon(p, s, len(accelerated) > 0)
}

func note(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "kiln-buildkitd: "+format+"\n", args...)
}
