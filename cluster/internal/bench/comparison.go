package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// Comparison is the result of building examples in several ways; durations are in milliseconds.
type Comparison struct {
	Date    time.Time `json:"date"`
	Machine Machine   `json:"machine"`
	Build   string    `json:"build"`
	Ways    []Way     `json:"ways"`
	Ratios  []Ratio   `json:"ratios"`
	Targets []Target  `json:"targets"`
}

// Way is one way to build an example: the whole, and for Kiln what it is made of.
type Way struct {
	Example string   `json:"example"`
	Name    string   `json:"name"`
	Total   Spread   `json:"total"`
	Phases  []Figure `json:"phases,omitempty"`
}

// stretches are what is told of an example's build with Kiln.
var stretches = []Phase{
	{"kubectl apply -> workers started", func(m Moments) time.Duration { return m.WorkerStarted.Sub(m.Submitted) }},
	{"workers started -> daemons ready", func(m Moments) time.Duration { return m.DaemonReady.Sub(m.WorkerStarted) }},
	{"daemons ready -> pushed", inPod},
	{"pushed -> end of workers seen", func(m Moments) time.Duration { return m.WorkersEnded.Sub(m.Pushed) }},
	{"end of workers seen -> tag written", func(m Moments) time.Duration { return m.TagWritten.Sub(m.WorkersEnded) }},
}

func inPod(m Moments) time.Duration { return m.Pushed.Sub(m.DaemonReady) }

func (w *way) spreadOf(of func(Moments) time.Duration) Spread {
	var durations []time.Duration
	for _, m := range w.moments {
		durations = append(durations, of(m))
	}
	return spread(durations)
}

// total is of the whole: until the tag is written, or until buildx ends.
func (w *way) total() Spread {
	if len(w.times) > 0 {
		return spread(w.times)
	}
	return w.spreadOf(total)
}

func (c *Comparison) add(example string, ways ...*way) {
	for _, w := range ways {
		line := Way{Example: example, Name: w.name, Total: w.total()}
		if len(w.moments) > 0 {
			for _, s := range stretches {
				line.Phases = append(line.Phases, Figure{s.Name, w.spreadOf(s.Of)})
			}
		}
		c.Ways = append(c.Ways, line)
	}
}

// ratio compares the medians of the whole; a want of 0 is no target.
func (c *Comparison) ratio(name string, w, to *way, want float64) {
	value := w.total().P50 / to.total().P50
	c.Ratios = append(c.Ratios, Ratio{name, value})
	if want > 0 {
		c.Targets = append(c.Targets, Target{Name: name, Value: value, Want: want})
	}
}

// ratioInPod compares what the daemons do.
func (c *Comparison) ratioInPod(name string, w, to *way) {
	c.Ratios = append(c.Ratios, Ratio{name, w.spreadOf(inPod).P50 / to.spreadOf(inPod).P50})
}

func (c *Comparison) describe(name string, e *example) {
	if c.Build != "" {
		c.Build += "\n"
	}
	c.Build += name + ": " + e.title
}

// shortName is the first word of a way's name.
func shortName(w *way) string {
	first, _, _ := strings.Cut(w.name, " ")
	return strings.ToLower(first)
}

// JSON is the comparison for programs.
func (c *Comparison) JSON() ([]byte, error) {
	encoded, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode the comparison: %w", err)
	}
	return append(encoded, '\n'), nil
}

// Write is the comparison for people.
func (c *Comparison) Write(out io.Writer) error {
	writeHead(out, c.Date, c.Machine, c.Build)
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	example := ""
	for _, w := range c.Ways {
		if w.Example != example {
			example = w.Example
			fmt.Fprintf(table, "%s (ms)\tp50\tp90\tmin\tmax\tn\n", strings.ToUpper(example))
		}
		writeFigure(table, "  ", Figure{w.Name, w.Total})
		for _, f := range w.Phases {
			writeFigure(table, "      ", f)
		}
	}
	fmt.Fprintln(table)
	writeRatios(table, c.Ratios)
	if len(c.Targets) > 0 {
		writeTargets(table, c.Targets)
	}
	return table.Flush()
}
