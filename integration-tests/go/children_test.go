package integration

import (
	"errors"
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// child is the id of the only child of most parents here.
func child(ctx workflow.Context) string { return workflow.GetInfo(ctx).WorkflowExecution.ID + "-child" }

// endingWorkflow ends as it is told to.
func endingWorkflow(ctx workflow.Context, how string) (string, error) {
	switch how {
	case "fail":
		return "", temporal.NewNonRetryableApplicationError("boom", "Boom", nil, "details")
	case "wait":
		return "", workflow.Sleep(ctx, time.Hour)
	case "signal":
		var said string
		workflow.GetSignalChannel(ctx, "say").Receive(ctx, &said)
		return said, nil
	default:
		return how, nil
	}
}

// parentWorkflow says how its child has ended.
func parentWorkflow(ctx workflow.Context, how string, runTimeout time.Duration) (string, error) {
	started := workflow.ExecuteChildWorkflow(workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID: child(ctx), WorkflowRunTimeout: runTimeout, WaitForCancellation: true,
	}), endingWorkflow, how)
	if how == "signal" {
		if err := started.SignalChildWorkflow(ctx, "say", "hello").Get(ctx, nil); err != nil {
			return "", err
		}
	}
	var result string
	err := started.Get(ctx, &result)
	var taken *temporal.ChildWorkflowExecutionAlreadyStartedError
	if err == nil {
		return "completed: " + result, nil
	}
	if errors.As(err, &taken) {
		return "taken", nil
	}
	return ended(err), nil
}

// ended names the way in which a workflow has ended that did not complete.
func ended(err error) string {
	var (
		failed     *temporal.ApplicationError
		timedOut   *temporal.TimeoutError
		canceled   *temporal.CanceledError
		terminated *temporal.TerminatedError
	)
	switch {
	case errors.As(err, &failed):
		return "failed: " + failed.Type()
	case errors.As(err, &timedOut):
		return "timed out"
	case errors.As(err, &canceled):
		return "canceled"
	case errors.As(err, &terminated):
		return "terminated"
	default:
		return err.Error()
	}
}

// policiesWorkflow starts a child of each parent-close policy and closes when it is told to.
func policiesWorkflow(ctx workflow.Context) error {
	for _, policy := range []enumspb.ParentClosePolicy{
		enumspb.PARENT_CLOSE_POLICY_TERMINATE, enumspb.PARENT_CLOSE_POLICY_REQUEST_CANCEL, enumspb.PARENT_CLOSE_POLICY_ABANDON,
	} {
		started := workflow.ExecuteChildWorkflow(workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
			WorkflowID: child(ctx) + "-" + policy.String(), ParentClosePolicy: policy,
		}), endingWorkflow, "wait")
		if err := started.GetChildWorkflowExecution().Get(ctx, nil); err != nil {
			return err
		}
	}
	workflow.GetSignalChannel(ctx, "finish").Receive(ctx, nil)
	return nil
}

// followingWorkflow has a child whose chain has several runs.
func followingWorkflow(ctx workflow.Context, left int) (runs []string, err error) {
	ctx = workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{WorkflowID: child(ctx)})
	err = workflow.ExecuteChildWorkflow(ctx, countdownWorkflow, left, []string{}).Get(ctx, &runs)
	return runs, err
}

// retryingParentWorkflow has a child that fails at first.
func retryingParentWorkflow(ctx workflow.Context) (failure string, err error) {
	ctx = workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:  child(ctx),
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: 100 * time.Millisecond, BackoffCoefficient: 1},
	})
	err = workflow.ExecuteChildWorkflow(ctx, unluckyWorkflow, 2).Get(ctx, &failure)
	return failure, err
}

// childStarted waits until the run knows that its child has started.
func (e *env) childStarted(run client.WorkflowRun) {
	e.t.Helper()
	e.until("the child has started", func() bool { return count(e.names(run), "ChildWorkflowExecutionStarted") == 1 })
}

func TestAParentIsToldHowItsChildEnds(t *testing.T) {
	e := newEnv(t)
	e.work(parentWorkflow, endingWorkflow)
	for name, end := range map[string]struct {
		how     string
		timeout time.Duration
		act     func(id string) error
		told    string
	}{
		"completes":  {how: "result", told: "completed: result"},
		"signaled":   {how: "signal", told: "completed: hello"},
		"fails":      {how: "fail", told: "failed: Boom"},
		"times-out":  {how: "wait", timeout: time.Second, told: "timed out"},
		"canceled":   {how: "wait", told: "canceled", act: func(id string) error { return e.c.CancelWorkflow(e.ctx, id, "") }},
		"terminated": {how: "wait", told: "terminated", act: func(id string) error { return e.c.TerminateWorkflow(e.ctx, id, "", "enough") }},
	} {
		run := e.startWith(client.StartWorkflowOptions{ID: e.id(name)}, parentWorkflow, end.how, end.timeout)
		if end.act != nil {
			e.childStarted(run)
			e.NoError(end.act(run.GetID() + "-child"))
		}
		var told string
		e.NoError(run.Get(e.ctx, &told))
		e.Equal(end.told, told)
	}
}

func TestACanceledParentCancelsItsChild(t *testing.T) {
	e := newEnv(t)
	e.work(parentWorkflow, endingWorkflow)
	run := e.start(parentWorkflow, "wait", time.Duration(0))
	e.childStarted(run)
	e.NoError(e.c.CancelWorkflow(e.ctx, run.GetID(), ""))
	var told string
	e.NoError(run.Get(e.ctx, &told))
	e.Equal("canceled", told)
	e.Equal(1, count(e.names(run), "ExternalWorkflowExecutionCancelRequested"))
}

func TestAChildWhoseIDIsTakenDoesNotStart(t *testing.T) {
	e := newEnv(t)
	e.work(parentWorkflow, endingWorkflow)
	taken := e.startWith(client.StartWorkflowOptions{ID: e.id("wf-child")}, endingWorkflow, "wait")
	run := e.start(parentWorkflow, "result", time.Duration(0))
	var told string
	e.NoError(run.Get(e.ctx, &told))
	e.Equal("taken", told)
	e.NoError(e.c.TerminateWorkflow(e.ctx, taken.GetID(), "", "enough"))
}

func TestChildrenOfAClosedParentEndByTheirPolicies(t *testing.T) {
	e := newEnv(t)
	e.work(policiesWorkflow, endingWorkflow)
	run := e.start(policiesWorkflow)
	e.signal(run, "finish", nil)
	e.NoError(run.Get(e.ctx, nil))
	for policy, end := range map[enumspb.ParentClosePolicy]string{
		enumspb.PARENT_CLOSE_POLICY_TERMINATE: "terminated", enumspb.PARENT_CLOSE_POLICY_REQUEST_CANCEL: "canceled",
	} {
		e.Equal(end, ended(e.c.GetWorkflow(e.ctx, run.GetID()+"-child-"+policy.String(), "").Get(e.ctx, nil)))
	}
	abandoned := e.c.GetWorkflow(e.ctx, run.GetID()+"-child-"+enumspb.PARENT_CLOSE_POLICY_ABANDON.String(), "")
	e.Equal(enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, e.status(abandoned))
	e.NoError(e.c.TerminateWorkflow(e.ctx, abandoned.GetID(), "", "enough"))
}

func TestAChildsChainOfRunsHasOneEnd(t *testing.T) {
	e := newEnv(t)
	e.work(followingWorkflow, countdownWorkflow)
	run := e.start(followingWorkflow, 2)
	var runs []string
	e.NoError(run.Get(e.ctx, &runs))
	e.Len(runs, 3)
	names := e.names(run)
	e.Equal(1, count(names, "ChildWorkflowExecutionStarted"))
	e.Equal(1, count(names, "ChildWorkflowExecutionCompleted"))
}

func TestAChildIsRetriedBehindItsParentsBack(t *testing.T) {
	e := newEnv(t)
	e.work(retryingParentWorkflow, unluckyWorkflow)
	run := e.start(retryingParentWorkflow)
	var failure string
	e.NoError(run.Get(e.ctx, &failure))
	e.Contains(failure, "unlucky")
	e.Zero(count(e.names(run), "ChildWorkflowExecutionFailed"))
}
