package twins

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"kiln.build/cluster/internal/debian"
)

const loader = "ld-linux-x86-64.so.2"

// Folder is a folder of twins.
type Folder struct {
	Set Set
	// Files by their path in the folder.
	Files map[string][]byte
	// Twins are what the table says, with where it comes from.
	Twins []Twin
	used  map[locked]bool
}

// Twin is a line of the table and what a reviewer wants to know about it.
type Twin struct {
	BuildID string
	Path    string
	Rules   []string
	// Foreign and Native say what file of which package the build id and the twin are from.
	Foreign, Native Origin
}

// Origin is a file of a package.
type Origin struct {
	File, Package, Version string
}

// store is what was found in the packages of one architecture.
type store struct {
	files  map[string]debian.File
	origin map[string]locked
}

// assemble makes the folder of a set from the files of packages.
func assemble(ctx context.Context, set Set, packages map[locked]string) (*Folder, error) {
	foreign, native, err := open(ctx, set, packages)
	if err != nil {
		return nil, err
	}
	folder := &Folder{Set: set, Files: map[string][]byte{}, used: map[locked]bool{}}
	for _, p := range set.pairs() {
		if err := folder.add(p, foreign, native); err != nil {
			return nil, fmt.Errorf("make the twin of %s: %w", p.foreign, err)
		}
	}
	if err := folder.addCopyrights(native); err != nil {
		return nil, err
	}
	slices.SortFunc(folder.Twins, func(a, b Twin) int { return strings.Compare(a.BuildID, b.BuildID) })
	folder.Files["table"] = []byte(folder.table())
	return folder, nil
}

// open reads what is wanted of the packages.
func open(ctx context.Context, set Set, packages map[locked]string) (foreign, native store, err error) {
	wanted := map[string]bool{}
	for _, p := range set.pairs() {
		wanted[p.foreign], wanted[p.native] = true, true
	}
	foreign = store{map[string]debian.File{}, map[string]locked{}}
	native = store{map[string]debian.File{}, map[string]locked{}}
	for l, file := range packages {
		to := foreign
		if l.architecture == host {
			to = native
		}
		fixed := false
		files, err := debian.Files(ctx, file, func(name string) bool {
			fixed = fixed || l.architecture != host && strings.Contains(name, missingFolder+"/")
			return wanted[name] || l.architecture == host && (isLibrary(name) || isCopyright(name))
		})
		if err != nil {
			return foreign, native, err
		}
		if fixed {
			return foreign, native, fmt.Errorf("the package %s has a folder %s, which twins do not search", l.name, missingFolder)
		}
		for name, content := range files {
			if isLibrary(name) && !wanted[name] {
				name = path.Base(name)
			}
			if _, ok := to.files[name]; ok && content.Target != "" {
				continue // a link to a file of the same name in another folder
			}
			to.files[name], to.origin[name] = content, l
		}
	}
	return foreign, native, nil
}

// isCopyright is true for the copyright file of a package, and for the link that takes the place of its folder.
func isCopyright(name string) bool {
	rest, ok := strings.CutPrefix(name, documentation)
	return ok && (!strings.Contains(rest, "/") || path.Base(rest) == "copyright")
}

const documentation = "usr/share/doc/"

func isLibrary(name string) bool {
	folder := path.Dir(name)
	return strings.Contains(path.Base(name), ".so") && (folder == "lib/"+hostTriple || folder == "usr/lib/"+hostTriple)
}

// resolve follows the links between libraries.
func (s store) resolve(name string) (string, debian.File, bool) {
	file, ok := s.files[name]
	for range 8 {
		if !ok || file.Target == "" {
			break
		}
		name = path.Base(file.Target)
		file, ok = s.files[name]
	}
	return name, file, ok && file.Target == ""
}

// add adds one twin with the libraries that it needs.
func (f *Folder) add(p pair, foreign, native store) error {
	original, ok := foreign.files[p.foreign]
	if !ok || original.Target != "" {
		return errors.New("none of the packages has this file")
	}
	twin, ok := native.files[p.native]
	if !ok || twin.Target != "" {
		return fmt.Errorf("none of the packages has the file %s", p.native)
	}
	id, err := buildID(original.Content)
	if err != nil {
		return err
	}
	content := twin.Content
	if p.includes {
		if content, err = withIncludesOf(original.Content, content, f.Set.Architecture); err != nil {
			return fmt.Errorf("take over the folders for header files: %w", err)
		}
	}
	if p.driver {
		if content, err = asNativeDriver(content); err != nil {
			return fmt.Errorf("take over the places of the native driver: %w", err)
		}
	}
	if err := f.addLibraries(native, content); err != nil {
		return err
	}
	if strings.HasPrefix(p.twin, "bin/") {
		if content, err = withLoader(content, "/dev/.kiln/"+f.Set.Name()+"/lib/"+loader, "$ORIGIN/../lib"); err != nil {
			return fmt.Errorf("set its loader: %w", err)
		}
	}
	f.Files[p.twin] = content
	from, to := foreign.origin[p.foreign], native.origin[p.native]
	f.used[from], f.used[to] = true, true
	f.Twins = append(f.Twins, Twin{
		BuildID: id, Path: p.twin, Rules: p.rules,
		Foreign: Origin{p.foreign, from.name, from.version}, Native: Origin{p.native, to.name, to.version},
	})
	return nil
}

func (f *Folder) addLibraries(native store, content []byte) error {
	names, err := needed(content)
	if err != nil {
		return err
	}
	for _, name := range append(names, loader) {
		if _, ok := f.Files["lib/"+name]; ok {
			continue
		}
		found, file, ok := native.resolve(name)
		if !ok {
			return fmt.Errorf("none of the packages has the library %s", name)
		}
		f.Files["lib/"+name] = file.Content
		f.used[native.origin[found]] = true
		if err := f.addLibraries(native, file.Content); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// addCopyrights adds the copyright files of the packages that the folder has files of.
func (f *Folder) addCopyrights(native store) error {
	for _, l := range slices.Collect(maps.Keys(f.used)) {
		if l.architecture != host {
			continue
		}
		name := documentation + l.name
		if link, ok := native.files[name]; ok {
			name = documentation + path.Base(link.Target)
		}
		name += "/copyright"
		file, ok := native.files[name]
		if !ok || file.Target != "" {
			return fmt.Errorf("the package %s has no copyright file", l.name)
		}
		f.Files["doc/"+l.name+"/copyright"] = file.Content
		f.used[native.origin[name]] = true
	}
	return nil
}

// Write writes the folder.
func (f *Folder) Write(dir string) error {
	for name, content := range f.Files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, content, Mode(name)); err != nil {
			return err
		}
	}
	return nil
}

// Mode is the mode of a file in a folder of twins.
func Mode(name string) os.FileMode {
	if strings.HasPrefix(name, "bin/") || strings.HasPrefix(name, "lib/") {
		return 0o755
	}
	return 0o644
}
