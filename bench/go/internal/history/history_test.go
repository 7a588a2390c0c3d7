package history

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"klamm.dev/bench/internal/measure"
)

var here = Conditions{Machine: Machine{Cores: 2, CPU: "some"}, Data: "memory"}

func line(commit string, conditions Conditions, reports ...measure.Report) Line {
	return Line{Date: "2026-01-01", Commit: commit, Conditions: conditions, Rows: Rows(reports)}
}

func report(server, workload string, cpu float64) measure.Report {
	return measure.Report{Server: server, Driver: "direct", Workload: workload, InFlight: 50, Throughput: 100, P50: 2, ServerCPU: cpu}
}

func TestLinesAreReadAsTheyWereWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.jsonl")
	if lines, err := Read(path); err != nil || lines != nil {
		t.Fatalf("a file that is not there: %v, %v", lines, err)
	}
	written := []Line{line("a", here, report("klamm", "1 activity", 1), report("temporal", "1 activity", 40)), line("b", here)}
	for _, line := range written {
		if err := Append(path, line); err != nil {
			t.Fatal(err)
		}
	}
	lines, err := Read(path)
	if err != nil || !reflect.DeepEqual(lines, written) {
		t.Errorf("got %+v, %v", lines, err)
	}
	if got := lines[0].Rows[0].Ratios["temporal"].CPU; got != 40 || lines[0].Rows[1].Ratios != nil {
		t.Errorf("ratios %v, %v", lines[0].Rows[0].Ratios, lines[0].Rows[1].Ratios)
	}
}

func TestEachWorkloadIsComparedWithItsNewestCounterpartUnderTheSameConditions(t *testing.T) {
	quick := here
	quick.Quick = true
	earlier := []Line{
		line("old", here, report("klamm", "1 activity", 3), report("klamm", "5 signals", 9)),
		line("newer", here, report("klamm", "1 activity", 2)),
		line("quick", quick, report("klamm", "1 activity", 7)),
	}
	changes := Changes(line("now", here, report("klamm", "1 activity", 1), report("klamm", "5 signals", 9), report("klamm", "new", 1)), earlier)
	if len(changes) != 2 || changes[0].Line.Commit != "newer" || changes[1].Line.Commit != "old" {
		t.Fatalf("got %+v", changes)
	}
	var text strings.Builder
	Print(&text, changes)
	if !strings.Contains(text.String(), "2.00 → 1.00") || !strings.Contains(text.String(), "-50 %") {
		t.Errorf("printed %s", text.String())
	}
}
