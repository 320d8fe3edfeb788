package kubectl

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestQuoteIsReadBackByAShell(t *testing.T) {
	for _, word := range []string{"plain", "", "two words", "it's", `a"b`, "$HOME", "`id`", "a;b", "line\nbreak", "ü", "-n", "a*b", `\`} {
		output, err := exec.Command("sh", "-c", "printf %s "+Quote(word)).Output()
		if err != nil || string(output) != word {
			t.Errorf("Quote(%q) = %s, which the shell reads as %q (%v)", word, Quote(word), output, err)
		}
	}
	if quoted := Quote("10.99.0.2:5000/kiln-demo/hello@sha256:0123"); strings.Contains(quoted, "'") {
		t.Errorf("an image reference needs no quotes, got %s", quoted)
	}
}

// program is a stand-in for kubectl.
func program(t *testing.T, script string) Client {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kubectl")
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	return Client{Program: file}
}

func TestCallsReachTheChosenCluster(t *testing.T) {
	client := program(t, `echo "$KUBECONFIG $*"`)
	client.Kubeconfig, client.Context = "/some/kubeconfig", "staging"
	output, err := client.Run(t.Context(), time.Minute, nil, "get", "pods")
	if err != nil || string(output) != "/some/kubeconfig --context=staging get pods\n" {
		t.Errorf("got %q, %v", output, err)
	}
}

func TestAFailureSaysWhatKubectlSaid(t *testing.T) {
	_, err := program(t, `echo "Error: forbidden" >&2; exit 1`).Run(t.Context(), time.Minute, nil, "get", "nodes")
	if err == nil || err.Error() != "kubectl get nodes: Error: forbidden" {
		t.Errorf("got %v", err)
	}
}

func TestACallEndsAtItsDeadline(t *testing.T) {
	_, err := program(t, `exec sleep 600`).Run(t.Context(), 50*time.Millisecond, nil, "get", "nodes")
	if err == nil || !strings.Contains(err.Error(), "no answer within 50ms") {
		t.Errorf("got %v", err)
	}
}

func TestGetTellsAMissingObjectFromAnError(t *testing.T) {
	var object struct{ Kind string }
	found, err := program(t, `exit 0`).Get(t.Context(), time.Minute, &object, "pod", "x")
	if found || err != nil {
		t.Errorf("missing object: got %v, %v", found, err)
	}
	found, err = program(t, `echo '{"kind":"Pod"}'`).Get(t.Context(), time.Minute, &object, "pod", "x")
	if !found || err != nil || object.Kind != "Pod" {
		t.Errorf("present object: got %v, %v, %q", found, err, object.Kind)
	}
}

func TestAStreamEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var got string
	err := program(t, `echo first; exec sleep 600`).Stream(ctx, func(output io.Reader) error {
		buffer := make([]byte, 6)
		if _, err := io.ReadFull(output, buffer); err != nil {
			return err
		}
		got = string(buffer)
		cancel()
		_, err := io.ReadAll(output)
		return err
	}, "logs", "--follow")
	if err != nil || got != "first\n" {
		t.Errorf("got %q, %v", got, err)
	}
}
