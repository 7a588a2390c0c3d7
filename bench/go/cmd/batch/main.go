// Batch measures a batch operation over many runs on the embedded log: how fast
// it goes, how its progress shows, what the server holds, and that a restart in
// the middle neither loses nor doubles anything.
//
// It starts klamm itself, because it kills it in the middle. Nobody works on the
// runs. It prints one line of JSON; progress goes to standard error.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"
)

// options are the command line.
type options struct {
	klamm     string
	dataDir   string
	operation string
	count     int
	perSecond int
	restartAt float64
	inFlight  int
	sample    int
	timeout   time.Duration
}

// report is what is printed.
type report struct {
	Operation string `json:"operation"`
	Runs      int    `json:"runs"`
	// What was allowed; 0 is klamm's default.
	PerSecondAllowed int     `json:"per_second_allowed,omitempty"`
	StartsPerSecond  float64 `json:"starts_per_second"`
	Seconds          float64 `json:"seconds"`
	PerSecond        float64 `json:"per_second"`
	// Of the whole operation, the part that was done when the server was killed, and from then until progress was seen again.
	RestartAt     float64 `json:"restart_at,omitempty"`
	RestartPauseS float64 `json:"restart_pause_s,omitempty"`
	// The longest time between two steps of the progress, without the restart.
	LongestStepS float64 `json:"longest_step_s"`
	// What the list took to know of all changes, from the operation's end.
	ListBehindS float64 `json:"list_behind_s"`
	// Runs per second in each tenth of the operation.
	Tenths []float64 `json:"per_second_by_tenths"`

	Complete int64 `json:"complete"`
	Failed   int64 `json:"failed"`
	// Of the runs that were looked at, those that it has happened to once.
	SampleOnce int `json:"sample_once"`
	Sample     int `json:"sample"`

	CPU float64 `json:"server_cpu_s"`
	// Resident MiB before the operation, the most during it (of the last process), and after it.
	BeforeMiB float64 `json:"before_mib"`
	PeakMiB   float64 `json:"peak_mib"`
	AfterMiB  float64 `json:"after_mib"`
}

func main() {
	o := parseFlags()
	made, err := measureBatch(o)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(made)
	}
	// A run that was terminated before the restart is not found again, and so not counted.
	missing := int64(o.count) - made.Complete
	if err == nil && (missing != 0 && (o.operation != "terminate" || o.restartAt == 0) || made.Failed != 0 || made.SampleOnce != made.Sample) {
		err = fmt.Errorf("of %d runs %d are done and %d failed; of %d looked at, it has happened once to %d",
			o.count, made.Complete, made.Failed, made.Sample, made.SampleOnce)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench batch:", err)
		os.Exit(1)
	}
}

func parseFlags() *options {
	o := &options{}
	flag.StringVar(&o.klamm, "klamm", "", "the klamm binary")
	flag.StringVar(&o.dataDir, "data-dir", "", "directory of its data")
	flag.StringVar(&o.operation, "operation", "signal", "signal or terminate")
	flag.IntVar(&o.count, "count", 100_000, "runs")
	flag.IntVar(&o.perSecond, "per-second", 0, "what the operation is allowed; 0: klamm's default")
	flag.Float64Var(&o.restartAt, "restart-at", 0, "kill and start the server when this part is done; 0: never")
	flag.IntVar(&o.inFlight, "in-flight", 64, "starts at a time")
	flag.IntVar(&o.sample, "sample", 500, "runs that are looked at in the end")
	flag.DurationVar(&o.timeout, "timeout", time.Hour, "how long the operation may take")
	flag.Parse()
	return o
}
