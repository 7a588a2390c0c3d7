package integration

import (
	"testing"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// unluckyWorkflow fails until its attempt has the given number.
func unluckyWorkflow(ctx workflow.Context, lucky int32) (string, error) {
	if workflow.GetInfo(ctx).Attempt < lucky {
		return "", temporal.NewApplicationError("unlucky", "Unlucky")
	}
	return workflow.GetLastError(ctx).Error(), nil
}

// countingWorkflow counts the runs of its chain by the result of the last one.
func countingWorkflow(ctx workflow.Context) (int, error) {
	var last int
	if workflow.HasLastCompletionResult(ctx) {
		if err := workflow.GetLastCompletionResult(ctx, &last); err != nil {
			return 0, err
		}
	}
	return last + 1, nil
}

func TestAClientFollowsTheAttemptsOfAWorkflow(t *testing.T) {
	e := newEnv(t)
	e.work(unluckyWorkflow)
	run := e.startWith(client.StartWorkflowOptions{
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: 100 * time.Millisecond, BackoffCoefficient: 1},
	}, unluckyWorkflow, int32(3))
	var failure string
	e.NoError(run.Get(e.ctx, &failure))
	e.Contains(failure, "unlucky")
}

func TestACronWorkflowIsToldItsLastResult(t *testing.T) {
	e := newEnv(t)
	e.work(countingWorkflow)
	run := e.startWith(client.StartWorkflowOptions{CronSchedule: "@every 1s"}, countingWorkflow)
	runID := run.GetRunID()
	for count := 1; count <= 2; count++ {
		// This SDK is told of a run that another one follows as of one that continued as new.
		handle := e.c.GetWorkflow(e.ctx, run.GetID(), runID)
		e.ErrorContains(handle.GetWithOptions(e.ctx, nil, client.WorkflowRunGetOptions{DisableFollowingRuns: true}), "continue as new")
		events := e.history(run.GetID(), runID)
		completed := events[len(events)-1].GetWorkflowExecutionCompletedEventAttributes()
		var counted int
		e.NoError(converter.GetDefaultDataConverter().FromPayloads(completed.GetResult(), &counted))
		e.Equal(count, counted)
		runID = completed.GetNewExecutionRunId()
	}
	e.NoError(e.c.TerminateWorkflow(e.ctx, run.GetID(), "", "enough"))
}
