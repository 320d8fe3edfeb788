package bench

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Sources are where the examples come from.
type Sources struct {
	// GitURL is the cluster's git server, GitRoot the folder with its repositories.
	GitURL  string
	GitRoot string
	// Emulated is the file with the example of examples/emulated-c, Lua the archive with Lua's sources.
	Emulated string
	Lua      string
}

// An example is built from a repository of the cluster's git server, by Kiln and by buildx alike.
type example struct {
	name string
	url  string
	// title says what it is.
	title string

	checkout string
	// changed is the file that a change adds a line to.
	changed string
	changes int
}

// Names of the examples.
const (
	exampleC   = "c"
	exampleLua = "lua"
)

// Examples are the names of all examples.
var Examples = []string{exampleC, exampleLua}

// The cluster's gcc:12 has Debian's compilers, which have twins.
const dockerfileC = `FROM gcc:12 AS build
WORKDIR /src
COPY . .
RUN make
FROM debian:bookworm-slim
COPY --from=build /src/primes /usr/local/bin/primes
`

const dockerfileLua = `FROM gcc:12 AS build
WORKDIR /src
COPY . .
RUN make -j2 -C src linux
FROM debian:bookworm-slim
COPY --from=build /src/src/lua /src/src/luac /usr/local/bin/
`

// example puts the sources of an example into a repository.
func (b *Bench) example(ctx context.Context, name string) (*example, error) {
	checkout, err := os.MkdirTemp("", "kiln-bench-"+name+"-")
	if err != nil {
		return nil, err
	}
	repository := "bench-" + b.session + "-" + name + ".git"
	e := &example{name: name, url: b.Sources.GitURL + "/" + repository, checkout: checkout}
	err = run(ctx, "", "git", "init", "--quiet", "--bare", filepath.Join(b.Sources.GitRoot, repository))
	if err == nil {
		err = run(ctx, "", "git", "init", "--quiet", "--initial-branch=main", checkout)
	}
	if err == nil {
		err = b.fill(ctx, e)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make the example %s: %w", name, err), os.RemoveAll(checkout))
	}
	return e, nil
}

func (b *Bench) fill(ctx context.Context, e *example) error {
	switch e.name {
	case exampleC:
		e.title, e.changed = "two files of C (examples/emulated-c), compiled by make in gcc:12", "main.c"
		files, err := b.inlineFiles(ctx, b.Sources.Emulated)
		if err != nil {
			return err
		}
		files["Dockerfile"] = dockerfileC
		for _, name := range slices.Sorted(maps.Keys(files)) {
			if err := os.WriteFile(filepath.Join(e.checkout, filepath.Base(name)), []byte(files[name]), 0o644); err != nil {
				return err
			}
		}
		return nil
	case exampleLua:
		e.title, e.changed = "Lua 5.4.4, compiled by make -j2 in gcc:12", "src/lua.c"
		if err := run(ctx, "", "tar", "--extract", "--strip-components=1", "--no-same-owner", "--file="+b.Sources.Lua, "--directory="+e.checkout); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(e.checkout, "Dockerfile"), []byte(dockerfileLua), 0o644)
	default:
		return fmt.Errorf("there is no example %q; there are %s", e.name, strings.Join(Examples, ", "))
	}
}

// inlineFiles are the files of an ImageBuild's inline source; kubectl knows how to read YAML.
func (b *Bench) inlineFiles(ctx context.Context, manifest string) (map[string]string, error) {
	output, err := b.Kubectl.Run(ctx, callDeadline, nil, "create", "--dry-run=client", "--output=json", "--filename", manifest)
	if err != nil {
		return nil, err
	}
	return inlineFiles(output)
}

// commit commits what is there, after the first time with one line more in one file, and returns the commit.
func (e *example) commit(ctx context.Context) (string, error) {
	if e.changes > 0 {
		file, err := os.OpenFile(filepath.Join(e.checkout, e.changed), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			return "", err
		}
		_, err = fmt.Fprintf(file, "/* change %d */\n", e.changes)
		if err := errors.Join(err, file.Close()); err != nil {
			return "", err
		}
	}
	e.changes++
	for _, args := range [][]string{
		{"add", "--all"},
		{"-c", "user.name=Bench", "-c", "user.email=bench@example.com", "commit", "--quiet", "--message", "Change"},
		{"push", "--quiet", e.url, "HEAD:refs/heads/main"},
	} {
		if err := run(ctx, e.checkout, "git", args...); err != nil {
			return "", err
		}
	}
	output, err := exec.CommandContext(ctx, "git", "-C", e.checkout, "rev-parse", "HEAD").Output()
	if err != nil {
		return "", fmt.Errorf("git rev-parse: %w", err)
	}
	return strings.TrimSpace(string(output)), nil
}

func (e *example) remove() error { return os.RemoveAll(e.checkout) }

func run(ctx context.Context, dir, program string, args ...string) error {
	command := exec.CommandContext(ctx, program, args...)
	command.Dir = dir
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", program, args[0], err, output)
	}
	return nil
}
