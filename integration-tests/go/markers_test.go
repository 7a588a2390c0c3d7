package integration

import (
	"context"
	"fmt"
	"testing"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

func doubleOnAttemptTwo(ctx context.Context, number int) (int, error) {
	if activity.GetInfo(ctx).Attempt < 2 {
		return 0, fmt.Errorf("once more")
	}
	return number * 2, nil
}

func takeAWhile(_ context.Context, d time.Duration) (string, error) {
	time.Sleep(d)
	return "done", nil
}

func local(ctx workflow.Context) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout: 20 * time.Second,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: 20 * time.Millisecond},
	})
}

func localActivityWorkflow(ctx workflow.Context, number int) (result int, err error) {
	err = workflow.ExecuteLocalActivity(local(ctx), doubleOnAttemptTwo, number).Get(ctx, &result)
	return result, err
}

func longLocalActivityWorkflow(ctx workflow.Context, d time.Duration) (result string, err error) {
	err = workflow.ExecuteLocalActivity(local(ctx), takeAWhile, d).Get(ctx, &result)
	return result, err
}

// patchedWorkflow records a version and a side effect, both as markers.
func patchedWorkflow(ctx workflow.Context, change string) (int, error) {
	version := workflow.GetVersion(ctx, change, workflow.DefaultVersion, 2)
	var effect int
	if err := workflow.SideEffect(ctx, func(workflow.Context) any { return 40 }).Get(&effect); err != nil {
		return 0, err
	}
	if err := workflow.Sleep(ctx, 50*time.Millisecond); err != nil {
		return 0, err
	}
	return effect + int(version), nil
}

func TestALocalActivityLeavesAMarker(t *testing.T) {
	e := newEnv(t)
	e.work(localActivityWorkflow, act(doubleOnAttemptTwo))
	run := e.start(localActivityWorkflow, 21)
	var result int
	e.NoError(run.Get(e.ctx, &result))
	e.Equal(42, result)
	names := e.names(run)
	e.Equal(1, count(names, "MarkerRecorded"))
	e.Zero(count(names, "ActivityTaskScheduled"))
}

func TestALongLocalActivityKeepsItsWorkflowTaskByHeartbeats(t *testing.T) {
	e := newEnv(t)
	e.work(longLocalActivityWorkflow, act(takeAWhile))
	run := e.startWith(client.StartWorkflowOptions{WorkflowTaskTimeout: 2 * time.Second},
		longLocalActivityWorkflow, 4*time.Second)
	var result string
	e.NoError(run.Get(e.ctx, &result))
	e.Equal("done", result)
	names := e.names(run)
	e.GreaterOrEqual(count(names, "WorkflowTaskCompleted"), 3)
	e.Zero(count(names, "WorkflowTaskTimedOut"))
}

func TestVersionsAndSideEffectsAreMarkersAndVersionsAreSearchable(t *testing.T) {
	e := newEnv(t)
	e.work(patchedWorkflow)
	run := e.start(patchedWorkflow, e.queue)
	var result int
	e.NoError(run.Get(e.ctx, &result))
	e.Equal(42, result)
	names := e.names(run)
	e.Equal(2, count(names, "MarkerRecorded"))
	e.Equal(1, count(names, "UpsertWorkflowSearchAttributes"))
	e.until("the change version is indexed", func() bool {
		counted, err := e.c.CountWorkflow(e.ctx, &workflowservice.CountWorkflowExecutionsRequest{
			Query: fmt.Sprintf("TemporalChangeVersion = '%s-2'", e.queue),
		})
		e.NoError(err)
		return counted.Count == 1
	})
}
