package integration

import (
	"errors"
	"testing"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// forwardWorkflow signals another workflow with each item in turn, then tells it to finish.
func forwardWorkflow(ctx workflow.Context, target string, items []string) error {
	for _, item := range items {
		if err := workflow.SignalExternalWorkflow(ctx, target, "", "add", item).Get(ctx, nil); err != nil {
			return err
		}
	}
	return workflow.SignalExternalWorkflow(ctx, target, "", "finish", nil).Get(ctx, nil)
}

// cancelOtherWorkflow cancels another workflow.
func cancelOtherWorkflow(ctx workflow.Context, target, runID string) error {
	return workflow.RequestCancelExternalWorkflow(ctx, target, runID).Get(ctx, nil)
}

// missingTargetWorkflow signals and cancels a workflow that is not there, and says whether both were not found.
func missingTargetWorkflow(ctx workflow.Context, target string) (bool, error) {
	signaled := workflow.SignalExternalWorkflow(ctx, target, "", "add", "x").Get(ctx, nil)
	canceled := workflow.RequestCancelExternalWorkflow(ctx, target, "").Get(ctx, nil)
	var unknown *temporal.UnknownExternalWorkflowExecutionError
	return errors.As(signaled, &unknown) && errors.As(canceled, &unknown), nil
}

// untilCancelledWorkflow sleeps until it is cancelled.
func untilCancelledWorkflow(ctx workflow.Context) error { return workflow.Sleep(ctx, time.Hour) }

func TestAWorkflowSignalsAnother(t *testing.T) {
	e := newEnv(t)
	e.work(collectWorkflow, forwardWorkflow)
	target := e.start(collectWorkflow, []string{})
	source := e.startWith(client.StartWorkflowOptions{ID: e.id("source")}, forwardWorkflow, target.GetID(), []string{"a", "b"})
	e.NoError(source.Get(e.ctx, nil))
	var items []string
	e.NoError(target.Get(e.ctx, &items))
	e.Equal([]string{"a", "b"}, items)
}

func TestAWorkflowCancelsAnother(t *testing.T) {
	e := newEnv(t)
	e.work(untilCancelledWorkflow, cancelOtherWorkflow)
	target := e.start(untilCancelledWorkflow)
	source := e.startWith(client.StartWorkflowOptions{ID: e.id("source")}, cancelOtherWorkflow, target.GetID(), target.GetRunID())
	e.NoError(source.Get(e.ctx, nil))
	var canceled *temporal.CanceledError
	e.ErrorAs(target.Get(e.ctx, nil), &canceled)
}

func TestAWorkflowThatIsNotThereIsNotFound(t *testing.T) {
	e := newEnv(t)
	e.work(missingTargetWorkflow)
	source := e.start(missingTargetWorkflow, e.id("nobody"))
	var notFound bool
	e.NoError(source.Get(e.ctx, &notFound))
	e.True(notFound)
}
