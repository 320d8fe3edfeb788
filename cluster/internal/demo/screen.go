package demo

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const heartbeat = 15 * time.Second

// screen shows a view as it changes: in place on a terminal, elsewhere as one line per change.
type screen struct {
	out   io.Writer
	start time.Time
	// width gives the terminal's columns; nil when the output is no terminal.
	width func() int

	drawn int               // lines on the terminal that the next drawing replaces
	frame int               // of the spinner
	shown map[string]string // platform to what was written of it last
	last  time.Time         // when anything was written
}

func newScreen(out io.Writer, start time.Time) *screen {
	s := &screen{out: out, start: start, shown: map[string]string{}, last: start}
	if file, ok := out.(*os.File); ok {
		if _, err := unix.IoctlGetTermios(int(file.Fd()), unix.TCGETS); err == nil {
			s.width = func() int { return columns(file) }
		}
	}
	return s
}

func columns(terminal *os.File) int {
	size, err := unix.IoctlGetWinsize(int(terminal.Fd()), unix.TIOCGWINSZ)
	if err != nil || size.Col == 0 {
		return 80
	}
	return int(size.Col)
}

// show writes the view as it is now.
func (s *screen) show(v view, now time.Time) {
	if s.width != nil {
		s.redraw(v, now)
		return
	}
	for _, p := range v.platforms {
		if text := p.text(); s.shown[p.platform] != text {
			s.shown[p.platform] = text
			s.line(now, text)
		}
	}
	if v.phase == "Publishing" && s.shown[""] != v.phase {
		s.shown[""] = v.phase
		s.line(now, "publishing the index")
	}
	if now.Sub(s.last) >= heartbeat {
		for _, p := range v.platforms {
			if !p.final() {
				s.line(now, p.text())
			}
		}
		if len(v.platforms) == 0 {
			s.line(now, "waiting for the operator")
		}
		s.last = now
	}
}

func (s *screen) line(now time.Time, text string) {
	s.last = now
	fmt.Fprintf(s.out, "  %6s  %s\n", duration(now.Sub(s.start)), text)
}

func (s *screen) redraw(v view, now time.Time) {
	s.frame++
	spinner := string(`|/-\`[s.frame%4])
	width := s.width() - 1
	var lines []string
	for _, p := range v.platforms {
		mark := spinner
		switch p.state {
		case "Succeeded":
			mark = "+"
		case "Failed", "Cancelled":
			mark = "x"
		}
		lines = append(lines, fmt.Sprintf("  %s %6s  %s", mark, duration(p.elapsed(now)), p.text()))
	}
	switch {
	case len(lines) == 0:
		lines = append(lines, fmt.Sprintf("  %s %6s  waiting for the operator", spinner, duration(now.Sub(s.start))))
	case v.phase == "Publishing":
		lines = append(lines, fmt.Sprintf("  %s %6s  publishing the index", spinner, duration(now.Sub(s.start))))
	}
	var text strings.Builder
	if s.drawn > 0 {
		fmt.Fprintf(&text, "\x1b[%dA", s.drawn)
	}
	for _, line := range lines {
		text.WriteString("\r\x1b[K" + fit(line, width) + "\n")
	}
	text.WriteString("\x1b[J")
	s.drawn = len(lines)
	io.WriteString(s.out, text.String())
}
