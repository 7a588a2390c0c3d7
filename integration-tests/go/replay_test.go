package integration

import (
	"errors"
	"reflect"

	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// run is what a map can have as key.
type run struct{ workflowID, runID string }

// replay checks that the SDK replays the histories of all runs with this test's ids,
// of the runs that they name as before or after them, and of their children.
func (e *env) replay() {
	e.t.Helper()
	if e.t.Failed() || len(e.workflows) == 0 {
		return
	}
	replayer := worker.NewWorkflowReplayer()
	known := map[uintptr]bool{}
	for _, wf := range e.workflows {
		if function := reflect.ValueOf(wf).Pointer(); !known[function] {
			known[function] = true
			replayer.RegisterWorkflow(wf)
		}
	}
	left, seen := e.newestRuns(), map[run]bool{}
	for len(left) > 0 {
		next := left[0]
		left = left[1:]
		if seen[next] || next.runID == "" {
			continue
		}
		seen[next] = true
		events := e.history(next.workflowID, next.runID)
		// A run that was ended before its first task has nothing to replay, says the SDK.
		if len(events) > 2 {
			e.NoError(replayer.ReplayWorkflowHistoryWithOptions(quiet{}, &historypb.History{Events: events}, worker.ReplayWorkflowHistoryOptions{
				OriginalExecution: workflow.Execution{ID: next.workflowID, RunID: next.runID},
			}), next.workflowID)
		}
		for _, event := range events {
			left = append(left, named(next.workflowID, event)...)
		}
	}
}

// newestRuns are those of the test's ids. An id that no workflow has is passed over.
func (e *env) newestRuns() (runs []run) {
	e.t.Helper()
	e.ids.Range(func(id, _ any) bool {
		description, err := e.c.DescribeWorkflowExecution(e.ctx, id.(string), "")
		var notFound *serviceerror.NotFound
		if errors.As(err, &notFound) {
			return true
		}
		e.NoError(err)
		runs = append(runs, run{id.(string), description.GetWorkflowExecutionInfo().GetExecution().GetRunId()})
		return true
	})
	return runs
}

// named are the runs that an event of a run names: those before and after it, and children.
func named(workflowID string, event *historypb.HistoryEvent) []run {
	started := event.GetWorkflowExecutionStartedEventAttributes()
	child := event.GetChildWorkflowExecutionStartedEventAttributes().GetWorkflowExecution()
	return []run{
		{workflowID, started.GetFirstExecutionRunId()},
		{workflowID, started.GetContinuedExecutionRunId()},
		{workflowID, event.GetWorkflowTaskFailedEventAttributes().GetBaseRunId()},
		{workflowID, event.GetWorkflowExecutionCompletedEventAttributes().GetNewExecutionRunId()},
		{workflowID, event.GetWorkflowExecutionFailedEventAttributes().GetNewExecutionRunId()},
		{workflowID, event.GetWorkflowExecutionTimedOutEventAttributes().GetNewExecutionRunId()},
		{workflowID, event.GetWorkflowExecutionContinuedAsNewEventAttributes().GetNewExecutionRunId()},
		{child.GetWorkflowId(), child.GetRunId()},
	}
}
