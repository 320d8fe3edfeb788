package demo

import (
	"bytes"
	"testing"
	"time"
)

func TestTheTableOfAResult(t *testing.T) {
	b := decode(t, `{"status": {"platforms": [
	  {"platform": "linux/amd64", "state": "Succeeded", "mode": "Native", "startTime": "2026-11-23T10:00:00Z", "completionTime": "2026-11-23T10:00:01.250Z",
	   "cachedSteps": 3, "totalSteps": 3, "digest": "sha256:aaaa"},
	  {"platform": "linux/arm64", "state": "Failed", "mode": "Emulated", "startTime": "2026-11-23T10:00:00Z", "completionTime": "2026-11-23T10:03:05Z"},
	  {"platform": "linux/arm/v7", "state": "Pending"}]}}`)
	var out bytes.Buffer
	writeTable(&out, result(b))
	want := "PLATFORM       MODE       DURATION   CACHED STEPS   DIGEST\n" +
		"linux/amd64    native     1.2s       3 of 3         sha256:aaaa\n" +
		"linux/arm64    emulated   3m05s      -              -\n" +
		"linux/arm/v7              -          -              -\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

func TestDurations(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0s": -time.Second, "0.8s": 800 * time.Millisecond, "9s": 9 * time.Second, "14s": 14600 * time.Millisecond, "1m00s": time.Minute, "61m01s": time.Hour + 61*time.Second,
	} {
		if got := duration(d); got != want {
			t.Errorf("duration(%s) = %s, want %s", d, got, want)
		}
	}
}

func TestFitCutsRunesNotBytes(t *testing.T) {
	for _, c := range []struct {
		line  string
		width int
		want  string
	}{{"short", 10, "short"}, {"üüüüüü", 5, "üü..."}, {"abcdef", 2, "ab"}, {"abcdef", 0, "abcdef"}} {
		if got := fit(c.line, c.width); got != c.want {
			t.Errorf("fit(%q, %d) = %q, want %q", c.line, c.width, got, c.want)
		}
	}
}
