package emulation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"kiln.build/cluster/internal/elfcompare"
)

// Report is what a run of the corpus found.
type Report struct {
	Projects []Measured `json:"projects"`
}

// Measured is one project. Seconds are those of the build without its preparation, Processor its processor time: what the ratios are
// made of, because other work on the machine disturbs it less.
type Measured struct {
	Name      string          `json:"name"`
	Language  string          `json:"language"`
	Why       string          `json:"why"`
	Seconds   map[Way]float64 `json:"seconds"`
	Processor map[Way]float64 `json:"processorSeconds"`
	// Prepare are the seconds of processor time before.
	Prepare map[Way]float64 `json:"prepareProcessorSeconds"`
	// NativeStarts and EmulatedStarts are of the accelerated build.
	NativeStarts   uint64 `json:"nativeStarts"`
	EmulatedStarts uint64 `json:"emulatedStarts"`
	Objects        int    `json:"objects"`
	// Allowed is how many objects differ in what names the compiler, Different what else does.
	Allowed   int      `json:"allowedDifferences"`
	Different []string `json:"different"`
}

// Measure builds the projects in all ways, one after the other.
func (r *Runner) Measure(ctx context.Context, projects []Project, reuse bool) (Report, error) {
	var report Report
	for _, p := range projects {
		m := Measured{Name: p.Name, Language: p.Language, Why: p.Why, Seconds: map[Way]float64{}, Processor: map[Way]float64{}, Prepare: map[Way]float64{}}
		outcomes := map[Way]Outcome{}
		for _, way := range []Way{Native, Accelerated, QEMU} {
			build := func() (Outcome, error) { return r.Build(ctx, p, way) }
			if way == QEMU && reuse {
				build = func() (Outcome, error) { return r.Reference(ctx, p) }
			}
			outcome, err := build()
			if err != nil {
				return report, err
			}
			outcomes[way] = outcome
			m.Seconds[way] = outcome.Seconds[buildStep]
			m.Processor[way] = outcome.Processor[buildStep]
			m.Prepare[way] = outcome.Processor["prepare"]
		}
		m.NativeStarts, m.EmulatedStarts, m.Objects = outcomes[Accelerated].Native, outcomes[Accelerated].Emulated, len(outcomes[QEMU].Objects)
		m.judge(Compare(p, outcomes[QEMU], outcomes[Accelerated]))
		report.Projects = append(report.Projects, m)
	}
	return report, nil
}

func (m *Measured) judge(differences []elfcompare.Difference) {
	for _, d := range differences {
		if d.Allowed {
			m.Allowed++
		} else {
			m.Different = append(m.Different, d.String())
		}
	}
}

// ratio is of one way to another.
func (m Measured) ratio(way, to Way) float64 { return m.Processor[way] / m.Processor[to] }

// median of the ratio of accelerated to native builds of a language.
func (r Report) median(language string) (float64, bool) {
	var ratios []float64
	for _, m := range r.Projects {
		if m.Language == language {
			ratios = append(ratios, m.ratio(Accelerated, Native))
		}
	}
	if len(ratios) == 0 {
		return 0, false
	}
	slices.Sort(ratios)
	middle := len(ratios) / 2
	if len(ratios)%2 == 1 {
		return ratios[middle], true
	}
	return (ratios[middle-1] + ratios[middle]) / 2, true
}

// targets are the ratios to reach.
var targets = []struct {
	language string
	ratio    float64
}{{"C", 1.5}, {"C++", 1.7}}

// Write prints tables in Markdown.
func (r Report) Write(out io.Writer) error {
	var text strings.Builder
	fmt.Fprint(&text, "Seconds of processor time.\n\n| project | | native | QEMU | accelerated | accelerated / native | accelerated / QEMU | native starts of all | objects | differences |\n"+
		"|---|---|---|---|---|---|---|---|---|---|\n")
	for _, m := range r.Projects {
		fmt.Fprintf(&text, "| %s | %s; %s | %.1f s | %.1f s | %.1f s | %.2f | %.2f | %d of %d | %d | %d |\n", m.Name, m.Language, m.Why,
			m.Processor[Native], m.Processor[QEMU], m.Processor[Accelerated], m.ratio(Accelerated, Native), m.ratio(Accelerated, QEMU),
			m.NativeStarts, m.NativeStarts+m.EmulatedStarts, m.Objects, len(m.Different))
	}
	fmt.Fprint(&text, "\n| accelerated / native, median | want | is |\n|---|---|---|\n")
	for _, t := range targets {
		if median, ok := r.median(t.language); ok {
			fmt.Fprintf(&text, "| %s | <= %.1f | %.2f |\n", t.language, t.ratio, median)
		}
	}
	_, err := io.WriteString(out, text.String())
	return err
}

// Save writes the report as JSON.
func (r Report) Save(file string) error {
	encoded, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, append(encoded, '\n'), 0o644))
}

// Verdict is an error when twins made something else than the programs that they stand for.
func (r Report) Verdict() error {
	var different []string
	for _, m := range r.Projects {
		different = append(different, m.Different...)
	}
	if len(different) == 0 {
		return nil
	}
	return fmt.Errorf("twins make something else:\n%s", strings.Join(different, "\n"))
}
