package scenarios

import (
	enumspb "go.temporal.io/api/enums/v1"
	. "klamm.dev/integration-tests/parity/harness"
)

// Rare turns of chains, of resets, of news to other workflows and of eager starts.
var runEdges = []Scenario{
	{Name: "chain_cron_continue_as_new", Run: chainCronContinueAsNew},
	{Name: "chain_cron_signal_in_backoff", Run: chainCronSignalInBackoff},
	{Name: "chain_retry_not_of_timeouts", Run: chainRetryNotOfTimeouts},
	{Name: "chain_retry_canceled", Run: chainRetryCanceled},
	{Name: "external_cancel_delayed_start", Run: externalCancelDelayedStart},
	{Name: "external_cancel_older_run", Run: externalCancelOlderRun},
	{Name: "external_signal_continued", Run: externalSignalContinued},
	{Name: "reset_failed", Run: func(e *Env) { resetAfter(e, func(Run) { e.Step("second task", FailWorkflow("Broken")) }) }},
	{Name: "reset_canceled", Run: func(e *Env) { resetAfter(e, func(Run) { e.Step("second task", CancelWorkflow("enough")) }) }},
	{Name: "reset_terminated", Run: func(e *Env) { resetAfter(e, func(run Run) { _ = e.Terminate("terminate", run) }) }},
	{Name: "reset_timed_out", Run: resetTimedOut},
	{Name: "pause_reset", Run: pauseReset},
	{Name: "reset_cancel_requested", Run: resetCancelRequested},
	{Name: "reset_backoff", Run: resetBackoff},
	{Name: "reset_repeated", Run: resetRepeated},
	{Name: "reset_failed_task", Run: resetFailedTask},
	{Name: "reset_timer_passed", Run: resetTimerPassed},
	{Name: "reset_cron", Run: resetCron},
	{Name: "eager_start_fails", Run: eagerStartFails},
	{Name: "eager_start_replaces", Run: eagerStartReplaces},
}

// chainCronContinueAsNew: the schedule goes on only if the command says so.
func chainCronContinueAsNew(e *Env) {
	run := e.Start("wf", func(r *startRequest) { r.CronSchedule = "@every 1s" })
	e.Step("first run", ContinueAsNew(func(a *continueAsNewAttributes) { a.CronSchedule = "@every 2s" }))
	second := follower(e, "second run", run)
	late(e, "second run", ContinueAsNew(nil))
	follower(e, "third run", second)
	e.Step("third run", CompleteWorkflow("done"))
}

func chainCronSignalInBackoff(e *Env) {
	run := e.Start("wf", func(r *startRequest) { r.CronSchedule = "@every 3s" })
	_ = e.Signal("signal", run, "early", 1)
	e.RecordHistory("history while it waits", run)
	e.Step("first run", CompleteWorkflow("done"))
	_ = e.Terminate("terminate", Run{ID: run.ID})
}

func chainRetryNotOfTimeouts(e *Env) {
	run := e.Start("wf", func(r *startRequest) {
		r.RetryPolicy = aSecondApart(3)
		r.RetryPolicy.NonRetryableErrorTypes = []string{"TemporalTimeout:StartToClose"}
		r.WorkflowRunTimeout = Seconds(1)
	})
	e.AwaitEvent(run, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT)
}

// chainRetryCanceled: a request for cancellation is of one attempt.
func chainRetryCanceled(e *Env) {
	run := e.Start("wf", func(r *startRequest) { r.RetryPolicy = aSecondApart(3) })
	_ = e.Cancel("cancel", run)
	e.Step("first attempt", FailWorkflow("Unlucky"))
	second := follower(e, "second run", run)
	_ = e.Cancel("cancel the first again", run)
	e.Step("second attempt", CompleteWorkflow("done"))
	_ = e.Cancel("cancel the second", second)
}

func externalCancelDelayedStart(e *Env) {
	other := startOther(e, func(r *startRequest) { r.WorkflowStartDelay = Seconds(100) })
	ask(e, e.Start("wf"), canceled, cancelExternal(Run{ID: other.ID}))
}

// olderRun has a workflow of two runs, the first of which is closed.
func olderRun(e *Env) (older, newest Run) {
	others := e.NamedQueue("queue-of-others")
	older = startOther(e)
	task := e.PollWorkflowOn("other's task", others)
	e.Eventually("the run has lived for more than a second", dueIn(1200))
	_, _ = e.Complete("other continues as new", task, ContinueAsNew(nil))
	return older, follower(e, "other's next run", older)
}

func externalCancelOlderRun(e *Env) {
	older, newest := olderRun(e)
	ask(e, e.Start("first"), canceled, cancelExternal(older))
	ask(e, e.Start("second"), canceled, cancelExternal(newest))
}

func externalSignalContinued(e *Env) {
	older, _ := olderRun(e)
	ask(e, e.Start("first"), signalFailed, signalExternal(older))
	ask(e, e.Start("second"), signaled, signalExternal(Run{ID: older.ID}))
}

// resetAfter resets a run that has been ended, to its first task.
func resetAfter(e *Env, end func(Run)) {
	run := e.Start("wf", func(r *startRequest) { r.Memo = Memo(map[string]any{"kept": "a"}) })
	e.Step("first task", UpsertMemo(Memo(map[string]any{"more": "b"})))
	_ = e.Signal("signal", run, "one", 1)
	end(run)
	again := reset(e, "reset", run, 4)
	e.RecordDescription("new run", again)
	e.Step("new run's task", CompleteWorkflow("done"))
}

func resetTimedOut(e *Env) {
	run := e.Start("wf", func(r *startRequest) { r.WorkflowRunTimeout = Seconds(2) })
	e.Step("first task")
	e.AwaitEvent(run, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT)
	reset(e, "reset", run, 4)
	e.Step("new run's task", CompleteWorkflow("done"))
}

func pauseReset(e *Env) {
	run := signaledTwice(e)
	_, _ = Call(e, "pause", e.WF.PauseWorkflowExecution, pauseWorkflow(e, run, "r"))
	again := reset(e, "reset", run, 4)
	e.RecordDescription("new run", again)
	e.Step("new run's task", CompleteWorkflow("done"))
}

// resetCancelRequested: a request for cancellation behind the point is forgotten.
func resetCancelRequested(e *Env) {
	run := signaledTwice(e)
	_ = e.Cancel("cancel", run)
	again := reset(e, "reset", run, 4)
	e.RecordDescription("new run", again)
	e.Step("new run's task", CompleteWorkflow("done"))
}

func resetBackoff(e *Env) {
	run := e.Start("wf", func(r *startRequest) { r.WorkflowStartDelay = Seconds(100) })
	_ = e.Signal("signal", run, "early", 1)
	reset(e, "reset", run, 2)
	reset(e, "reset further", run, 3)
}

func resetRepeated(e *Env) {
	run := signaledTwice(e)
	request := func(r *resetRequest) { r.RequestId = e.ID("request") }
	again := reset(e, "reset", run, 4, request)
	repeated, err := Call(e, "the same request again", e.WF.ResetWorkflowExecution, &resetRequest{
		Namespace: e.Namespace, WorkflowExecution: Execution(run.ID, run.RunID), Reason: "wrong",
		WorkflowTaskFinishEventId: 4, RequestId: e.ID("request"),
	})
	e.Note("it is the same run", err == nil && repeated.GetRunId() == again.RunID)
	e.Step("new run's task", CompleteWorkflow("done"))
}

// resetFailedTask resets to tasks that failed and timed out.
func resetFailedTask(e *Env) {
	run := e.Start("wf", func(r *startRequest) { r.WorkflowTaskTimeout = Seconds(1) })
	_ = e.Fail("fail", e.PollWorkflow("first attempt"), enumspb.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE)
	e.Step("second attempt")
	_ = e.Signal("signal", run, "one", 1)
	e.PollWorkflow("task that times out")
	e.AwaitEvent(run, enumspb.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT)
	again := reset(e, "reset to the task that failed", run, 4)
	e.Step("new run's task")
	reset(e, "reset to the task that timed out", run, 11)
	e.Step("newest run's task", CompleteWorkflow("done"))
	_ = again
}

// resetTimerPassed: a timer whose time has come meanwhile fires at once.
func resetTimerPassed(e *Env) {
	run := e.Start("wf")
	e.Step("first task", StartTimer("t", 1))
	e.Step("second task, of the timer")
	_ = e.Signal("signal", run, "one", 1)
	e.Step("third task")
	again := reset(e, "reset", run, 8)
	e.RecordDescription("new run", again)
	e.Step("new run's task", CompleteWorkflow("done"))
}

func resetCron(e *Env) {
	run := e.Start("wf", func(r *startRequest) { r.CronSchedule = "@every 1s" })
	e.Step("first run", CompleteWorkflow("one"))
	follower(e, "second run", run)
	again := reset(e, "reset the first run", run, 4)
	e.Step("reset run's task", CompleteWorkflow("once more"))
	follower(e, "run after the reset", again)
	_ = e.Terminate("terminate", Run{ID: run.ID})
}

func eagerStartFails(e *Env) {
	request := e.StartRequest("wf")
	eagerly(request)
	response := Quiet(e, e.WF.StartWorkflowExecution, request)
	e.Touch("wf", request.WorkflowId, response.GetRunId())
	_ = e.Fail("fail the task", response.GetEagerWorkflowTask(), enumspb.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE)
	e.Step("second attempt, from the queue", CompleteWorkflow("done"))
}

func eagerStartReplaces(e *Env) {
	e.Start("wf")
	e.Eventually("the run has lived for more than a second", dueIn(1200))
	request := e.StartRequest("wf")
	eagerly(request)
	request.RequestId = e.ID("another")
	request.WorkflowIdConflictPolicy = enumspb.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING
	response, _ := Call(e, "start", e.WF.StartWorkflowExecution, request)
	e.Touch("new run", request.WorkflowId, response.GetRunId())
	_, _ = e.Complete("complete", response.GetEagerWorkflowTask(), CompleteWorkflow("done"))
}
