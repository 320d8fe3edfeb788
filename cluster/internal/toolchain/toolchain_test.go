package toolchain

import (
	"io"
	"os"
	"path/filepath"
	"testing"
)

// sources is a copy of the tree's pins with a small tool in place of the Kubernetes one.
func sources(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for _, tool := range all {
		dir := filepath.Join(root, "cluster", "tools", tool.Name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		module := "module kiln.build/cluster/tools/" + tool.Name + "\n\ngo 1.26.0\n"
		if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(module), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestToolIsBuiltOncePerContent(t *testing.T) {
	root, cache := sources(t), t.TempDir()
	program := filepath.Join(root, "cluster", "tools", Pause.Name, "main.go")
	write := func(content string) {
		t.Helper()
		if err := os.WriteFile(program, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	build := func() (bin, target string) {
		t.Helper()
		bin, err := New(root, cache, io.Discard).Ensure(t.Context(), Pause)
		if err != nil {
			t.Fatal(err)
		}
		target, err = os.Readlink(filepath.Join(bin, "pause"))
		if err != nil {
			t.Fatal(err)
		}
		return bin, target
	}
	write("package main\n\nfunc main() {}\n")
	bin, target := build()
	before, err := os.Stat(target)
	if err != nil {
		t.Fatal(err)
	}
	againBin, againTarget := build()
	after, err := os.Stat(againTarget)
	if err != nil || againBin != bin || !os.SameFile(before, after) {
		t.Errorf("the tool was built again: %s %v", againTarget, err)
	}
	write("package main\n\nfunc main() { println(1) }\n")
	otherBin, otherTarget := build()
	if otherBin == bin || otherTarget == target {
		t.Error("changed sources gave the tool of before")
	}
	write("package main\n\nfunc main() { nonsense }\n")
	if _, err := New(root, cache, io.Discard).Ensure(t.Context(), Pause); err == nil {
		t.Error("sources that do not compile gave a tool")
	}
	if entries, _ := filepath.Glob(filepath.Join(cache, "tools", ".pause-*")); len(entries) > 0 {
		t.Errorf("unfinished builds stay: %v", entries)
	}
}

func TestVersionIsTheOneInGoMod(t *testing.T) {
	goMod := "module x\n\nrequire example.com/a v1.2.3\n\nrequire (\n\texample.com/b v0.1.0 // indirect\n\texample.com/b/sub v9.9.9\n)\n\nreplace example.com/c => example.com/c v3.0.0\n"
	for module, want := range map[string]string{"example.com/a": "v1.2.3", "example.com/b": "v0.1.0", "example.com/c": "", "example.com": ""} {
		if got := requiredVersion(goMod, module); got != want {
			t.Errorf("%s: got %q, want %q", module, got, want)
		}
	}
}
