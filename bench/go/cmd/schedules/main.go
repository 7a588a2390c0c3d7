// Schedules measures schedules through gRPC alone; nobody works on what they
// start, for the starts are what is measured.
//
//	--measure burst   so many schedules are due at the same second
//	--measure steady  so many come due each second, for a while
//	--measure memory  so many stand there, due in 2090
//
// Each prints one line of JSON. Lateness is from when an action is due, its
// jitter included, to the time of its run's first event, as the list tells it.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"

	"klamm.dev/bench/internal/measure"
)

// options are the command line.
type options struct {
	address   string
	namespace string
	server    string
	name      string
	measure   string
	count     int
	perSecond int
	every     time.Duration
	duration  time.Duration
	jitter    time.Duration
	lead      time.Duration
	timeout   time.Duration
	inFlight  int
	describes int
	pids      []int
}

// report is what one measure prints. What does not belong to a measure is left out.
type report struct {
	Server    string `json:"server"`
	Driver    string `json:"driver"`
	Name      string `json:"name"`
	Measure   string `json:"measure"`
	Schedules int    `json:"schedules"`
	// Creates a second, with so many in flight.
	InFlight         int     `json:"in_flight"`
	CreatesPerSecond float64 `json:"creates_per_second"`
	CreateP50        float64 `json:"create_p50_ms"`
	CreateP99        float64 `json:"create_p99_ms"`
	CreateMax        float64 `json:"create_max_ms"`

	Starts int `json:"starts,omitempty"`
	// Actions that should have started and had not when the time was up.
	Missing int `json:"missing,omitempty"`
	// burst: from when they were due to the last start's event.
	AllStarted  float64 `json:"all_started_s,omitempty"`
	LatenessP50 float64 `json:"lateness_p50_ms,omitempty"`
	LatenessP99 float64 `json:"lateness_p99_ms,omitempty"`
	LatenessMax float64 `json:"lateness_max_ms,omitempty"`

	Describes   int     `json:"describes,omitempty"`
	DescribeP50 float64 `json:"describe_p50_ms,omitempty"`
	DescribeP99 float64 `json:"describe_p99_ms,omitempty"`
	DescribeMax float64 `json:"describe_max_ms,omitempty"`

	// Latencies whose maximum is more than measure.OutlierFactor times their p50: to be explained or mended.
	Outliers []string `json:"outliers,omitempty"`

	// Zero without --server-pid. CPU is that of the whole measure, creates included.
	ServerCPU   float64 `json:"server_cpu_s,omitempty"`
	ServerRSS   float64 `json:"server_rss_mib,omitempty"`
	PerSchedule float64 `json:"rss_bytes_per_schedule,omitempty"`
}

func main() {
	o := parseFlags()
	made, err := run(o)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(made)
	}
	if err == nil && made.Missing > 0 {
		err = fmt.Errorf("%d of %d actions had not started in time", made.Missing, made.Missing+made.Starts)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench schedules:", err)
		os.Exit(1)
	}
}

func parseFlags() *options {
	o := &options{}
	var pids string
	flag.StringVar(&o.address, "address", "127.0.0.1:7233", "the server's gRPC address")
	flag.StringVar(&o.namespace, "namespace", "default", "namespace of the schedules")
	flag.StringVar(&o.server, "server", "klamm", "the server's name in the report")
	flag.StringVar(&o.name, "name", "", "the measure's name in the report")
	flag.StringVar(&o.measure, "measure", "burst", "burst, steady or memory")
	flag.IntVar(&o.count, "count", 1000, "burst, memory: schedules")
	flag.IntVar(&o.perSecond, "per-second", 200, "steady: actions that are due each second")
	flag.DurationVar(&o.every, "every", 10*time.Second, "steady: interval of each schedule; there are every × per-second of them")
	flag.DurationVar(&o.duration, "duration", time.Minute, "steady: how long; at most ten intervals, as many actions as a description shows")
	flag.DurationVar(&o.jitter, "jitter", 0, "steady: spreads the actions of a second")
	flag.DurationVar(&o.lead, "lead", 30*time.Second, "burst, steady: when the first action is due; all schedules must be made by then")
	flag.DurationVar(&o.timeout, "timeout", 5*time.Minute, "how long after they are due starts are waited for")
	flag.IntVar(&o.inFlight, "in-flight", 64, "creates at a time")
	flag.IntVar(&o.describes, "describes", 4, "steady, memory: callers that describe schedules one after another")
	flag.StringVar(&pids, "server-pid", "", "the server's process ids, for CPU and memory: 12,34")
	flag.Parse()
	var err error
	if o.pids, err = measure.ParsePIDs(pids); err != nil {
		fmt.Fprintln(os.Stderr, "bench schedules:", err)
		os.Exit(2)
	}
	return o
}

// run carries out one measure between two looks at the server's processes.
func run(o *options) (*report, error) {
	measures := map[string]func(*bench) error{"burst": burst, "steady": steady, "memory": memory}
	carryOut, ok := measures[o.measure]
	if !ok {
		return nil, fmt.Errorf("no such measure: %q; there are burst, steady, memory", o.measure)
	}
	b, err := connect(o)
	if err != nil {
		return nil, err
	}
	before, err := measure.Processes(o.pids)
	if err != nil {
		return nil, err
	}
	if err := carryOut(b); err != nil {
		return nil, err
	}
	after, err := measure.Processes(o.pids)
	if err != nil {
		return nil, err
	}
	if len(o.pids) > 0 {
		b.report.ServerCPU = rounded((after.CPU - before.CPU).Seconds())
		b.report.ServerRSS = rounded(float64(after.ResidentKiB) / 1024)
		if o.measure == "memory" {
			b.report.PerSchedule = rounded(float64(after.ResidentKiB-before.ResidentKiB) * 1024 / float64(o.count))
		}
	}
	return &b.report, nil
}
