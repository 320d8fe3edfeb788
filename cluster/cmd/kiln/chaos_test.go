package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestChaosAddsUpItsRounds(t *testing.T) {
	report := filepath.Join(t.TempDir(), "chaos.jsonl")
	lines := `{"scenario":"operator killed","seed":7,"builds":20,"pods":40,"retries":0,"lost":1,"duplicatePods":0,"wrongTags":0,"leftovers":2,"seconds":60,"more":{"kills":10}}
{"scenario":"operator killed","seed":8,"builds":20,"pods":41,"retries":1,"lost":0,"duplicatePods":3,"wrongTags":4,"leftovers":0,"seconds":50,"more":{"kills":10}}
`
	if err := os.WriteFile(report, []byte(lines), 0o644); err != nil {
		t.Fatal(err)
	}
	figures, err := readChaos(report)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := writeChaos(&out, figures); err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(strings.TrimSpace(out.String()), "\n")
	if sum := strings.Fields(rows[len(rows)-1]); strings.Join(sum, " ") != "sum 40 81 1 1 3 4 2 110" {
		t.Errorf("sum: %v", sum)
	}
	if !strings.Contains(rows[1], "kills: 10") || len(rows) != 4 {
		t.Errorf("table:\n%s", out.String())
	}
}
