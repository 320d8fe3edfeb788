package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// BuildKit's state on a volume that outlives the pod. One pod at a time may use it; what another BuildKit left there, or one
// that could not start with it, is emptied rather than trusted.

// stateLayout counts up when the launcher itself keeps the state in another way.
const stateLayout = 1

const (
	// stateReport is where the worker reads what became of the state.
	stateReport = "/run/buildkit/state"

	lockDeadline = 45 * time.Second
	lockPoll     = 100 * time.Millisecond
)

// unusableState says why the volume cannot be used now, or by this pod. Nothing is wrong with the node.
type unusableState struct{ why string }

func (u *unusableState) Error() string { return "cache volume: " + u.why }

// stateStamp says whose state it is.
type stateStamp struct {
	Layout   int    `json:"layout"`
	BuildKit string `json:"buildkit"`
}

// stateFound is the report of what became of the state.
type stateFound struct {
	State  string `json:"state"` // New, Reused or Emptied
	Reason string `json:"reason,omitempty"`
}

const (
	stateNew     = "New"
	stateReused  = "Reused"
	stateEmptied = "Emptied"
)

// stateVolume is the mounted volume. What the launcher keeps lies beside the folder that is BuildKit's.
type stateVolume string

// root is BuildKit's own folder; the top of a volume may hold lost+found.
func (v stateVolume) root() string   { return filepath.Join(string(v), "buildkit") }
func (v stateVolume) stamp() string  { return filepath.Join(string(v), "kiln-state.json") }
func (v stateVolume) lock() string   { return filepath.Join(string(v), "kiln.lock") }
func (v stateVolume) worker() string { return filepath.Join(string(v), "worker") }
func (v stateVolume) failed() string { return filepath.Join(string(v), "kiln-start-failed") }

// hold waits until no other pod uses the volume. The kernel lets go of the lock with the last process of the container.
func (v stateVolume) hold(deadline time.Duration, stop <-chan os.Signal) (*os.File, error) {
	file, err := os.OpenFile(v.lock(), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, &unusableState{fmt.Sprintf("it cannot be locked: %v", err)}
	}
	overdue := time.After(deadline)
	for waited := false; ; waited = true {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return file, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return nil, errors.Join(&unusableState{fmt.Sprintf("it cannot be locked: %v", err)}, file.Close())
		}
		if !waited {
			note("another pod holds the cache volume: waiting for it")
		}
		select {
		case <-stop:
			return nil, errors.Join(errors.New("told to stop while another pod held the cache volume"), file.Close())
		case <-overdue:
			return nil, errors.Join(&unusableState{fmt.Sprintf("another pod holds it and has not let go of it within %s", deadline)}, file.Close())
		case <-time.After(lockPoll):
		}
	}
}

// prepareState runs as the user whose files the state consists of.
func prepareState(p profile) error {
	version, err := exec.Command("buildkitd", "--version").Output()
	if err != nil {
		return fmt.Errorf("ask buildkitd for its version: %w", err)
	}
	found, err := stateVolume(p.stateFolder()).prepare(strings.TrimSpace(string(version)))
	if err != nil {
		return &unusableState{fmt.Sprintf("it cannot be prepared: %v", err)}
	}
	if err := stateVolume(p.stateFolder()).prepareWorkerFolder(p.workerID()); err != nil {
		return &unusableState{fmt.Sprintf("the worker's folder on it cannot be prepared: %v", err)}
	}
	note("cache volume: %s %s", found.State, found.Reason)
	return found.write(stateReport)
}

// prepare leaves a state that this BuildKit can start with.
func (v stateVolume) prepare(version string) (stateFound, error) {
	want := stateStamp{stateLayout, version}
	found, err := v.look(want)
	if err != nil {
		return found, err
	}
	switch found.State {
	case stateReused:
		return found, nil
	case stateEmptied:
		// Without its stamp a state that was emptied only in part is emptied again.
		for _, path := range []string{v.stamp(), v.root(), v.failed()} {
			if err := os.RemoveAll(path); err != nil {
				return found, err
			}
		}
	}
	if err := os.MkdirAll(v.root(), 0o700); err != nil {
		return found, err
	}
	// The folder inherits the set-group-id bit of a volume that has one, and files of images would inherit its group.
	if err := os.Chmod(v.root(), 0o700); err != nil {
		return found, err
	}
	encoded, err := json.Marshal(want)
	if err != nil {
		return found, err
	}
	return found, os.WriteFile(v.stamp(), encoded, 0o600)
}

// prepareWorkerFolder makes a folder of the volume the worker container's own. The kubelet, which mounts it there, creates it
// too if it comes first, as the node's root, and with the mode of the volume: where that lets this user change nothing, it
// has given the volume to the group of both.
func (v stateVolume) prepareWorkerFolder(id int) error {
	if err := os.Mkdir(v.worker(), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := os.Lstat(v.worker())
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is no folder", v.worker())
	}
	if err := errors.Join(os.Lchown(v.worker(), id, id), os.Chmod(v.worker(), 0o700)); err != nil && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil
}

func (v stateVolume) look(want stateStamp) (stateFound, error) {
	entries, err := os.ReadDir(v.root())
	if errors.Is(err, fs.ErrNotExist) {
		return stateFound{State: stateNew}, nil
	}
	if err != nil {
		return stateFound{State: stateEmptied, Reason: "it could not be read"}, nil
	}
	if _, err := os.Stat(v.failed()); err == nil {
		return stateFound{stateEmptied, "BuildKit could not start with it"}, nil
	}
	text, err := os.ReadFile(v.stamp())
	if errors.Is(err, fs.ErrNotExist) && len(entries) == 0 {
		return stateFound{State: stateNew}, nil
	}
	var is stateStamp
	if err != nil || json.Unmarshal(text, &is) != nil {
		return stateFound{stateEmptied, "nothing said which BuildKit it belongs to"}, nil
	}
	if is != want {
		return stateFound{stateEmptied, fmt.Sprintf("it belonged to %.100q in layout %d; this is %.100q in layout %d",
			is.BuildKit, is.Layout, want.BuildKit, want.Layout)}, nil
	}
	return stateFound{State: stateReused}, nil
}

// write makes the report appear with its whole content.
func (f stateFound) write(path string) error {
	encoded, err := json.Marshal(f)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", encoded, 0o644); err != nil {
		return fmt.Errorf("report the state of the cache volume: %w", err)
	}
	return os.Rename(path+".new", path)
}

// suspect decides whether a daemon that ended before it ever answered may have failed because of the state it found, and
// marks that state so that it is emptied.
func (v stateVolume) suspect(report string) (bool, error) {
	text, err := os.ReadFile(report)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	var found stateFound
	if err == nil {
		err = json.Unmarshal(text, &found)
	}
	if err != nil || found.State != stateReused {
		return false, err
	}
	return true, os.WriteFile(v.failed(), nil, 0o600)
}

// answers tells whether a daemon serves at the address: its socket accepts connections before it does.
func answers(socket string) bool {
	connection, err := net.Dial("unix", socket)
	if err != nil {
		return false
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return false
	}
	// What an HTTP/2 client says first: the preface and an empty SETTINGS frame (RFC 9113, section 3.4).
	if _, err := connection.Write([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")); err != nil {
		return false
	}
	read, err := connection.Read(make([]byte, 1))
	return err == nil && read > 0
}
