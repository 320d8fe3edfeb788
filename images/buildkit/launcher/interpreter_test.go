package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The files that the interpreter reads belong to the user: its own code, under the sanitizers, has to withstand mutations of the
// corpus. KILN_FUZZ_ROUNDS and KILN_FUZZ_SEED make it a longer search.
func TestInterpreterWithstandsHostileFiles(t *testing.T) {
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("needs gcc")
	}
	out := t.TempDir()
	if output, err := exec.Command("make", "--no-print-directory", "-C", "../interpreter", "OUT="+out, "fuzz").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	rounds, seed := "5000", "1"
	if given := os.Getenv("KILN_FUZZ_ROUNDS"); given != "" {
		rounds = given
	}
	if given := os.Getenv("KILN_FUZZ_SEED"); given != "" {
		seed = given
	}
	output, err := exec.Command(filepath.Join(out, "fuzz"), "../interpreter/test/corpus", rounds, seed).CombinedOutput()
	if err != nil {
		t.Fatalf("seed %s: %v\n%s", seed, err, output)
	}
	t.Logf("%s", output)
}
