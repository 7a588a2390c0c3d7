package integration

import (
	"context"
	"fmt"
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

func Test200ConcurrentWorkflows(t *testing.T) {
	e := newEnv(t)
	e.work(oneOfManyWorkflow, act(square))
	results := make([]int, manyCount)
	errs := make([]error, manyCount)
	var all sync.WaitGroup
	for number := range manyCount {
		all.Go(func() {
			run, err := e.tryStart(client.StartWorkflowOptions{ID: e.id(fmt.Sprint(number))}, oneOfManyWorkflow, number)
			if err == nil {
				err = e.c.SignalWorkflow(e.ctx, run.GetID(), run.GetRunID(), "add", number)
			}
			if err == nil {
				err = run.Get(e.ctx, &results[number])
			}
			errs[number] = err
		})
	}
	all.Wait()
	for number := range manyCount {
		e.NoError(errs[number])
		e.Equal(number*number+number, results[number])
	}
}
