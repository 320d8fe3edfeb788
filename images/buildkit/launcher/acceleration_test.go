package main

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Build ids of the test programs.
const (
	matchedID   = "1111111111111111111111111111111111111111"
	unmatchedID = "2222222222222222222222222222222222222222"
	libraryID   = "3333333333333333333333333333333333333333"
	missingID   = "4444444444444444444444444444444444444444"
	closedID    = "5555555555555555555555555555555555555555"
	cutID       = "6666666666666666666666666666666666666666"
	loaderID    = "7777777777777777777777777777777777777777"
	ruledID     = "8888888888888888888888888888888888888888"
	compilerID  = "9999999999999999999999999999999999999999"
	driverID    = "abababababababababababababababababababab"
)

// foreignPrograms are the names of the programs in /bin of the steps; native is built for the machine.
var foreignPrograms = map[string]string{
	"matched": matchedID, "unmatched": unmatchedID, "library": libraryID, "missing": missingID, "closed": closedID, "cut": cutID,
	"loader": loaderID, "ruled": ruledID, "driver": driverID, "cc1": compilerID,
}

const testTwins = "debian-0-arm64"

// builtDir is a folder with the programs of the steps, the twins, and what the image has in /usr/local/lib.
var builtDir string

var builtOnce = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "kiln-acceleration-")
	if err != nil {
		return "", err
	}
	builtDir = dir
	// The pod's user may not be allowed to read where the tools are.
	local, tools := filepath.Join(dir, "local", "kiln"), filepath.Join(dir, "tools")
	runc, err := os.ReadFile(filepath.Join(os.Getenv("KILN_TOOLS_BIN"), "runc"))
	err = errors.Join(err, os.Chmod(dir, 0o755), os.MkdirAll(local, 0o755), os.MkdirAll(tools, 0o755),
		os.WriteFile(filepath.Join(tools, "runc"), runc, 0o755), buildPrograms(dir))
	if err != nil {
		return "", err
	}
	output, err := exec.Command("make", "--no-print-directory", "-C", "../interpreter", "OUT="+local).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the interpreter: %w\n%s", err, output)
	}
	return dir, nil
})

func buildPrograms(dir string) error {
	programs, bin, lib := filepath.Join(dir, "programs"), filepath.Join(dir, "twins", "bin"), filepath.Join(dir, "twins", "lib")
	for _, folder := range []string{programs, bin, lib} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
	}
	native := filepath.Join(programs, "native")
	foreign := filepath.Join(programs, "matched")
	for target, architecture := range map[string]string{native: runtime.GOARCH, foreign: "arm64"} {
		command := exec.Command("go", "build", "-o", target, "-ldflags", "-s -w -B 0x"+matchedID, "./testdata/program")
		command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+architecture, "GOFLAGS=-buildvcs=false")
		if output, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", target, err, output)
		}
	}
	content, err := os.ReadFile(foreign)
	if err != nil {
		return err
	}
	if err := showBuildID(content); err != nil {
		return err
	}
	for name, id := range foreignPrograms {
		if err := os.WriteFile(filepath.Join(programs, name), bytes.Replace(content, unhex(matchedID), unhex(id), 1), 0o755); err != nil {
			return err
		}
	}
	return buildTwins(native, bin, lib)
}

// showBuildID makes the program header of the notes, which Go's linker leaves at its own note, one of the build id.
func showBuildID(program []byte) error {
	file, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		return err
	}
	section := file.Section(".note.gnu.build-id")
	for i, p := range file.Progs {
		if p.Type == elf.PT_NOTE && section != nil {
			header := program[64+56*i:]
			for at, value := range map[int]uint64{8: section.Offset, 16: section.Addr, 24: section.Addr, 32: section.Size, 40: section.Size} {
				binary.LittleEndian.PutUint64(header[at:], value)
			}
			return nil
		}
	}
	return errors.New("the program has no build id")
}

func buildTwins(native, bin, lib string) error {
	content, err := os.ReadFile(native)
	if err != nil {
		return err
	}
	for name, mode := range map[string]os.FileMode{"program": 0o755, "library": 0o755, "closed": 0o644} {
		if err := os.WriteFile(filepath.Join(bin, name), content, mode); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(bin, "cut"), content[:len(content)/2], 0o755); err != nil {
		return err
	}
	// A program of this machine whose loader is not in the container, though the folder has one that loads it.
	for target, source := range map[string]string{
		filepath.Join(bin, "loader"):               "/bin/true",
		filepath.Join(lib, "ld-linux-x86-64.so.2"): "/lib64/ld-linux-x86-64.so.2",
	} {
		content, err := os.ReadFile(source)
		if err != nil {
			return err
		}
		if err := os.WriteFile(target, content, 0o755); err != nil {
			return err
		}
	}
	table := tableFormat + "name=" + testTwins + " distribution=debian release=0 architecture=arm64 qemu=aarch64 host=" + runtime.GOARCH + "\n" +
		matchedID + " bin/program\n" +
		libraryID + " bin/library\n" +
		missingID + " bin/missing\n" +
		closedID + " bin/closed\n" +
		cutID + " bin/cut\n" +
		loaderID + " bin/loader\n" +
		ruledID + " bin/program qemu-if=--never* qemu-if=-x qemu-if-env=SPECIAL twin-of=-plugin last=--end last=@/lib%20x unless=--not last=--maybe\n" +
		driverID + " bin/program one-of=-c one-of=-E option=- option=-c option=-E option=-D* qemu-if=-Dnot qemu-if-file=/tmp/response\n"
	return os.WriteFile(filepath.Join(filepath.Dir(bin), "table"), []byte(table), 0o644)
}

func unhex(text string) []byte {
	b, err := hex.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return b
}

func interpreter(t *testing.T) string {
	t.Helper()
	return filepath.Join(built(t), "local")
}

func built(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("gcc"); err != nil || runtime.GOARCH != "amd64" || os.Getenv("KILN_QEMU_BIN") == "" || os.Getenv("KILN_TOOLS_BIN") == "" {
		t.Skip("needs gcc, an x86-64 machine, KILN_QEMU_BIN (qemu-*-static) and KILN_TOOLS_BIN (runc)")
	}
	dir, err := builtOnce()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// pod is one with the test's twins, plain one without.
func pod(t *testing.T) acceleratedPod {
	dir := built(t)
	return acceleratedPod{programs: filepath.Join(dir, "programs"), folders: []string{filepath.Join(dir, "twins")}}
}

func plain(t *testing.T) acceleratedPod {
	return acceleratedPod{programs: pod(t).programs}
}

func step(args ...string) containerStep { return containerStep{Args: args} }

func (s containerStep) with(env ...string) containerStep {
	s.Env = env
	return s
}

type counters struct {
	native, emulated uint64
	unmatched        []string // STARTS BUILD-ID PATH
}

func readCounters(t *testing.T, content []byte) counters {
	t.Helper()
	if len(content) != startsSize || string(content[:8]) != startsMagic {
		t.Fatalf("%d bytes of counters", len(content))
	}
	c := counters{native: binary.NativeEndian.Uint64(content[8:]), emulated: binary.NativeEndian.Uint64(content[16:])}
	for at := 64; at < len(content); at += 256 {
		if slot := content[at : at+256]; binary.NativeEndian.Uint32(slot) == 2 {
			path, _, _ := bytes.Cut(slot[48:], []byte{0})
			c.unmatched = append(c.unmatched, fmt.Sprintf("%d %x %s", binary.NativeEndian.Uint32(slot[4:]), slot[9:9+slot[8]], path))
		}
	}
	return c
}

type report struct {
	Architecture, Executable, Folder, Machine string
	Arguments, Environment                    []string
	User, Effective                           int
}

func reportOf(t *testing.T, r containerResult) report {
	t.Helper()
	var got report
	if err := json.Unmarshal([]byte(r.Stdout), &got); err != nil || r.Code != 0 {
		t.Fatalf("exit code %d: %v\n%s%s", r.Code, err, r.Stdout, r.Stderr)
	}
	return got
}

func TestTwinRunsInPlaceOfTheForeignProgram(t *testing.T) {
	s := step("matched", "report", "", "a b", "@none").with("A=1", "LD_LIBRARY_PATH=/x", "LD_BIND_NOW=1", "GLIBC_TUNABLES=a", "LDFLAGS=-s")
	s.User, s.ReadOnlyRoot = 1000, true
	result, _ := pod(t).run(t, s)
	got := reportOf(t, result.Steps[0])
	if got.Architecture != runtime.GOARCH || got.User != 1000 || got.Folder != "/tmp" {
		t.Errorf("got %+v", got)
	}
	if want := []string{"matched", "report", "", "a b", "@none"}; !slices.Equal(got.Arguments, want) {
		t.Errorf("arguments %q, want %q", got.Arguments, want)
	}
	if !slices.Contains(got.Environment, "A=1") || !slices.Contains(got.Environment, "LDFLAGS=-s") {
		t.Errorf("environment %q", got.Environment)
	}
	for _, variable := range got.Environment {
		if strings.HasPrefix(variable, "LD_") || strings.HasPrefix(variable, "GLIBC_TUNABLES") {
			t.Errorf("the twin sees %s", variable)
		}
	}
	if want := twinsInContainers + "/" + testTwins + "/bin/program"; got.Executable != want {
		t.Errorf("executable %s, want %s", got.Executable, want)
	}
	if len(result.Layer) != 0 {
		t.Errorf("the root file system has in /dev: %q", result.Layer)
	}
}

// What has no twin must not notice the interpreter.
func TestOtherProgramsRunAsUnderQEMUAlone(t *testing.T) {
	env := []string{"LD_LIBRARY_PATH=/x", "LD_PRELOAD=/none.so", "GCONV_PATH=/y", "A=1"}
	user := step("unmatched", "report").with(env...)
	user.User = 1000
	steps := []containerStep{
		step("unmatched", "report", "x y", "").with(env...), user,
		step("/bin/../bin/unmatched", "report"), step("native", "run", "unmatched", "report"),
		step("unmatched", "exit", "7"), step("unmatched", "signal", "9"),
		step("unmatched", "run", "/proc/self/exe", "architecture"), step("unmatched", "list", "/dev/fd"),
		step("unmatched", "run-in-chroot", "/other", "/matched", "architecture"),
		step("/bin/privileged", "report"), step("unmatched", "nonsense"), step("unmatched"),
	}
	plain, _ := plain(t).run(t, steps...)
	result, _ := pod(t).run(t, steps...)
	for i, want := range plain.Steps {
		if strings.HasSuffix(steps[i].Args[0], "privileged") {
			continue // has a twin for root, see below
		}
		if got := result.Steps[i]; got.Stdout != want.Stdout || got.Stderr != want.Stderr || got.Code != want.Code {
			t.Errorf("%q\n gives %+v\nalone %+v", steps[i].Args, got, want)
		}
	}
	if got := reportOf(t, plain.Steps[0]); got.Architecture != "arm64" || got.Machine != "aarch64" || got.Executable != "/bin/unmatched" {
		t.Errorf("QEMU alone gives %+v", got)
	}
}

func TestExitCodesSignalsAndPipesOfTwins(t *testing.T) {
	copying := step("matched", "copy")
	copying.Stdin, copying.StdinRepeat = "0123456789abcdef", 1<<16
	long := strings.Repeat(copying.Stdin, copying.StdinRepeat)
	steps := []containerStep{
		step("matched", "exit", "0"), step("matched", "exit", "3"), step("matched", "exit", "255"), step("native", "run", "matched", "signal", "15"),
		step("native", "run", "matched", "signal", "9"), copying, step("unmatched", "run-with-arguments", "50000", "matched", "count"),
	}
	plain, _ := plain(t).run(t, steps...)
	result, _ := pod(t).run(t, steps...)
	for i, code := range []int{0, 3, 255, 99, 99, 0, 0} {
		if result.Steps[i].Code != code || plain.Steps[i].Code != code {
			t.Errorf("%q: exit code %d, under QEMU %d, want %d", steps[i].Args, result.Steps[i].Code, plain.Steps[i].Code, code)
		}
	}
	if got := result.Steps[3].Stderr + result.Steps[4].Stderr; got != "signal: terminated\nsignal: killed\n" {
		t.Errorf("the twins ended by %q", got)
	}
	if result.Steps[5].Stdout != long {
		t.Errorf("%d bytes came through the twin, %d went in", len(result.Steps[5].Stdout), len(long))
	}
	if got, want := result.Steps[6].Stdout, "amd64 50002\n"; got != want {
		t.Errorf("long command line: %q, want %q (under QEMU %q)", got, want, plain.Steps[6].Stdout)
	}
}

func TestChildrenOfATwinGetTheUsersEnvironmentBack(t *testing.T) {
	env := []string{"LD_LIBRARY_PATH=/x", "LD_DEBUG=none", "LOCPATH=/l", "NLSPATH=/n", "GCONV_PATH=/g", "GLIBC_TUNABLES=a=b"}
	result, _ := pod(t).run(t, step("matched", "run", "unmatched", "report").with(env...),
		step("matched", "run", "matched", "run", "unmatched", "report").with(env...))
	for _, r := range result.Steps {
		got := reportOf(t, r)
		if got.Architecture != "arm64" {
			t.Errorf("the child ran on %s", got.Architecture)
		}
		for _, variable := range env {
			if !slices.Contains(got.Environment, variable) {
				t.Errorf("the child has no %s in %q", variable, got.Environment)
			}
		}
	}
}

func TestWhatRunsUnderQEMUAlthoughItHasATwin(t *testing.T) {
	privileged := step("/bin/privileged", "report")
	privileged.User = 1000
	cases := map[string]containerStep{
		"preloaded code":                   step("matched", "architecture").with("LD_PRELOAD=libx.so"),
		"audited loading":                  step("matched", "architecture").with("LD_AUDIT=libx.so"),
		"chroot":                           step("unmatched", "run-in-chroot", "/other", "/matched", "architecture"),
		"missing twin":                     step("missing", "architecture"),
		"twin without x bit":               step("closed", "architecture"),
		"twin cut off":                     step("cut", "architecture"),
		"twin without its ELF interpreter": step("loader", "architecture"),
	}
	var steps []containerStep
	var names []string
	for name, s := range cases {
		names, steps = append(names, name), append(steps, s)
	}
	result, log := pod(t).run(t, append(steps, privileged, step("matched", "architecture").with("LD_PRELOAD="))...)
	for i, name := range names {
		if got := result.Steps[i]; got.Stdout != "arm64\n" || got.Code != 0 || got.Stderr != "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := reportOf(t, result.Steps[len(steps)]); got.Architecture != "arm64" || got.Effective != 0 || got.User != 1000 {
		t.Errorf("setuid: %+v", got)
	}
	if got := result.Steps[len(steps)+1]; got.Stdout != "amd64\n" {
		t.Errorf("an empty LD_PRELOAD gives %+v", got)
	}
	for _, want := range []string{"bin/missing left out", "bin/closed left out", "bin/cut left out", "5 twins of 8"} {
		if !strings.Contains(log, want) {
			t.Errorf("no %q in the log:\n%s", want, log)
		}
	}
}

func TestRulesChangeTheCommandLine(t *testing.T) {
	last := []string{"--end", twinsInContainers + "/" + testTwins + "/lib x"}
	library := twinsInContainers + "/" + testTwins + "/bin/library"
	cases := []struct {
		args []string
		env  string
		want []string // nil: runs under QEMU
	}{
		{args: []string{"a"}, want: append([]string{"a"}, append(slices.Clone(last), "--maybe")...)},
		{args: []string{"--not"}, want: append([]string{"--not"}, last...)},
		{args: []string{"--neverending"}}, {args: []string{"-x"}}, {args: []string{"-xy"}, want: append([]string{"-xy"}, append(slices.Clone(last), "--maybe")...)},
		{args: []string{"a"}, env: "SPECIAL=1"}, {args: []string{"--not"}, env: "SPECIAL=", want: append([]string{"--not"}, last...)},
		{args: []string{"-plugin", "/bin/library", "--not"}, want: append([]string{"-plugin", library, "--not"}, last...)},
		{args: []string{"-plugin", "/bin/unmatched"}}, {args: []string{"-plugin", "/none"}}, {args: []string{"-plugin", "/dev/.kiln"}},
		{args: []string{"--not", "-plugin"}, want: append([]string{"--not", "-plugin"}, last...)},
	}
	var steps []containerStep
	for _, c := range cases {
		s := step(append([]string{"ruled", "report"}, c.args...)...)
		if c.env != "" {
			s.Env = []string{c.env}
		}
		steps = append(steps, s)
	}
	result, _ := pod(t).run(t, steps...)
	for i, c := range cases {
		got := reportOf(t, result.Steps[i])
		want, architecture := append([]string{"ruled", "report"}, c.want...), runtime.GOARCH
		if c.want == nil {
			want, architecture = append([]string{"ruled", "report"}, c.args...), "arm64"
		}
		if got.Architecture != architecture || !slices.Equal(got.Arguments, want) {
			t.Errorf("%q %s: on %s %q, want %q", c.args, c.env, got.Architecture, got.Arguments, want)
		}
	}
}

func TestTwinsThatKnowSomeOptions(t *testing.T) {
	cases := []struct {
		args []string
		want string
	}{
		{[]string{"-c"}, "amd64"}, {[]string{"a", "-E", "-", "b"}, "amd64"}, {[]string{"-Dx", "-c", "-D"}, "amd64"},
		{[]string{}, "arm64"}, {[]string{"a"}, "arm64"}, {[]string{"-Dx"}, "arm64"}, {[]string{"-c", "-v"}, "arm64"}, {[]string{"-c", "--"}, "arm64"},
		{[]string{"-cx"}, "arm64"}, {[]string{"-c", "-Dnot"}, "arm64"}, {[]string{"-c", "-Dnote"}, "amd64"},
	}
	var steps []containerStep
	for _, c := range cases {
		steps = append(steps, step(append([]string{"driver", "architecture"}, c.args...)...))
	}
	// The file is there while its content is -c, and in every step after it.
	steps = append(steps, step("native", "respond", "-c", "/bin/driver", "architecture", "-c"))
	result, _ := pod(t).run(t, steps...)
	for i, c := range append(cases, struct {
		args []string
		want string
	}{[]string{"-c, and the file exists"}, "arm64"}) {
		if got := result.Steps[i]; got.Stdout != c.want+"\n" || got.Code != 0 {
			t.Errorf("%q: %+v, want %s", c.args, got, c.want)
		}
	}
}

func TestRulesLookIntoResponseFiles(t *testing.T) {
	library := twinsInContainers + "/" + testTwins + "/bin/library"
	given := []string{"@/tmp/response"}
	cases := []struct {
		content string
		want    []string // nil: runs under QEMU, with what was given
	}{
		{"a b", append(given, "--end", twinsInContainers+"/"+testTwins+"/lib x", "--maybe")},
		{"a\n--not ", append(given, "--end", twinsInContainers+"/"+testTwins+"/lib x")},
		{"", append(given, "--end", twinsInContainers+"/"+testTwins+"/lib x", "--maybe")},
		{"a '-x'", nil},
		{"a --nev\"er\"more", nil},
		{"a 'b", nil},
		{`a 'b\c'`, nil},
		{"@/tmp/response", nil},
		{"@/tmp/none --not '' c\\ d \"e f\"\t-plugin /bin/library", []string{"@/tmp/none", "--not", "", "c d", "e f", "-plugin", library, "--end", twinsInContainers + "/" + testTwins + "/lib x"}},
		{"a" + strings.Repeat(" b", 1<<19), nil},
	}
	var steps []containerStep
	for _, c := range cases {
		steps = append(steps, step("native", "respond", c.content, "/bin/ruled", "report", "@/tmp/response"))
	}
	// The kernel takes no single argument longer than 128 KiB.
	steps[len(steps)-1] = step("native", "respond-long", "1100000", "/bin/ruled", "report", "@/tmp/response")
	result, _ := pod(t).run(t, steps...)
	for i, c := range cases {
		got := reportOf(t, result.Steps[i])
		want, architecture := append([]string{"/bin/ruled", "report"}, c.want...), runtime.GOARCH
		if c.want == nil {
			want, architecture = []string{"/bin/ruled", "report", "@/tmp/response"}, "arm64"
		}
		if got.Architecture != architecture || !slices.Equal(got.Arguments, want) {
			t.Errorf("%.40q: on %s %q, want %q", c.content, got.Architecture, got.Arguments, want)
		}
	}
}

func TestStartsAreCounted(t *testing.T) {
	result, _ := pod(t).run(t, step("unmatched", "run-at-once", "40", "matched", "architecture"), step("cc1", "run-at-once", "3", "cc1", "architecture"),
		step("/bin/missing", "architecture"), step("native", "architecture"), step("matched", "architecture").with("LD_PRELOAD=x"))
	for i, r := range result.Steps {
		if r.Code != 0 {
			t.Errorf("step %d: %+v", i, r)
		}
	}
	got := readCounters(t, result.Counters)
	// Emulated: one that starts the others, four cc1, missing, one with preloaded code.
	if got.native != 40 || got.emulated != 7 {
		t.Errorf("%d native and %d emulated starts, want 40 and 7", got.native, got.emulated)
	}
	if want := []string{"4 " + compilerID + " /bin/cc1"}; !slices.Equal(got.unmatched, want) {
		t.Errorf("unmatched %q, want %q", got.unmatched, want)
	}
}

func TestBuildStepsCanOnlySpoilTheCounters(t *testing.T) {
	file := twinsInContainers + "/starts/aarch64"
	result, _ := pod(t).run(t,
		step("native", "write", twinsInContainers+"/index"), step("native", "write", twinsInContainers+"/new"),
		step("native", "write", twinsInContainers+"/"+testTwins+"/bin/program"), step("native", "write", twinsInContainers+"/starts/new"),
		step("native", "truncate", file, "0"), step("matched", "architecture"), step("cc1", "architecture"),
		step("native", "truncate", file, "1000000"), step("matched", "architecture"), step("cc1", "architecture"))
	for i, want := range []string{"true", "true", "true", "true", "", "amd64", "arm64", "", "amd64", "arm64"} {
		if got := result.Steps[i]; strings.TrimSpace(got.Stdout) != want || got.Code != 0 {
			t.Errorf("step %d: %+v, want %s", i, got, want)
		}
	}
}

func TestTwinsOfAVolumeWithoutExecution(t *testing.T) {
	p := pod(t)
	p.noexec, p.folders = p.folders[0], []string{"/run/noexec"}
	result, log := p.run(t, step("matched", "architecture"), step("native", "write", twinsInContainers+"/"+testTwins+"/new"))
	if got := result.Steps; got[0].Stdout != "amd64\n" || got[1].Stdout != "true\n" {
		t.Errorf("got %+v\n%s", got, log)
	}
}

func TestTwinsWorkInANestedUserNamespace(t *testing.T) {
	twin := step("native", "run-in-user-namespace", "/bin/matched", "architecture")
	other := step("native", "run-in-user-namespace", "/bin/unmatched", "architecture")
	twin.User, other.User = 1000, 1000
	result, _ := pod(t).run(t, twin, other)
	if got := result.Steps; got[0].Stdout != "amd64\n" || got[1].Stdout != "arm64\n" {
		t.Errorf("got %+v", got)
	}
}

func TestWithoutUsableTwinsQEMURunsEverything(t *testing.T) {
	p := pod(t)
	other := t.TempDir()
	if err := os.Chmod(filepath.Dir(other), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(other, "table"), []byte("kiln-twins 2 name=a-b-c\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	p.folders = []string{"/nowhere", other}
	result, log := p.runUnaccelerated(t, step("matched", "architecture"))
	if got := result.Steps[0]; got.Stdout != "arm64\n" {
		t.Errorf("got %+v", got)
	}
	for _, want := range []string{"/nowhere/table: no such file", "line 1", "acceleration of linux/arm64: off (no twins)", "emulation: kernel (linux/arm64)"} {
		if !strings.Contains(log, want) {
			t.Errorf("no %q in the log:\n%s", want, log)
		}
	}
}
