package twins

import (
	"bytes"
	"debug/elf"
	"encoding/hex"
	"errors"
	"fmt"
)

const gnuBuildID = 3

// buildID is the GNU build id of an ELF file, in hexadecimal digits.
func buildID(content []byte) (string, error) {
	file, err := elf.NewFile(bytes.NewReader(content))
	if err != nil {
		return "", err
	}
	section := file.Section(".note.gnu.build-id")
	if section == nil {
		return "", errors.New("it has no build id")
	}
	note, err := section.Data()
	if err != nil {
		return "", err
	}
	const head = 12 // sizes of name and description, type
	if len(note) < head {
		return "", errors.New("its build id is cut off")
	}
	nameSize, size := file.ByteOrder.Uint32(note), file.ByteOrder.Uint32(note[4:])
	start := head + (int(nameSize)+3)&^3
	if file.ByteOrder.Uint32(note[8:]) != gnuBuildID || start+int(size) > len(note) {
		return "", errors.New("it has no build id in its note")
	}
	return hex.EncodeToString(note[start : start+int(size)]), nil
}

// needed are the names of the libraries that an ELF file is linked to, the dynamic loader included.
func needed(content []byte) ([]string, error) {
	file, err := elf.NewFile(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	libraries, err := file.ImportedLibraries()
	if err != nil {
		return nil, fmt.Errorf("read its libraries: %w", err)
	}
	return libraries, nil
}
