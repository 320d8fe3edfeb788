package demo

import "testing"

func TestKernelReleasesAreCompared(t *testing.T) {
	for release, want := range map[string]bool{
		"6.7.0": true, "6.6.99": false, "6.18.3-amd64": true, "5.15.0-generic": false, "7.0": true, "6.7-rc1": true, "6.6-rc1": false, "unknown": true,
	} {
		if got := atLeast(release, 6, 7); got != want {
			t.Errorf("atLeast(%q) = %v", release, got)
		}
	}
}
