package process

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestStatOfProcessWithOddName(t *testing.T) {
	line := "42 (a) b (c)) S 1 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 10 11"
	state, start, err := parseStat(line)
	if err != nil || state != "S" || start != 987654 {
		t.Errorf("got state %q, start %d, error %v", state, start, err)
	}
}

func TestMalformedStat(t *testing.T) {
	for _, line := range []string{"", "42", "42 (a) S 1"} {
		if _, _, err := parseStat(line); err == nil {
			t.Errorf("%q is accepted", line)
		}
	}
}

func TestIdentityIsNotJustThePID(t *testing.T) {
	_, start, err := stat(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if !(Identity{PID: os.Getpid(), Start: start}).Running() {
		t.Error("this very process does not run")
	}
	if (Identity{PID: os.Getpid(), Start: start + 1}).Running() {
		t.Error("another process with the same PID is taken for it")
	}
}

func TestFailureShowsTheTailOfTheLog(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log", "daemon.log")
	daemon, err := Launch("daemon", log, exec.Command("sh", "-c", "for i in $(seq 20); do echo line $i; done; exit 3"))
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-daemon.Exited:
	case <-time.After(10 * time.Second):
		t.Fatal("its end is not noticed")
	}
	message := daemon.Failure().Error()
	if !strings.Contains(message, "exit status 3") || !strings.Contains(message, "line 20") || strings.Contains(message, "line 8\n") {
		t.Errorf("message: %s", message)
	}
	if daemon.Running() {
		t.Error("it is said to run")
	}
}

func TestProgramWithoutDispatchStartsNothing(t *testing.T) {
	if _, err := Start(Spec{Name: "x", Path: "/bin/true", Log: filepath.Join(t.TempDir(), "log")}); err == nil {
		t.Error("a program that does not handle the hidden commands started itself")
	}
}
