package elfcompare

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

const (
	archiveMagic = "!<arch>\n"
	memberHeader = 60
)

func isArchive(content []byte) bool { return bytes.HasPrefix(content, []byte(archiveMagic)) }

// member is a file in an archive of ar.
type member struct {
	name    string
	content []byte
}

// members reads an archive up to what is not well formed.
func members(archive []byte) []member {
	var found []member
	var longNames []byte
	rest := archive[len(archiveMagic):]
	for len(rest) >= memberHeader {
		size, err := strconv.Atoi(strings.TrimSpace(string(rest[48:58])))
		if err != nil || size < 0 || size > len(rest)-memberHeader {
			return found
		}
		name := strings.TrimRight(string(rest[:16]), " ")
		content := rest[memberHeader : memberHeader+size]
		switch {
		case name == "//":
			longNames = content
		case name == "/" || name == "/SYM64/": // the index of symbols: it depends on where the members are
		default:
			found = append(found, member{memberName(name, longNames), content})
		}
		rest = rest[min(len(rest), memberHeader+size+size%2):]
	}
	return found
}

func memberName(name string, longNames []byte) string {
	if at, err := strconv.Atoi(strings.TrimPrefix(name, "/")); err == nil && strings.HasPrefix(name, "/") && at < len(longNames) {
		end := bytes.IndexByte(longNames[at:], '\n')
		if end < 0 {
			end = len(longNames) - at
		}
		name = string(longNames[at : at+end])
	}
	return strings.TrimSuffix(name, "/")
}

func archives(name string, want, got []byte) []Difference {
	w, g := members(want), members(got)
	if len(w) != len(g) {
		return []Difference{{Object: name, What: fmt.Sprintf("%d members instead of %d", len(g), len(w))}}
	}
	var differences []Difference
	for i := range w {
		label := name + "(" + w[i].name + ")"
		if w[i].name != g[i].name {
			differences = append(differences, Difference{Object: label, What: "its place is taken by " + g[i].name})
			continue
		}
		differences = append(differences, Files(label, w[i].content, g[i].content)...)
	}
	return differences
}
