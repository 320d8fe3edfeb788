package bench

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// took is a build with Kiln whose tag was written after so many milliseconds.
func took(milliseconds int) Moments {
	return Moments{
		Submitted: after(0), WorkerStarted: after(1000), DaemonReady: after(1200), Pushed: after(milliseconds - 300), WorkersEnded: after(milliseconds - 100),
		TagWritten: after(milliseconds),
	}
}

func TestTheComparisonTellsWhatIsMissed(t *testing.T) {
	fresh := &way{name: "Kiln, cache volume", moments: []Moments{took(5000), took(4000), took(9000)}}
	standing := &way{name: "buildx, standing daemon", times: []time.Duration{2 * time.Second, 3 * time.Second, 2 * time.Second}}
	c := &Comparison{Date: start, Machine: Machine{CPUs: 2}, Build: "lua"}
	c.add("lua", fresh, standing)
	c.ratio("volume", fresh, standing, 1.5)
	c.ratio("loose", fresh, standing, 3)
	c.ratio("no target", standing, fresh, 0)
	c.ratioInPod("in the pod", fresh, fresh)

	if got := []float64{c.Ratios[0].Value, c.Ratios[2].Value, c.Ratios[3].Value}; got[0] != 2.5 || got[1] != 0.4 || got[2] != 1 {
		t.Errorf("ratios %v", got)
	}
	if len(c.Targets) != 2 || c.Targets[0].Met() || !c.Targets[1].Met() {
		t.Errorf("targets %+v", c.Targets)
	}
	sum := 0.0
	for _, phase := range c.Ways[0].Phases {
		sum += phase.P50
	}
	if sum != c.Ways[0].Total.P50 || len(c.Ways[1].Phases) != 0 {
		t.Errorf("the phases add up to %v of %v; %d phases of buildx", sum, c.Ways[0].Total.P50, len(c.Ways[1].Phases))
	}
	var out bytes.Buffer
	if err := c.Write(&out); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"LUA (ms)", "missed by 1.000", "daemons ready -> pushed", "no target"} {
		if !strings.Contains(out.String(), text) {
			t.Errorf("%q is missing in\n%s", text, out.String())
		}
	}
	encoded, err := c.JSON()
	var again Comparison
	if err != nil || json.Unmarshal(encoded, &again) != nil || len(again.Ways) != 2 {
		t.Errorf("the JSON cannot be read back: %v\n%s", err, encoded)
	}
}

func TestARunHasASpecOfItsOwn(t *testing.T) {
	e := &example{url: "http://git/bench.git"}
	run := e.fresh("lua", "c0ffee", []string{"linux/arm64"}, "On")
	encoded, err := run.object("r:5000")
	want := `{"apiVersion":"kiln.build/v1alpha1","kind":"ImageBuild","metadata":{"name":"lua","namespace":"kiln-bench"},"spec":{"cache":{"mode":"Disabled"},` +
		`"output":{"image":"r:5000/kiln-bench/lua","tags":["latest"]},"placement":{"acceleration":"On"},"platforms":["linux/arm64"],` +
		`"source":{"git":{"revision":"c0ffee","url":"http://git/bench.git"}}}}`
	if err != nil || string(encoded) != want {
		t.Errorf("got  %s, %v\nwant %s", encoded, err, want)
	}
	if !run.accelerated || e.fresh("lua", "c0ffee", nil, "Off").accelerated {
		t.Error("only accelerated runs have to start something natively")
	}
}

func TestTheFilesOfAnExample(t *testing.T) {
	files, err := inlineFiles([]byte(`{"spec": {"source": {"inline": {"files": {"main.c": "int main;"}}}}}`))
	if err != nil || len(files) != 1 || files["main.c"] != "int main;" {
		t.Errorf("got %v, %v", files, err)
	}
	for _, text := range []string{`{"spec": {"source": {"git": {}}}}`, "apiVersion: v1"} {
		if _, err := inlineFiles([]byte(text)); err == nil {
			t.Errorf("%s was accepted", text)
		}
	}
}

func TestAChangeIsOneLine(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is missing")
	}
	remote, checkout := filepath.Join(t.TempDir(), "bench.git"), t.TempDir()
	for _, args := range [][]string{{"init", "--quiet", "--bare", remote}, {"init", "--quiet", "--initial-branch=main", checkout}} {
		if err := run(t.Context(), "", "git", args...); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(checkout, "main.c"), []byte("int main;\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	e := &example{url: remote, checkout: checkout, changed: "main.c"}
	first, err := e.commit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second, err := e.commit(t.Context())
	if err != nil || first == second {
		t.Fatalf("got %s and %s, %v", first, second, err)
	}
	output, err := exec.CommandContext(t.Context(), "git", "-C", remote, "diff", "--numstat", first, second).Output()
	if err != nil || string(output) != "1\t0\tmain.c\n" {
		t.Errorf("got %q, %v", output, err)
	}
}

func TestTheLayerHasTheScript(t *testing.T) {
	file := filepath.Join(t.TempDir(), "layer.tar")
	if err := writeLayer(file); err != nil {
		t.Fatal(err)
	}
	content, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	reader := tar.NewReader(content)
	header, err := reader.Next()
	if err != nil || header.Name != withQEMUPath || header.Mode != 0o755 {
		t.Fatalf("got %+v, %v", header, err)
	}
	// binfmt_misc reads the escapes itself.
	if script, err := io.ReadAll(reader); err != nil || !strings.Contains(string(script), `:qemu-aarch64:M:0:\x7fELF\x02`) {
		t.Errorf("got %s, %v", script, err)
	}
}
