package emulation

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// accountFile is where the kernel notes every process of a build when it ends (acct(5), version 3).
const (
	accountFile    = "account"
	accountVersion = 3
	accountSize    = 64
	// accountTicks are the units of time of a second.
	accountTicks = 100
)

// Program is what the processes of one name took.
type Program struct {
	Starts int `json:"starts"`
	// Processor time in seconds. The kernel rounds that of each process down to 10 ms.
	Processor float64 `json:"processorSeconds"`
}

// accountProcesses makes the kernel note the processes of this process id namespace and of those below it.
func accountProcesses(dir string) error {
	file := filepath.Join(dir, accountFile)
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		return err
	}
	if err := unix.Acct(file); err != nil {
		return fmt.Errorf("account for processes: %w", err)
	}
	return nil
}

// accounted returns what is noted, from the offset on, and the offset of what comes next.
func accounted(dir string, offset int) (programs map[string]Program, next int, err error) {
	content, err := os.ReadFile(filepath.Join(dir, accountFile))
	if err != nil {
		return nil, 0, err
	}
	programs = map[string]Program{}
	for next = offset; next+accountSize <= len(content); next += accountSize {
		record := content[next : next+accountSize]
		if record[1]&0x7f != accountVersion {
			return nil, 0, fmt.Errorf("the kernel accounts for processes in version %d, want %d", record[1]&0x7f, accountVersion)
		}
		name, _, _ := bytes.Cut(record[48:], []byte{0})
		p := programs[string(name)]
		p.Starts++
		p.Processor += seconds(record[32:]) + seconds(record[34:])
		programs[string(name)] = p
	}
	return programs, next, nil
}

// seconds reads a comp_t: a number of 13 bits with an exponent of 3 bits to the base 8.
func seconds(field []byte) float64 {
	value := binary.NativeEndian.Uint16(field)
	return float64(uint64(value&0x1fff)<<(3*(value>>13))) / accountTicks
}
