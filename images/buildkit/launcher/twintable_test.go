package main

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
)

const tableHead = tableFormat + "name=debian-12-arm64 distribution=debian release=12 architecture=arm64 qemu=aarch64 host=amd64\n"

func TestTableIsRead(t *testing.T) {
	got, err := parseTable(tableHead + "# comment\n\n" +
		"0011223344556677 bin/cc1 unless=-nostdinc first=-isystem first=@/include first=a%20b%2520 last=x=y\n" +
		"00112233445566778899 lib/plugin.so one-of=-c option=-O* qemu-if-file=/a\n")
	if err != nil {
		t.Fatal(err)
	}
	if got.name != "debian-12-arm64" || got.qemu != "aarch64" || got.host != "amd64" || len(got.twins) != 2 {
		t.Errorf("got %+v", got)
	}
	want := []rule{{ruleUnless, "-nostdinc"}, {ruleFirst, "-isystem"}, {ruleFirst, "/dev/.kiln/debian-12-arm64/include"}, {ruleFirst, "a b%20"}, {ruleLast, "x=y"}}
	for i, r := range got.twins[0].rules {
		if r != want[i] {
			t.Errorf("rule %d is %+v, want %+v", i, r, want[i])
		}
	}
	if want := []rule{{ruleOneOf, "-c"}, {ruleOption, "-O*"}, {ruleQEMUIfFile, "/a"}}; !slices.Equal(got.twins[1].rules, want) {
		t.Errorf("rules %+v, want %+v", got.twins[1].rules, want)
	}
}

func TestWrongTablesAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                          "line 1",
		"kiln-twins 2 name=a-b-c\n": "line 1",
		strings.Replace(tableHead, "debian-12-arm64", "../12-arm64", 1): "line 1",
		strings.Replace(tableHead, "debian-12-arm64", "starts", 1):      "line 1",
		strings.Replace(tableHead, "qemu=", "emu=", 1):                  "line 1",
		tableHead + "00112233445566 bin/cc1\n":                          "line 2: \"00112233445566\"",
		tableHead + "\nxx bin/cc1\n":                                    "line 3",
		tableHead + "0011223344556677\n":                                "line 2",
		tableHead + "0011223344556677 /bin/cc1\n":                       "does not stay",
		tableHead + "0011223344556677 bin/../../cc1\n":                  "does not stay",
		tableHead + "0011223344556677 bin/cc1 first\n":                  "\"first\" is not a rule",
		tableHead + "0011223344556677 bin/cc1 first=\n":                 "is not a rule",
		tableHead + "0011223344556677 bin/cc1 say=a\n":                  "is not a rule",
	} {
		if _, err := parseTable(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func TestIndexIsSortedAndTheFirstTableCounts(t *testing.T) {
	first := twinTable{name: "one", twins: []twin{{id: unhex("0200000000000000"), path: "b"}, {id: unhex("0100000000000000"), path: "a"}}}
	second := twinTable{name: "two", twins: []twin{{id: unhex("0100000000000000"), path: "c"}, {id: unhex("000000000000000000"), path: "d"}}}
	index, err := compileIndex([]twinTable{first, second})
	if err != nil {
		t.Fatal(err)
	}
	if n := binary.NativeEndian.Uint32(index[16:]); n != 3 || int(binary.NativeEndian.Uint32(index[8:])) != len(index) {
		t.Errorf("%d entries in %d bytes", n, len(index))
	}
	for i, want := range []string{"/dev/.kiln/one/a", "/dev/.kiln/one/b", "/dev/.kiln/two/d"} {
		entry := index[indexHeadSize+48*i:]
		program := index[binary.NativeEndian.Uint32(entry[36:]):]
		if !strings.HasPrefix(string(program), want+"\x00") {
			t.Errorf("entry %d is %.20q, want %s", i, program, want)
		}
	}
}

// A table that is accepted names only files of its own folder, and makes an index.
func FuzzTable(f *testing.F) {
	f.Add(tableHead + "0011223344556677 bin/cc1 unless=-nostdinc first=@/include last=x twin-of=-plugin qemu-if=-f* qemu-if-env=A\n")
	f.Fuzz(func(t *testing.T, text string) {
		table, err := parseTable(text)
		if err != nil {
			return
		}
		index, err := compileIndex([]twinTable{table})
		if err != nil {
			t.Fatal(err)
		}
		for i := range int(binary.NativeEndian.Uint32(index[16:])) {
			program, _, _ := strings.Cut(string(index[binary.NativeEndian.Uint32(index[indexHeadSize+48*i+36:]):]), "\x00")
			if !strings.HasPrefix(program, twinsInContainers+"/"+table.name+"/") {
				t.Errorf("a twin at %q", program)
			}
		}
	})
}
