package scenarios

import (
	. "klamm.dev/integration-tests/parity/harness"
)

var cancelAndTerminate = []Scenario{
	{Name: "cancel_running", Run: cancelRunning},
	{Name: "cancel_before_first_task", Run: cancelBeforeFirstTask},
	{Name: "cancel_buffered", Run: cancelBuffered},
	{Name: "cancel_closed", Run: cancelClosed},
	{Name: "terminate_running", Run: terminateRunning},
	{Name: "terminate_task_started", Run: terminateTaskStarted},
	{Name: "terminate_closed", Run: terminateClosed},
	{Name: "terminate_with_pending_work", Run: terminateWithPendingWork},
}

func cancelRunning(e *Env) {
	run := e.Start("wf")
	e.Step("first task", StartTimer("t1", 100))
	_ = e.Cancel("request", run)
	_ = e.Cancel("request again", run)
	e.RecordDescription("description once requested", run)
	e.Step("second task", CancelTimer("t1"), CancelWorkflow("cleaned up"))
}

func cancelBeforeFirstTask(e *Env) {
	run := e.Start("wf")
	_ = e.Cancel("request", run)
	e.Step("task", CancelWorkflow(nil))
}

func cancelBuffered(e *Env) {
	run := e.Start("wf")
	task := e.PollWorkflow("task")
	_ = e.Cancel("request while the task runs", run)
	_ = e.Cancel("request again", run)
	_, _ = e.Complete("complete", task)
	e.Step("second task", CancelWorkflow("details"))
}

func cancelClosed(e *Env) {
	run := e.Start("wf")
	e.Step("task", CompleteWorkflow("done"))
	_ = e.Cancel("by run id", run)
	_ = e.Cancel("by id alone", Run{ID: run.ID})
	other := e.CancelRequest(run)
	other.FirstExecutionRunId = "11111111-2222-3333-4444-555555555555"
	_, _ = Call(e, "of another chain", e.WF.RequestCancelWorkflowExecution, other)
}

func terminateRunning(e *Env) {
	run := e.Start("wf")
	e.Step("first task", StartTimer("t1", 100))
	other := e.TerminateRequest(Run{ID: run.ID})
	other.FirstExecutionRunId = "11111111-2222-3333-4444-555555555555"
	_, _ = Call(e, "another chain", e.WF.TerminateWorkflowExecution, other)
	same := e.TerminateRequest(Run{ID: run.ID})
	same.FirstExecutionRunId = run.RunID
	_, _ = Call(e, "the run's chain", e.WF.TerminateWorkflowExecution, same)
}

func terminateTaskStarted(e *Env) {
	run := e.Start("wf")
	task := e.PollWorkflow("task")
	_ = e.Signal("signal", run, "buffered", 1)
	_ = e.Terminate("terminate", run)
	_, _ = e.Complete("complete afterwards", task, CompleteWorkflow("too late"))
}

func terminateClosed(e *Env) {
	run := e.Start("wf")
	e.Step("task", CompleteWorkflow("done"))
	_ = e.Terminate("by run id", run)
	_ = e.Terminate("by id alone", Run{ID: run.ID})
}

func terminateWithPendingWork(e *Env) {
	run := e.Start("wf")
	e.Step("task", e.ScheduleActivity("a1"), StartTimer("t1", 100))
	activity := e.PollActivity("activity")
	_ = e.Terminate("terminate", run)
	_ = e.Heartbeat("heartbeat afterwards", activity, 1)
	_ = e.CompleteActivity("complete afterwards", activity, "late")
}
