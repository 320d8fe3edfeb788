package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// idRange is one line of /proc/PID/uid_map: length ids that start at inside here and at outside in the parent namespace.
type idRange struct {
	inside, outside, length uint32
}

type idMap []idRange

func readIDMap(path string) (idMap, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the user namespace: %w", err)
	}
	return parseIDMap(string(text))
}

func parseIDMap(text string) (idMap, error) {
	var ids idMap
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if len(fields) != 3 {
			return nil, fmt.Errorf("id map line %q: want three numbers", strings.TrimSpace(line))
		}
		var n [3]uint32
		for i, field := range fields {
			v, err := strconv.ParseUint(field, 10, 32)
			if err != nil {
				return nil, fmt.Errorf("id map line %q: %w", strings.TrimSpace(line), err)
			}
			n[i] = uint32(v)
		}
		ids = append(ids, idRange{inside: n[0], outside: n[1], length: n[2]})
	}
	if len(ids) == 0 {
		return nil, fmt.Errorf("id map is empty")
	}
	return ids, nil
}

// initial tells whether this is the node's own user namespace. An identity map that is not the full one is treated alike:
// its root is the root of the node as well.
func (m idMap) initial() bool {
	for _, r := range m {
		if r.inside == 0 && r.outside == 0 {
			return true
		}
	}
	return false
}

// covers tells whether the ids first..first+length-1 exist in this namespace.
func (m idMap) covers(first, length uint32) bool {
	next, end := uint64(first), uint64(first)+uint64(length)
	for next < end {
		advanced := false
		for _, r := range m {
			if next >= uint64(r.inside) && next < uint64(r.inside)+uint64(r.length) {
				next = uint64(r.inside) + uint64(r.length)
				advanced = true
			}
		}
		if !advanced {
			return false
		}
	}
	return true
}
