package twins

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// A driver (gcc, g++) of a cross compiler has the source of the native one, compiled for other places: its folder is gcc-cross instead of
// gcc, its system root / instead of none, and its spec cross_compile 1 instead of 0. All three are data.
const crossFolder, nativeFolder = "gcc-cross", "gcc"

// asNativeDriver returns the driver of a cross compiler with the data of the native one.
func asNativeDriver(program []byte) ([]byte, error) {
	i, err := openImage(slices.Clone(program))
	if err != nil {
		return nil, err
	}
	if err := errors.Join(i.renameFolder(), i.clearSystemRoot(), i.clearCrossCompile()); err != nil {
		return nil, err
	}
	return i.content, nil
}

// renameFolder changes the texts that name the folder. A text gets shorter, and zero bytes after it.
func (i *image) renameFolder() error {
	section := i.file.Section(".rodata")
	if section == nil {
		return errors.New("it has no texts")
	}
	texts := i.content[section.Offset : section.Offset+section.Size]
	found := 0
	for at := 0; at < len(texts); {
		end := bytes.IndexByte(texts[at:], 0)
		if end < 0 {
			break
		}
		text := texts[at : at+end]
		if name := bytes.Index(text, []byte(crossFolder)); name == 0 || name > 0 && text[0] == '/' && text[name-1] == '/' {
			copy(text[name+len(nativeFolder):], append(text[name+len(crossFolder):], make([]byte, len(crossFolder)-len(nativeFolder))...))
			found++
		}
		at += end + 1
	}
	if found == 0 {
		return fmt.Errorf("none of its texts names the folder %s", crossFolder)
	}
	return nil
}

// variables is the section with the variables that have a value from the start.
func (i *image) variables() (data []byte, address uint64, err error) {
	section := i.file.Section(".data")
	if section == nil || i.pointer != 8 {
		return nil, 0, errors.New("it has no variables")
	}
	return i.content[section.Offset : section.Offset+section.Size], section.Addr, nil
}

// pointersTo are the places of the variables that point to a text.
func (i *image) pointersTo(text string) ([]int, error) {
	data, _, err := i.variables()
	if err != nil {
		return nil, err
	}
	var places []int
	for at := 0; at+i.pointer <= len(data); at += i.pointer {
		if pointer := i.readPointer(data[at:]); pointer != 0 {
			if found, err := i.text(pointer); err == nil && found == text {
				places = append(places, at)
			}
		}
	}
	return places, nil
}

// clearSystemRoot clears target_system_root, the only variable that points to the text "/".
func (i *image) clearSystemRoot() error {
	places, err := i.pointersTo("/")
	if err != nil {
		return err
	}
	if len(places) != 1 {
		return fmt.Errorf("%d of its variables point to the text /, want the system root alone", len(places))
	}
	data, _, err := i.variables()
	if err != nil {
		return err
	}
	clear(data[places[0] : places[0]+i.pointer])
	return nil
}

// clearCrossCompile changes the value of a spec, which GCC has in a list: struct spec_list { const char *name, *ptr, **ptr_spec; ... }.
func (i *image) clearCrossCompile() error {
	const spec, nameOfSpec = 2, "cross_compile"
	data, address, err := i.variables()
	if err != nil {
		return err
	}
	places, err := i.pointersTo(nameOfSpec)
	if err != nil {
		return err
	}
	if len(places) != 1 || places[0]+(spec+1)*i.pointer > len(data) {
		return fmt.Errorf("%d of its variables point to the name of the spec %s", len(places), nameOfSpec)
	}
	variable := i.readPointer(data[places[0]+spec*i.pointer:]) - address
	if variable+uint64(i.pointer) > uint64(len(data)) {
		return fmt.Errorf("the value of its spec %s is not a variable", nameOfSpec)
	}
	if value, err := i.text(i.readPointer(data[variable:])); err != nil || value != "1" {
		return fmt.Errorf("its spec %s is %q, want 1", nameOfSpec, value)
	}
	zero, err := i.find("0")
	if err != nil {
		return err
	}
	binary.LittleEndian.PutUint64(data[variable:], zero)
	return nil
}

// find returns the address of a text.
func (i *image) find(text string) (uint64, error) {
	section := i.file.Section(".rodata")
	if section == nil || section.Type != elf.SHT_PROGBITS {
		return 0, errors.New("it has no texts")
	}
	at := bytes.Index(i.content[section.Offset:section.Offset+section.Size], []byte(text+"\x00"))
	if at < 0 {
		return 0, fmt.Errorf("it has no text %q", text)
	}
	return section.Addr + uint64(at), nil
}
