package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestBundleOfAContainer(t *testing.T) {
	for line, want := range map[string]string{
		"--log /x --log-format json run --bundle /b --keep id":      "/b",
		"--root run --systemd-cgroup --debug create --bundle=/b id": "/b",
		"--rootless=true run -b /b id":                              "/b",
		"run id":                                                    ".",
		"--log /x kill --bundle /b id":                              "", "--version": "", "": "", "--root": "", "exec --process /p id run": "", "delete run": "",
	} {
		if got, ok := bundleOf(strings.Fields(line)); got != want || ok != (want != "") {
			t.Errorf("%q: %q %v, want %q", line, got, ok, want)
		}
	}
}

func TestTwinsAreAddedAsTheLastMount(t *testing.T) {
	given := `{"ociVersion":"1.2.0","hostname":"<&>","mounts":[{"destination":"/dev","x":[1,2]}],"linux":{"unknown":12345678901234567890},"process":{"args":["/dev/mqueue"]}}`
	file := writeConfig(t, given)
	if err := addTwins(file, "/source"); err != nil {
		t.Fatal(err)
	}
	var got, want map[string]json.RawMessage
	decode(t, file, &got)
	if err := json.Unmarshal([]byte(given), &want); err != nil {
		t.Fatal(err)
	}
	var mounts []map[string]any
	if err := json.Unmarshal(got["mounts"], &mounts); err != nil {
		t.Fatal(err)
	}
	added := map[string]any{"destination": "/dev/.kiln", "type": "bind", "source": "/source", "options": []any{"rbind", "ro", "nosuid", "nodev"}}
	if len(mounts) != 2 || mounts[0]["destination"] != "/dev" || !reflect.DeepEqual(mounts[1], added) {
		t.Errorf("mounts %v", mounts)
	}
	delete(got, "mounts")
	delete(want, "mounts")
	if len(got) != len(want) || string(got["linux"]) != string(want["linux"]) || string(got["process"]) != string(want["process"]) {
		t.Errorf("got %s", got)
	}
}

func TestBrokenConfigurationIsAnError(t *testing.T) {
	for _, text := range []string{"", "[]", `{"mounts":{}}`} {
		file := writeConfig(t, text)
		if err := addTwins(file, "/source"); err == nil || !strings.Contains(err.Error(), "config.json") {
			t.Errorf("%q: %v", text, err)
		}
		if content, err := os.ReadFile(file); err != nil || string(content) != text {
			t.Errorf("%q became %q, %v", text, content, err)
		}
	}
}

func FuzzConfiguration(f *testing.F) {
	f.Add(`{"mounts":[{"destination":"/dev"}],"a":{"b":1e3}}`)
	f.Fuzz(func(t *testing.T, text string) {
		file := writeConfig(t, text)
		if addTwins(file, "/source") != nil {
			return
		}
		var before, after map[string]any
		if err := json.Unmarshal([]byte(text), &before); err != nil {
			t.Fatal(err)
		}
		decode(t, file, &after)
		mounts := after["mounts"].([]any)
		rest, _ := before["mounts"].([]any)
		if len(mounts) != len(rest)+1 {
			t.Errorf("%d mounts became %d", len(rest), len(mounts))
		}
		delete(before, "mounts")
		delete(after, "mounts")
		if len(before)+len(after) > 0 && !reflect.DeepEqual(before, after) {
			t.Errorf("%v became %v", before, after)
		}
	})
}

func writeConfig(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func decode(t *testing.T, file string, into any) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, into); err != nil {
		t.Fatal(err)
	}
}
