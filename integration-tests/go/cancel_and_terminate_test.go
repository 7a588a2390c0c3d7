package integration

import (
	"context"
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// runUntilCancelled heartbeats until it is told to stop, and confirms the cancel.
func runUntilCancelled(ctx context.Context) error {
	for ctx.Err() == nil {
		activity.RecordHeartbeat(ctx)
		time.Sleep(50 * time.Millisecond)
	}
	return ctx.Err()
}

func cancelledWithItsActivityWorkflow(ctx workflow.Context) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 30 * time.Second,
		HeartbeatTimeout:    5 * time.Second,
		WaitForCancellation: true,
	})
	return workflow.ExecuteActivity(ctx, runUntilCancelled).Get(ctx, nil)
}

// cleanUpOnCancelWorkflow sleeps; a cancel makes it clean up and complete.
func cleanUpOnCancelWorkflow(ctx workflow.Context) (result string, err error) {
	if err = workflow.Sleep(ctx, 10*time.Minute); !temporal.IsCanceledError(err) {
		return "was never cancelled", err
	}
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	err = workflow.ExecuteActivity(inTenSeconds(ctx, nil), composeGreeting, "Cleaned", "up").Get(ctx, &result)
	return result, err
}

func TestCancelReachesTheWorkflowAndItsActivity(t *testing.T) {
	e := newEnv(t)
	e.work(cancelledWithItsActivityWorkflow, act(runUntilCancelled))
	run := e.start(cancelledWithItsActivityWorkflow)
	e.until("the activity has sent a heartbeat", func() bool {
		described, err := e.c.DescribeWorkflowExecution(e.ctx, run.GetID(), run.GetRunID())
		return err == nil && len(described.PendingActivities) == 1 && described.PendingActivities[0].LastHeartbeatTime != nil
	})
	e.NoError(e.c.CancelWorkflow(e.ctx, run.GetID(), run.GetRunID()))
	var cancelled *temporal.CanceledError
	e.ErrorAs(run.Get(e.ctx, nil), &cancelled)
	e.Equal(enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED, e.status(run))
	names := e.names(run)
	for _, once := range []string{
		"WorkflowExecutionCancelRequested", "ActivityTaskCancelRequested", "ActivityTaskCanceled", "WorkflowExecutionCanceled",
	} {
		e.Equal(1, count(names, once), once)
	}
}

func TestAWorkflowMayCleanUpAfterCancel(t *testing.T) {
	e := newEnv(t)
	e.work(cleanUpOnCancelWorkflow, act(composeGreeting))
	run := e.start(cleanUpOnCancelWorkflow)
	e.until("the workflow sleeps", func() bool { return count(e.names(run), "TimerStarted") == 1 })
	e.NoError(e.c.CancelWorkflow(e.ctx, run.GetID(), run.GetRunID()))
	var result string
	e.NoError(run.Get(e.ctx, &result))
	e.Equal("Cleaned, up!", result)
	e.Equal(1, count(e.names(run), "TimerCanceled"))
}

func TestTerminateEndsARunAtOnce(t *testing.T) {
	e := newEnv(t)
	run := e.start(cleanUpOnCancelWorkflow)
	e.NoError(e.c.TerminateWorkflow(e.ctx, run.GetID(), run.GetRunID(), "no longer wanted", "x", 7))
	var terminated *temporal.TerminatedError
	e.ErrorAs(run.Get(e.ctx, nil), &terminated)
	e.Equal(enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED, e.status(run))
	before := e.names(run)
	e.Equal([]string{"WorkflowExecutionStarted", "WorkflowTaskScheduled", "WorkflowExecutionTerminated"}, before)

	var notFound *serviceerror.NotFound
	e.ErrorAs(e.c.TerminateWorkflow(e.ctx, run.GetID(), run.GetRunID(), "again"), &notFound)
	e.Equal("workflow execution already completed", notFound.Error())
	e.NoError(e.c.CancelWorkflow(e.ctx, run.GetID(), run.GetRunID()), "a cancel of a closed run does nothing")
	e.ErrorAs(e.c.CancelWorkflow(e.ctx, e.id("nobody"), ""), &notFound)
	e.Equal(before, e.names(run))
}
