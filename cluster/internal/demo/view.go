package demo

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// view is what the live display knows: one line per platform. Every change of it is a pure step.
type view struct {
	phase     string
	platforms []platformView
}

type platformView struct {
	platform string
	mode     string
	state    string
	attempt  int
	pod      string
	reason   string
	message  string
	step     string
	steps    int // started so far
	started  time.Time
	ended    time.Time
}

// with is the view after a new status of the requested run was seen.
func (v view) with(b *build) view {
	next := view{phase: b.Status.Run.Phase}
	for _, status := range b.Status.Platforms {
		current := platformView{
			platform: clean(status.Platform), mode: clean(status.Mode), state: clean(status.State), attempt: status.Attempt, pod: status.PodName,
			reason: clean(status.Reason), message: clean(status.Message), started: status.StartTime, ended: status.CompletionTime,
		}
		if current.state == "" {
			current.state = "Pending"
		}
		for _, before := range v.platforms {
			if before.platform == current.platform && before.pod == current.pod && !current.final() {
				current.step, current.steps = before.step, before.steps
			}
		}
		next.platforms = append(next.platforms, current)
	}
	return next
}

// logLine is a line about a numbered step, as docker build writes them.
var logLine = regexp.MustCompile(`^#([0-9]{1,9}) (.*)$`)

// withLog is the view after a worker wrote a line to its log. The first line with a new number names the step that starts; what steps write
// themselves is not shown.
func (v view) withLog(pod, line string) view {
	next := view{phase: v.phase, platforms: append([]platformView(nil), v.platforms...)}
	step, number := clean(line), 0
	if parts := logLine.FindStringSubmatch(line); parts != nil {
		number, _ = strconv.Atoi(parts[1])
		step = clean(parts[2])
	}
	for i := range next.platforms {
		p := &next.platforms[i]
		if p.pod != pod || step == "" || p.final() || (number > 0 && number <= p.steps) {
			continue
		}
		p.step, p.steps = step, max(number, p.steps)
	}
	return next
}

// following lists the pods whose logs have something to say.
func (v view) following() []string {
	var pods []string
	for _, p := range v.platforms {
		if p.pod != "" && (p.state == "Building" || p.state == "Starting") {
			pods = append(pods, p.pod)
		}
	}
	return pods
}

func (p platformView) final() bool {
	return p.state == "Succeeded" || p.state == "Failed" || p.state == "Cancelled"
}

// elapsed is how long the platform's worker has run; 0 before it started.
func (p platformView) elapsed(now time.Time) time.Duration {
	if p.started.IsZero() {
		return 0
	}
	if !p.ended.IsZero() {
		now = p.ended
	}
	return max(0, now.Sub(p.started))
}

// text is the platform's line without the time, so that equal texts mean that nothing changed.
func (p platformView) text() string {
	state := p.state
	if p.attempt > 1 {
		state += fmt.Sprintf(" (attempt %d)", p.attempt)
	}
	detail := p.step
	if detail == "" && !p.final() {
		detail = strings.Trim(p.reason+": "+p.message, ": ")
	}
	if p.state == "Failed" && p.reason != "" {
		detail = p.reason
	}
	return strings.TrimRight(fmt.Sprintf("%-14s %-8s %-10s %s", p.platform, strings.ToLower(p.mode), state, detail), " ")
}
