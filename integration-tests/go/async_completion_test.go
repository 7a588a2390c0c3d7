package integration

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

const askID = "ask-a-person"

func askAPerson(context.Context, string) (string, error) { return "", activity.ErrResultPending }

func askWorkflow(ctx workflow.Context, question string) (answer string, err error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		ActivityID:          askID,
		StartToCloseTimeout: 30 * time.Second,
		RetryPolicy:         &temporal.RetryPolicy{MaximumAttempts: 1},
	})
	err = workflow.ExecuteActivity(ctx, askAPerson, question).Get(ctx, &answer)
	return answer, err
}

// asked is a workflow whose activity has been started and left open.
func (e *env) asked() client.WorkflowRun {
	e.t.Helper()
	e.work(askWorkflow, act(askAPerson))
	run := e.start(askWorkflow, "why?")
	e.until("the activity has been started", func() bool {
		return e.c.RecordActivityHeartbeatByID(e.ctx, "default", run.GetID(), run.GetRunID(), askID, "asking") == nil
	})
	return run
}

func TestAnActivityIsCompletedByIDOnce(t *testing.T) {
	e := newEnv(t)
	run := e.asked()
	e.NoError(e.c.CompleteActivityByID(e.ctx, "default", run.GetID(), run.GetRunID(), askID, "because", nil))
	var notFound *serviceerror.NotFound
	e.ErrorAs(e.c.CompleteActivityByID(e.ctx, "default", run.GetID(), run.GetRunID(), askID, "another", nil), &notFound)
	var answer string
	e.NoError(run.Get(e.ctx, &answer))
	e.Equal("because", answer)
}

func TestAnActivityIsFailedByID(t *testing.T) {
	e := newEnv(t)
	run := e.asked()
	e.NoError(e.c.CompleteActivityByID(e.ctx, "default", run.GetID(), run.GetRunID(), askID, nil, errors.New("nobody knows")))
	err := run.Get(e.ctx, nil)
	var failed *temporal.ActivityError
	e.ErrorAs(err, &failed)
	e.ErrorContains(err, "nobody knows")
}
