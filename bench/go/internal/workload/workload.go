// Package workload says what a measured workflow does and runs many of them.
package workload

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"klamm.dev/bench/internal/measure"
)

// Plan is what one workflow does: so many activities one after the other, then a
// timer, then the receipt of so many signals, then so many children one after the
// other.
type Plan struct {
	Activities int           `json:"activities"`
	Timer      time.Duration `json:"timer"`
	Signals    int           `json:"signals"`
	Children   int           `json:"children"`
}

// Options are the flags that both drivers share.
type Options struct {
	Plan
	// Each, when set, is the operation that is measured on idle runs instead of
	// whole workflows. Runs says how many such runs there are.
	Each      string
	Runs      int
	Address   string
	Namespace string
	Name      string
	Server    string
	Count     int
	InFlight  int
	Warmup    int
	Pollers   int
	Timeout   time.Duration
	// Slowest, when set, is how long the slowest workflow may take.
	Slowest time.Duration
	// Lateness is where the worker notes how late timers fired.
	Lateness measure.Lateness
	pids     string
}

// ParseFlags reads the command line.
func ParseFlags() *Options {
	o := &Options{}
	flag.StringVar(&o.Address, "address", "127.0.0.1:7233", "the server's gRPC address")
	flag.StringVar(&o.Namespace, "namespace", "default", "namespace of the workflows")
	flag.StringVar(&o.Name, "name", "", "the workload's name in the report; made from the plan if empty")
	flag.StringVar(&o.Server, "server", "klamm", "the server's name in the report")
	flag.IntVar(&o.Activities, "activities", 1, "activities per workflow, one after the other")
	flag.DurationVar(&o.Timer, "timer", 0, "a timer of this length per workflow")
	flag.IntVar(&o.Signals, "signals", 0, "signals per workflow")
	flag.IntVar(&o.Children, "children", 0, "children per workflow, one after the other; each completes at once")
	flag.StringVar(&o.Each, "each", "", "measure single operations on idle runs instead of workflows: update, signal or reset")
	flag.IntVar(&o.Runs, "runs", 50, "with --each: idle runs, which take turns")
	flag.IntVar(&o.Count, "count", 500, "workflows to measure, with --each operations")
	flag.IntVar(&o.InFlight, "in-flight", 50, "workflows at a time; 1 is one after the other")
	flag.IntVar(&o.Warmup, "warmup", 20, "workflows to run first, unmeasured")
	flag.IntVar(&o.Pollers, "pollers", 5, "polls that wait for each kind of task; 0: the SDK's own default (sdk only)")
	flag.DurationVar(&o.Timeout, "timeout", 60*time.Second, "a workflow that takes longer counts as an error")
	flag.DurationVar(&o.Slowest, "slowest", 0, "fail when any measured workflow takes longer than this; 0: do not")
	flag.StringVar(&o.pids, "server-pid", "", "the server's process ids, for CPU and memory: 12,34")
	flag.Parse()
	if o.Name == "" {
		o.Name = fmt.Sprintf("%d activities", o.Activities)
		if o.Timer > 0 {
			o.Name += fmt.Sprintf(", timer %s", o.Timer)
		}
		if o.Signals > 0 {
			o.Name += fmt.Sprintf(", %d signals", o.Signals)
		}
		if o.Children > 0 {
			o.Name += fmt.Sprintf(", %d children", o.Children)
		}
		if o.Each != "" {
			o.Name = o.Each
		}
	}
	if o.Each != "" {
		o.Activities = 0 // idle runs have none, so nobody needs to poll for them
	}
	return o
}

// Measure runs the warm-up and then the measured workflows, and prints the report.
// `execute` runs the workflow of the given id from its start to its result.
func (o *Options) Measure(driver string, execute func(ctx context.Context, id string) error) error {
	pids, err := measure.ParsePIDs(o.pids)
	if err != nil {
		return err
	}
	prefix := fmt.Sprintf("bench-%s-%08x", driver, rand.Uint32())
	if _, failures := o.run(prefix+"-warmup", o.Warmup, execute); len(failures) > 0 {
		return fmt.Errorf("in the warm-up: %w", failures[0])
	}
	o.Lateness.Reset() // of the warm-up
	report, err := measure.Run(pids, func() ([]time.Duration, []error) {
		return o.run(prefix, o.Count, execute)
	})
	if err != nil {
		return err
	}
	o.Lateness.Into(&report)
	report.Server, report.Driver, report.Workload, report.InFlight = o.Server, driver, o.Name, o.InFlight
	if err := json.NewEncoder(os.Stdout).Encode(report); err != nil {
		return err
	}
	if report.Errors > 0 {
		return fmt.Errorf("%d of %d workflows failed, the first with: %s", report.Errors, o.Count, report.FirstError)
	}
	if slowest := time.Duration(report.Max * float64(time.Millisecond)); o.Slowest > 0 && slowest > o.Slowest {
		return fmt.Errorf("the slowest workflow took %s, more than %s", slowest.Round(time.Millisecond), o.Slowest)
	}
	return nil
}

// run executes `count` workflows, InFlight at a time.
func (o *Options) run(prefix string, count int, execute func(context.Context, string) error) ([]time.Duration, []error) {
	var (
		next      atomic.Int64
		group     sync.WaitGroup
		guard     sync.Mutex
		latencies []time.Duration
		failures  []error
	)
	for range min(o.InFlight, count) {
		group.Go(func() {
			for {
				i := next.Add(1)
				if i > int64(count) {
					return
				}
				ctx, cancel := context.WithTimeout(context.Background(), o.Timeout)
				began := time.Now()
				err := execute(ctx, fmt.Sprintf("%s-%d", prefix, i))
				took := time.Since(began)
				cancel()
				guard.Lock()
				if err != nil {
					failures = append(failures, err)
				} else {
					latencies = append(latencies, took)
				}
				guard.Unlock()
			}
		})
	}
	group.Wait()
	return latencies, failures
}
