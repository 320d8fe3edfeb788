package emulation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"kiln.build/cluster/internal/debian"
)

// Project is a source package of Debian and how to build it.
type Project struct {
	Name     string
	Language string
	// What makes the project worth building.
	Why string
	// The file of the source package with upstream's sources, and its SHA-256.
	source, file, sum string
	// Only the build is measured; prepare configures.
	prepare, build string
	// quick projects are built by every run of the tests.
	quick bool
}

// suite is the release that the sources of the corpus are from.
const suite = debian.Bookworm

// rootPackages are in the root file system of every project.
var rootPackages = []string{
	"bash", "binutils", "ccache", "cmake", "coreutils", "dash", "diffutils", "findutils", "g++", "gcc", "grep", "gzip", "libc6-dev", "make",
	"mawk", "sed", "tar", "tcl", "xz-utils",
}

// Projects is the corpus.
var Projects = []Project{
	{
		Name: "lua", Language: "C", Why: "make",
		source: "lua5.4", file: "lua5.4_5.4.4.orig.tar.gz", sum: "164c7849653b80ae67bec4b7473b884bf5cc8d2dca05653475ec2ed27b9ebf61",
		build: "make -j2 -C src linux",
	},
	{
		Name: "zlib", Language: "C", Why: "ccache, with a second build out of its cache", quick: true,
		source: "zlib", file: "zlib_1.2.13.dfsg.orig.tar.bz2", sum: "71feb7947e3c00ef125f83b79a4e529bde31171e5babe48b391f06758d1ab0a1",
		prepare: "CC='ccache gcc' ./configure",
		build:   "export CCACHE_DIR=/tmp/ccache; make -j2 libz.a libz.so.1.2.13 minigzip; rm -f *.o *.lo libz.a; make -j2 libz.a minigzip",
	},
	{
		Name: "bzip2", Language: "C", Why: "link time optimisation", quick: true,
		source: "bzip2", file: "bzip2_1.0.8.orig.tar.gz", sum: "ab5a03176ee106d3f0fa90e381da478ddae405918153cca248e682cd0c4a2269",
		build: "make -j2 CFLAGS='-O2 -flto -frandom-seed=kiln -D_FILE_OFFSET_BITS=64' LDFLAGS=-flto libbz2.a bzip2 bzip2recover",
	},
	{
		Name: "xxhash", Language: "C", Why: "-march=native tried first", quick: true,
		source: "xxhash", file: "xxhash_0.8.1.orig.tar.gz", sum: "3bb6b7d6f30c591dd65aaaff1c8b7a5b94d81687998ca9400082c739a690436c",
		build: "if gcc -march=native -x c -c -o native.o - < /dev/null; then m=-march=native; fi; make -j2 CFLAGS=\"-O3 $m\" xxhsum libxxhash.a",
	},
	{
		Name: "tinyxml2", Language: "C++", Why: "CMake", quick: true,
		source: "tinyxml2", file: "tinyxml2_9.0.0+dfsg.orig.tar.xz", sum: "96510f47a5db537f70dff3e83dd71fd2180cbba4aa76c589a549467e7f34bc9b",
		prepare: "cmake -S . -B build -DCMAKE_BUILD_TYPE=Release", build: "cmake --build build -j2",
	},
	{
		Name: "sqlite-parser", Language: "C", Why: "programs of the build make sources in the middle of it", quick: true,
		source: "sqlite3", file: "sqlite3_3.40.1.orig.tar.xz", sum: "aaa776260ab4dc976db34aa7891819484c8676b5b2783123ebc6301e2ca5d655",
		build: "make -j2 -f Makefile.linux-gcc TOP=. parse.o tokenize.o printf.o util.o",
	},
	{
		Name: "cjson", Language: "C", Why: "CMake, stack protection (stays under QEMU)",
		source: "cjson", file: "cjson_1.7.15.orig.tar.gz", sum: "5308fd4bd90cef7aa060558514de6a1a4a0819974a26e6ed13973c5f624c24b2",
		prepare: "cmake -S . -B build -DENABLE_CJSON_TEST=Off", build: "cmake --build build -j2",
	},
	{
		Name: "hiredis", Language: "C", Why: "debug information",
		source: "hiredis", file: "hiredis_0.14.1.orig.tar.gz", sum: "2663b2aed9fd430507e30fc5e63274ee40cdd1a296026e22eafd7d99b01c8913",
		build: "make -j2 static dynamic",
	},
	{
		Name: "lz4", Language: "C", Why: "make, -O3",
		source: "lz4", file: "lz4_1.9.4.orig.tar.gz", sum: "0b0e3aa07c8c063ddf40b082bdf7e37a1562bda40a0ff5272957f3e987e0e54b",
		build: "make -j2 lib lz4",
	},
	{
		Name: "xz", Language: "C", Why: "CMake with many checks",
		source: "xz-utils", file: "xz-utils_5.4.1.orig.tar.xz", sum: "5d9827aa1875b21c288f78864bb26d2650b436ea8d2cad364e4921eb6266a5a5",
		prepare: "cmake -S . -B build -DCMAKE_BUILD_TYPE=Release", build: "cmake --build build -j2",
	},
	{
		Name: "fmt", Language: "C++", Why: "CMake, templates",
		source: "fmtlib", file: "fmtlib_9.1.0+ds1.orig.tar.gz", sum: "84ce1c2d0be3a9863935137969dcec6970125caac032f82474640bfc81463583",
		prepare: "cmake -S . -B build -DCMAKE_BUILD_TYPE=Release -DFMT_TEST=OFF -DFMT_DOC=OFF", build: "cmake --build build -j2",
	},
	{
		Name: "re2", Language: "C++", Why: "make, debug information",
		source: "re2", file: "re2_20220601+dfsg.orig.tar.xz", sum: "3bc61251da3b0b97be40a8a127818c517c62516e4eda11fc901d29496663df54",
		build: "make -j2 obj/re2/compile.o obj/re2/dfa.o obj/re2/nfa.o obj/re2/parse.o obj/re2/re2.o",
	},
	{
		Name: "sqlite", Language: "C", Why: "large, with sources made in the middle of the build",
		source: "sqlite3", file: "sqlite3_3.40.1.orig.tar.xz", sum: "aaa776260ab4dc976db34aa7891819484c8676b5b2783123ebc6301e2ca5d655",
		build: "make -j2 -f Makefile.linux-gcc TOP=. libsqlite3.a",
	},
}

// Small is a few lines of C and C++ of everything that depends on the architecture: for a first look at a set of twins.
var Small = Project{
	Name: "small", Language: "C++", Why: "floating point, wide integers, exceptions, threads, debug information",
	build: `cat > a.c <<'X'
#include <complex.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
struct mixed { char c; long double l; double complex z; int64_t i; _Bool b; };
static _Thread_local struct mixed m;
atomic_long counter;
long double scale(long double x, int n) { while (n--) x = x * 1.0000000001L + 0.1L; return x; }
int64_t divide(int64_t a, int64_t b) { return b ? a / b + a % b : INT64_MIN; }
double sum(const double *v, int n) { double s = 0; for (int i = 0; i < n; i++) s += v[i] * v[n - i - 1]; return s; }
int main(int c, char **v) {
  m.l = scale(c, 100); m.z = c + 2.5 * I; m.i = divide(INT64_MAX, c); atomic_fetch_add(&counter, c);
  switch (c) { case 1: puts("one"); break; case 2: puts("two"); break; case 3: puts("three"); break; case 4: puts("four"); break; case 7: puts("x"); break; }
  printf("%Lg %g %lld %ld %s\n", m.l, creal(m.z), (long long)m.i, counter, v[0]);
}
X
cat > b.cc <<'X'
#include <stdexcept>
struct base { virtual ~base() {} virtual int value(int x) { if (x > 3) throw std::out_of_range("x"); return x; } };
template <int n> struct derived : base { int value(int x) override { return x < n ? base::value(x) * n : derived<n - 1>().value(x); } };
template <> struct derived<0> : base {};
int main(int c, char **) { try { derived<9> d; base &b = d; return b.value(c); } catch (const std::exception &e) { return e.what()[0]; } }
X
for level in -O0 -O2 '-O3 -g' '-Os -fPIC'; do
  gcc $level -c a.c -o "a$level.o"; g++ $level -c b.cc -o "b$level.o"
done
gcc -O2 -flto -frandom-seed=1 a.c -o a-lto; gcc -fstack-protector-strong -O2 a.c -o a-protected; g++ -O2 b.cc -o b; gcc -O2 -static a.c -o a-static
gcc -O2 --coverage -frandom-seed=1 -c a.c -o a-coverage.o; ./a-lto; if ./b; then exit 1; fi`,
}

// Selected are the projects with the names, all when there are none.
func Selected(names []string) ([]Project, error) {
	if len(names) == 0 {
		return Projects, nil
	}
	all := append([]Project{Small}, Projects...)
	var chosen []Project
	for _, name := range names {
		at := -1
		for i, p := range all {
			if p.Name == name {
				at = i
			}
		}
		if at < 0 {
			return nil, fmt.Errorf("the corpus has no project %q", name)
		}
		chosen = append(chosen, all[at])
	}
	return chosen, nil
}

// Quick are the projects that every run of the tests builds.
func Quick() []Project {
	var quick []Project
	for _, p := range Projects {
		if p.quick {
			quick = append(quick, p)
		}
	}
	return quick
}

// Sources is the archive with upstream's sources of a project, from Kiln's cache folder or Debian's archive.
func Sources(ctx context.Context, cache, name string) (string, error) {
	chosen, err := Selected([]string{name})
	if err != nil {
		return "", err
	}
	return chosen[0].fetch(ctx, filepath.Join(cache, "emulation"))
}

func (p Project) steps() []Step {
	var steps []Step
	if p.prepare != "" {
		steps = append(steps, Step{"prepare", p.prepare})
	}
	return append(steps, Step{buildStep, p.build})
}

const buildStep = "build"

// fetch returns the file with the sources, from the cache or the archive.
func (p Project) fetch(ctx context.Context, cache string) (string, error) {
	dir := filepath.Join(cache, "sources")
	file := filepath.Join(dir, p.file)
	if err := p.check(file); err == nil {
		return file, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	archive, err := debian.OpenSources(ctx, filepath.Join(cache, "archives", suite+"-sources"), suite)
	if err != nil {
		return "", err
	}
	if err := archive.Source(ctx, dir, p.source); err != nil {
		return "", err
	}
	return file, p.check(file)
}

func (p Project) check(file string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != p.sum {
		return fmt.Errorf("%s has SHA-256 %x, want %s", file, sum, p.sum)
	}
	return nil
}

// unpack unpacks the sources into the folder /src of a build.
func (p Project) unpack(ctx context.Context, file, job string) error {
	src := filepath.Join(job, "changed", "src")
	if err := errors.Join(ownedFolder(job), ownedFolder(filepath.Join(job, "changed")), ownedFolder(src)); err != nil || file == "" {
		return err
	}
	command := exec.CommandContext(ctx, "tar", "--extract", "--strip-components=1", "--no-same-owner", "--file="+file, "--directory="+src)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("unpack %s: %w\n%s", file, err, output)
	}
	return filepath.WalkDir(src, func(file string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(file, firstID, firstID)
	})
}

// limit bounds one build of one project.
const limit = 30 * time.Minute
