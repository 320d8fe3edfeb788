package emulation

import (
	"cmp"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kiln.build/cluster/internal/debian"
	"kiln.build/cluster/internal/process"
	"kiln.build/cluster/internal/twins"
)

func TestMain(m *testing.M) {
	handled, err := process.Dispatch(maps.Clone(Commands))
	if !handled {
		os.Exit(m.Run())
	}
	if err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
}

// newRunner has the twins that KILN_TWINS names, or those of the corpus.
func newRunner(t *testing.T) *Runner {
	t.Helper()
	if testing.Short() {
		t.Skip("compiles for minutes")
	}
	if os.Getuid() != 0 {
		t.Skip("needs root")
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	set, err := twins.Named(cmp.Or(os.Getenv("KILN_TWINS"), DefaultTwins))
	if err != nil {
		t.Fatal(err)
	}
	runner, err := NewRunner(t.Context(), self, root, filepath.Join(cache, "kiln"), set, os.Stderr)
	if errors.Is(err, debian.ErrNotOffered) {
		t.Skipf("a point release replaced a pinned package: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return runner
}

// The whole corpus is built by bench/emulation.
func TestTwinsMakeWhatQEMUMakes(t *testing.T) {
	runner := newRunner(t)
	for _, p := range Quick() {
		t.Run(p.Name, func(t *testing.T) {
			reference, err := runner.Reference(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			accelerated, err := runner.Build(t.Context(), p, Accelerated)
			if err != nil {
				t.Fatal(err)
			}
			if accelerated.Native == 0 || reference.Native != 0 {
				t.Errorf("%d programs started natively, %d in the reference", accelerated.Native, reference.Native)
			}
			if len(reference.Objects) == 0 {
				t.Error("the build makes nothing")
			}
			for _, d := range Compare(p, reference, accelerated) {
				if d.Allowed {
					t.Log(d)
				} else {
					t.Error(d)
				}
			}
		})
	}
}

// behaviour prints what programs see of themselves, and what compilers and linkers say and make in unusual uses.
const behaviour = `
exec > seen 2>&1
cat > self.c <<'X'
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>
int main(int c, char **v) {
  char exe[4096] = "";
  if (readlink("/proc/self/exe", exe, sizeof exe - 1) < 0) return 1;
  struct utsname u;
  uname(&u);
  printf("%s %s %s\n", v[0], exe, u.machine);
  return 7;
}
X
gcc -O1 -o self self.c && sh -c 'exec ./self' ; echo $?
bash -c 'exec -a other ./self'; echo $?
echo 'int x = ;' > wrong.c; gcc -c wrong.c; echo $?
echo '#error from stdin' | gcc -x c -c - ; echo $?
echo 'int main(void) { return undefined_function(); }' > undefined.c; gcc undefined.c; echo $?
echo 'int v = VALUE;' > value.c; echo '-DVALUE=41 -c -o "value file.o"' > options; gcc @options value.c; ls *file.o
gcc -save-temps -c self.c -o saved.o; ls saved* self.i self.s
gcc -march=native -c self.c -o march.o; echo $?
gcc -Q --help=target | head -20
gcc -v -O1 -c self.c -o verbose.o; gcc -print-prog-name=cc1; gcc -print-file-name=libc.so.6; gcc -dumpmachine; gcc -### self.c
for flags in '' -nostdinc --sysroot=/nowhere '-isysroot /nowhere' '-isystem /src'; do
  echo "flags: $flags"; C_INCLUDE_PATH=/src gcc $flags -M self.c; echo $?
done
printf '#include <vector>\n' > v.cc; for flags in '' -nostdinc++; do g++ $flags -M v.cc; echo $?; done
echo | g++ -E -x c++ -Wp,-v - 2>&1 | grep -v ignoring
(ulimit -f 1; gcc -g -S self.c -o limited.s; echo $?); rm -f limited.s
options=$(i=0; while [ $i -lt 2000 ]; do echo "-DNAME_OF_A_MACRO_$i=$i.$i.$i.$i"; i=$((i+1)); done); gcc $options -c self.c -o long.o; echo "${#options} characters: $?"
cat > pre.c <<'X'
#include <unistd.h>
__attribute__((constructor)) void say(void) { write(2, "preloaded
", 10); }
X
gcc -shared -fPIC pre.c -o libpre.so; LD_PRELOAD=/src/libpre.so gcc -c self.c -o preloaded.o; echo $?
mkdir -m 777 /tmp/user; chroot --userspec=1000:1000 / sh -c 'cd /tmp/user; umask 027; gcc -O2 -c /src/self.c -o self.o; echo $?; gcc -c /src/self.c -o /src/denied.o; echo $?; stat -c "%n %a %u %g" *'
gcc -c -fstack-protector-strong self.c -o protected.o; LD_RUN_PATH=/run-path gcc self.c -o run-path
mkdir -p lib; printf 'int base(void) { return 1; }\n' > base.c; printf 'int base(void); int top(void) { return base(); }\n' > top.c
gcc -shared -fPIC -o lib/libbase.so base.c; gcc -shared -fPIC -o libtop.so top.c -Llib -lbase
printf 'int top(void); int main(void) { return top(); }\n' > use.c
gcc use.c -L. -ltop -o use1; echo $?; LD_LIBRARY_PATH=/src/lib gcc use.c -L. -ltop -o use2; echo $?
echo /src/lib > /etc/ld.so.conf; gcc use.c -L. -ltop -o use3; echo $?
gcc -fuse-ld=gold self.c -o with-gold; echo $?
printf 'plain text' | gzip -9n | gunzip; printf 'plain text' | xz | xz -dc; echo
gcc --version; as --version; ld --version; xz --version; gzip --version
`

// see runs a script that writes the file seen, and returns that with the folder of the script.
func (r *Runner) see(t *testing.T, way Way, script string) (seen string, result Result, src string) {
	t.Helper()
	var folders []string
	if way == Accelerated {
		folders = []string{r.twins}
	}
	job := t.TempDir()
	if err := os.Chmod(filepath.Dir(job), 0o755); err != nil {
		t.Fatal(err)
	}
	result, err := r.machine.Run(t.Context(), Build{
		Root: r.root, Job: job, Platform: r.set.Architecture.Platform(), Twins: folders, Limit: limit, Steps: []Step{{"behaviour", "set +e" + script}},
	})
	if err != nil {
		t.Fatal(err)
	}
	src = filepath.Join(job, "changed", "src")
	text, err := os.ReadFile(filepath.Join(src, "seen"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text), result, src
}

func TestProgramsBehaveAsUnderQEMU(t *testing.T) {
	runner := newRunner(t)
	seen := map[Way]string{}
	made := map[Way]Outcome{}
	for _, way := range []Way{QEMU, Accelerated} {
		var result Result
		var src string
		seen[way], result, src = runner.see(t, way, behaviour)
		files, err := objects(src)
		if err != nil {
			t.Fatal(err)
		}
		made[way] = Outcome{result, files}
	}
	if made[Accelerated].Native == 0 {
		t.Error("nothing started natively")
	}
	want, got := strings.Split(seen[QEMU], "\n"), strings.Split(seen[Accelerated], "\n")
	for i := range min(len(want), len(got)) {
		if want[i] != got[i] && !temporary(want[i]) {
			t.Errorf("line %d: %q, under QEMU %q", i+1, got[i], want[i])
		}
	}
	if len(want) != len(got) {
		t.Errorf("%d lines, under QEMU %d", len(got), len(want))
	}
	for _, d := range Compare(Project{Name: "behaviour"}, made[QEMU], made[Accelerated]) {
		if !d.Allowed {
			t.Error(d)
		}
	}
	machine := runner.set.Architecture.QEMU
	if machine == "arm" {
		machine = "armv7l"
	}
	if !strings.Contains(seen[Accelerated], "./self /src/self "+machine+"\n7\nother /src/self "+machine+"\n7\n") {
		t.Errorf("a program does not see itself:\n%s", seen[Accelerated])
	}
}

// temporary lines name files that the compiler driver makes under a random name.
func temporary(line string) bool { return strings.Contains(line, "/tmp/cc") }
