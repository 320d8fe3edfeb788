package twins

import (
	"fmt"
	"strings"
)

// escape writes a rule as one field of a line.
var escape = strings.NewReplacer("%", "%25", " ", "%20")

// table is the table that the interpreter reads.
func (f *Folder) table() string {
	var out strings.Builder
	fmt.Fprintln(&out, f.Set.head())
	for _, t := range f.Twins {
		fields := []string{t.BuildID, t.Path}
		for _, rule := range t.Rules {
			fields = append(fields, escape.Replace(rule))
		}
		fmt.Fprintln(&out, strings.Join(fields, " "))
	}
	return out.String()
}

// Review is the table with where every line comes from, for the eyes of a reviewer.
func (f *Folder) Review() string {
	var out strings.Builder
	fmt.Fprintf(&out, "# Where the twins %s come from\n\n", f.Set.Name())
	fmt.Fprint(&out, "| build id | foreign file | package | twin | made of | package | note |\n|---|---|---|---|---|---|---|\n")
	for _, t := range f.Twins {
		note := ""
		if revision(t.Foreign.Version) != revision(t.Native.Version) {
			note = f.Set.ahead()
		}
		fmt.Fprintf(&out, "| `%s` | `%s` | %s %s | `%s` | `%s` | %s %s | %s |\n", t.BuildID, t.Foreign.File, t.Foreign.Package, t.Foreign.Version,
			t.Path, t.Native.File, t.Native.Package, t.Native.Version, note)
	}
	return out.String()
}

// revision is a package's version without the marks of a cross package and of a rebuild, which compile the same source.
func revision(version string) string {
	if at := strings.LastIndex(version, "cross"); at > 0 {
		version = version[:at]
	}
	version, _, _ = strings.Cut(version, "+b")
	return version
}
