package twins

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
)

// Sizes of the 64-bit structures of ELF.
const (
	elfHeaderSize     = 64
	programHeaderSize = 56
	pageSize          = 4096
)

// withLoader gives a program another dynamic loader and a DT_RPATH. Their texts, with a copy of the dynamic section and of its texts,
// which have no room for more, are put into a segment of their own at the end; everything else keeps its place. The segment takes the
// program header of a note, which nothing reads in a running program.
func withLoader(program []byte, loader, runPath string) ([]byte, error) {
	file, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		return nil, err
	}
	if file.Class != elf.ELFCLASS64 || file.Machine != elf.EM_X86_64 {
		return nil, fmt.Errorf("it is a program of %v", file.Machine)
	}
	headers, err := findHeaders(file)
	if err != nil {
		return nil, err
	}
	offset, address := roundUp(uint64(len(program))), roundUp(headers.end)
	segment, dynamicSize, err := loaderSegment(file, address, loader, runPath)
	if err != nil {
		return nil, err
	}
	changed := make([]byte, offset, offset+uint64(len(segment)))
	copy(changed, program)
	changed = append(changed, segment...)
	size, loaderSize := uint64(len(segment)), uint64(len(loader))+1
	for at, header := range map[int]elf.Prog64{
		headers.spare:       {Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_W), Off: offset, Vaddr: address, Filesz: size, Align: pageSize},
		headers.dynamic:     {Type: uint32(elf.PT_DYNAMIC), Flags: uint32(elf.PF_R | elf.PF_W), Off: offset, Vaddr: address, Filesz: dynamicSize, Align: 8},
		headers.interpreter: {Type: uint32(elf.PT_INTERP), Flags: uint32(elf.PF_R), Off: offset + dynamicSize, Vaddr: address + dynamicSize, Filesz: loaderSize, Align: 1},
	} {
		header.Paddr, header.Memsz = header.Vaddr, header.Filesz
		var encoded bytes.Buffer
		if err := binary.Write(&encoded, binary.LittleEndian, header); err != nil {
			return nil, err
		}
		copy(changed[elfHeaderSize+at*programHeaderSize:], encoded.Bytes())
	}
	return changed, nil
}

// headers are the indexes of program headers, and the end of the loaded segments in memory.
type headers struct {
	spare, dynamic, interpreter int
	end                         uint64
}

func findHeaders(file *elf.File) (headers, error) {
	h := headers{spare: -1, dynamic: -1, interpreter: -1}
	for i, p := range file.Progs {
		switch p.Type {
		case elf.PT_LOAD:
			// The kernel wants the headers of loaded segments in the order of their addresses.
			h.spare, h.end = -1, max(h.end, p.Vaddr+p.Memsz)
		case elf.PT_NOTE:
			h.spare = i
		case elf.PT_DYNAMIC:
			h.dynamic = i
		case elf.PT_INTERP:
			h.interpreter = i
		}
	}
	if h.spare < 0 || h.dynamic < 0 || h.interpreter < 0 {
		return h, errors.New("it is not a dynamic program with a program header to spare")
	}
	return h, nil
}

// loaderSegment has the dynamic section, the path of the loader, and the texts of the dynamic section.
func loaderSegment(file *elf.File, address uint64, loader, runPath string) (segment []byte, dynamicSize uint64, err error) {
	section, texts := file.SectionByType(elf.SHT_DYNAMIC), file.Section(".dynstr")
	if section == nil || texts == nil {
		return nil, 0, errors.New("it has no dynamic section")
	}
	old, err := section.Data()
	if err != nil {
		return nil, 0, err
	}
	strings, err := texts.Data()
	if err != nil {
		return nil, 0, err
	}
	runPathAt := uint64(len(strings))
	strings = append(bytes.Clone(strings), runPath+"\x00"...)
	var entries []elf.Dyn64
	for at := 0; at+16 <= len(old); at += 16 {
		entry := elf.Dyn64{Tag: int64(binary.LittleEndian.Uint64(old[at:])), Val: binary.LittleEndian.Uint64(old[at+8:])}
		switch elf.DynTag(entry.Tag) {
		case elf.DT_NULL, elf.DT_RPATH, elf.DT_RUNPATH:
		default:
			entries = append(entries, entry)
		}
	}
	entries = append(entries, elf.Dyn64{Tag: int64(elf.DT_RPATH), Val: runPathAt}, elf.Dyn64{})
	dynamicSize = uint64(len(entries) * 16)
	stringsAt := address + dynamicSize + uint64(len(loader)) + 1
	for i := range entries {
		switch elf.DynTag(entries[i].Tag) {
		case elf.DT_STRTAB:
			entries[i].Val = stringsAt
		case elf.DT_STRSZ:
			entries[i].Val = uint64(len(strings))
		}
	}
	var out bytes.Buffer
	if err := binary.Write(&out, binary.LittleEndian, entries); err != nil {
		return nil, 0, err
	}
	out.WriteString(loader + "\x00")
	out.Write(strings)
	return out.Bytes(), dynamicSize, nil
}

func roundUp(n uint64) uint64 { return (n + pageSize - 1) &^ (pageSize - 1) }
