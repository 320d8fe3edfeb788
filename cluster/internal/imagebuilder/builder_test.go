package imagebuilder

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kiln.build/cluster/internal/cgroup"
	"kiln.build/cluster/internal/layout"
	"kiln.build/cluster/internal/process"
	"kiln.build/cluster/internal/sandbox"
	"kiln.build/cluster/internal/toolchain"
)

// TestMain lets the builder start its daemons through the test program.
func TestMain(m *testing.M) {
	handled, err := process.Dispatch(map[string]func(string) error{process.EntryCommand: process.Enter, sandbox.HoldCommand: sandbox.Hold})
	if !handled {
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// TestBuildsAndPushes starts a real daemon. It runs with the project's tests (`./kiln test`), which set KILN_ROOT, and as root.
func TestBuildsAndPushes(t *testing.T) {
	root, err := layout.Root()
	if err != nil || os.Geteuid() != 0 {
		t.Skip("needs root and the toolchain: run ./kiln test")
	}
	cache, err := layout.Cache()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	source := t.TempDir()
	for name, content := range map[string]string{"Dockerfile": "FROM scratch\nCOPY greeting /\n", "greeting": "hello"} {
		if err := os.WriteFile(filepath.Join(source, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// A cache of its own, so that builders of other programs are not waited for.
	builder, err := Start(ctx, Options{Tools: toolchain.New(root, cache, os.Stderr), Cache: t.TempDir(), RegistryRoot: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	build := Build{Context: source, Image: "test/greeting:1", Platforms: []string{"linux/amd64", "linux/arm64"}, SourceDateEpoch: "0"}
	digest, err := builder.Build(ctx, build)
	if err != nil {
		t.Error(err)
	}
	if again, err := builder.Build(ctx, build); err != nil || again != digest {
		t.Errorf("the second build gave %s (%v), the first %s", again, err, digest)
	}
	response, err := http.Get("http://" + builder.Registry() + "/v2/test/greeting/manifests/" + digest)
	if err != nil {
		t.Fatal(err)
	}
	manifest, _ := io.ReadAll(response.Body)
	response.Body.Close()
	if !strings.Contains(string(manifest), "arm64") {
		t.Errorf("the registry has for %s: %s %s", digest, response.Status, manifest)
	}
	_, err = builder.Build(ctx, Build{Context: source, Dockerfile: filepath.Join(source, "greeting"), Image: "test/broken:1"})
	if err == nil || !strings.Contains(err.Error(), "unknown instruction: hello") {
		t.Errorf("a broken Dockerfile gave the error %v", err)
	}
	if err := builder.Stop(ctx); err != nil {
		t.Error(err)
	}
	if cgroup.Exists(builder.cgroup) {
		t.Errorf("the cgroup %s is still there", builder.cgroup)
	}
}
