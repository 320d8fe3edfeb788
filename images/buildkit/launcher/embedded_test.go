package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// buildScript stands in for buildkitd: it starts the real one, as it was told to, and builds what lies in the folder FILES with it.
const buildScript = `#!/bin/sh
PATH=FILES:$PATH
mkdir -p /run/out /run/state
FILES/buildkitd "$@" --root /run/state &
daemon=$!
until FILES/buildctl --addr unix:///run/buildkit/buildkitd.sock debug workers > /dev/null 2>&1; do
  kill -0 $daemon || exit 98
  sleep 0.1
done
FILES/buildctl --addr unix:///run/buildkit/buildkitd.sock build --progress plain --frontend dockerfile.v0 \
  --local context=FILES/context --local dockerfile=FILES/context --opt platform=linux/arm64 --output type=local,dest=/run/out
code=$?
kill $daemon
wait $daemon
ls /run/out
exit $code
`

// A single program at a time: what makes a foreign program able to start others is a patch that QEMU of a distribution lacks, and the
// buildkit-qemu-* programs of BuildKit's own image have.
func TestBuildKitEmulatesWhereBinfmtIsRefused(t *testing.T) {
	dir := built(t)
	files := filepath.Join(dir, "embedded")
	if err := os.MkdirAll(filepath.Join(files, "context"), 0o755); err != nil {
		t.Fatal(err)
	}
	qemu, tools := os.Getenv("KILN_QEMU_BIN"), os.Getenv("KILN_TOOLS_BIN")
	for target, source := range map[string]string{
		"buildkitd": filepath.Join(tools, "buildkitd"), "buildctl": filepath.Join(tools, "buildctl"), "runc": filepath.Join(tools, "runc"),
		"buildkit-qemu-aarch64": filepath.Join(qemu, "qemu-aarch64-static"), "context/program": filepath.Join(dir, "programs", "unmatched"),
	} {
		content, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(files, target), content, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	dockerfile := "FROM scratch\nCOPY program /bin/program\nRUN [\"/bin/program\", \"report\"]\nRUN [\"/bin/program\", \"write\", \"/made-by-a-step\"]\n"
	if err := os.WriteFile(filepath.Join(files, "context", "Dockerfile"), []byte(dockerfile), 0o644); err != nil {
		t.Fatal(err)
	}
	got := runPod(t, "REFUSE_BINFMT=1", "KILN_EMULATE=linux/arm64", "PATH="+files+":"+os.Getenv("PATH"),
		"BUILDKITD="+strings.ReplaceAll(buildScript, "FILES", files))
	for _, want := range []string{"emulation: embedded (linux/arm64; binfmt_misc cannot be mounted", `"Machine":"aarch64"`, "made-by-a-step"} {
		if got.code != 0 || !strings.Contains(got.output, want) {
			t.Fatalf("exit code %d, want 0 and %q in:\n%s", got.code, want, got.output)
		}
	}
}

func TestWithoutAnyEmulationTheNodeIsRefused(t *testing.T) {
	if os.Getenv("KILN_QEMU_BIN") == "" {
		t.Skip("KILN_QEMU_BIN is not set")
	}
	broken := t.TempDir()
	for _, folder := range []string{filepath.Dir(broken), broken} {
		if err := os.Chmod(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(broken, "buildkit-qemu-s390x"), []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		os.Getenv("PATH"):                "the image has no buildkit-qemu-s390x",
		broken + ":" + os.Getenv("PATH"): "buildkit-qemu-s390x does not run a test program of linux/s390x",
	} {
		got := runPod(t, "REFUSE_BINFMT=1", "KILN_EMULATE=linux/s390x", "PATH="+path, "BUILDKITD=#!/bin/sh\n")
		if got.code != exitUnsupported || !strings.Contains(got.output, want) || !strings.Contains(got.output, "Linux 6.7") {
			t.Errorf("exit code %d, want %d and %q in:\n%s", got.code, exitUnsupported, want, got.output)
		}
	}
}
