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
	// Programs are those of the build without its preparation, by their name.
	Programs map[Way]map[string]Program `json:"programs"`
	// NativeStarts and EmulatedStarts are of the accelerated build.
	NativeStarts   uint64 `json:"nativeStarts"`
	EmulatedStarts uint64 `json:"emulatedStarts"`
	Objects        int    `json:"objects"`
	// Allowed is how many objects differ in what names the compiler, Different what else does.
	Allowed   int      `json:"allowedDifferences"`
	Different []string `json:"different"`
}

// Measure builds the projects in all ways, one after the other. Of several builds in the same way the fastest counts, which other work on
// the machine disturbed least; with reuse the one under QEMU may be of an earlier run.
func (r *Runner) Measure(ctx context.Context, projects []Project, builds int, reuse bool) (Report, error) {
	var report Report
	for _, p := range projects {
		m := Measured{
			Name: p.Name, Language: p.Language, Why: p.Why,
			Seconds: map[Way]float64{}, Processor: map[Way]float64{}, Prepare: map[Way]float64{}, Programs: map[Way]map[string]Program{},
		}
		outcomes := map[Way]Outcome{}
		for n := range builds {
			for _, way := range []Way{Native, Accelerated} {
				outcome, err := r.Build(ctx, p, way)
				if err != nil {
					return report, err
				}
				if n == 0 || outcome.Processor[buildStep] < outcomes[way].Processor[buildStep] {
					outcomes[way] = outcome
				}
			}
		}
		emulated := r.Build
		if reuse {
			emulated = func(ctx context.Context, p Project, _ Way) (Outcome, error) { return r.Reference(ctx, p) }
		}
		var err error
		if outcomes[QEMU], err = emulated(ctx, p, QEMU); err != nil {
			return report, err
		}
		for way, outcome := range outcomes {
			m.Seconds[way] = outcome.Seconds[buildStep]
			m.Processor[way] = outcome.Processor[buildStep]
			m.Prepare[way] = outcome.Processor["prepare"]
			m.Programs[way] = outcome.Programs[buildStep]
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

// compilers are the programs that make code: compilers, assemblers and linkers, without the drivers that start them.
var compilers = []string{"cc1", "cc1plus", "lto1", "lto1-ltrans", "lto1-wpa", "as", "ld", "ld.bfd", "ld.gold"}

// compiling are the seconds of processor time that these take.
func (m Measured) compiling(way Way) float64 {
	sum := 0.0
	for _, name := range compilers {
		sum += m.Programs[way][name].Processor
	}
	return sum
}

func (m Measured) build() float64     { return m.ratio(Accelerated, Native) }
func (m Measured) compilers() float64 { return m.compiling(Accelerated) / m.compiling(Native) }

// median of a ratio of the projects of a language.
func (r Report) median(language string, ratio func(Measured) float64) (float64, bool) {
	var ratios []float64
	for _, m := range r.Projects {
		if m.Language == language {
			ratios = append(ratios, ratio(m))
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
	fmt.Fprint(&text, "Seconds of processor time of the build, without its preparation.\n\n| project | | native | QEMU | accelerated | accelerated / native | "+
		"of compilers, assemblers and linkers alone | accelerated / QEMU | native starts of all | objects | differences |\n|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, m := range r.Projects {
		fmt.Fprintf(&text, "| %s | %s; %s | %.1f s | %.1f s | %.1f s | %.2f | %.2f | %.2f | %d of %d | %d | %d |\n", m.Name, m.Language, m.Why,
			m.Processor[Native], m.Processor[QEMU], m.Processor[Accelerated], m.build(), m.compilers(), m.ratio(Accelerated, QEMU),
			m.NativeStarts, m.NativeStarts+m.EmulatedStarts, m.Objects, len(m.Different))
	}
	fmt.Fprint(&text, "\n| accelerated / native, median | want | compilers, assemblers and linkers | whole build |\n|---|---|---|---|\n")
	for _, t := range targets {
		if whole, ok := r.median(t.language, Measured.build); ok {
			compilers, _ := r.median(t.language, Measured.compilers)
			fmt.Fprintf(&text, "| %s | <= %.1f | %.2f | %.2f |\n", t.language, t.ratio, compilers, whole)
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
