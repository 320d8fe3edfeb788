package main

import (
	"errors"
	"io/fs"
	"os"
	"strings"
)

const (
	terminationLog = "/dev/termination-log"
	// refusalFile is where the worker container looks while it waits for the daemon's socket.
	refusalFile = "/run/buildkit/unsupported"
)

// symptom names what is missing in one word of the message; docs/support-matrix.md explains them.
type symptom string

const (
	userNamespacesUnsupported symptom = "UserNamespacesUnsupported"
	userNamespacesDisabled    symptom = "UserNamespacesDisabled"
	tooFewIDs                 symptom = "TooFewIDs"
	appArmorRestricted        symptom = "AppArmorRestricted"
	seccompRestricted         symptom = "SeccompRestricted"
	procMasked                symptom = "ProcMasked"
	podChanged                symptom = "PodChanged"
	namespaceFailed           symptom = "NamespaceFailed"
	emulationUnavailable      symptom = "EmulationUnavailable"
	imageIncomplete           symptom = "ImageIncomplete"
)

// unsupported says that the node or the pod lacks something that the profile needs.
type unsupported struct {
	symptom symptom
	what    string // what is missing
	remedy  string // what to do about it
}

func (u *unsupported) Error() string {
	return "unsupported: " + string(u.symptom) + ": " + u.what + "; " + u.remedy
}

// reportUnsupported tells it to the reader of the log, to the worker container, and, through the termination message, to the
// operator.
func reportUnsupported(u *unsupported) {
	note("%s", u.Error())
	announceRefusal("kiln-buildkitd: " + strings.ReplaceAll(u.Error(), "\n", " "))
}

func announceRefusal(line string) {
	if err := writeTerminationMessage(line); err != nil {
		note("termination message: %v", err)
	}
	if err := writeRefusal(line); err != nil {
		note("tell the worker: %v", err)
	}
}

// writeTerminationMessage writes only to the file a kubelet has mounted and never creates one: outside a pod there is none.
func writeTerminationMessage(line string) error {
	f, err := os.OpenFile(terminationLog, os.O_WRONLY|os.O_TRUNC, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = f.WriteString(line)
	return errors.Join(err, f.Close())
}

// writeRefusal makes the file appear with its whole content.
func writeRefusal(line string) error {
	temporary := refusalFile + ".new"
	err := os.WriteFile(temporary, []byte(line), 0o644)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // no folder is shared with a worker
	}
	if err != nil {
		return err
	}
	return os.Rename(temporary, refusalFile)
}
