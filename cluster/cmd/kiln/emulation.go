package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"kiln.build/cluster/internal/emulation"
	"kiln.build/cluster/internal/layout"
	"kiln.build/cluster/internal/twins"
)

const emulationUsage = `Usage: bench/emulation [OPTION ...] [PROJECT ...]

Builds the projects of the corpus, all or those named, natively, under QEMU and with native twins, compares what the last two make, and
prints how long they take.

  --twins NAME    the set of twins, and so release and platform (default debian-12-arm64); with the project "small" for a first look
  --builds N      how often each is built natively and with twins; the fastest counts (default 3)
  --reuse         take the builds under QEMU of an earlier run, with their times
  --output FILE   where the JSON goes (default bench/target/emulation.json)
`

// runEmulation measures emulated builds, and fails when twins make something else.
func runEmulation(ctx context.Context, args []string) error {
	if len(args) == 1 && (args[0] == "--help" || args[0] == "-h") {
		fmt.Print(emulationUsage)
		return nil
	}
	set := flags("emulation")
	name := set.String("twins", emulation.DefaultTwins, "")
	builds := set.Int("builds", 3, "")
	reuse := set.Bool("reuse", false, "")
	output := set.String("output", "", "")
	if err := set.Parse(args); err != nil {
		return usageError{fmt.Sprintf("%s: %v", set.Name(), err)}
	}
	if *builds < 1 {
		return usageError{fmt.Sprintf("%s: --builds %d: want at least 1", set.Name(), *builds)}
	}
	projects, err := emulation.Selected(set.Args())
	if err != nil {
		return usageError{err.Error()}
	}
	chosen, err := twins.Named(*name)
	if err != nil {
		return usageError{err.Error()}
	}
	root, err := layout.Root()
	if err != nil {
		return err
	}
	cache, err := layout.Cache()
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	runner, err := emulation.NewRunner(ctx, self, root, cache, chosen, os.Stderr)
	if err != nil {
		return err
	}
	report, err := runner.Measure(ctx, projects, *builds, *reuse)
	if err != nil {
		return err
	}
	if *output == "" {
		*output = filepath.Join(root, "bench", "target", "emulation.json")
	}
	if err := report.Save(*output); err != nil {
		return err
	}
	if err := report.Write(os.Stdout); err != nil {
		return err
	}
	fmt.Printf("\n%s\n", *output)
	return report.Verdict()
}
