package integration

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

const (
	burstCount    = 1_500
	burstInFlight = 50
	// A worker whose polls all wait on the wrong queue stands still until a
	// long poll ends, for a minute: every workflow is far quicker than that.
	// On a machine that is slow for all, none may stand out.
	burstSlowest      = 2 * time.Second
	burstSlowestOfP50 = 4
)

func oneActivityWorkflow(ctx workflow.Context, number int) (int, error) {
	var squared int
	err := workflow.ExecuteActivity(inTenSeconds(ctx, nil), square, number).Get(ctx, &squared)
	return squared, err
}

// TestADefaultWorkerNeverStandsStill runs bursts of small workflows, each on a
// worker with default options. KLAMM_IT_BURSTS says how many bursts; about
// every second one used to stall.
func TestADefaultWorkerNeverStandsStill(t *testing.T) {
	bursts, err := strconv.Atoi(os.Getenv("KLAMM_IT_BURSTS"))
	if err != nil {
		bursts = 2
	}
	for number := range bursts {
		t.Run(fmt.Sprint(number), func(t *testing.T) {
			e := newLoneEnv(t)
			w := worker.New(e.c, e.queue, worker.Options{})
			register(w, oneActivityWorkflow, act(square))
			e.NoError(w.Start())
			t.Cleanup(w.Stop)
			times := e.burst()
			p50, slowest := times[len(times)/2], times[len(times)-1]
			t.Logf("%d workflows: p50 %v, slowest %v", len(times), p50, slowest)
			e.LessOrEqual(slowest, max(burstSlowest, burstSlowestOfP50*p50))
		})
	}
}

// burst runs workflows, so many at a time, and gives how long each took, sorted.
func (e *env) burst() []time.Duration {
	e.t.Helper()
	times := make([]time.Duration, burstCount)
	errs := make([]error, burstCount)
	gate := make(chan struct{}, burstInFlight)
	var all sync.WaitGroup
	for number := range burstCount {
		gate <- struct{}{}
		all.Go(func() {
			defer func() { <-gate }()
			start := time.Now()
			errs[number] = e.runOne(number)
			times[number] = time.Since(start)
		})
	}
	all.Wait()
	failed := slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	e.Empty(failed)
	slices.Sort(times)
	return times
}

func (e *env) runOne(number int) error {
	ctx, cancel := context.WithTimeout(e.ctx, testDeadline)
	defer cancel()
	run, err := e.tryStart(client.StartWorkflowOptions{ID: e.id(fmt.Sprint(number))}, oneActivityWorkflow, number)
	if err != nil {
		return err
	}
	var result int
	if err := run.Get(ctx, &result); err != nil {
		return err
	}
	if result != number*number {
		return fmt.Errorf("%d squared is %d", number, result)
	}
	return nil
}
