package twins

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// The loader of this machine, under another name, shows whether a program finds its loader and its libraries.
func TestProgramsTakeLoaderAndLibrariesOfTheFolder(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("twins are programs of amd64")
	}
	program, err := os.ReadFile("/usr/bin/env")
	if err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	copied := func(from, to string) {
		t.Helper()
		content, err := os.ReadFile(from)
		if err != nil {
			t.Skip(err)
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, to)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, to), content, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	copied("/lib64/ld-linux-x86-64.so.2", "lib/own-loader")
	copied("/lib/x86_64-linux-gnu/libc.so.6", "lib/libc.so.6")
	changed, err := withLoader(program, filepath.Join(dir, "lib/own-loader"), "$ORIGIN/../lib")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "bin", "program")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, changed, 0o755); err != nil {
		t.Fatal(err)
	}
	maps, err := exec.Command(file, "cat", "/proc/self/maps").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, maps)
	}
	// With this variable the loader prints the libraries that it would load.
	command := exec.Command(file)
	command.Env = []string{"LD_TRACE_LOADED_OBJECTS=1", "LD_LIBRARY_PATH=/nowhere"}
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	for _, want := range []string{filepath.Join(dir, "lib/own-loader"), dir + "/bin/../lib/libc.so.6"} {
		if !strings.Contains(string(output), want) {
			t.Errorf("no %s in\n%s", want, output)
		}
	}
}

func TestOnlyDynamicProgramsGetALoader(t *testing.T) {
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"text": []byte("text"), "cut off": self[:32]} {
		if _, err := withLoader(content, "/loader", "/lib"); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
