package integration

import (
	"fmt"
	"slices"
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"
)

// approvalWorkflow waits for the signal "approve", but not longer than limit.
func approvalWorkflow(ctx workflow.Context, limit time.Duration) (string, error) {
	var approver string
	approvals := workflow.GetSignalChannel(ctx, "approve")
	workflow.Go(ctx, func(ctx workflow.Context) { approvals.Receive(ctx, &approver) })
	inTime, err := workflow.AwaitWithTimeout(ctx, limit, func() bool { return approver != "" })
	if err != nil || !inTime {
		return "gave up", err
	}
	return "approved by " + approver, nil
}

// collectWorkflow collects "add" signals until "finish"; query "collected" shows them.
func collectWorkflow(ctx workflow.Context, items []string) ([]string, error) {
	if err := workflow.SetQueryHandler(ctx, "collected", func() ([]string, error) { return items, nil }); err != nil {
		return nil, err
	}
	if err := workflow.SetQueryHandler(ctx, "refuse", func() (string, error) {
		return "", fmt.Errorf("this query always fails")
	}); err != nil {
		return nil, err
	}
	finished := false
	selector := workflow.NewSelector(ctx).
		AddReceive(workflow.GetSignalChannel(ctx, "add"), func(c workflow.ReceiveChannel, _ bool) {
			var item string
			c.Receive(ctx, &item)
			items = append(items, item)
		}).
		AddReceive(workflow.GetSignalChannel(ctx, "finish"), func(c workflow.ReceiveChannel, _ bool) {
			c.Receive(ctx, nil)
			finished = true
		})
	for !finished || selector.HasPending() {
		selector.Select(ctx)
	}
	return items, nil
}

func (e *env) signal(run client.WorkflowRun, name string, arg any) {
	e.t.Helper()
	e.NoError(e.c.SignalWorkflow(e.ctx, run.GetID(), run.GetRunID(), name, arg))
}

func TestASignalInTimeEndsTheWait(t *testing.T) {
	e := newEnv(t)
	e.work(approvalWorkflow)
	run := e.start(approvalWorkflow, 10*time.Minute)
	e.signal(run, "approve", "Frieda")
	var result string
	e.NoError(run.Get(e.ctx, &result))
	e.Equal("approved by Frieda", result)
	names := e.names(run)
	e.Equal(1, count(names, "WorkflowExecutionSignaled"))
	e.Zero(count(names, "TimerFired"))
}

func TestAWaitWithoutASignalEndsAtItsLimit(t *testing.T) {
	e := newEnv(t)
	e.work(approvalWorkflow)
	run := e.start(approvalWorkflow, 300*time.Millisecond)
	var result string
	e.NoError(run.Get(e.ctx, &result))
	e.Equal("gave up", result)
	e.Equal(1, count(e.names(run), "TimerFired"))
}

func TestSignalsArriveInTheOrderSent(t *testing.T) {
	e := newEnv(t)
	run := e.start(collectWorkflow, []string{})
	var expected []string
	for n := range 20 {
		if n == 10 {
			e.work(collectWorkflow)
		}
		item := fmt.Sprintf("item-%d", n)
		e.signal(run, "add", item)
		expected = append(expected, item)
	}
	e.signal(run, "finish", nil)
	var collected []string
	e.NoError(run.Get(e.ctx, &collected))
	e.Equal(expected, collected)
}

func TestASignalToAClosedOrUnknownRunIsNotFound(t *testing.T) {
	e := newEnv(t)
	e.work(collectWorkflow)
	run := e.start(collectWorkflow, []string{})
	e.signal(run, "finish", nil)
	e.NoError(run.Get(e.ctx, nil))
	var notFound *serviceerror.NotFound
	e.ErrorAs(e.c.SignalWorkflow(e.ctx, run.GetID(), run.GetRunID(), "add", "late"), &notFound)
	e.Equal("workflow execution already completed", notFound.Error())
	e.ErrorAs(e.c.SignalWorkflow(e.ctx, e.id("nobody"), "", "add", "x"), &notFound)
}

func TestSignalWithStartStartsOnceAndSignalsEachTime(t *testing.T) {
	e := newEnv(t)
	signalWithStart := func(item string) client.WorkflowRun {
		run, err := e.c.SignalWithStartWorkflow(e.ctx, e.id("wf"), "add", item,
			client.StartWorkflowOptions{TaskQueue: e.queue}, collectWorkflow, []string{"seed"})
		e.NoError(err)
		return run
	}
	first, second := signalWithStart("one"), signalWithStart("two")
	e.Equal(first.GetRunID(), second.GetRunID())
	e.Equal([]string{"WorkflowExecutionStarted", "WorkflowExecutionSignaled", "WorkflowTaskScheduled"}, e.names(first)[:3])
	e.work(collectWorkflow)
	e.signal(first, "finish", nil)
	var collected []string
	e.NoError(first.Get(e.ctx, &collected))
	e.Equal([]string{"seed", "one", "two"}, collected)
	third := signalWithStart("three")
	e.NotEqual(first.GetRunID(), third.GetRunID())
	e.signal(third, "finish", nil)
	e.NoError(third.Get(e.ctx, &collected))
	e.Equal([]string{"seed", "three"}, collected)
}

func TestQueriesOnRunningAndClosedRuns(t *testing.T) {
	e := newEnv(t)
	stop := e.work(collectWorkflow)
	run := e.start(collectWorkflow, []string{"a"})
	collected := func() (items []string) {
		e.t.Helper()
		answer, err := e.c.QueryWorkflow(e.ctx, run.GetID(), run.GetRunID(), "collected")
		e.NoError(err)
		e.NoError(answer.Get(&items))
		return items
	}
	e.Equal([]string{"a"}, collected())
	e.signal(run, "add", "b")
	e.Equal([]string{"a", "b"}, collected())

	var failed *serviceerror.QueryFailed
	_, err := e.c.QueryWorkflow(e.ctx, run.GetID(), run.GetRunID(), "refuse")
	e.ErrorAs(err, &failed)
	e.ErrorContains(err, "this query always fails")
	_, err = e.c.QueryWorkflow(e.ctx, run.GetID(), run.GetRunID(), "no_such_query")
	e.ErrorAs(err, &failed)

	e.signal(run, "finish", nil)
	e.NoError(run.Get(e.ctx, nil))
	before := e.names(run)
	e.Equal([]string{"a", "b"}, collected())
	stop()
	e.work(collectWorkflow)
	e.Equal([]string{"a", "b"}, collected())
	e.Equal(before, e.names(run))

	rejected, err := e.c.QueryWorkflowWithOptions(e.ctx, &client.QueryWorkflowWithOptionsRequest{
		WorkflowID: run.GetID(), QueryType: "collected",
		QueryRejectCondition: enumspb.QUERY_REJECT_CONDITION_NOT_OPEN,
	})
	e.NoError(err)
	e.Equal(enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, rejected.QueryRejected.GetStatus())
}

// queryInTime bounds half of the queries, whose worker is free: one that waits
// for something takes a second, each of them. A single one may be slow on a
// machine that is busy with other suites; the soak measures the slowest.
const queryInTime = 500 * time.Millisecond

func TestAQueryRightAfterAStartOrASignalIsAnsweredAtOnce(t *testing.T) {
	e := newEnv(t)
	e.work(collectWorkflow)
	var times []time.Duration
	collected := func(run client.WorkflowRun) (items []string) {
		start := time.Now()
		value, err := e.c.QueryWorkflow(e.ctx, run.GetID(), run.GetRunID(), "collected")
		times = append(times, time.Since(start))
		e.NoError(err)
		e.NoError(value.Get(&items))
		return items
	}
	for round := range 5 {
		run := e.startWith(client.StartWorkflowOptions{ID: e.id(fmt.Sprint(round))}, collectWorkflow, []string{"first"})
		e.Equal([]string{"first"}, collected(run))
		for item := range 10 {
			e.signal(run, "add", fmt.Sprint(item))
			e.Len(collected(run), item+2)
		}
		e.signal(run, "finish", nil)
	}
	slices.Sort(times)
	p50, slowest := times[len(times)/2], times[len(times)-1]
	t.Logf("%d queries: p50 %v, slowest %v", len(times), p50, slowest)
	e.LessOrEqual(p50, queryInTime)
}
