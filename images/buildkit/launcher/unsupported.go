package main

import (
	"os"
	"strings"
)

const terminationLog = "/dev/termination-log"

// unsupported says that the node or the pod lacks something that the profile needs.
type unsupported struct {
	what   string // what is missing
	remedy string // what to do about it
}

func (u *unsupported) Error() string {
	return "unsupported: " + u.what + "; " + u.remedy
}

// reportUnsupported tells it to the reader of the log and, through the termination message, to the operator.
func reportUnsupported(u *unsupported) {
	line := "kiln-buildkitd: " + strings.ReplaceAll(u.Error(), "\n", " ")
	os.Stderr.WriteString(line + "\n")
	if err := writeTerminationMessage(line); err != nil {
		note("termination message: %v", err)
	}
}

// writeTerminationMessage writes only to the file a kubelet has mounted and never creates one: outside a pod there is none.
func writeTerminationMessage(line string) error {
	f, err := os.OpenFile(terminationLog, os.O_WRONLY|os.O_TRUNC, 0)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := f.WriteString(line); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
