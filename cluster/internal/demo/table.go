package demo

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// result is the table that the demo ends with.
func result(b *build) [][]string {
	rows := [][]string{{"PLATFORM", "MODE", "DURATION", "CACHED STEPS", "DIGEST"}}
	for _, p := range b.Status.Platforms {
		row := []string{clean(p.Platform), strings.ToLower(clean(p.Mode)), "-", "-", "-"}
		if !p.StartTime.IsZero() && !p.CompletionTime.IsZero() {
			row[2] = duration(p.CompletionTime.Sub(p.StartTime))
		}
		if p.State == "Succeeded" {
			row[3] = fmt.Sprintf("%d of %d", p.CachedSteps, p.TotalSteps)
		}
		if p.Digest != "" {
			row[4] = clean(p.Digest)
		}
		rows = append(rows, row)
	}
	return rows
}

// writeTable aligns the columns of rows; the last one is left as it is.
func writeTable(out io.Writer, rows [][]string) {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			if i > 0 {
				line.WriteString("   ")
			}
			line.WriteString(cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)))
		}
		fmt.Fprintln(out, strings.TrimRight(line.String(), " "))
	}
}

// duration writes a time span as people say it: 0.8s, 14s, 3m05s.
func duration(d time.Duration) string {
	switch {
	case d < 0:
		return "0s"
	case d < 10*time.Second && d%time.Second != 0:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	default:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
}

// fit cuts a line to the width of a terminal; width 0 means no limit.
func fit(line string, width int) string {
	if width <= 0 || utf8.RuneCountInString(line) <= width {
		return line
	}
	runes := []rune(line)
	if width < 4 {
		return string(runes[:width])
	}
	return string(runes[:width-3]) + "..."
}
