package integration

import (
	"testing"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"
)

// countdownWorkflow gives each number a run of its own and returns all run ids.
func countdownWorkflow(ctx workflow.Context, left int, runs []string) ([]string, error) {
	runs = append(runs, workflow.GetInfo(ctx).WorkflowExecution.RunID)
	if left > 0 {
		return nil, workflow.NewContinueAsNewError(ctx, countdownWorkflow, left-1, runs)
	}
	return runs, nil
}

func TestAClientFollowsAChainOfRuns(t *testing.T) {
	e := newEnv(t)
	e.work(countdownWorkflow)
	run := e.startWith(client.StartWorkflowOptions{Memo: map[string]any{"note": "kept"}}, countdownWorkflow, 3, []string{})
	first := run.GetRunID()
	var runs []string
	e.NoError(run.Get(e.ctx, &runs))
	e.Len(runs, 4)
	e.Equal(first, runs[0])
	for position, runID := range runs {
		events := e.history(run.GetID(), runID)
		started := events[0].GetWorkflowExecutionStartedEventAttributes()
		e.Equal(first, started.FirstExecutionRunId)
		e.Contains(started.Memo.GetFields(), "note")
		last := events[len(events)-1]
		if position > 0 {
			e.Equal(runs[position-1], started.ContinuedExecutionRunId)
		}
		if position < 3 {
			e.Equal(runs[position+1], last.GetWorkflowExecutionContinuedAsNewEventAttributes().GetNewExecutionRunId())
		} else {
			e.Equal("WorkflowExecutionCompleted", last.EventType.String())
		}
	}
}
