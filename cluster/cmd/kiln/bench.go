package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"kiln.build/cluster/internal/bench"
	"kiln.build/cluster/internal/demo"
	"kiln.build/cluster/internal/emulation"
	"kiln.build/cluster/internal/install"
	"kiln.build/cluster/internal/kube"
	"kiln.build/cluster/internal/layout"
	"kiln.build/cluster/internal/toolchain"
	"kiln.build/cluster/internal/twins"
)

const benchUsage = `Usage: bench/run [OPTION ...]                a trivial build, beside docker/buildx
       bench/run lua [OPTION ...]            Lua for two platforms, cold: Kiln with acceleration, and buildx with QEMU
       bench/run emulation [OPTION ...]      native, emulated and accelerated builds with Kiln
       bench/run cache [OPTION ...]          a change of one line: Kiln's caches, and a standing daemon of buildx

  --builds N      builds that are measured: of a trivial one with Kiln (default 10), of an example in every way (default 2 of lua,
                  3 of emulation, 5 of cache)
  --output FILE   where the JSON goes (default bench/target/results.json, or lua.json and so on)

Of a trivial build:
  --builders N    builders that buildx creates, each with a cold build (default 3)
  --warm N        warm builds with buildx (default 10)
  --idle DURATION how long the operator is left alone before its memory is read (default 60s)

Of emulation and cache:
  --examples LIST which ones: c (examples/emulated-c), lua (default c,lua)
`

// report is what a measurement found.
type report interface {
	JSON() ([]byte, error)
	Write(out io.Writer) error
}

// runBench measures Kiln on the demo's cluster.
func runBench(ctx context.Context, args []string) error {
	if slices.Contains(args, "--help") || slices.Contains(args, "-h") {
		fmt.Print(benchUsage)
		return nil
	}
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		return runComparison(ctx, args[0], args[1:])
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
	measuring, _, err := newBench(ctx)
	if err != nil {
		return err
	}
	found, err := measuring.Run(ctx, options)
	if err != nil {
		return err
	}
	return writeReport(found, "results.json", *output)
}

// comparisons are the measurements of examples, with how often each is built.
var comparisons = map[string]int{"lua": 2, "emulation": 3, "cache": 5}

// runComparison builds examples in several ways.
func runComparison(ctx context.Context, name string, args []string) error {
	builds, known := comparisons[name]
	if !known {
		return usageError{fmt.Sprintf("bench: unknown measurement %q: lua, emulation or cache", name)}
	}
	var options bench.Repetitions
	set := flags("bench " + name)
	set.IntVar(&options.Builds, "builds", builds, "")
	output := set.String("output", "", "")
	examples := new(string)
	if name != "lua" {
		examples = set.String("examples", strings.Join(bench.Examples, ","), "")
	}
	if err := parse(set, args); err != nil {
		return err
	}
	options.Examples = strings.Split(*examples, ",")
	if options.Builds < 1 {
		return usageError{"bench: --builds starts at 1"}
	}
	for _, example := range options.Examples {
		if name != "lua" && !slices.Contains(bench.Examples, example) {
			return usageError{fmt.Sprintf("bench: unknown example %q: %s", example, strings.Join(bench.Examples, " or "))}
		}
	}
	measuring, d, err := newBench(ctx)
	if err != nil {
		return err
	}
	cache, err := layout.Cache()
	if err != nil {
		return err
	}
	if measuring.Sources.Lua, err = emulation.Sources(ctx, cache, "lua"); err != nil {
		return err
	}
	if err := installTwins(ctx, d, cache); err != nil {
		return err
	}
	var found *bench.Comparison
	switch name {
	case "lua":
		found, err = measuring.Lua(ctx, options.Builds)
	case "emulation":
		found, err = measuring.Emulation(ctx, options)
	case "cache":
		found, err = measuring.Cache(ctx, options)
	}
	if err != nil {
		return err
	}
	return writeReport(found, name+".json", *output)
}

// newBench brings up the demo's cluster with Kiln.
func newBench(ctx context.Context) (*bench.Bench, demo.Demo, error) {
	d, status, err := demoHere(ctx)
	if err != nil {
		return nil, d, err
	}
	if err := d.Install(ctx); err != nil {
		return nil, d, err
	}
	tools, err := newToolchain()
	if err != nil {
		return nil, d, err
	}
	bin, err := tools.Ensure(ctx, toolchain.Buildx, toolchain.Crane)
	if err != nil {
		return nil, d, err
	}
	client, err := kube.NewClient(status.Kubeconfig)
	if err != nil {
		return nil, d, err
	}
	reference := func(image install.Image) string { return image.Repository + "@" + image.Digest }
	return &bench.Bench{
		Kubectl: d.Installer.Kubectl, Kube: client, Registry: status.Registry, RegistryRoot: filepath.Join(status.StateDir, "registry"),
		Buildx: filepath.Join(bin, "buildx"), Crane: filepath.Join(bin, "crane"), OperatorImage: reference(d.Images.Operator), BuildKitImage: reference(d.Images.BuildKit),
		Sources: bench.Sources{
			GitURL: status.Git.URL, GitRoot: status.Git.Repositories, Emulated: filepath.Join(d.Root, "examples", "emulated-c", "imagebuild.yaml"),
		},
		Out: os.Stderr,
	}, d, nil
}

// installTwins has native programs for arm64 ready, for builds that ask for acceleration.
func installTwins(ctx context.Context, d demo.Demo, cache string) error {
	set, err := twins.Named(emulation.DefaultTwins)
	if err != nil {
		return err
	}
	image, err := pushTwins(ctx, d.Root, cache, set)
	if err != nil {
		return err
	}
	d.Twins = []install.Twins{{Platform: set.Architecture.Platform(), Image: image}}
	return d.Install(ctx)
}

func writeReport(found report, name, output string) error {
	root, err := layout.Root()
	if err != nil {
		return err
	}
	if output == "" {
		output = filepath.Join(root, "bench", "target", name)
	}
	encoded, err := found.JSON()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(output), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(output, encoded, 0o644); err != nil {
		return err
	}
	if err := found.Write(os.Stdout); err != nil {
		return err
	}
	fmt.Printf("\n%s\n", output)
	return nil
}
