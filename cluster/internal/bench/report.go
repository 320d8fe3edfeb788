package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// Report is the result of one run of the benchmark; durations are in milliseconds.
type Report struct {
	Date    time.Time `json:"date"`
	Machine Machine   `json:"machine"`
	Build   string    `json:"build"`
	Kiln    []Figure  `json:"kiln"`
	Buildx  []Figure  `json:"buildx"`
	Ratios  []Ratio   `json:"ratios"`
	Targets []Target  `json:"targets"`
	// Operator is what the operator costs.
	Operator Operator `json:"operator"`
	// Samples are the phases of every build with Kiln, in the order of Kiln.
	Samples [][]float64 `json:"samples"`
}

// Figure is a named spread.
type Figure struct {
	Name string `json:"name"`
	Spread
}

// Ratio compares two medians.
type Ratio struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
}

// Target is a figure that Kiln wants to reach. Missing it fails nothing.
type Target struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Want  float64 `json:"want"`
	Unit  string  `json:"unit"`
}

// Met tells whether the target is reached.
func (t Target) Met() bool { return t.Value <= t.Want }

const mebibyte = 1 << 20

func newReport(date time.Time, machine Machine, moments []Moments, times buildxTimes, operator Operator) *Report {
	r := &Report{
		Date: date.UTC().Truncate(time.Second), Machine: machine, Operator: operator,
		Build: strings.ReplaceAll(strings.TrimSpace(dockerfile), "\n", "; ") + " for " + strings.Join(platforms, " and "),
	}
	for _, phase := range phases {
		var durations []time.Duration
		for _, m := range moments {
			durations = append(durations, phase.Of(m))
		}
		r.Kiln = append(r.Kiln, Figure{phase.Name, spread(durations)})
	}
	for _, m := range moments {
		var sample []float64
		for _, phase := range phases {
			sample = append(sample, milliseconds(phase.Of(m)))
		}
		r.Samples = append(r.Samples, sample)
	}
	r.Buildx = []Figure{
		{"create", spread(times.create)}, {"first build on a new builder", spread(times.cold)},
		{"total cold: create + build", spread(times.createAndCold)}, {"warm: build again", spread(times.warm)},
	}
	kiln, cold, warm := r.figure(totalPhase).P50, spread(times.createAndCold).P50, spread(times.warm).P50
	r.Ratios = []Ratio{{"kiln / buildx cold (p50)", kiln / cold}, {"kiln / buildx warm (p50)", kiln / warm}}
	r.Targets = []Target{
		{"kiln / buildx cold (p50)", kiln / cold, 0.1, ""},
		{"object seen -> pods created (p50)", r.figure("object seen -> pods created").P50, 100, "ms"},
		{"end of workers seen -> tag written (p50)", r.figure("end of workers seen -> tag written").P50, 200, "ms"},
		{"operator image, compressed", float64(operator.ImageCompressed) / mebibyte, 90, "MiB"},
		{"operator start -> ready", operator.StartToReady, 1500, "ms"},
		{"operator idle memory", float64(operator.IdleMemory) / mebibyte, 150, "MiB"},
	}
	return r
}

func (r *Report) figure(name string) Figure {
	for _, f := range r.Kiln {
		if f.Name == name {
			return f
		}
	}
	panic("no phase is called " + name)
}

// JSON is the report for programs.
func (r *Report) JSON() ([]byte, error) {
	encoded, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode the report: %w", err)
	}
	return append(encoded, '\n'), nil
}

// Write is the report for people.
func (r *Report) Write(out io.Writer) error {
	writeHead(out, r.Date, r.Machine, r.Build)
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	section := func(title string, figures []Figure) {
		fmt.Fprintf(table, "%s (ms)\tp50\tp90\tmin\tmax\tn\n", title)
		for _, f := range figures {
			writeFigure(table, "  ", f)
		}
		fmt.Fprintln(table)
	}
	section("KILN", r.Kiln)
	section("DOCKER BUILDX, KUBERNETES DRIVER", r.Buildx)
	writeRatios(table, r.Ratios)
	fmt.Fprintln(table, "\nOPERATOR")
	fmt.Fprintf(table, "  image, compressed\t%.1f MiB\n  image, unpacked\t%.1f MiB\n", float64(r.Operator.ImageCompressed)/mebibyte, float64(r.Operator.ImageUnpacked)/mebibyte)
	fmt.Fprintf(table, "  process start -> ready\t%.0f ms\n  resident after %.0f s idle\t%.1f MiB\n", r.Operator.StartToReady, r.Operator.IdleFor, float64(r.Operator.IdleMemory)/mebibyte)
	writeTargets(table, r.Targets)
	return table.Flush()
}

func writeHead(out io.Writer, date time.Time, machine Machine, build string) {
	fmt.Fprintf(out, "%s, %d x %s, %.0f GiB, Linux %s, load average before %.1f\n%s\n\n", date.Format(time.RFC3339), machine.CPUs, machine.CPU,
		float64(machine.MemoryBytes)/(1<<30), machine.Kernel, machine.Load, build)
}

func writeFigure(table io.Writer, indent string, f Figure) {
	fmt.Fprintf(table, "%s%s\t%.0f\t%.0f\t%.0f\t%.0f\t%d\n", indent, f.Name, f.P50, f.P90, f.Min, f.Max, f.Count)
}

func writeRatios(table io.Writer, ratios []Ratio) {
	fmt.Fprintln(table, "RATIO")
	for _, ratio := range ratios {
		fmt.Fprintf(table, "  %s\t%.3f\n", ratio.Name, ratio.Value)
	}
}

func writeTargets(table io.Writer, targets []Target) {
	fmt.Fprintln(table, "\nTO REACH\twant\tis")
	for _, t := range targets {
		verdict := "reached"
		if !t.Met() {
			verdict = fmt.Sprintf("missed by %s", amount(t.Value-t.Want, t.Unit))
		}
		fmt.Fprintf(table, "  %s\t<= %s\t%s\t%s\n", t.Name, amount(t.Want, t.Unit), amount(t.Value, t.Unit), verdict)
	}
}

func amount(value float64, unit string) string {
	switch unit {
	case "":
		return fmt.Sprintf("%.3f", value)
	case "ms":
		return fmt.Sprintf("%.0f ms", value)
	default:
		return fmt.Sprintf("%.1f %s", value, unit)
	}
}
