package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"runtime"
	"sort"
	"strings"
)

// platform is what an executable needs to have to be recognised as belonging to it, and the emulator that runs it.
type platform struct {
	name    string // as in OCI, without a variant: linux/arm64
	goarch  string
	qemu    string // QEMU's name of the architecture
	machine uint16 // e_machine of the ELF header
	class   byte   // 1: 32 bit, 2: 64 bit
	order   byteOrder
	flags   uint32 // e_flags
	exit    []byte // machine code of exit(probeExitCode)
}

type byteOrder interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// probeExitCode is what the probe programs exit with: no shell or kernel uses it for a failure.
const probeExitCode = 113

var platforms = map[string]platform{
	"linux/amd64": {goarch: "amd64", qemu: "x86_64", machine: 62, class: 2, order: binary.LittleEndian,
		// mov eax, 60; mov edi, code; syscall
		exit: []byte{0xb8, 60, 0, 0, 0, 0xbf, probeExitCode, 0, 0, 0, 0x0f, 0x05}},
	"linux/386": {goarch: "386", qemu: "i386", machine: 3, class: 1, order: binary.LittleEndian,
		// mov eax, 1; mov ebx, code; int 0x80
		exit: []byte{0xb8, 1, 0, 0, 0, 0xbb, probeExitCode, 0, 0, 0, 0xcd, 0x80}},
	"linux/arm64": {goarch: "arm64", qemu: "aarch64", machine: 183, class: 2, order: binary.LittleEndian,
		// mov x8, #93; mov x0, #code; svc #0
		exit: words(binary.LittleEndian, 0xd2800ba8, 0xd2800000|probeExitCode<<5, 0xd4000001)},
	"linux/arm": {goarch: "arm", qemu: "arm", machine: 40, class: 1, order: binary.LittleEndian, flags: 0x05000000, // EABI 5
		// mov r7, #1; mov r0, #code; svc #0
		exit: words(binary.LittleEndian, 0xe3a07001, 0xe3a00000|probeExitCode, 0xef000000)},
	"linux/riscv64": {goarch: "riscv64", qemu: "riscv64", machine: 243, class: 2, order: binary.LittleEndian,
		// li a7, 93; li a0, code; ecall
		exit: words(binary.LittleEndian, 0x05d00893, probeExitCode<<20|0x00000513, 0x00000073)},
	"linux/ppc64le": {goarch: "ppc64le", qemu: "ppc64le", machine: 21, class: 2, order: binary.LittleEndian, flags: 2, // ELFv2
		// li r0, 1; li r3, code; sc
		exit: words(binary.LittleEndian, 0x38000001, 0x38600000|probeExitCode, 0x44000002)},
	"linux/s390x": {goarch: "s390x", qemu: "s390x", machine: 22, class: 2, order: binary.BigEndian,
		// lghi %r2, code; svc 1
		exit: []byte{0xa7, 0x29, 0, probeExitCode, 0x0a, 1}},
}

func words(order byteOrder, instructions ...uint32) []byte {
	var code []byte
	for _, w := range instructions {
		code = order.AppendUint32(code, w)
	}
	return code
}

// platformNamed accepts a variant (linux/arm/v7) and drops it: one emulator runs all of them.
func platformNamed(name string) (platform, error) {
	parts := strings.Split(name, "/")
	if len(parts) == 2 || len(parts) == 3 {
		key := parts[0] + "/" + parts[1]
		if p, ok := platforms[key]; ok {
			p.name = key
			return p, nil
		}
	}
	known := make([]string, 0, len(platforms))
	for key := range platforms {
		known = append(known, key)
	}
	sort.Strings(known)
	return platform{}, fmt.Errorf("platform %q cannot be emulated: known are %s", name, strings.Join(known, ", "))
}

func (p platform) native() bool { return p.goarch == runtime.GOARCH }

func (p platform) emulator() string { return "/usr/bin/qemu-" + p.qemu + "-static" }

// embeddedEmulator is the program that buildkitd itself puts in front of a foreign command where it finds it.
func (p platform) embeddedEmulator() string { return "buildkit-qemu-" + p.qemu }

// ident is the start of every executable of the platform: ELF identification, e_type ET_EXEC, e_machine.
func (p platform) ident() []byte {
	b := make([]byte, 16, 20)
	copy(b, "\x7fELF")
	b[4], b[5], b[6] = p.class, p.dataEncoding(), 1
	b = p.order.AppendUint16(b, 2)
	return p.order.AppendUint16(b, p.machine)
}

func (p platform) dataEncoding() byte {
	if p.order == binary.BigEndian {
		return 2
	}
	return 1
}

// mask leaves the ABI byte open (7) and lets ET_DYN (3) pass beside ET_EXEC (2).
func (p platform) mask() []byte {
	b := bytes.Repeat([]byte{0xff}, 16)
	b[7] = 0
	b = p.order.AppendUint16(b, 0xfffe)
	return p.order.AppendUint16(b, 0xffff)
}

// registration is the line for binfmt_misc's register file. The flags: P keeps argv[0], by which programs such as busybox
// know what they are, O hands the executable to QEMU as an open file, C keeps the executable's credentials, F opens QEMU now,
// so that it needs not exist in the root file system of a build step.
func (p platform) registration() string {
	return ":qemu-" + p.qemu + ":M:0:" + escape(p.ident()) + ":" + escape(p.mask()) + ":" + p.emulator() + ":POCF"
}

func escape(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		fmt.Fprintf(&s, `\x%02x`, c)
	}
	return s.String()
}

// probe is a complete static executable of the platform that exits with probeExitCode.
func (p platform) probe() []byte {
	const base = 0x10000
	header, segment := 64, 56
	if p.class == 1 {
		header, segment = 52, 32
	}
	entry := uint64(base + header + segment)
	size := uint64(header + segment + len(p.exit))
	o, b := p.order, p.ident()
	b = o.AppendUint32(b, 1) // e_version
	word := o.AppendUint64
	if p.class == 1 {
		word = func(b []byte, v uint64) []byte { return o.AppendUint32(b, uint32(v)) }
	}
	b = word(b, entry)          // e_entry
	b = word(b, uint64(header)) // e_phoff
	b = word(b, 0)              // e_shoff
	b = o.AppendUint32(b, p.flags)
	b = o.AppendUint16(b, uint16(header))
	b = o.AppendUint16(b, uint16(segment))
	for _, v := range []uint16{1, 0, 0, 0} { // e_phnum, e_shentsize, e_shnum, e_shstrndx
		b = o.AppendUint16(b, v)
	}
	const readExecute = 5
	b = o.AppendUint32(b, 1) // PT_LOAD
	if p.class == 2 {
		b = o.AppendUint32(b, readExecute)
	}
	for _, v := range []uint64{0, base, base, size, size} { // p_offset, p_vaddr, p_paddr, p_filesz, p_memsz
		b = word(b, v)
	}
	if p.class == 1 {
		b = o.AppendUint32(b, readExecute)
	}
	b = word(b, 0x1000) // p_align
	return append(b, p.exit...)
}
