// Package twins makes the folders of native programs that do the same as programs of a foreign architecture, out of Debian packages, and
// the tables that say which foreign build each of them stands for. images/twins/README.md specifies both.
package twins

import (
	"fmt"
	"slices"
	"strings"

	"kiln.build/cluster/internal/debian"
)

// Release is a release of Debian.
type Release struct {
	Number string
	Suite  string
	gcc    string
	// libexec is where the compilers proper are, below usr.
	libexec string
}

// Architecture is a foreign architecture.
type Architecture struct {
	Go     string
	Debian string
	Triple string // also the folder of the libraries
	QEMU   string
	big    bool // big endian
}

// Platform is the architecture in the words of images.
func (a Architecture) Platform() string {
	if a == arm {
		return "linux/arm/v7"
	}
	return "linux/" + a.Go
}

// Set is what one image holds.
type Set struct {
	Release      Release
	Architecture Architecture
}

// host is the architecture of the nodes that twins are made for, in the words of Go and of Debian.
const host = "amd64"

const hostTriple = "x86_64-linux-gnu"

var (
	bookworm = Release{Number: "12", Suite: debian.Bookworm, gcc: "12", libexec: "lib"}
	trixie   = Release{Number: "13", Suite: debian.Trixie, gcc: "14", libexec: "libexec"}

	arm64   = Architecture{Go: "arm64", Debian: "arm64", Triple: "aarch64-linux-gnu", QEMU: "aarch64"}
	arm     = Architecture{Go: "arm", Debian: "armhf", Triple: "arm-linux-gnueabihf", QEMU: "arm"}
	riscv64 = Architecture{Go: "riscv64", Debian: "riscv64", Triple: "riscv64-linux-gnu", QEMU: "riscv64"}
	s390x   = Architecture{Go: "s390x", Debian: "s390x", Triple: "s390x-linux-gnu", QEMU: "s390x", big: true}
	ppc64le = Architecture{Go: "ppc64le", Debian: "ppc64el", Triple: "powerpc64le-linux-gnu", QEMU: "ppc64le"}
)

// Sets are all sets, arm64 first. Debian 12 has no riscv64.
var Sets = []Set{
	{bookworm, arm64}, {trixie, arm64}, {bookworm, arm}, {trixie, arm}, {trixie, riscv64},
	{bookworm, s390x}, {trixie, s390x}, {bookworm, ppc64le}, {trixie, ppc64le},
}

// Name is the set's name, as in the head of its table.
func (s Set) Name() string {
	return "debian-" + s.Release.Number + "-" + s.Architecture.Go
}

// Named finds a set.
func Named(name string) (Set, error) {
	var names []string
	for _, s := range Sets {
		if s.Name() == name {
			return s, nil
		}
		names = append(names, s.Name())
	}
	return Set{}, fmt.Errorf("there are no twins named %q; there are %s", name, strings.Join(names, ", "))
}

func (s Set) head() string {
	return fmt.Sprintf("kiln-twins 1 name=%s distribution=debian release=%s architecture=%s qemu=%s host=%s",
		s.Name(), s.Release.Number, s.Architecture.Go, s.Architecture.QEMU, host)
}

// pair is a foreign file and the native one that does the same.
type pair struct {
	foreign string // path in a package of the foreign architecture
	native  string // path in a package of the host
	twin    string // path in the folder
	rules   []string
	// includes says that the program has GCC's list of folders for header files, which differs in cross compilers.
	includes bool
	// driver says that the program starts the others, which a cross compiler has in other folders.
	driver bool
}

func (s Set) pairs() []pair {
	cross := fmt.Sprintf("usr/%s/gcc-cross/%s/%s/", s.Release.libexec, s.Architecture.Triple, s.Release.gcc)
	gcc := fmt.Sprintf("usr/%s/gcc/%s/%s/", s.Release.libexec, s.Architecture.Triple, s.Release.gcc)
	binutils := "usr/bin/" + s.Architecture.Triple + "-"
	compiler := slices.Concat(compilerRules, s.rulesOfGCC())
	linker := []string{"qemu-if-env=LD_LIBRARY_PATH", "qemu-if-env=LD_RUN_PATH", "qemu-if=--plugin*", "qemu-if=-plugin=*"}
	pairs := []pair{
		{foreign: gcc + "cc1", native: cross + "cc1", twin: "bin/cc1", rules: compiler, includes: true},
		{foreign: gcc + "cc1plus", native: cross + "cc1plus", twin: "bin/cc1plus", rules: compiler, includes: true},
		{foreign: binutils + "as", native: binutils + "as", twin: "bin/as"},
	}
	linkers := []string{"ld.bfd"}
	if s.hasGold() {
		linkers = append(linkers, "ld.gold")
	}
	if s.optimisesLinks() {
		pairs = append(pairs, pair{foreign: gcc + "lto1", native: cross + "lto1", twin: "bin/lto1", rules: append([]string{"qemu-if=-fplugin*"}, s.offloadRules()...)})
	}
	if s.readsIntermediateCode() {
		pairs = append(pairs, pair{foreign: gcc + "liblto_plugin.so", native: cross + "liblto_plugin.so", twin: "lib/liblto_plugin.so"})
		linker = append([]string{"twin-of=-plugin"}, linker...)
	} else {
		linker = append(linker, "qemu-if=-plugin")
	}
	for _, name := range linkers {
		pairs = append(pairs, pair{foreign: binutils + name, native: binutils + name, twin: "bin/" + name, rules: linker})
	}
	if s.hasDrivers() {
		for _, name := range []string{"gcc", "g++"} {
			program := binutils + name + "-" + s.Release.gcc
			pairs = append(pairs, pair{foreign: program, native: program, twin: "bin/" + name, rules: s.driverRules(), driver: true})
		}
	}
	return append(pairs, s.streamTools()...)
}

// hasDrivers is false where the drivers were not compared with TestDriversStartTheSamePrograms.
func (s Set) hasDrivers() bool { return s.Release == bookworm }

// hasGold is false for riscv64, which gold was not ported to.
func (s Set) hasGold() bool { return s.Architecture != riscv64 }

// streamTools compress and decompress; the same program of the host does the same.
func (s Set) streamTools() []pair {
	var pairs []pair
	for _, name := range []string{"usr/bin/xz", "usr/bin/zstd", "bin/gzip"} {
		if s.Release.Suite != debian.Bookworm {
			name = "usr/bin/" + name[strings.LastIndex(name, "/")+1:]
		}
		pairs = append(pairs, pair{foreign: name, native: name, twin: "bin/" + name[strings.LastIndex(name, "/")+1:]})
	}
	return pairs
}

// compilerRules keep a compiler under QEMU when it has to load a foreign library: its own plugins, and the conversions of character
// sets that the C library has as modules. Nor does the twin know the folders of
// a moved installation (-iprefix) and of another standard library (-stdlib), and its own name has another revision.
var compilerRules = []string{
	"qemu-if=-fplugin*", "qemu-if=-finput-charset*", "qemu-if=-fexec-charset*", "qemu-if=-fwide-exec-charset*", "qemu-if=-iprefix",
	"qemu-if=-stdlib=*", "qemu-if=-version", "qemu-if=--version", "qemu-if=-fverbose-asm",
}

// driverOptions are the options with which a driver only chooses the compiler and assembler that it starts. What it would say of itself
// (-v, -###, --version, -print-*) differs, and so does everything about its own place and parts (-B, -specs, -wrapper).
var driverOptions = []string{
	"-", "-c", "-S", "-E", "-o*", "-O*", "-g*", "-D*", "-U*", "-I*", "-W*", "-w", "-f*", "-M*", "-std=*", "-ansi", "-pedantic*", "-pipe", "-pthread",
	"-x*", "-include*", "-isystem*", "-iquote*", "-idirafter*", "-imacros*", "-nostdinc*", "-P", "-C", "-CC", "-H", "-undef", "-trigraphs",
	"-l*", "-L*", "-s", "-shared*", "-static*", "-rdynamic", "-pie", "-no-pie", "-nostdlib*", "-nodefaultlibs", "-nostartfiles", "-nolibc", "-r",
	"-Xlinker", "-Xassembler", "-Xpreprocessor", "-u*", "-z*", "-p", "-pg", "-m*", "--param*", "--coverage",
}

// driverRules keep a driver under QEMU where it links (the native one tells collect2 more), where it looks at the processor, and where the
// user configured it.
func (s Set) driverRules() []string {
	var rules []string
	for _, action := range []string{"-c", "-S", "-E", "-M", "-MM"} {
		rules = append(rules, "one-of="+action)
	}
	for _, option := range driverOptions {
		rules = append(rules, "option="+option)
	}
	folder := "/usr/lib/%s/" + s.Architecture.Triple + "/specs"
	return append(rules, "qemu-if=-fplugin*", "qemu-if=-foffload*", "qemu-if=-march=native*", "qemu-if=-mcpu=native*", "qemu-if=-mtune=native*",
		"qemu-if-env=GCC_EXEC_PREFIX", "qemu-if-env=GCC_COMPARE_DEBUG",
		"qemu-if-file="+fmt.Sprintf(folder, nativeFolder), "qemu-if-file="+fmt.Sprintf(folder, crossFolder))
}

// ahead says what a security revision of the native compiler has that the cross compiler of the same release lacks.
func (s Set) ahead() string {
	if s.Release == bookworm && s.Architecture == arm64 {
		return "the native package has the fix of CVE-2023-4039 for -fstack-protector, the cross package does not: stack protection, " +
			"stack clash protection and link time optimisation stay under QEMU"
	}
	if s.Release == bookworm {
		return "the native package is a revision ahead of the cross package; it changes gcc/config/aarch64 only (CVE-2023-4039), which this compiler does not contain"
	}
	return ""
}

// rulesOfGCC are the rules that only some compilers need.
func (s Set) rulesOfGCC() []string {
	var rules []string
	if s.Release == bookworm && s.Architecture == arm64 {
		rules = append(rules, "qemu-if=-fstack-protector*", "qemu-if=-fstack-clash-protection")
	}
	if s.Architecture.big {
		// GCC writes its intermediate code and the notes of gcov in the byte order of the machine that it runs on.
		rules = append(rules, "qemu-if=-flto*", "qemu-if=-ftest-coverage", "qemu-if=-fprofile-*", "qemu-if=-fauto-profile*", "qemu-if=-fbranch-probabilities")
	}
	return append(rules, s.offloadRules()...)
}

// offloadRules are for native compilers that are configured to offload (--enable-offload-targets), when the cross compiler is not.
func (s Set) offloadRules() []string {
	if s.Release == trixie && (s.Architecture == arm64 || s.Architecture == ppc64le) {
		return []string{"qemu-if=-fopenmp", "qemu-if=-fopenacc"}
	}
	return nil
}

// optimisesLinks is false where the code generator of the twin is not the same, and no argument of it says what it compiles.
func (s Set) optimisesLinks() bool {
	return s.readsIntermediateCode() && !(s.Release == bookworm && s.Architecture == arm64)
}

// readsIntermediateCode is false where the linker's plugin would not understand what the compilers under QEMU write.
func (s Set) readsIntermediateCode() bool { return !s.Architecture.big }
