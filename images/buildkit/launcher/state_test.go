package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func volumeWith(t *testing.T, version, file string) stateVolume {
	t.Helper()
	volume := stateVolume(t.TempDir())
	if _, err := volume.prepare(version); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(volume.root(), file), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return volume
}

func TestStateIsReusedByTheSameBuildKitAlone(t *testing.T) {
	volume := volumeWith(t, "v1", "cache.db")
	for _, step := range []struct{ version, state, reason string }{
		{"v1", stateReused, ""},
		{"v2", stateEmptied, `"v1"`},
		{"v2", stateReused, ""},
	} {
		found, err := volume.prepare(step.version)
		if err != nil || found.State != step.state || !strings.Contains(found.Reason, step.reason) {
			t.Errorf("for %s: %+v, %v; want %s", step.version, found, err, step.state)
		}
	}
	if entries, err := os.ReadDir(volume.root()); err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestStateThatNobodyVouchesForIsEmptied(t *testing.T) {
	for name, spoil := range map[string]func(stateVolume) error{
		"no stamp":  func(v stateVolume) error { return os.Remove(v.stamp()) },
		"malformed": func(v stateVolume) error { return os.WriteFile(v.stamp(), []byte("{"), 0o600) },
		"a file": func(v stateVolume) error {
			return errors.Join(os.RemoveAll(v.root()), os.WriteFile(v.root(), nil, 0o600))
		},
		"failed": func(v stateVolume) error { return os.WriteFile(v.failed(), nil, 0o600) },
	} {
		volume := volumeWith(t, "v1", "cache.db")
		if err := spoil(volume); err != nil {
			t.Fatal(err)
		}
		if found, err := volume.prepare("v1"); err != nil || found.State != stateEmptied || found.Reason == "" {
			t.Errorf("%s: %+v, %v", name, found, err)
		}
		if found, err := volume.prepare("v1"); err != nil || found.State != stateReused {
			t.Errorf("%s, next time: %+v, %v", name, found, err)
		}
	}
}

func TestFreshVolumeIsNew(t *testing.T) {
	volume := stateVolume(t.TempDir())
	if err := os.Mkdir(filepath.Join(string(volume), "lost+found"), 0o700); err != nil {
		t.Fatal(err)
	}
	if found, err := volume.prepare("v1"); err != nil || found.State != stateNew {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestWorkersFolderOutlivesTheState(t *testing.T) {
	volume := volumeWith(t, "v1", "cache.db")
	own := os.Getuid()
	for range 2 {
		if err := volume.prepareWorkerFolder(own); err != nil {
			t.Fatal(err)
		}
	}
	kept := filepath.Join(volume.worker(), "index.json")
	if err := os.WriteFile(kept, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if found, err := volume.prepare("v2"); err != nil || found.State != stateEmptied {
		t.Fatalf("%+v, %v", found, err)
	}
	if _, err := os.Stat(kept); err != nil {
		t.Error(err)
	}
}

// A link would make another folder the worker's.
func TestWorkersFolderIsNoLink(t *testing.T) {
	volume, elsewhere := stateVolume(t.TempDir()), t.TempDir()
	if err := os.Symlink(elsewhere, volume.worker()); err != nil {
		t.Fatal(err)
	}
	if err := volume.prepareWorkerFolder(os.Getuid()); err == nil {
		t.Error("a link was taken for the folder")
	}
}

func TestOnePodAtATimeHoldsAVolume(t *testing.T) {
	volume := stateVolume(t.TempDir())
	first, err := volume.hold(0, nil)
	if err != nil {
		t.Fatal(err)
	}
	var unusable *unusableState
	if _, err := volume.hold(time.Millisecond, nil); !errors.As(err, &unusable) {
		t.Errorf("the second gets %v", err)
	}
	stop := make(chan os.Signal, 1)
	stop <- os.Interrupt
	if _, err := volume.hold(time.Hour, stop); err == nil || errors.As(err, &unusable) {
		t.Errorf("one that is told to stop gets %v", err)
	}
	waiting := make(chan error)
	go func() {
		_, err := volume.hold(time.Minute, nil)
		waiting <- err
	}()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-waiting; err != nil {
		t.Errorf("the one that waits gets %v", err)
	}
}

func TestOnlyAStateThatWasFoundIsSuspected(t *testing.T) {
	volume, report := volumeWith(t, "v1", "cache.db"), filepath.Join(t.TempDir(), "state")
	for _, state := range []string{"", stateNew, stateEmptied, stateReused} {
		if state != "" {
			if err := (stateFound{State: state}).write(report); err != nil {
				t.Fatal(err)
			}
		}
		if suspect, err := volume.suspect(report); err != nil || suspect != (state == stateReused) {
			t.Errorf("%q: %v, %v", state, suspect, err)
		}
	}
	if found, err := volume.prepare("v1"); err != nil || found.State != stateEmptied {
		t.Errorf("after that: %+v, %v", found, err)
	}
}

func TestVolumeThatCannotBeWrittenIsNamed(t *testing.T) {
	got := runPod(t, "KILN_STATE=Kept", "STAMP=none", "READ_ONLY=1", "BUILDKITD=#!/bin/sh\necho started\n")
	if got.code != exitUnusableState || !strings.Contains(got.output, "the worker reads: kiln-buildkitd: cache volume: it cannot be locked: ") {
		t.Errorf("exit code %d:\n%s", got.code, got.output)
	}
}

// The daemon cannot start with the state it finds.
func TestDaemonThatCannotStartGetsAnEmptyState(t *testing.T) {
	got := runPod(t, "KILN_STATE=Kept", `STAMP={"layout":1,"buildkit":"v1"}`, `BUILDKITD=#!/bin/sh
[ "$1" = --version ] && echo v1 && exit
[ -e "$2/old" ] && exit 3
echo "root $2"
exit 5
`)
	if got.code != 5 {
		t.Errorf("exit code %d, want that of the second start", got.code)
	}
	for _, want := range []string{"cache volume: Reused", "exit code 3", "cache volume: Emptied BuildKit could not start", "root /var/lib/buildkit/buildkit"} {
		if !strings.Contains(got.output, want) {
			t.Errorf("no %q in:\n%s", want, got.output)
		}
	}
}
