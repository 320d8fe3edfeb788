package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCopyOfAFolderAndOfAFile(t *testing.T) {
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "a", "twins")
	if err := os.MkdirAll(filepath.Join(from, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(from, "bin", "cc1")
	if err := os.WriteFile(program, []byte("program"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("cc1", filepath.Join(from, "bin", "link")); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the kubelet may start an init container again
		if err := runCopy([]string{from, to}); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(filepath.Join(to, "bin", "link")); err != nil || string(got) != "program" {
		t.Errorf("the copy has %q, %v", got, err)
	}
	if info, err := os.Stat(filepath.Join(to, "bin", "cc1")); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("the copy is %v, %v", info, err)
	}
	single := filepath.Join(to, "single")
	if err := runCopy([]string{program, single}); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(single); err != nil || string(got) != "program" {
		t.Errorf("the copy is %q, %v", got, err)
	}
	for _, args := range [][]string{nil, {"a"}, {filepath.Join(from, "none"), single}} {
		if err := runCopy(args); err == nil {
			t.Errorf("%s was accepted", strings.Join(args, " "))
		}
	}
}
