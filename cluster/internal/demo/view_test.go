package demo

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func decode(t *testing.T, text string) *build {
	t.Helper()
	b := new(build)
	if err := json.Unmarshal([]byte(text), b); err != nil {
		t.Fatal(err)
	}
	return b
}

const building = `{"metadata": {"name": "hello", "generation": 2}, "status": {
  "observedGeneration": 2, "run": {"number": 3, "phase": "Building"}, "lastHandledRebuildAt": "t2",
  "conditions": [{"type": "Ready", "status": "Unknown", "reason": "Building", "message": ""}],
  "platforms": [
    {"platform": "linux/amd64", "state": "Building", "mode": "Native", "attempt": 1, "podName": "hello-3-linux-amd64-1", "startTime": "2026-11-23T10:00:00Z"},
    {"platform": "linux/arm64", "state": "Retrying", "mode": "Emulated", "attempt": 2, "podName": "hello-3-linux-arm64-2", "reason": "NodeLost", "message": "the node went away"}]}}`

func TestALogLineShowsOnThePlatformOfItsPod(t *testing.T) {
	v := view{}.with(decode(t, building)).withLog("hello-3-linux-amd64-1", "[2/3] RUN make\r\n").withLog("another-pod", "noise")
	want := []string{
		"linux/amd64    native   Building   [2/3] RUN make",
		"linux/arm64    emulated Retrying (attempt 2) NodeLost: the node went away",
	}
	for i, p := range v.platforms {
		if p.text() != want[i] {
			t.Errorf("got  %q\nwant %q", p.text(), want[i])
		}
	}
}

func TestAStepOutlivesAStatusUpdateButNotItsPod(t *testing.T) {
	v := view{}.with(decode(t, building)).withLog("hello-3-linux-amd64-1", "RUN make")
	if again := v.with(decode(t, building)); again.platforms[0].step != "RUN make" {
		t.Errorf("the step was lost: %+v", again.platforms[0])
	}
	retried := v.with(decode(t, strings.ReplaceAll(building, "linux-amd64-1", "linux-amd64-2")))
	if retried.platforms[0].step != "" {
		t.Errorf("another pod shows the step of the last one: %+v", retried.platforms[0])
	}
}

func TestStepsAreShownNotTheirOutput(t *testing.T) {
	v := view{}.with(decode(t, building))
	pod := "hello-3-linux-amd64-1"
	for _, c := range []struct{ line, shown string }{
		{"#1 [internal] load build definition", "[internal] load build definition"},
		{"#1 DONE 0.1s", "[internal] load build definition"},
		{"#2 [2/3] RUN make", "[2/3] RUN make"},
		{"#2 0.512 cc -o hello hello.c", "[2/3] RUN make"},
		{"#1 [internal] load build definition", "[2/3] RUN make"},
		{"pushing again: the registry was busy", "pushing again: the registry was busy"},
		{"#3 exporting to image", "exporting to image"},
	} {
		if v = v.withLog(pod, c.line); v.platforms[0].step != c.shown {
			t.Errorf("after %q: %q is shown, want %q", c.line, v.platforms[0].step, c.shown)
		}
	}
}

func TestLogLinesCannotDriveTheTerminal(t *testing.T) {
	v := view{}.with(decode(t, building)).withLog("hello-3-linux-amd64-1", "a\x1b[2J\x07\u009b31mb\u202ec")
	for _, r := range v.platforms[0].text() {
		if isControl(r) {
			t.Fatalf("control character %U is shown", r)
		}
	}
}

func TestElapsedStopsWithThePlatform(t *testing.T) {
	start := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	p := platformView{started: start}
	if got := p.elapsed(start.Add(7 * time.Second)); got != 7*time.Second {
		t.Errorf("running: %s", got)
	}
	p.ended = start.Add(3 * time.Second)
	if got := p.elapsed(start.Add(7 * time.Second)); got != 3*time.Second {
		t.Errorf("ended: %s", got)
	}
	if got := (platformView{}).elapsed(start); got != 0 {
		t.Errorf("not started: %s", got)
	}
}

func TestOnlyTheRequestedRunCounts(t *testing.T) {
	done := strings.NewReplacer(`"Unknown", "reason": "Building"`, `"True", "reason": "Succeeded"`,
		`"conditions": [`, `"conditions": [{"type": "Finished", "status": "True"}, `).Replace(building)
	cases := []struct {
		name     string
		request  request
		build    string
		answers  bool
		finished bool
	}{
		{"still running", request{after: 2, token: "t2"}, building, true, false},
		{"done", request{after: 2, token: "t2"}, done, true, true},
		{"a new object", request{}, done, true, true},
		{"the run before", request{after: 3, token: "t2"}, done, false, false},
		{"another request", request{after: 2, token: "t3"}, done, false, false},
		{"an older generation", request{after: 2, token: "t2"}, strings.Replace(done, `"generation": 2`, `"generation": 3`, 1), false, false},
	}
	for _, c := range cases {
		b := decode(t, c.build)
		if got := c.request.answers(b); got != c.answers {
			t.Errorf("%s: answers %v", c.name, got)
		}
		if got := c.request.finished(b); got != c.finished {
			t.Errorf("%s: finished %v", c.name, got)
		}
	}
}

func TestADumbOutputGetsOneLinePerChange(t *testing.T) {
	var out bytes.Buffer
	start := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	s := newScreen(&out, start)
	v := view{}.with(decode(t, building))
	s.show(v, start.Add(time.Second))
	s.show(v, start.Add(2*time.Second))
	s.show(v.withLog("hello-3-linux-amd64-1", "RUN make"), start.Add(3*time.Second))
	want := "      1s  linux/amd64    native   Building\n" +
		"      1s  linux/arm64    emulated Retrying (attempt 2) NodeLost: the node went away\n" +
		"      3s  linux/amd64    native   Building   RUN make\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

func TestADumbOutputNeverGoesQuiet(t *testing.T) {
	var out bytes.Buffer
	start := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	s := newScreen(&out, start)
	s.show(view{}, start.Add(14*time.Second))
	if out.Len() != 0 {
		t.Errorf("too early: %q", out.String())
	}
	s.show(view{}, start.Add(15*time.Second))
	s.show(view{}, start.Add(16*time.Second))
	if out.String() != "     15s  waiting for the operator\n" {
		t.Errorf("got %q", out.String())
	}
}

func TestATerminalIsRedrawnInPlaceWithinItsWidth(t *testing.T) {
	var out bytes.Buffer
	start := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	s := newScreen(&out, start)
	s.width = func() int { return 40 }
	v := view{}.with(decode(t, building)).withLog("hello-3-linux-amd64-1", strings.Repeat("x", 200))
	s.show(v, start.Add(time.Second))
	out.Reset()
	s.show(v, start.Add(2*time.Second))
	if !strings.HasPrefix(out.String(), "\x1b[2A\r\x1b[K") {
		t.Errorf("two lines are to be replaced, got %q", out.String())
	}
	for _, line := range strings.Split(out.String(), "\n") {
		if visible := strings.TrimPrefix(strings.TrimPrefix(line, "\x1b[2A"), "\r\x1b[K"); len(visible) > 39 {
			t.Errorf("%d columns: %q", len(visible), visible)
		}
	}
}
