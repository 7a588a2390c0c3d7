package measure

import (
	"os"
	"testing"
	"time"
)

func TestPercentileIsTheNearestRank(t *testing.T) {
	var sorted []time.Duration
	for i := range 200 {
		sorted = append(sorted, time.Duration(i+1))
	}
	for p, want := range map[int]time.Duration{1: 2, 50: 100, 99: 198, 100: 200} {
		if got := Percentile(sorted, p); got != want {
			t.Errorf("p%d of 1..200 is %d, want %d", p, got, want)
		}
	}
	if got := Percentile(sorted[:1], 50); got != 1 {
		t.Errorf("p50 of one value is %d, want that value", got)
	}
}

func TestAMaximumAboveTwentyTimesTheMedianIsAnOutlier(t *testing.T) {
	for maximum, want := range map[float64]bool{0: false, 3: false, 60: false, 60.001: true} {
		if got := IsOutlier(3, maximum); got != want {
			t.Errorf("a maximum of %v with a p50 of 3 is an outlier: %v", maximum, got)
		}
	}
}

func TestTheMaximumOfLatenessIsReported(t *testing.T) {
	var late Lateness
	for _, ms := range []int{5, 40, 1} {
		late.Add(time.Duration(ms) * time.Millisecond)
	}
	var report Report
	late.Into(&report)
	if report.TimerLatenessP50 != 5 || report.TimerLatenessMax != 40 {
		t.Errorf("p50 %v, maximum %v", report.TimerLatenessP50, report.TimerLatenessMax)
	}
}

func TestOwnProcessUsesTimeAndMemory(t *testing.T) {
	before, err := Processes([]int{os.Getpid()})
	if err != nil {
		t.Fatal(err)
	}
	for began := time.Now(); time.Since(began) < 100*time.Millisecond; {
		_ = os.Getpid() // busy on purpose: the time has to show
	}
	deadline := time.Now().Add(10 * time.Second)
	for {
		after, err := Processes([]int{os.Getpid()})
		if err != nil {
			t.Fatal(err)
		}
		if after.CPU > before.CPU && after.ResidentKiB > 0 && after.PeakKiB >= after.ResidentKiB/2 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("busy for long, yet %+v after %+v", after, before)
		}
	}
}

func TestPIDsAreReadOrRefused(t *testing.T) {
	pids, err := ParsePIDs("12, 34")
	if err != nil || len(pids) != 2 || pids[1] != 34 {
		t.Errorf("got %v, %v", pids, err)
	}
	if _, err := ParsePIDs("12,x"); err == nil {
		t.Error("x was taken for a process id")
	}
}
