package integration

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"
)

const manyCount = 200

func square(_ context.Context, number int) (int, error) { return number * number, nil }

// oneOfManyWorkflow has an activity, a timer and a signal.
func oneOfManyWorkflow(ctx workflow.Context, number int) (int, error) {
	var squared, offset int
	if err := workflow.ExecuteActivity(inTenSeconds(ctx, nil), square, number).Get(ctx, &squared); err != nil {
		return 0, err
	}
	if err := workflow.Sleep(ctx, 100*time.Millisecond); err != nil {
		return 0, err
	}
	workflow.GetSignalChannel(ctx, "add").Receive(ctx, &offset)
	return squared + offset, nil
}

// each calls f for every number, on at most limit goroutines at once, and
// requires every call to succeed.
func (e *env) each(step string, limit int, f func(number int) error) {
	e.t.Helper()
	errs := make([]error, manyCount)
	gate := make(chan struct{}, limit)
	var all sync.WaitGroup
	for number := range manyCount {
		all.Go(func() {
			gate <- struct{}{}
			defer func() { <-gate }()
			errs[number] = f(number)
		})
	}
	all.Wait()
	failed := slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if len(failed) > 0 {
		e.Failf(step, "%d of %d failed, the first so: %v", len(failed), manyCount, failed[0])
	}
}

func Test200ConcurrentWorkflows(t *testing.T) {
	e := newLoneEnv(t)
	e.work(oneOfManyWorkflow, act(square))
	runs := make([]client.WorkflowRun, manyCount)
	results := make([]int, manyCount)
	// None can end before its signal: all are open at once.
	e.each("start", 20, func(number int) (err error) {
		runs[number], err = e.tryStart(client.StartWorkflowOptions{ID: e.id(fmt.Sprint(number))}, oneOfManyWorkflow, number)
		return err
	})
	e.each("signal", 20, func(number int) error {
		return e.c.SignalWorkflow(e.ctx, runs[number].GetID(), runs[number].GetRunID(), "add", number)
	})
	e.each("result", manyCount, func(number int) error { return runs[number].Get(e.ctx, &results[number]) })
	for number, result := range results {
		e.Equal(number*number+number, result)
	}
}

const waitingCount = 2_500

// TestManyWhoWaitDoNotKeepAWorkerFromItsTasks has many callers wait for one
// run, each by a long poll. The worker shares their connection.
func TestManyWhoWaitDoNotKeepAWorkerFromItsTasks(t *testing.T) {
	e := newLoneEnv(t)
	e.work(approvalWorkflow, helloWorkflow, act(composeGreeting))
	awaited := e.start(approvalWorkflow, time.Minute)
	errs := make([]error, waitingCount)
	var all sync.WaitGroup
	for number := range waitingCount {
		all.Go(func() { errs[number] = awaited.Get(e.ctx, nil) })
	}
	// Where the callers fill the connection, this waits until their polls end, after 20 s.
	for number := range 10 {
		begin := time.Now()
		run := e.startWith(client.StartWorkflowOptions{ID: e.id(fmt.Sprint("hello-", number))}, helloWorkflow, "klamm")
		e.NoError(run.Get(e.ctx, nil))
		e.Less(time.Since(begin), 10*time.Second)
	}
	e.NoError(e.c.SignalWorkflow(e.ctx, awaited.GetID(), "", "approve", "everybody"))
	all.Wait()
	e.Empty(slices.DeleteFunc(errs, func(err error) bool { return err == nil }))
}
