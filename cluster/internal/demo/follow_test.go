package demo

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kiln.build/cluster/internal/kubectl"
)

// standIn follows a build through a program that plays kubectl; the script finds files in $DIR.
func standIn(t *testing.T, script string, files map[string]string) (follower, *bytes.Buffer) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	program := filepath.Join(dir, "kubectl")
	if err := os.WriteFile(program, []byte("#!/bin/sh\nDIR="+dir+"\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	return follower{
		kubectl: kubectl.Client{Program: program}, namespace: namespace, name: "hello", request: request{after: 2, token: "t2"},
		screen: newScreen(&out, time.Now()),
	}, &out
}

var finished = strings.NewReplacer(`"Unknown", "reason": "Building"`, `"True", "reason": "Succeeded"`, `"Building", "mode"`, `"Succeeded", "mode"`,
	`"Retrying"`, `"Succeeded"`, `"conditions": [`, `"conditions": [{"type": "Finished", "status": "True"}, `).Replace(building)

func TestFollowingShowsTheLogAndEndsWithTheRun(t *testing.T) {
	// The build finishes once the log was read.
	f, out := standIn(t, `case "$1 $2" in
"get imagebuild.kiln.build") cat $DIR/building; while [ ! -e $DIR/read ]; do sleep 0.05; done; cat $DIR/finished; exec sleep 600;;
"logs hello-3-linux-amd64-1") echo "#1 [1/2] RUN make"; echo "#1 0.1 noise"; sleep 0.3; touch $DIR/read;;
*) echo "unexpected: $*" >&2; exit 1;;
esac`, map[string]string{"building": building, "finished": finished})
	b, err := f.follow(t.Context(), time.Minute)
	if err != nil || !b.succeeded() {
		t.Fatalf("got %+v, %v", b, err)
	}
	for _, text := range []string{"linux/amd64    native   Building\n", "Building   [1/2] RUN make\n", "linux/arm64    emulated Succeeded"} {
		if !strings.Contains(out.String(), text) {
			t.Errorf("%q is missing in\n%s", text, out.String())
		}
	}
	if strings.Contains(out.String(), "noise") {
		t.Errorf("the output of a step is shown:\n%s", out.String())
	}
}

func TestAWatchThatEndsIsOpenedAgain(t *testing.T) {
	f, _ := standIn(t, `case "$1" in
get) if [ -e $DIR/again ]; then cat $DIR/finished; else touch $DIR/again; cat $DIR/building; echo "the server is gone" >&2; exit 1; fi;;
logs) exit 1;;
esac`, map[string]string{"building": building, "finished": finished})
	if b, err := f.follow(t.Context(), time.Minute); err != nil || !b.succeeded() {
		t.Fatalf("got %+v, %v", b, err)
	}
}

func TestFollowingEndsAtItsDeadline(t *testing.T) {
	f, _ := standIn(t, `exec sleep 600`, nil)
	_, err := f.follow(t.Context(), 100*time.Millisecond)
	if err == nil || err.Error() != "the build did not end within 100ms" {
		t.Errorf("got %v", err)
	}
}
