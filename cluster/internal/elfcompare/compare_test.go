package elfcompare

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
)

// content of a section of a made-up object file.
type content struct {
	name  string
	kind  elf.SectionType
	flags elf.SectionFlag
	data  []byte
}

// object makes a relocatable ELF file with one symbol, main.
func object(symbolValue uint64, sections ...content) []byte {
	var symbols bytes.Buffer
	must(binary.Write(&symbols, binary.LittleEndian, []elf.Sym64{{}, {Name: 1, Info: 0x12, Shndx: 1, Value: symbolValue}}))
	all := append([]content{{}}, sections...)
	strtab := len(all) + 1
	all = append(all, content{".symtab", elf.SHT_SYMTAB, 0, symbols.Bytes()}, content{".strtab", elf.SHT_STRTAB, 0, []byte("\x00main\x00")})
	names := []byte{0}
	var headers []elf.Section64
	var body bytes.Buffer
	all = append(all, content{".shstrtab", elf.SHT_STRTAB, 0, nil})
	for i, s := range all {
		header := elf.Section64{Name: uint32(len(names)), Type: uint32(s.kind), Flags: uint64(s.flags), Addralign: 1}
		names = append(names, s.name+"\x00"...)
		if s.name == ".shstrtab" {
			s.data = names
		}
		if s.kind == elf.SHT_SYMTAB {
			header.Link, header.Info, header.Entsize = uint32(strtab), 1, elf.Sym64Size
		}
		if i > 0 {
			header.Off, header.Size = uint64(64+body.Len()), uint64(len(s.data))
			body.Write(s.data)
		}
		headers = append(headers, header)
	}
	header := elf.Header64{
		Ident: [16]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), 1}, Type: uint16(elf.ET_REL), Machine: uint16(elf.EM_AARCH64),
		Version: 1, Shoff: uint64(64 + body.Len()), Ehsize: 64, Shentsize: 64, Shnum: uint16(len(headers)), Shstrndx: uint16(len(headers) - 1),
	}
	var out bytes.Buffer
	must(binary.Write(&out, binary.LittleEndian, header))
	out.Write(body.Bytes())
	must(binary.Write(&out, binary.LittleEndian, headers))
	return out.Bytes()
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func program(text, compiler, id string, symbolValue uint64) []byte {
	return object(symbolValue,
		content{".text", elf.SHT_PROGBITS, elf.SHF_ALLOC | elf.SHF_EXECINSTR, []byte(text)},
		content{".note.gnu.build-id", elf.SHT_NOTE, elf.SHF_ALLOC, []byte(id)},
		content{".comment", elf.SHT_PROGBITS, 0, []byte(compiler)},
		content{".rodata", elf.SHT_PROGBITS, elf.SHF_ALLOC, []byte("constants")})
}

func archive(members map[string][]byte, order ...string) []byte {
	out := []byte(archiveMagic)
	for _, name := range order {
		out = fmt.Appendf(out, "%-16s%-12d%-6d%-6d%-8o%-10d`\n", name+"/", 0, 0, 0, 0o644, len(members[name]))
		out = append(out, members[name]...)
		if len(members[name])%2 == 1 {
			out = append(out, '\n')
		}
	}
	return out
}

func describe(differences []Difference) string {
	var lines []string
	for _, d := range differences {
		lines = append(lines, fmt.Sprintf("%s allowed=%t", d, d.Allowed))
	}
	return strings.Join(lines, "\n")
}

func TestDifferencesNameObjectAndSection(t *testing.T) {
	reference := program("code", "GCC 1", "id-1", 0)
	for name, c := range map[string]struct {
		got     []byte
		want    []string // parts of the descriptions
		allowed bool
	}{
		"nothing":            {got: reference},
		"compiler and id":    {got: program("code", "GCC 1 cross", "id-2", 0), want: []string{"lua.o: section .comment", "lua.o: section .note.gnu.build-id"}, allowed: true},
		"planted code":       {got: program("cOde", "GCC 1", "id-1", 0), want: []string{"lua.o: section .text: different from byte 0x1 on"}},
		"planted symbol":     {got: program("code", "GCC 1", "id-1", 8), want: []string{"lua.o: section .symtab", "Name:main"}},
		"more code":          {got: program("code+", "GCC 1", "id-1", 0), want: []string{"lua.o: section .text: header"}},
		"no section":         {got: object(0, content{".text", elf.SHT_PROGBITS, elf.SHF_ALLOC | elf.SHF_EXECINSTR, []byte("code")}), want: []string{"5 sections instead of 8"}},
		"cut off":            {got: reference[:100], want: []string{"cannot be read"}},
		"not an object file": {got: []byte("text"), want: []string{"4 bytes instead of"}},
	} {
		t.Run(name, func(t *testing.T) {
			differences := Files("lua.o", reference, c.got)
			text := describe(differences)
			for _, part := range c.want {
				if !strings.Contains(text, part) {
					t.Errorf("no %q in:\n%s", part, text)
				}
			}
			if len(c.want) == 0 && len(differences) > 0 {
				t.Errorf("unexpected:\n%s", text)
			}
			for _, d := range differences {
				if d.Allowed != c.allowed {
					t.Errorf("%s: allowed is %t", d, d.Allowed)
				}
			}
		})
	}
}

func TestMembersOfArchivesAreCompared(t *testing.T) {
	want := archive(map[string][]byte{"a.o": program("a", "GCC", "1", 0), "b.o": program("b", "GCC", "1", 0)}, "a.o", "b.o")
	got := archive(map[string][]byte{"a.o": program("a", "GCC cross", "1", 0), "b.o": program("x", "GCC", "1", 0)}, "a.o", "b.o")
	text := describe(Files("lib.a", want, got))
	for _, part := range []string{"lib.a(a.o): section .comment", "lib.a(b.o): section .text: different from byte 0x0 on allowed=false"} {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in:\n%s", part, text)
		}
	}
	if text := describe(Files("lib.a", want, want[:len(want)-600])); !strings.Contains(text, "members instead of") {
		t.Errorf("a lost member is not found:\n%s", text)
	}
	if machine, ok := Machine(want); !ok || machine != elf.EM_AARCH64 {
		t.Errorf("the archive is of %v, %t", machine, ok)
	}
}

func FuzzFiles(f *testing.F) {
	f.Add(program("code", "GCC", "1", 0), program("code", "GCC", "2", 0))
	f.Add(archive(map[string][]byte{"a.o": []byte("x")}, "a.o"), []byte(archiveMagic))
	f.Fuzz(func(t *testing.T, want, got []byte) {
		if differences := Files("file", want, got); bytes.Equal(want, got) && len(differences) > 0 {
			t.Errorf("equal files differ:\n%s", describe(differences))
		}
		Machine(got)
	})
}
