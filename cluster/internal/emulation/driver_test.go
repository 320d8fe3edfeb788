package emulation

import (
	"regexp"
	"strings"
	"testing"
)

// drivers are command lines of compiler drivers, with scripts in place of what they start: what counts is which programs a driver starts, with
// which arguments and environment, and what it says itself. A script writes when its input has ended, so that of two with a pipe between
// them the first comes first.
const drivers = `
exec >> seen 2>&1
folder=$(dirname $(gcc -print-prog-name=cc1))
for program in $folder/cc1 $folder/cc1plus $folder/collect2 /usr/bin/as; do
  rm $program
  cat > $program <<'X'
#!/bin/sh
while read -r line; do :; done
exec 3>&1 >> /src/seen
printf '%s\n' "started: $0" "$@"
export -p
X
  chmod +x $program
done
mkdir -p t dir /opt/bin /usr/local/bin; cp -L /usr/bin/gcc /opt/bin/gcc; ln -s /usr/bin/gcc /usr/local/bin/mycc; ln -s ../../usr/bin/g++ /opt/linked++
for file in a.c b.c a.cc a.cpp a.s a.S a.o a.i a.ii a.h a.f90 a.go a.d a.m a.rs unknown.xyz lib.a; do echo "$file" > $file; done
printf '%s' '-DA="b c" -I dir' > options; printf '%s' '-c a.c @options -O2' > more
try() { echo "$*"; "$@" < /dev/null; echo "exit code $?"; }
while read -r line; do try gcc $line; done <<'X'
-O2 -c a.c -o x.o
-c a.c b.c
-c a.c b.c -o x.o
-S a.c
-E a.c
-E -o x.i a.c
-
-E -
-x c -c -
-c a.s
-c a.S
-c a.i
-c a.f90
-c a.go
-c a.d
-c a.m
-c a.rs
-x rust -c a.c
-c unknown.xyz
-c a.h
-c none.c

-c
-c -o
-unknown-option -c a.c
-fno-such-option -c a.c
-Wno-such -c a.c
-mno-such -c a.c
-O2 -g -Wall -Wextra -std=gnu11 -DX=1 -UX -Idir -I dir -MMD -MP -MF x.d -MT x.o -c -o x.o a.c
-M a.c
-MM a.c
-MD -c a.c
-MQ y -MD -c a.c -o dir/x.o
-include b.c -isystem dir -iquote dir -idirafter dir -imacros b.c -nostdinc -c a.c
-P -C -CC -undef -trigraphs -H -E a.c
-pipe -c a.c
-pipe -O2 -g3 -c a.c -o x.o
-g -gz -gdwarf-4 -c a.c
-gsplit-dwarf -c a.c -o none/x.o
-Wa,--noexecstack -c a.c
-Wp,-MD,x.d -c a.c
-Xassembler --version -c a.c
-Xassembler -K -Xpreprocessor -DX -c a.c
-mcpu=native -c a.c
-march=native -c a.c
-mtune=native -c a.c
-mgeneral-regs-only -mcmodel=large -c a.c
-mabi=none -mbig-endian -c a.c
-fPIC -fpic -fPIE -fvisibility=hidden -fno-strict-aliasing -ffast-math -c a.c
-fopenmp -fopenacc -c a.c
-foffload=nvptx-none -c a.c
-foffload=disable -fopenmp -c a.c
-fprofile-arcs -ftest-coverage -c a.c
--coverage -pg -p -c a.c
-fstack-protector-strong -fcf-protection -fsanitize=undefined,address -c a.c
-flto -frandom-seed=1 -c a.c
-flto=2 -frandom-seed=1 -ffat-lto-objects -c a.c
-fplugin=x -c a.c
-c a.c a.o lib.a -lm -Ldir -L dir -shared -s -static -rdynamic -pie -no-pie -r -nostdlib -nodefaultlibs -nostartfiles -nolibc -static-libgcc -pthread -u symbol -z now -Wl,-rpath,/x -Xlinker -Map=x
a.c -o x
a.o -fuse-ld=gold -static -lm
-x none a.c -c
-x c-header a.h
-x assembler a.c -c
-x f95 a.c -c
@options -c a.c
@more
@none -c a.c
--param max-inline-insns-single=10 -c a.c
--param=max-inline-insns-single=10 -c a.c
-ansi -pedantic -pedantic-errors -w -c a.c
-fdiagnostics-color=always -fmax-errors=1 -fdebug-prefix-map=/src=. -ffile-prefix-map=/src=. -c a.c
-save-temps -c a.c
-v -c a.c
-### -c a.c
--version
-B dir -c a.c
--sysroot=/nowhere -c a.c
-wrapper echo -c a.c
-no-canonical-prefixes -c a.c
-Os -frandom-seed=1 -fwrapv a.c -c -o -
-O -O3 -Ofast -Og -c a.c
X
while read -r line; do try g++ $line; done <<'X'
-c a.cc
-O2 -std=c++17 -c a.cpp -o x.o
-c a.c
-S a.ii
-E -x c++ -
-nostdinc++ -c a.cc
-stdlib=libc++ -c a.cc
-fno-exceptions -fno-rtti -MD -MF x.d -c a.cc
-x c a.cc -c
-x c++-header a.h
-x c++ -c - -o x.o
-static-libstdc++ -lm -c a.cc
-c a.cc b.c a.s
-pipe -g -c a.cc
a.o
X
for setting in C_INCLUDE_PATH=/src/dir LIBRARY_PATH=/src/dir: COMPILER_PATH=/src/dir GCC_EXEC_PREFIX=/src/dir/ TMPDIR=/src/t LANG=C.UTF-8 LC_ALL=de_DE.UTF-8 GCC_COLORS= DEPENDENCIES_OUTPUT=/src/x.d \
  LD_RUN_PATH=/x LD_LIBRARY_PATH=/x CPATH=/x COLLECT_GCC_OPTIONS=x GLIBC_TUNABLES=glibc.malloc.perturb=0; do
  try env $setting gcc -c a.c
done
for driver in /opt/bin/gcc mycc /opt/linked++ /usr/bin/../bin/gcc ../usr/bin/g++; do try $driver -c a.c; done
for name in other /opt/bin/gcc /nowhere/gcc; do try bash -c "exec -a $name gcc -c a.c"; done
tools=$folder/../../../../$(gcc -dumpmachine); mkdir -p $tools/bin; ln /usr/bin/as $tools/bin/as; try gcc -c a.c; rm -r $tools
PATH=/src/dir:$PATH; ln /usr/bin/as dir/as; try gcc -c a.c; rm /usr/bin/as dir/as; try gcc -c a.c
specs=$(gcc -print-file-name=libgcc.a); specs=${specs%/*}/specs; gcc -dumpspecs | sed 's/^\*asm:$/*asm:\n-from-specs/' > $specs; try gcc -c a.s
mv $specs ${specs%/*/*}/specs; try gcc -c a.s; rm ${specs%/*/*}/specs
rm $folder/cc1; try gcc -c a.c
`

func TestDriversStartTheSamePrograms(t *testing.T) {
	runner := newRunner(t)
	random := regexp.MustCompile(`/cc[A-Za-z0-9]{6}\b`)
	seen := map[Way][]string{}
	for _, way := range []Way{QEMU, Accelerated} {
		text, result, _ := runner.see(t, way, drivers)
		seen[way] = strings.Split(random.ReplaceAllString(text, "/ccRANDOM"), "\n")
		if (way == Accelerated) != (result.Native > 80) {
			t.Errorf("%s: %d programs started natively", way, result.Native)
		}
	}
	want, got := seen[QEMU], seen[Accelerated]
	what := ""
	for i := range min(len(want), len(got)) {
		if strings.Contains(want[i], " -") && want[i] == got[i] {
			what = want[i]
		}
		if want[i] != got[i] {
			t.Errorf("%s, line %d: %q, under QEMU %q", what, i+1, got[i], want[i])
		}
	}
	if len(want) != len(got) {
		t.Errorf("%d lines, under QEMU %d", len(got), len(want))
	}
	if n := strings.Count(strings.Join(got, "\n"), "started: "); n < 100 {
		t.Errorf("%d programs were started", n)
	}
}
