package integration

import (
	"context"
	"fmt"
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// doubled is what an update has an activity work out.
func doubled(_ context.Context, n int) (int, error) { return 2 * n, nil }

// accountWorkflow keeps a balance that updates change: "deposit" at once, "book" by an activity and only once it is told to.
// It ends at the signal "close", when all its updates have.
func accountWorkflow(ctx workflow.Context) (int, error) {
	balance, open := 0, true
	positive := func(n int) error {
		if n <= 0 {
			return fmt.Errorf("%d is not positive", n)
		}
		return nil
	}
	if err := workflow.SetUpdateHandlerWithOptions(ctx, "deposit", func(_ workflow.Context, n int) (int, error) {
		balance += n
		return balance, nil
	}, workflow.UpdateHandlerOptions{Validator: positive}); err != nil {
		return 0, err
	}
	if err := workflow.SetUpdateHandler(ctx, "book", func(ctx workflow.Context, n int) (int, error) {
		workflow.GetSignalChannel(ctx, "go on").Receive(ctx, nil)
		var twice int
		if err := workflow.ExecuteActivity(inTenSeconds(ctx, nil), doubled, n).Get(ctx, &twice); err != nil {
			return 0, err
		}
		balance += twice
		return balance, nil
	}); err != nil {
		return 0, err
	}
	if err := workflow.SetUpdateHandler(ctx, "break", func(workflow.Context) error {
		return temporal.NewApplicationError("broken", "Broken")
	}); err != nil {
		return 0, err
	}
	if err := workflow.SetQueryHandler(ctx, "balance", func() (int, error) { return balance, nil }); err != nil {
		return 0, err
	}
	workflow.Go(ctx, func(ctx workflow.Context) {
		workflow.GetSignalChannel(ctx, "close").Receive(ctx, nil)
		open = false
	})
	err := workflow.Await(ctx, func() bool { return !open && workflow.AllHandlersFinished(ctx) })
	return balance, err
}

// account starts an account with a worker for it.
func (e *env) account() client.WorkflowRun {
	e.t.Helper()
	e.work(accountWorkflow, act(doubled))
	return e.start(accountWorkflow)
}

// update sends an update to the run and waits until it has reached the stage.
func (e *env) update(run client.WorkflowRun, name, id string, stage client.WorkflowUpdateStage, args ...any) (client.WorkflowUpdateHandle, error) {
	return e.c.UpdateWorkflow(e.ctx, client.UpdateWorkflowOptions{
		WorkflowID: run.GetID(), RunID: run.GetRunID(), UpdateName: name, UpdateID: id, Args: args, WaitForStage: stage,
	})
}

// deposit puts money into the account and gives its balance then.
func (e *env) deposit(run client.WorkflowRun, n int) int {
	e.t.Helper()
	handle, err := e.update(run, "deposit", "", client.WorkflowUpdateStageCompleted, n)
	e.NoError(err)
	return e.balance(handle)
}

func (e *env) balance(handle client.WorkflowUpdateHandle) (balance int) {
	e.t.Helper()
	e.NoError(handle.Get(e.ctx, &balance))
	return balance
}

// closed closes the account and gives its last balance.
func (e *env) closed(run client.WorkflowRun) (balance int) {
	e.t.Helper()
	e.signal(run, "close", nil)
	e.NoError(run.Get(e.ctx, &balance))
	return balance
}

func TestUpdatesChangeAWorkflowAndAreAnswered(t *testing.T) {
	e := newEnv(t)
	run := e.account()
	e.Equal(5, e.deposit(run, 5))
	e.Equal(7, e.deposit(run, 2))
	e.Equal(7, e.closed(run))
	names := e.names(run)
	e.Equal(2, count(names, "WorkflowExecutionUpdateAccepted"))
	e.Equal(2, count(names, "WorkflowExecutionUpdateCompleted"))
}

func TestAnUpdateThatIsRejectedLeavesNoTrace(t *testing.T) {
	e := newEnv(t)
	run := e.account()
	e.Equal(5, e.deposit(run, 5))
	before := e.names(run)
	for range 3 {
		handle, err := e.update(run, "deposit", "", client.WorkflowUpdateStageCompleted, -1)
		if err == nil {
			err = handle.Get(e.ctx, nil)
		}
		e.ErrorContains(err, "-1 is not positive")
	}
	e.Equal(before, e.names(run))
	e.Equal(5, e.closed(run))
}

func TestAnUpdateThatFailsIsAnsweredSo(t *testing.T) {
	e := newEnv(t)
	run := e.account()
	handle, err := e.update(run, "break", "", client.WorkflowUpdateStageCompleted)
	if err == nil {
		err = handle.Get(e.ctx, nil)
	}
	var broken *temporal.ApplicationError
	e.ErrorAs(err, &broken)
	e.Equal("Broken", broken.Type())
	e.Zero(e.closed(run))
}

func TestAnUpdateIsAppliedOncePerID(t *testing.T) {
	e := newEnv(t)
	run := e.account()
	for range 3 {
		handle, err := e.update(run, "deposit", "once", client.WorkflowUpdateStageCompleted, 5)
		e.NoError(err)
		e.Equal(5, e.balance(handle))
	}
	e.Equal(5, e.closed(run))
	handle, err := e.update(run, "deposit", "once", client.WorkflowUpdateStageCompleted, 5)
	e.NoError(err)
	e.Equal(5, e.balance(handle))
}

func TestACallerNeedNotWaitForTheOutcome(t *testing.T) {
	e := newEnv(t)
	run := e.account()
	handle, err := e.update(run, "book", "later", client.WorkflowUpdateStageAccepted, 5)
	e.NoError(err)
	e.Equal(1, e.deposit(run, 1))
	e.signal(run, "go on", nil)
	e.Equal(11, e.balance(handle))
	again := e.c.GetWorkflowUpdateHandle(client.GetWorkflowUpdateHandleOptions{
		WorkflowID: run.GetID(), RunID: run.GetRunID(), UpdateID: "later",
	})
	e.Equal(11, e.balance(again))
	e.Equal(11, e.closed(run))
}

func TestManyUpdatesAtOnceAreEachAppliedOnce(t *testing.T) {
	e := newEnv(t)
	run := e.account()
	balances := make(chan int)
	const updates = 8
	for range updates {
		go func() {
			handle, err := e.update(run, "deposit", "", client.WorkflowUpdateStageCompleted, 1)
			balance := 0
			if err == nil {
				err = handle.Get(e.ctx, &balance)
			}
			if err != nil {
				balance = -1
			}
			balances <- balance
		}()
	}
	seen := map[int]bool{}
	for range updates {
		seen[<-balances] = true
	}
	e.Len(seen, updates)
	e.False(seen[-1], "an update failed")
	e.Equal(updates, e.closed(run))
}

func TestAnUpdateWithStartStartsOnceAndUpdatesEachTime(t *testing.T) {
	e := newEnv(t)
	e.work(accountWorkflow, act(doubled))
	var runs []string
	for round, balance := range []int{5, 10} {
		start := e.c.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
			ID: e.id("wf"), TaskQueue: e.queue, WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		}, accountWorkflow)
		handle, err := e.c.UpdateWithStartWorkflow(e.ctx, client.UpdateWithStartWorkflowOptions{
			StartWorkflowOperation: start,
			UpdateOptions: client.UpdateWorkflowOptions{
				UpdateName: "deposit", UpdateID: fmt.Sprint(round), Args: []any{5}, WaitForStage: client.WorkflowUpdateStageCompleted,
			},
		})
		e.NoError(err)
		e.Equal(balance, e.balance(handle))
		run, err := start.Get(e.ctx)
		e.NoError(err)
		runs = append(runs, run.GetRunID())
	}
	e.Equal(runs[0], runs[1])
	e.Equal(10, e.closed(e.c.GetWorkflow(e.ctx, e.id("wf"), "")))
}

func TestAnUpdateWaitsForAWorker(t *testing.T) {
	e := newEnv(t)
	run := e.start(accountWorkflow)
	balance := make(chan int)
	go func() {
		handle, err := e.update(run, "deposit", "", client.WorkflowUpdateStageCompleted, 5)
		result := -1
		if err == nil && handle.Get(e.ctx, &result) != nil {
			result = -1
		}
		balance <- result
	}()
	time.Sleep(300 * time.Millisecond) // the update is there before the worker
	e.work(accountWorkflow, act(doubled))
	e.Equal(5, <-balance)
	e.Equal(5, e.closed(run))
}

func TestAnUpdateOfAClosedWorkflowIsNotFound(t *testing.T) {
	e := newEnv(t)
	run := e.account()
	e.Zero(e.closed(run))
	_, err := e.update(run, "deposit", "", client.WorkflowUpdateStageCompleted, 5)
	var notFound *serviceerror.NotFound
	e.ErrorAs(err, &notFound)
}

func TestAnUpdateFailsWithItsWorkflow(t *testing.T) {
	e := newEnv(t)
	run := e.account()
	handle, err := e.update(run, "book", "", client.WorkflowUpdateStageAccepted, 5)
	e.NoError(err)
	e.NoError(e.c.TerminateWorkflow(e.ctx, run.GetID(), "", "enough"))
	var failed *temporal.ApplicationError
	e.ErrorAs(handle.Get(e.ctx, nil), &failed)
	e.Equal("AcceptedUpdateCompletedWorkflow", failed.Type())
}

func TestAWorkflowBeginsAgainWithItsUpdates(t *testing.T) {
	e := newEnv(t)
	run := e.account()
	e.until("the first task is completed", func() bool { return count(e.names(run), "WorkflowTaskCompleted") == 1 })
	e.Equal(5, e.deposit(run, 5))
	e.Equal(7, e.deposit(run, 2))
	again := e.reset(run)
	e.until("both updates are applied again", func() bool { return count(e.names(again), "WorkflowExecutionUpdateCompleted") == 2 })
	e.Equal(10, e.deposit(again, 3))
	e.Equal(10, e.closed(again))
	e.Equal(2, count(e.names(again), "WorkflowExecutionUpdateAdmitted"))
	third := e.reset(run, enumspb.RESET_REAPPLY_EXCLUDE_TYPE_UPDATE)
	e.Equal(1, e.deposit(third, 1))
	e.Equal(1, e.closed(third))
}
