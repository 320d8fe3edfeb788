package main

import (
	"bytes"
	"debug/elf"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestJoinRefusesWhatItCannotJoin(t *testing.T) {
	code := append([]byte(interpreterMagic), make([]byte, headSize)...)
	foreign := platforms["linux/arm64"]
	probe := platforms["linux/amd64"]
	for name, c := range map[string]struct {
		code, emulator []byte
		index, want    string
	}{
		"no interpreter":   {code: []byte("x"), emulator: probe.probe(), want: "not one of this release"},
		"no program":       {code: code, emulator: []byte("#!/bin/sh"), want: "read the emulator"},
		"other machine":    {code: code, emulator: foreign.probe(), want: "EM_AARCH64"},
		"no header to use": {code: code, emulator: probe.probe(), want: "no program header"},
	} {
		if _, err := join(c.code, c.emulator, "/i", "/s"); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

func TestJoinedEmulatorHasOneMoreSegment(t *testing.T) {
	folder := os.Getenv("KILN_QEMU_BIN")
	if folder == "" {
		t.Skip("KILN_QEMU_BIN is not set")
	}
	code := append([]byte(interpreterMagic), bytes.Repeat([]byte{1}, 5000)...)
	for name := range platforms {
		p, err := platformNamed(name)
		if err != nil {
			t.Fatal(err)
		}
		emulator, err := os.ReadFile(filepath.Join(folder, filepath.Base(p.emulator())))
		if err != nil {
			t.Fatal(err)
		}
		joined, err := join(code, emulator, "/index", "/starts")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		checkJoined(t, emulator, joined)
		if _, err := join(code, emulator, strings.Repeat("x", headPath), "/starts"); err == nil {
			t.Error("a path without final zero byte was accepted")
		}
	}
}

func checkJoined(t *testing.T, emulator, joined []byte) {
	t.Helper()
	before, err := elf.NewFile(bytes.NewReader(emulator))
	if err != nil {
		t.Fatal(err)
	}
	after, err := elf.NewFile(bytes.NewReader(joined))
	if err != nil {
		t.Fatal(err)
	}
	var last *elf.Prog
	loaded := 0
	for i, p := range after.Progs {
		if p.Type == elf.PT_LOAD {
			if last != nil && p.Vaddr < last.Vaddr+last.Memsz {
				t.Errorf("segment %d at %#x overlaps the one before", i, p.Vaddr)
			}
			last = p
			loaded++
		}
	}
	for _, p := range before.Progs {
		if p.Type == elf.PT_LOAD {
			loaded--
		}
	}
	if loaded != 1 || last.Flags != elf.PF_R|elf.PF_X || last.Off%pageSize != last.Vaddr%pageSize || after.Entry != last.Vaddr+headSize {
		t.Errorf("%d more segments, the last %+v, entry point %#x", loaded, last.ProgHeader, after.Entry)
	}
}
