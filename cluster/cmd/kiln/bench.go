package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"kiln.build/cluster/internal/bench"
	"kiln.build/cluster/internal/kube"
	"kiln.build/cluster/internal/toolchain"
)

const benchUsage = `Usage: bench/run [OPTION ...]

  --builds N      builds with Kiln that are measured (default 10)
  --builders N    builders that buildx creates, each with a cold build (default 3)
  --warm N        warm builds with buildx (default 10)
  --idle DURATION how long the operator is left alone before its memory is read (default 60s)
  --output FILE   where the JSON goes (default bench/target/results.json)
`

// runBench measures Kiln on the demo's cluster.
func runBench(ctx context.Context, args []string) error {
	if len(args) == 1 && (args[0] == "--help" || args[0] == "-h") {
		fmt.Print(benchUsage)
		return nil
	}
	var options bench.Options
	set := flags("bench")
	set.IntVar(&options.Builds, "builds", 10, "")
	set.IntVar(&options.Builders, "builders", 3, "")
	set.IntVar(&options.WarmBuilds, "warm", 10, "")
	set.DurationVar(&options.Idle, "idle", time.Minute, "")
	output := set.String("output", "", "")
	if err := parse(set, args); err != nil {
		return err
	}
	if options.Builds < 1 || options.Builders < 1 || options.WarmBuilds < 1 {
		return usageError{"bench: --builds, --builders and --warm start at 1"}
	}
	d, status, err := demoHere(ctx)
	if err != nil {
		return err
	}
	if err := d.Install(ctx); err != nil {
		return err
	}
	tools, err := newToolchain()
	if err != nil {
		return err
	}
	bin, err := tools.Ensure(ctx, toolchain.Buildx)
	if err != nil {
		return err
	}
	client, err := kube.NewClient(status.Kubeconfig)
	if err != nil {
		return err
	}
	measuring := bench.Bench{
		Kubectl: d.Installer.Kubectl, Kube: client, Registry: status.Registry, RegistryRoot: filepath.Join(status.StateDir, "registry"),
		Buildx: filepath.Join(bin, "buildx"), OperatorImage: d.Images.Operator.Repository + "@" + d.Images.Operator.Digest, Out: os.Stderr,
	}
	report, err := measuring.Run(ctx, options)
	if err != nil {
		return err
	}
	if *output == "" {
		*output = filepath.Join(d.Root, "bench", "target", "results.json")
	}
	encoded, err := report.JSON()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(*output), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(*output, encoded, 0o644); err != nil {
		return err
	}
	if err := report.Write(os.Stdout); err != nil {
		return err
	}
	fmt.Printf("\n%s\n", *output)
	return nil
}
