package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// The format of a twins image's table: see images/twins/README.md.
const (
	tableFile    = "table"
	tableFormat  = "kiln-twins 1 "
	largestTable = 1 << 20
)

// twinTable says which foreign builds have a native twin in a folder.
type twinTable struct {
	name   string // of the distribution's release and architecture, and of the folder in the build containers
	qemu   string // QEMU's name of the foreign architecture
	host   string // Go's name of the architecture of the twins
	folder string
	twins  []twin
}

type twin struct {
	id    []byte
	path  string // relative to the folder
	rules []rule
}

type rule struct {
	kind byte
	text string
}

// Kinds of rules, as in interpreter/index.h.
const (
	ruleFirst             = 1
	ruleLast              = 2
	ruleUnless            = 3
	ruleTwinOf            = 4
	ruleQEMUIf            = 5
	ruleQEMUIfEnvironment = 6
	ruleOption            = 7
	ruleQEMUIfFile        = 8
	ruleOneOf             = 9
)

var ruleKinds = map[string]byte{
	"first": ruleFirst, "last": ruleLast, "unless": ruleUnless,
	"twin-of": ruleTwinOf, "qemu-if": ruleQEMUIf, "qemu-if-env": ruleQEMUIfEnvironment, "qemu-if-file": ruleQEMUIfFile,
	"option": ruleOption, "one-of": ruleOneOf,
}

// tableName keeps a folder inside /dev/.kiln, apart from the files there.
var tableName = regexp.MustCompile(`^[a-z0-9]+-[a-z0-9][a-z0-9.]*-[a-z0-9]+$`)

func readTable(folder string) (twinTable, error) {
	f, err := os.Open(filepath.Join(folder, tableFile))
	if err != nil {
		return twinTable{}, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, largestTable+1))
	if err != nil {
		return twinTable{}, fmt.Errorf("read %s: %w", f.Name(), err)
	}
	if len(text) > largestTable {
		return twinTable{}, fmt.Errorf("%s is larger than %d bytes", f.Name(), largestTable)
	}
	table, err := parseTable(string(text))
	if err != nil {
		return twinTable{}, fmt.Errorf("%s: %w", f.Name(), err)
	}
	table.folder = folder
	return table, nil
}

func parseTable(text string) (twinTable, error) {
	head, rest, _ := strings.Cut(text, "\n")
	table, err := parseTableHead(head)
	if err != nil {
		return table, err
	}
	number := 1
	for line := range strings.SplitSeq(rest, "\n") {
		number++
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		t, err := parseTwin(line, table.name)
		if err != nil {
			return table, fmt.Errorf("line %d: %w", number, err)
		}
		table.twins = append(table.twins, t)
	}
	return table, nil
}

func parseTableHead(line string) (twinTable, error) {
	fields, ok := strings.CutPrefix(line, tableFormat)
	if !ok {
		return twinTable{}, fmt.Errorf("line 1: want one that starts with %q", tableFormat)
	}
	values := map[string]string{}
	for _, field := range strings.Fields(fields) {
		name, value, _ := strings.Cut(field, "=")
		values[name] = value
	}
	table := twinTable{name: values["name"], qemu: values["qemu"], host: values["host"]}
	if !tableName.MatchString(table.name) || table.qemu == "" || table.host == "" {
		return table, errors.New("line 1: want name=DISTRIBUTION-RELEASE-ARCHITECTURE, qemu= and host=")
	}
	return table, nil
}

func parseTwin(line, table string) (twin, error) {
	fields := strings.Split(line, " ")
	if len(fields) < 2 {
		return twin{}, errors.New("want BUILD-ID PATH [RULE...]")
	}
	id, err := hex.DecodeString(fields[0])
	if err != nil || len(id) < shortestID || len(id) > longestID {
		return twin{}, fmt.Errorf("%q is not a build id of %d to %d bytes", fields[0], shortestID, longestID)
	}
	t := twin{id: id, path: fields[1]}
	if !filepath.IsLocal(t.path) || path.Clean(t.path) != t.path {
		return t, fmt.Errorf("the path %q does not stay in the folder", t.path)
	}
	for _, field := range fields[2:] {
		r, err := parseRule(field, table)
		if err != nil {
			return t, err
		}
		t.rules = append(t.rules, r)
	}
	return t, nil
}

var ruleUnescape = strings.NewReplacer("%20", " ", "%25", "%")

func parseRule(field, table string) (rule, error) {
	name, text, ok := strings.Cut(field, "=")
	kind, known := ruleKinds[name]
	if !ok || !known || text == "" || strings.ContainsRune(text, 0) {
		return rule{}, fmt.Errorf("%q is not a rule", field)
	}
	text = ruleUnescape.Replace(text)
	if relative, ok := strings.CutPrefix(text, "@/"); ok && (kind == ruleFirst || kind == ruleLast) {
		text = path.Join(twinsInContainers, table, relative)
	}
	return rule{kind: kind, text: text}, nil
}
