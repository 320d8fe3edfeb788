package main

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// The head of the interpreter's code, see interpreter/head.h.
const (
	interpreterMagic = "kilnint1"
	headContinueAt   = 8
	headIndex        = 16
	headStarts       = 80
	headSize         = 144
	headPath         = 64
)

const pageSize = 4096

// join puts the interpreter in front of an emulator: the result is the emulator with one more segment, whose code runs first and
// then continues at the emulator's own entry point. One program instead of two, because the kernel hands a foreign program over
// only once: the open file, its credentials and the marks in the auxiliary vector do not survive another exec, and a file to
// execute would have to exist in every chroot of a build step.
func join(interpreter, emulator []byte, indexPath, startsPath string) ([]byte, error) {
	if len(interpreter) <= headSize || !bytes.HasPrefix(interpreter, []byte(interpreterMagic)) {
		return nil, errors.New("the interpreter is not one of this release")
	}
	file, err := elf.NewFile(bytes.NewReader(emulator))
	if err != nil {
		return nil, fmt.Errorf("read the emulator: %w", err)
	}
	if file.Class != elf.ELFCLASS64 || file.Data != elf.ELFDATA2LSB || file.Machine != elf.EM_X86_64 {
		return nil, fmt.Errorf("the emulator is a program of %v, the interpreter one of %v", file.Machine, elf.EM_X86_64)
	}
	free, end, err := freeSegment(file)
	if err != nil {
		return nil, err
	}
	address, offset := roundUp(end), roundUp(uint64(len(emulator)))

	code := bytes.Clone(interpreter)
	binary.LittleEndian.PutUint64(code[headContinueAt:], file.Entry-address)
	for at, path := range map[int]string{headIndex: indexPath, headStarts: startsPath} {
		if len(path) >= headPath || strings.ContainsRune(path, 0) {
			return nil, fmt.Errorf("the path %q is too long", path)
		}
		copy(code[at:at+headPath], path)
	}

	joined := make([]byte, offset, offset+uint64(len(code)))
	copy(joined, emulator)
	joined = append(joined, code...)
	binary.LittleEndian.PutUint64(joined[24:], address+headSize) // e_entry
	size := uint64(len(code))
	var segment bytes.Buffer
	err = binary.Write(&segment, binary.LittleEndian, elf.Prog64{
		Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X), Off: offset, Vaddr: address, Paddr: address,
		Filesz: size, Memsz: size, Align: pageSize,
	})
	copy(joined[free:], segment.Bytes())
	return joined, err
}

// freeSegment finds the program header to use: that of a note, which nothing reads in a running program. It has to come after
// those of the loaded segments, because the kernel wants these in the order of their addresses. The end is theirs.
func freeSegment(file *elf.File) (header, end uint64, err error) {
	const phoff, phentsize = 64, 56 // elf.NewFile does not tell; a linker always puts the table here
	for i, p := range file.Progs {
		switch p.Type {
		case elf.PT_LOAD:
			header, end = 0, max(end, p.Vaddr+p.Memsz)
		case elf.PT_NOTE:
			header = phoff + uint64(i)*phentsize
		case elf.PT_INTERP:
			return 0, 0, errors.New("the emulator is not a static program")
		}
	}
	if header == 0 || end == 0 {
		return 0, 0, errors.New("the emulator has no program header to spare")
	}
	return header, end, nil
}

func roundUp(n uint64) uint64 { return (n + pageSize - 1) &^ (pageSize - 1) }
