package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestInitialUserNamespaceIsRecognised(t *testing.T) {
	cases := map[string]bool{
		"         0          0 4294967295\n": true,  // the node
		"0 0 65536":                          true,  // identity: root here is root there
		"0 262144 65536":                     false, // a pod with hostUsers: false
		"0 1000 1\n1 100000 65536\n":         false, // RootlessKit
	}
	for text, want := range cases {
		ids, err := parseIDMap(text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if got := ids.initial(); got != want {
			t.Errorf("%q: initial = %v, want %v", text, got, want)
		}
	}
}

func TestUnreadableIDMapIsRefused(t *testing.T) {
	for _, text := range []string{"", "\n", "0 0", "a b c", "0 0 99999999999"} {
		if ids, err := parseIDMap(text); err == nil {
			t.Errorf("%q: parsed as %v", text, ids)
		}
	}
}

func TestIDMapCoversRangesThatSpanLines(t *testing.T) {
	ids, err := parseIDMap("1 100000 65535\n0 1000 1\n70000 1 10\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		first, length uint32
		want          bool
	}{{0, 65536, true}, {0, 65537, false}, {100000, 65536, false}, {70000, 10, true}, {69999, 2, false}} {
		if got := ids.covers(c.first, c.length); got != c.want {
			t.Errorf("covers(%d, %d) = %v", c.first, c.length, got)
		}
	}
}

// The expected lines are QEMU's own (its binfmt.d files), with the ABI byte left open.
func TestRegistrationLines(t *testing.T) {
	golden, err := os.ReadFile("testdata/registrations")
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, name := range []string{"amd64", "386", "arm64", "arm/v7", "riscv64", "ppc64le", "s390x"} {
		p, err := platformNamed("linux/" + name)
		if err != nil {
			t.Fatal(err)
		}
		got.WriteString(p.registration() + "\n")
	}
	if got.String() != string(golden) {
		t.Errorf("registrations:\n%swant:\n%s", got.String(), golden)
	}
}

func TestUnknownPlatformIsNamed(t *testing.T) {
	for _, list := range []string{"windows/amd64", "linux", "linux/arm64,linux/vax", "linux/arm/v7/x"} {
		if _, err := parsePlatforms(list); err == nil || !strings.Contains(err.Error(), "linux/riscv64") {
			t.Errorf("%q: error %v, want one that lists the known platforms", list, err)
		}
	}
	if got, err := parsePlatforms(" linux/arm64 ,, linux/arm/v6,"); err != nil || names(got) != "linux/arm64, linux/arm" {
		t.Errorf("got %v, %v", names(got), err)
	}
}

func TestCABundlesStayInTheirFolder(t *testing.T) {
	for _, name := range []string{"../x.pem", "a/b.pem", ".pem", "..pem", "x", "/etc/x.pem", "a\\u0000.pem", ""} {
		env := map[string]string{envCABundles: `{"` + name + `": "text"}`}
		if s, err := readSettings(func(k string) string { return env[k] }); err == nil {
			t.Errorf("%q was accepted: %v", name, s.caBundles)
		}
	}
}

func TestFilesOfTheDaemonAreWritten(t *testing.T) {
	env := map[string]string{envCABundles: `{"0.pem": "zero", "1.pem": "one"}`, envConfig: "debug = true"}
	s, err := readSettings(func(k string) string { return env[k] })
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := s.writeFiles(dir); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{"ca/0.pem": "zero", "ca/1.pem": "one", "buildkitd.toml": "debug = true"} {
		if got, err := os.ReadFile(filepath.Join(dir, file)); err != nil || string(got) != want {
			t.Errorf("%s = %q, %v", file, got, err)
		}
	}
}

func TestSubordinateIDs(t *testing.T) {
	first, length, err := subordinateIDs("other:5:5\nuser:100000:65536\n", "user", 1000)
	if err != nil || first != 100000 || length != 65536 {
		t.Errorf("by name: %d %d %v", first, length, err)
	}
	first, _, err = subordinateIDs("1000:7:9", "user", 1000)
	if err != nil || first != 7 {
		t.Errorf("by id: %d %v", first, err)
	}
	if _, _, err = subordinateIDs("other:1:1", "user", 1000); err == nil {
		t.Error("found ids of a user that has none")
	}
}

func TestEmptyValueRemovesAVariable(t *testing.T) {
	got := withEnvironment([]string{"A=1", "B=2", "C=3"}, map[string]string{"A": "", "B": "9"})
	if strings.Join(got, " ") != "C=3 B=9" {
		t.Errorf("got %v", got)
	}
}
