package twins

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
)

// includeTable is GCC's list of the folders that are searched for header files (cppdefault.cc): an array of
//
//	struct { const char *fname, *component; char cplusplus, cxx_aware, add_sysroot, multilib; }
//
// that ends with a null pointer. A cross compiler has folders of its own in it. In the twin it is replaced by that of the native
// compiler, so that every option and variable about header files means the same. GCC exports the symbol for its plugins.
const includeTable = "cpp_include_defaults"

type includeFolder struct {
	path      string
	component string
	flags     [4]byte
}

// image is a position dependent ELF program.
type image struct {
	file    *elf.File
	content []byte
	pointer int // size
}

func openImage(content []byte) (*image, error) {
	file, err := elf.NewFile(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	if file.Type != elf.ET_EXEC {
		return nil, fmt.Errorf("it is of type %v, want a position dependent program", file.Type)
	}
	return &image{file: file, content: content, pointer: map[elf.Class]int{elf.ELFCLASS32: 4, elf.ELFCLASS64: 8}[file.Class]}, nil
}

func (i *image) symbol(name string) (elf.Symbol, error) {
	symbols, err := i.file.DynamicSymbols()
	if err != nil {
		return elf.Symbol{}, fmt.Errorf("read its symbols: %w", err)
	}
	for _, symbol := range symbols {
		if symbol.Name == name && symbol.Section != elf.SHN_UNDEF {
			return symbol, nil
		}
	}
	return elf.Symbol{}, fmt.Errorf("it exports no %s", name)
}

// at is the content from a virtual address to the end of the segment's part of the file.
func (i *image) at(address uint64) ([]byte, error) {
	for _, segment := range i.file.Progs {
		if segment.Type == elf.PT_LOAD && address >= segment.Vaddr && address < segment.Vaddr+segment.Filesz {
			end := min(segment.Off+segment.Filesz, uint64(len(i.content)))
			return i.content[segment.Off+address-segment.Vaddr : end], nil
		}
	}
	return nil, fmt.Errorf("address %#x is not in the file", address)
}

// address is where a place in the file is in memory.
func (i *image) address(offset uint64) (uint64, error) {
	for _, segment := range i.file.Progs {
		if segment.Type == elf.PT_LOAD && offset >= segment.Off && offset < segment.Off+segment.Filesz {
			return offset - segment.Off + segment.Vaddr, nil
		}
	}
	return 0, fmt.Errorf("offset %#x of the file is not loaded", offset)
}

func (i *image) readPointer(data []byte) uint64 {
	if i.pointer == 4 {
		return uint64(i.file.ByteOrder.Uint32(data))
	}
	return i.file.ByteOrder.Uint64(data)
}

func (i *image) text(address uint64) (string, error) {
	if address == 0 {
		return "", nil
	}
	data, err := i.at(address)
	if err != nil {
		return "", err
	}
	end := bytes.IndexByte(data, 0)
	if end < 0 {
		return "", fmt.Errorf("the text at %#x does not end", address)
	}
	return string(data[:end]), nil
}

// entrySize is the size of the struct: two pointers, four characters, and what aligns the next pointer.
func (i *image) entrySize() int { return 3 * i.pointer }

func (i *image) includeFolders() ([]includeFolder, error) {
	symbol, err := i.symbol(includeTable)
	if err != nil {
		return nil, err
	}
	data, err := i.at(symbol.Value)
	if err != nil {
		return nil, err
	}
	var folders []includeFolder
	for len(data) >= i.entrySize() {
		name := i.readPointer(data)
		if name == 0 {
			return folders, nil
		}
		var folder includeFolder
		if folder.path, err = i.text(name); err != nil {
			return nil, err
		}
		if folder.component, err = i.text(i.readPointer(data[i.pointer:])); err != nil {
			return nil, err
		}
		copy(folder.flags[:], data[2*i.pointer:])
		folders = append(folders, folder)
		data = data[i.entrySize():]
	}
	return nil, errors.New("its list of folders for header files has no end")
}

// configuration starts a text that GCC has for its plugins only, which a twin never loads.
const configuration = "\x00../src/configure -v "

// withIncludesOf returns the twin with the list of folders of the foreign program. The texts that only the old list referred to, and the
// one for plugins, give the room for the new one.
func withIncludesOf(foreign, twin []byte, architecture Architecture) ([]byte, error) {
	from, err := openImage(foreign)
	if err != nil {
		return nil, fmt.Errorf("the foreign program: %w", err)
	}
	folders, err := from.includeFolders()
	if err != nil {
		return nil, fmt.Errorf("the foreign program: %w", err)
	}
	to, err := openImage(slices.Clone(twin))
	if err != nil {
		return nil, fmt.Errorf("the twin: %w", err)
	}
	if err := to.setIncludeFolders(canonical(folders, architecture)); err != nil {
		return nil, fmt.Errorf("the twin: %w", err)
	}
	return to.content, nil
}

// canonical writes the folders of the C++ library as Debian's native compilers make them when they start. Those resolve the paths, and take
// the folder of the architecture next to /usr/include/c++ (the list of ppc64el names one that does not exist); cross compilers leave
// the list as it is.
func canonical(folders []includeFolder, architecture Architecture) []includeFolder {
	changed := slices.Clone(folders)
	for at, folder := range changed {
		cleaned := path.Clean(folder.path)
		library, version := path.Split(cleaned)
		switch {
		case folder.flags[0] != 1: // not of C++
		case path.Base(cleaned) == "backward" || library == "/usr/include/c++/":
			changed[at].path = cleaned
		case path.Base(library) == "c++" && path.Dir(path.Dir(path.Clean(library))) == "/usr/include":
			changed[at].path = "/usr/include/" + architecture.Triple + "/c++/" + version
			if architecture == arm {
				changed[at].flags[3] = 0 // Its only multilib is ".", which would be appended after the path was resolved.
			}
		}
	}
	return changed
}

func (i *image) setIncludeFolders(folders []includeFolder) error {
	symbol, err := i.symbol(includeTable)
	if err != nil {
		return err
	}
	old, err := i.includeFolders()
	if err != nil {
		return err
	}
	room, components, err := i.ownTexts(symbol, old)
	if err != nil {
		return err
	}
	if folders, err = fitting(folders, len(old)); err != nil {
		return err
	}
	table := make([]byte, (len(folders)+1)*i.entrySize())
	places := map[string]uint64{}
	for at, folder := range folders {
		place, ok := places[folder.path]
		if !ok {
			if place, room, err = i.place(room, folder.path); err != nil {
				return err
			}
			places[folder.path] = place
		}
		component, ok := components[folder.component]
		if !ok {
			return fmt.Errorf("its list has no component %q", folder.component)
		}
		entry := table[at*i.entrySize():]
		binary.LittleEndian.PutUint64(entry, place)
		binary.LittleEndian.PutUint64(entry[i.pointer:], component)
		copy(entry[2*i.pointer:], folder.flags[:])
	}
	data, err := i.at(symbol.Value)
	if err != nil {
		return err
	}
	copy(data, table)
	return nil
}

// fitting leaves out what makes no difference when the native list is longer than the one of the cross compiler.
func fitting(folders []includeFolder, count int) ([]includeFolder, error) {
	for _, unused := range []func(includeFolder) bool{
		// GCC's corrected header files: Debian's packages have none (see missingFolder).
		func(f includeFolder) bool { return strings.HasSuffix(f.path, missingFolder) },
		// What is searched with -stdlib=libc++ only, which stays under QEMU.
		func(f includeFolder) bool { return f.flags[0] == 2 },
	} {
		if len(folders) > count {
			folders = slices.DeleteFunc(slices.Clone(folders), unused)
		}
	}
	if len(folders) > count {
		return nil, fmt.Errorf("its list has room for %d folders, the native one has %d", count, len(folders))
	}
	return folders, nil
}

// missingFolder may be left out of the lists as long as no package has it.
const missingFolder = "/include-fixed"

// span is a range of addresses.
type span struct{ start, end uint64 }

// ownTexts are the places of the texts of a list: the paths, which nothing else refers to, as room, and the components.
func (i *image) ownTexts(symbol elf.Symbol, old []includeFolder) (room []span, components map[string]uint64, err error) {
	data, err := i.at(symbol.Value)
	if err != nil {
		return nil, nil, err
	}
	components = map[string]uint64{"": 0}
	for at, folder := range old {
		entry := data[at*i.entrySize():]
		start := i.readPointer(entry)
		// Short paths may be parts of other texts or used elsewhere.
		if bytes.Contains([]byte(folder.path), []byte("/gcc-cross/")) {
			room = append(room, span{start, start + uint64(len(folder.path)) + 1})
		}
		components[folder.component] = i.readPointer(entry[i.pointer:])
	}
	if at := bytes.Index(i.content, []byte(configuration)); at >= 0 {
		start, err := i.address(uint64(at) + 1)
		if err != nil {
			return nil, nil, err
		}
		room = append(room, span{start, start + uint64(bytes.IndexByte(i.content[at+1:], 0)) + 1})
	}
	slices.SortFunc(room, func(a, b span) int { return int(int64(a.start) - int64(b.start)) })
	return slices.Compact(room), components, nil
}

// place writes a text into the first range that is large enough.
func (i *image) place(room []span, text string) (uint64, []span, error) {
	size := uint64(len(text)) + 1
	for at, s := range room {
		if s.end-s.start < size {
			continue
		}
		data, err := i.at(s.start)
		if err != nil {
			return 0, nil, err
		}
		clear(data[:s.end-s.start])
		copy(data, text)
		left := slices.Clone(room)
		left[at].start += size
		return s.start, left, nil
	}
	return 0, nil, fmt.Errorf("there is no room for %q", text)
}
