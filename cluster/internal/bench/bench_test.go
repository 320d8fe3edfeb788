package bench

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestPercentilesInterpolate(t *testing.T) {
	var durations []time.Duration
	for i := range 11 {
		durations = append(durations, time.Duration(10-i)*time.Second) // unsorted on purpose
	}
	if got, want := spread(durations), (Spread{Count: 11, P50: 5000, P90: 9000, Min: 0, Max: 10000}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got, want := spread([]time.Duration{time.Second, 2 * time.Second}), (Spread{2, 1500, 1900, 1000, 2000}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := spread(nil); got != (Spread{}) {
		t.Errorf("of nothing: %+v", got)
	}
}

var start = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

func after(milliseconds int) time.Time {
	return start.Add(time.Duration(milliseconds) * time.Millisecond)
}

func seen(t *testing.T, at int, text string) event {
	t.Helper()
	e := event{seen: after(at)}
	if err := json.Unmarshal([]byte(text), &e.object); err != nil {
		t.Fatal(err)
	}
	return e
}

func workerEnd(name string, started, ready, finished int) string {
	message, _ := json.Marshal(map[string]any{"result": "succeeded", "timings": map[string]int64{
		"started": after(started).UnixMilli(), "daemonReady": after(ready).UnixMilli(), "finished": after(finished).UnixMilli()}})
	quoted, _ := json.Marshal(string(message))
	return `{"kind": "Pod", "metadata": {"name": "` + name + `", "labels": {"kiln.build/imagebuild": "b", "kiln.build/run": "1"}}, "status": {"containerStatuses": [
	  {"name": "worker", "state": {"terminated": {"exitCode": 0, "message": ` + string(quoted) + `}}}]}}`
}

func TestTheMomentsOfABuildComeFromItsLastPlatform(t *testing.T) {
	ended := func(name string) string {
		return strings.Replace(workerEnd(name, 400, 700, 750), `"status": {`, `"status": {"phase": "Succeeded", `, 1)
	}
	pod := func(name string) string {
		return `{"kind": "Pod", "metadata": {"name": "` + name + `", "labels": {"kiln.build/imagebuild": "b", "kiln.build/run": "1"}}}`
	}
	events := []event{
		seen(t, 10, `{"kind": "ImageBuild", "metadata": {"name": "b"}}`),
		seen(t, 20, pod("one")),
		seen(t, 21, `{"kind": "Pod", "metadata": {"name": "x", "labels": {"kiln.build/imagebuild": "other", "kiln.build/run": "1"}}}`),
		seen(t, 30, pod("two")),
		seen(t, 35, pod("one")),
		seen(t, 900, workerEnd("one", 500, 600, 800)),
		seen(t, 950, `{"kind": "ImageBuild", "metadata": {"name": "b"}, "status": {"image": "r@sha256:1", "conditions": [{"type": "Ready", "status": "True"}]}}`),
		seen(t, 1000, workerEnd("two", 400, 700, 750)),
		seen(t, 1010, workerEnd("two", 400, 700, 750)),
		seen(t, 1100, ended("two")),
		seen(t, 1200, ended("one")),
	}
	o := newObservation("b", 1, 2)
	for i, e := range events {
		over, err := o.add(e)
		if err != nil {
			t.Fatal(err)
		}
		if want := i == len(events)-1; over != want {
			t.Errorf("event %d: over %v", i, over)
		}
	}
	got := o.moments
	want := Moments{Created: after(10), PodsCreated: after(30), WorkerStarted: after(500), DaemonReady: after(700), Pushed: after(800), WorkersEnded: after(1000), ReadySeen: after(950), PodsEnded: after(1200)}
	for _, pair := range [][2]time.Time{
		{got.Created, want.Created}, {got.PodsCreated, want.PodsCreated}, {got.WorkerStarted, want.WorkerStarted}, {got.DaemonReady, want.DaemonReady},
		{got.Pushed, want.Pushed}, {got.WorkersEnded, want.WorkersEnded}, {got.ReadySeen, want.ReadySeen}, {got.PodsEnded, want.PodsEnded},
	} {
		if !pair[0].Equal(pair[1]) {
			t.Errorf("got %s, want %s", pair[0], pair[1])
		}
	}
	if o.image != "r@sha256:1" {
		t.Errorf("image %q", o.image)
	}
}

func TestARunIsNotTakenForTheOneBefore(t *testing.T) {
	o := newObservation("b", 2, 1)
	ready := func(run, image string) string {
		return `{"kind": "ImageBuild", "metadata": {"name": "b"}, "status": {"run": {"number": ` + run + `}, "image": "` + image + `",
		  "platforms": [{"platform": "linux/arm64", "acceleration": {"nativeStarts": 7}}], "conditions": [{"type": "Ready", "status": "True"}]}}`
	}
	ended := strings.Replace(workerEnd("one", 400, 700, 750), `"status": {`, `"status": {"phase": "Succeeded", `, 1)
	second := strings.NewReplacer(`"kiln.build/run": "1"`, `"kiln.build/run": "2"`, `"one"`, `"two"`).Replace(ended)
	for i, text := range []string{ready("1", "old"), ended, second, ready("2", "new")} {
		over, err := o.add(seen(t, 1000+i, text))
		if err != nil || over != (i == 3) {
			t.Fatalf("event %d: over %v, %v", i, over, err)
		}
	}
	if o.image != "new" || o.native != 7 || !o.moments.WorkersEnded.Equal(after(1002)) {
		t.Errorf("image %q, %d native starts, workers ended %s", o.image, o.native, o.moments.WorkersEnded)
	}
}

func TestAFailedBuildEndsTheMeasurement(t *testing.T) {
	o := newObservation("b", 1, 2)
	ended, err := o.add(seen(t, 1, `{"kind": "ImageBuild", "metadata": {"name": "b"}, "status": {"conditions": [{"type": "Stalled", "status": "True", "reason": "PushFailed", "message": "no"}]}}`))
	if !ended || err != nil || o.failure != "PushFailed: no" {
		t.Errorf("got %v, %v, %q", ended, err, o.failure)
	}
}

func TestAnUnreadableResultIsAnError(t *testing.T) {
	o := newObservation("b", 1, 1)
	_, err := o.add(seen(t, 1, `{"kind": "Pod", "metadata": {"name": "p", "labels": {"kiln.build/imagebuild": "b", "kiln.build/run": "1"}}, "status": {"containerStatuses": [
	  {"name": "worker", "state": {"terminated": {"exitCode": 137, "message": "Killed"}}}]}}`))
	if err == nil || !strings.Contains(err.Error(), `"Killed"`) {
		t.Errorf("got %v", err)
	}
}

func TestTheReportTellsWhatIsMissed(t *testing.T) {
	m := Moments{
		Submitted: after(0), Created: after(100), PodsCreated: after(220), WorkerStarted: after(1000), DaemonReady: after(1200), Pushed: after(1500),
		WorkersEnded: after(1700), TagWritten: after(1800), ReadySeen: after(1810),
	}
	times := buildxTimes{
		create: []time.Duration{time.Second}, cold: []time.Duration{31 * time.Second}, createAndCold: []time.Duration{32 * time.Second}, warm: []time.Duration{500 * time.Millisecond},
	}
	r := newReport(start, Machine{CPUs: 2}, []Moments{m, m}, times, Operator{ImageCompressed: 80 * mebibyte, StartToReady: 900, IdleMemory: 160 * mebibyte})
	missed := map[string]bool{}
	for _, target := range r.Targets {
		missed[target.Name] = !target.Met()
	}
	for name, want := range map[string]bool{
		"kiln / buildx cold (p50)": false, "object seen -> pods created (p50)": true, "end of workers seen -> tag written (p50)": false,
		"operator image, compressed": false, "operator start -> ready": false, "operator idle memory": true,
	} {
		if got, known := missed[name]; !known || got != want {
			t.Errorf("%s: missed %v (known %v)", name, got, known)
		}
	}
	sum := 0.0
	for i, value := range r.Samples[0] {
		if i < slices.IndexFunc(phases, func(p Phase) bool { return p.Name == "tag written -> Ready seen" }) {
			sum += value
		}
	}
	if sum != r.figure(totalPhase).P50 {
		t.Errorf("the phases up to the tag add up to %v, the total is %v", sum, r.figure(totalPhase).P50)
	}
	var out bytes.Buffer
	if err := r.Write(&out); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"missed by 20 ms", "missed by 10.0 MiB", "kiln / buildx cold (p50)"} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("%q is missing in\n%s", line, out.String())
		}
	}
	encoded, err := r.JSON()
	var again Report
	if err != nil || json.Unmarshal(encoded, &again) != nil || len(again.Kiln) != len(phases) {
		t.Errorf("the JSON cannot be read back: %v\n%s", err, encoded)
	}
}

func TestTheStartOfAProcessSurvivesItsName(t *testing.T) {
	ticks, err := startTicks("42 (a) b) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20\n")
	if err != nil || ticks != 4711 {
		t.Errorf("got %d, %v", ticks, err)
	}
	started, err := startOf("/proc/self")
	if err != nil || started.After(time.Now()) || time.Since(started) > time.Hour {
		t.Errorf("this process started %s (pid %d), %v", started, os.Getpid(), err)
	}
}
