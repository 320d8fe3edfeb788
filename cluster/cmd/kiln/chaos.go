package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

const chaosUsage = `Usage: bench/chaos [OPTION ...]

  --seed N        seed of the first round (default: from the clock)
  --count N       rounds of each scenario, each with the next seed (default 1)
  --scenario NAME only that one: outOfMemory, nodeStopped, operatorKilled, apiServerRestarted, registryStoppedDuringPush,
                  registryStoppedDuringPublish or limitOnRunningBuilds
  --output FILE   where the figures go, one JSON object a line (default bench/target/chaos.jsonl)
`

// chaosFigures is a line of the report that the scenarios write.
type chaosFigures struct {
	Scenario      string         `json:"scenario"`
	Seed          int64          `json:"seed"`
	Builds        int            `json:"builds"`
	Pods          int            `json:"pods"`
	Retries       int            `json:"retries"`
	Lost          int            `json:"lost"`
	DuplicatePods int            `json:"duplicatePods"`
	WrongTags     int            `json:"wrongTags"`
	Leftovers     int            `json:"leftovers"`
	Seconds       int            `json:"seconds"`
	More          map[string]any `json:"more"`
}

// runChaos plays the scenarios of e2e/ in which something breaks, and prints what they counted.
func runChaos(ctx context.Context, args []string) error {
	if len(args) == 1 && (args[0] == "--help" || args[0] == "-h") {
		fmt.Print(chaosUsage)
		return nil
	}
	set := flags("chaos")
	seed := set.Int64("seed", time.Now().Unix(), "")
	count := set.Int("count", 1, "")
	scenario := set.String("scenario", "*", "")
	output := set.String("output", "", "")
	if err := parse(set, args); err != nil {
		return err
	}
	if *count < 1 {
		return usageError{"chaos: --count starts at 1"}
	}
	t, err := prepareTests(ctx, false)
	if err != nil {
		return err
	}
	if *output == "" {
		*output = filepath.Join(t.root, "bench", "target", "chaos.jsonl")
	}
	if *output, err = filepath.Abs(*output); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(*output), 0o755); err != nil {
		return err
	}
	if err := os.Remove(*output); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	played := testStep(ctx, t.root, t.env, "mvn", "--quiet", "--batch-mode", "--no-transfer-progress", "--projects", "e2e", "--also-make", "verify",
		"-Dtest=none", "-Dsurefire.failIfNoSpecifiedTests=false", "-Dit.test=ChaosE2e#"+*scenario, "-Dfailsafe.failIfNoSpecifiedTests=false",
		"-Dkiln.chaos.seed="+strconv.FormatInt(*seed, 10), "-Dkiln.chaos.count="+strconv.Itoa(*count), "-Dkiln.chaos.report="+*output)
	figures, err := readChaos(*output)
	if err != nil {
		return errors.Join(played, err)
	}
	fmt.Println()
	if err := writeChaos(os.Stdout, figures); err != nil {
		return err
	}
	fmt.Printf("\n%s\n", *output)
	return played
}

func readChaos(path string) ([]chaosFigures, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("no round came to its end: %w", err)
	}
	defer file.Close()
	var all []chaosFigures
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var one chaosFigures
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		all = append(all, one)
	}
	return all, nil
}

// writeChaos writes a table with a line for each round, and the sum.
func writeChaos(out io.Writer, all []chaosFigures) error {
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "SCENARIO\tseed\tbuilds\tpods\tretries\tlost\tduplicate pods\twrong tags\tleftovers\tseconds\t")
	row := func(f chaosFigures, seed string) {
		var more []string
		for _, name := range slices.Sorted(maps.Keys(f.More)) {
			more = append(more, fmt.Sprintf("%s: %v", name, f.More[name]))
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%s\n",
			f.Scenario, seed, f.Builds, f.Pods, f.Retries, f.Lost, f.DuplicatePods, f.WrongTags, f.Leftovers, f.Seconds, strings.Join(more, ", "))
	}
	sum := chaosFigures{Scenario: "sum"}
	for _, f := range all {
		row(f, strconv.FormatInt(f.Seed, 10))
		sum.Builds, sum.Pods, sum.Retries, sum.Seconds = sum.Builds+f.Builds, sum.Pods+f.Pods, sum.Retries+f.Retries, sum.Seconds+f.Seconds
		sum.Lost, sum.DuplicatePods = sum.Lost+f.Lost, sum.DuplicatePods+f.DuplicatePods
		sum.WrongTags, sum.Leftovers = sum.WrongTags+f.WrongTags, sum.Leftovers+f.Leftovers
	}
	row(sum, "")
	return table.Flush()
}
