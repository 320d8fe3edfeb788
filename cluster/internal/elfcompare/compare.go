// Package elfcompare tells whether two builds of a program are the same but for what names the compiler: the section .comment, and the
// build id, which the linker computes from all the others.
package elfcompare

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"slices"
)

// Names of the sections that may differ.
const (
	comment     = ".comment"
	buildIDNote = ".note.gnu.build-id"
)

// Difference is something that two files do not have in common.
type Difference struct {
	// Object is the file, with the member of an archive in parentheses.
	Object string
	// Section is empty when it is not about one.
	Section string
	What    string
	// Allowed differences are those that this package's description names.
	Allowed bool
}

func (d Difference) String() string {
	if d.Section == "" {
		return d.Object + ": " + d.What
	}
	return d.Object + ": section " + d.Section + ": " + d.What
}

// Files compares two files of any kind. ELF files and the ELF members of archives are compared by section; all others byte by byte.
func Files(name string, want, got []byte) []Difference {
	if bytes.Equal(want, got) {
		return nil
	}
	if isArchive(want) && isArchive(got) {
		return archives(name, want, got)
	}
	if !isELF(want) || !isELF(got) {
		return []Difference{{Object: name, What: firstDifference(want, got)}}
	}
	return objects(name, want, got)
}

func isELF(content []byte) bool { return bytes.HasPrefix(content, []byte(elf.ELFMAG)) }

// firstDifference describes where two pieces of data begin to differ.
func firstDifference(want, got []byte) string {
	at := 0
	for at < len(want) && at < len(got) && want[at] == got[at] {
		at++
	}
	if len(want) != len(got) {
		return fmt.Sprintf("%d bytes instead of %d, different from byte %#x on", len(got), len(want), at)
	}
	return fmt.Sprintf("different from byte %#x on", at)
}

func objects(name string, want, got []byte) []Difference {
	w, err := elf.NewFile(bytes.NewReader(want))
	if err != nil {
		return []Difference{{Object: name, What: fmt.Sprintf("cannot be read: %v", err)}}
	}
	g, err := elf.NewFile(bytes.NewReader(got))
	if err != nil {
		return []Difference{{Object: name, What: fmt.Sprintf("cannot be read: %v", err)}}
	}
	differences := headers(name, w, g, want, got)
	differences = append(differences, sections(name, w, g)...)
	return append(differences, symbols(name, w, g)...)
}

// headers compares the ELF header without the place of the section headers, which follows the sections, and the program headers.
func headers(name string, w, g *elf.File, want, got []byte) []Difference {
	var differences []Difference
	if !bytes.Equal(header(w, want), header(g, got)) {
		differences = append(differences, Difference{Object: name, What: "different ELF headers"})
	}
	if len(w.Progs) != len(g.Progs) {
		return append(differences, Difference{Object: name, What: fmt.Sprintf("%d segments instead of %d", len(g.Progs), len(w.Progs))})
	}
	for i := range w.Progs {
		if w.Progs[i].ProgHeader != g.Progs[i].ProgHeader {
			differences = append(differences, Difference{Object: name, What: fmt.Sprintf("segment %d: %+v instead of %+v", i, g.Progs[i].ProgHeader, w.Progs[i].ProgHeader)})
		}
	}
	return differences
}

func header(file *elf.File, content []byte) []byte {
	size, sections, width := 64, 40, 8
	if file.Class == elf.ELFCLASS32 {
		size, sections, width = 52, 32, 4
	}
	copied := slices.Clone(content[:min(size, len(content))])
	if len(copied) >= sections+width {
		clear(copied[sections : sections+width])
	}
	return copied
}

func sections(name string, w, g *elf.File) []Difference {
	if len(w.Sections) != len(g.Sections) {
		return []Difference{{Object: name, What: fmt.Sprintf("%d sections instead of %d", len(g.Sections), len(w.Sections))}}
	}
	var differences []Difference
	for i := range w.Sections {
		if what := section(w.Sections[i], g.Sections[i]); what != "" {
			label := w.Sections[i].Name
			differences = append(differences, Difference{
				Object: name, Section: label, What: what, Allowed: label == g.Sections[i].Name && (label == comment || label == buildIDNote),
			})
		}
	}
	return differences
}

// section returns how a section differs. Its place in the file counts only when it is loaded.
func section(w, g *elf.Section) string {
	wh, gh := w.SectionHeader, g.SectionHeader
	if wh.Flags&elf.SHF_ALLOC == 0 {
		wh.Offset, gh.Offset = 0, 0
	}
	if wh.Name == comment {
		wh.Size, gh.Size, wh.FileSize, gh.FileSize = 0, 0, 0, 0
	}
	// Relocatable files are not loaded: their sections are where those before them end.
	if wh.Addr == 0 && gh.Addr == 0 {
		wh.Offset, gh.Offset = 0, 0
	}
	if wh != gh {
		return fmt.Sprintf("header %+v instead of %+v", gh, wh)
	}
	if w.Type == elf.SHT_NOBITS {
		return ""
	}
	want, err := w.Data()
	if err != nil {
		return fmt.Sprintf("cannot be read: %v", err)
	}
	got, err := g.Data()
	if err != nil {
		return fmt.Sprintf("cannot be read: %v", err)
	}
	if bytes.Equal(want, got) {
		return ""
	}
	if w.Name == comment {
		return fmt.Sprintf("%q instead of %q", texts(got), texts(want))
	}
	return firstDifference(want, got)
}

func texts(data []byte) string {
	return string(bytes.ReplaceAll(bytes.Trim(data, "\x00"), []byte{0}, []byte("; ")))
}

// symbols names the first symbols that differ, where the sections only say that some do.
func symbols(name string, w, g *elf.File) []Difference {
	var differences []Difference
	for _, table := range []struct {
		section string
		read    func(*elf.File) ([]elf.Symbol, error)
	}{{".symtab", (*elf.File).Symbols}, {".dynsym", (*elf.File).DynamicSymbols}} {
		want, wantErr := table.read(w)
		got, gotErr := table.read(g)
		if (wantErr == nil) != (gotErr == nil) {
			differences = append(differences, Difference{Object: name, Section: table.section, What: "only one of the files has symbols"})
			continue
		}
		if len(want) != len(got) {
			differences = append(differences, Difference{Object: name, Section: table.section, What: fmt.Sprintf("%d symbols instead of %d", len(got), len(want))})
		}
		for i := range min(len(want), len(got)) {
			if want[i] != got[i] {
				differences = append(differences, Difference{Object: name, Section: table.section, What: fmt.Sprintf("symbol %+v instead of %+v", got[i], want[i])})
				break
			}
		}
	}
	return differences
}

// Machine is the architecture of an ELF file, or of the first member of an archive that is one; false when there is none.
func Machine(content []byte) (elf.Machine, bool) {
	if isArchive(content) {
		for _, m := range members(content) {
			if machine, ok := Machine(m.content); ok {
				return machine, true
			}
		}
		return 0, false
	}
	if !isELF(content) || len(content) < 20 {
		return 0, false
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if elf.Data(content[elf.EI_DATA]) == elf.ELFDATA2MSB {
		order = binary.BigEndian
	}
	return elf.Machine(order.Uint16(content[18:])), true
}
