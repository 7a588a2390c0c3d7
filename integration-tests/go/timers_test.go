package integration

import (
	"testing"
	"time"

	"go.temporal.io/sdk/workflow"
)

func sleepWorkflow(ctx workflow.Context, d time.Duration) error {
	return workflow.Sleep(ctx, d)
}

// firstTimerWinsWorkflow starts two timers and cancels the one that lost.
func firstTimerWinsWorkflow(ctx workflow.Context) (winner string, err error) {
	ctx, cancel := workflow.WithCancel(ctx)
	workflow.NewSelector(ctx).
		AddFuture(workflow.NewTimer(ctx, 200*time.Millisecond), func(workflow.Future) { winner = "short" }).
		AddFuture(workflow.NewTimer(ctx, 10*time.Minute), func(workflow.Future) { winner = "long" }).
		Select(ctx)
	cancel()
	return winner, nil
}

func TestATimerIsNeverEarly(t *testing.T) {
	e := newEnv(t)
	e.work(sleepWorkflow)
	run := e.start(sleepWorkflow, time.Second)
	e.NoError(run.Get(e.ctx, nil))
	var started, fired time.Time
	for _, event := range e.history(run.GetID(), run.GetRunID()) {
		switch event.EventType.String() {
		case "TimerStarted":
			started = event.EventTime.AsTime()
		case "TimerFired":
			fired = event.EventTime.AsTime()
		}
	}
	e.GreaterOrEqual(fired.Sub(started), time.Second)
}

func TestATimerThatLostTheRaceIsCancelled(t *testing.T) {
	e := newEnv(t)
	e.work(firstTimerWinsWorkflow)
	run := e.start(firstTimerWinsWorkflow)
	var winner string
	e.NoError(run.Get(e.ctx, &winner))
	e.Equal("short", winner)
	names := e.names(run)
	e.Equal([]string{"WorkflowTaskCompleted", "TimerCanceled", "WorkflowExecutionCompleted"}, names[len(names)-3:])
	e.Equal(1, count(names, "TimerFired"))
}
