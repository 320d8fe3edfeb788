package main

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"path"
	"slices"
)

// The layout of the index: see interpreter/index.h.
const (
	indexMagic    = "kilnidx1"
	indexHeadSize = 32
	largestIndex  = 4 << 20
	shortestID    = 8
	longestID     = 32
)

type indexEntry struct {
	IDLength  uint8
	ID        [longestID]byte
	_         [3]byte
	Program   uint32
	Rules     uint32
	RulesSize uint32
}

// compilers are the names of programs that are reported when they run without a twin.
var compilers = []string{
	"as", "cc1", "cc1obj", "cc1objplus", "cc1plus", "compile", "d21", "f951", "ghc", "gnat1", "go1", "gnu1", "ld", "ld.bfd", "ld.gold",
	"ld.lld", "link", "lld", "llc", "lto1", "mold", "ocamlopt.opt", "opt", "rustc", "swift-frontend", "zig",
	"clang", "clang-11", "clang-13", "clang-14", "clang-15", "clang-16", "clang-17", "clang-18", "clang-19", "clang-20", "clang-21",
}

// compileIndex writes what the interpreter reads from the tables. Of two tables with the same build the first counts.
func compileIndex(tables []twinTable) ([]byte, error) {
	type named struct {
		twin
		program string
	}
	var twins []named
	known := map[string]bool{}
	for _, table := range tables {
		for _, t := range table.twins {
			if id := hex.EncodeToString(t.id); !known[id] {
				known[id] = true
				twins = append(twins, named{t, path.Join(twinsInContainers, table.name, t.path)})
			}
		}
	}
	slices.SortFunc(twins, func(a, b named) int {
		return cmp.Or(cmp.Compare(len(a.id), len(b.id)), bytes.Compare(a.id, b.id))
	})

	var texts bytes.Buffer
	base := uint32(indexHeadSize + len(twins)*binary.Size(indexEntry{}))
	position := func() uint32 { return base + uint32(texts.Len()) }
	entries := make([]indexEntry, len(twins))
	for i, t := range twins {
		e := &entries[i]
		e.IDLength = uint8(len(t.id))
		copy(e.ID[:], t.id)
		e.Program = position()
		texts.WriteString(t.program + "\x00")
		e.Rules = position()
		for _, r := range t.rules {
			texts.WriteString(string(r.kind) + r.text + "\x00")
		}
		e.RulesSize = position() - e.Rules
	}
	watched := position()
	for _, name := range compilers {
		texts.WriteString(name + "\x00")
	}
	size := position()
	if size > largestIndex {
		return nil, fmt.Errorf("the tables have %d bytes together, more than %d", size, largestIndex)
	}
	var index bytes.Buffer
	index.WriteString(indexMagic)
	for _, n := range []uint32{size, indexHeadSize, uint32(len(entries)), watched, size - watched, 0} {
		index.Write(binary.NativeEndian.AppendUint32(nil, n))
	}
	if err := binary.Write(&index, binary.NativeEndian, entries); err != nil {
		return nil, err
	}
	index.Write(texts.Bytes())
	return index.Bytes(), nil
}
