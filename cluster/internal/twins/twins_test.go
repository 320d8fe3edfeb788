package twins

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kiln.build/cluster/internal/debian"
)

const root = "../../.."

func TestLockFilesHaveOneFormat(t *testing.T) {
	for _, set := range Sets {
		text, err := os.ReadFile(filepath.Join(data(root, set), lockFile))
		if err != nil {
			t.Fatal(err)
		}
		packages, err := parseLock(string(text))
		if err != nil {
			t.Fatalf("%s: %v", set.Name(), err)
		}
		if again := formatLock(set, packages); again != string(text) {
			t.Errorf("%s: written again the lock file is\n%s", set.Name(), again)
		}
	}
	if _, err := parseLock("amd64 gcc 12\n"); err == nil {
		t.Error("a line without a checksum was taken")
	}
}

// What a cross compiler cannot do like the native one has to stay under QEMU.
func TestTablesKeepUnderQEMUWhatDiffers(t *testing.T) {
	for _, c := range []struct {
		set, twin string
		rule      string // empty: there must be no such twin
	}{
		{"debian-12-arm64", "bin/cc1", "qemu-if=-fstack-protector*"},
		{"debian-12-arm64", "bin/cc1plus", "qemu-if=-fstack-clash-protection"},
		{"debian-12-arm64", "bin/lto1", ""},
		{"debian-12-s390x", "bin/cc1", "qemu-if=-flto*"},
		{"debian-13-s390x", "bin/lto1", ""},
		{"debian-13-s390x", "lib/liblto_plugin.so", ""},
		{"debian-13-s390x", "bin/ld.bfd", "qemu-if=-plugin"},
		{"debian-13-arm64", "bin/ld.bfd", "twin-of=-plugin"},
		{"debian-13-arm64", "bin/cc1", "qemu-if=-fplugin*"},
		{"debian-13-arm64", "bin/cc1", "qemu-if=-version"},
		{"debian-12-arm64", "bin/gcc", "one-of=-c"},
		{"debian-12-arm64", "bin/g++", "qemu-if=-march=native*"},
		{"debian-13-arm64", "bin/gcc", ""},
		{"debian-13-arm64", "bin/cc1plus", "qemu-if=-fopenmp"},
		{"debian-13-arm64", "bin/lto1", "qemu-if=-fopenacc"},
	} {
		table, err := os.ReadFile(filepath.Join(root, "images/twins/data", c.set, tableFile))
		if err != nil {
			t.Fatal(err)
		}
		var rules []string
		found := false
		for line := range strings.Lines(string(table)) {
			if fields := strings.Fields(line); len(fields) > 1 && fields[1] == c.twin {
				found, rules = true, fields[2:]
			}
		}
		if found != (c.rule != "") || found && !slices.Contains(rules, c.rule) {
			t.Errorf("%s: %s has the rules %q, want %q", c.set, c.twin, rules, c.rule)
		}
	}
}

func TestCommittedTablesAreWhatThePackagesMake(t *testing.T) {
	if testing.Short() {
		t.Skip("downloads compilers")
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"debian-12-arm64", "debian-13-arm64"} {
		set, err := Named(name)
		if err != nil {
			t.Fatal(err)
		}
		first, err := Make(t.Context(), root, filepath.Join(cache, "kiln", "twins"), set)
		if errors.Is(err, debian.ErrNotOffered) {
			t.Skipf("a point release replaced a pinned package: %v", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{"bin/cc1", "bin/as", "bin/ld.bfd", "lib/" + loader, "doc/libc6/copyright"} {
			if len(first.Files[file]) == 0 {
				t.Errorf("%s has no %s", name, file)
			}
		}
		for _, file := range []string{"bin/gcc", "bin/g++"} {
			if set.hasDrivers() != (len(first.Files[file]) > 0) || bytes.Contains(first.Files[file], []byte("/usr/lib/"+crossFolder+"/")) {
				t.Errorf("%s: %s looks for the programs of a cross compiler", name, file)
			}
		}
		libraries, err := needed(first.Files["bin/cc1"])
		if err != nil {
			t.Fatal(err)
		}
		for _, library := range libraries {
			if _, ok := first.Files["lib/"+library]; !ok {
				t.Errorf("%s: bin/cc1 needs %s", name, library)
			}
		}
	}
}

func TestChangedPackageIsRefused(t *testing.T) {
	cache := t.TempDir()
	p := newPantry(cache)
	l := locked{architecture: host, name: "hello", version: "1", sha256: strings.Repeat("0", 64)}
	if err := os.MkdirAll(p.packages(), 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(p.packages(), debian.PackageFile(l.name, l.version, l.architecture))
	if err := os.WriteFile(file, []byte("something else"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := p.get(t.Context(), debian.Bookworm, l); err == nil {
		t.Error("a package with another checksum was taken")
	}
}

func TestOnlyDriversOfCrossCompilersAreChanged(t *testing.T) {
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"text": []byte("text"), "cut off": self[:32], "another program": self} {
		if _, err := asNativeDriver(content); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestFoldersThatMakeNoDifferenceAreLeftOut(t *testing.T) {
	list := []includeFolder{{path: "/c++", flags: [4]byte{1}}, {path: "/libc++", flags: [4]byte{2}}, {path: "/gcc/include-fixed"}, {path: "/usr/include"}}
	for count, want := range map[int][]string{
		4: {"/c++", "/libc++", "/gcc/include-fixed", "/usr/include"},
		3: {"/c++", "/libc++", "/usr/include"},
		2: {"/c++", "/usr/include"},
	} {
		fitted, err := fitting(list, count)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range fitted {
			got = append(got, f.path)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d: %q, want %q", count, got, want)
		}
	}
	if _, err := fitting(list, 1); err == nil {
		t.Error("a folder that matters was left out")
	}
}

func TestTheFoldersOfTheLibraryAreThoseThatNativeCompilersFind(t *testing.T) {
	const gcc = "/usr/lib/gcc/powerpc64le-linux-gnu/12/"
	var got []string
	for _, folder := range canonical([]includeFolder{
		{path: gcc + "../../../../include/c++/12", flags: [4]byte{1}}, {path: gcc + "../../../../include/powerpc64-linux-gnu/c++/12", flags: [4]byte{1}},
		{path: gcc + "../../../../include/c++/12/backward", flags: [4]byte{1}}, {path: gcc + "../../../../libc++_include/c++/12/v1", flags: [4]byte{2}},
		{path: gcc + "include"}, {path: gcc + "../../../../powerpc64le-linux-gnu/include"},
	}, ppc64le) {
		got = append(got, folder.path)
	}
	want := []string{
		"/usr/include/c++/12", "/usr/include/powerpc64le-linux-gnu/c++/12", "/usr/include/c++/12/backward",
		gcc + "../../../../libc++_include/c++/12/v1", gcc + "include", gcc + "../../../../powerpc64le-linux-gnu/include",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestTheOnlyMultilibIsNotAppended(t *testing.T) {
	folder := includeFolder{path: "/usr/lib/gcc/x/12/../../../../include/x/c++/12", flags: [4]byte{1, 0, 0, 1}}
	for architecture, want := range map[Architecture]byte{arm: 0, s390x: 1} {
		if got := canonical([]includeFolder{folder}, architecture)[0].flags[3]; got != want {
			t.Errorf("%s: multilib %d, want %d", architecture.Go, got, want)
		}
	}
}
