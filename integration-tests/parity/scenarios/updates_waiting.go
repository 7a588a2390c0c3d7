package scenarios

import (
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"google.golang.org/grpc/status"
	. "klamm.dev/integration-tests/parity/harness"
)

// How long callers of updates wait, and what becomes of updates whose run closes.
var updatesWaiting = []Scenario{
	{Name: "update_wait_stages", Run: updateWaitStages},
	{Name: "update_wait_times_out", Run: updateWaitTimesOut},
	{Name: "update_caller_gives_up", Run: updateCallerGivesUp},
	{Name: "update_poll", Run: updatePoll},
	{Name: "update_closed_run", Run: updateClosedRun},
	{Name: "update_workflow_completes", Run: updateWorkflowCompletes},
	{Name: "update_accepted_and_workflow_fails", Run: updateAcceptedAndWorkflowFails},
	{Name: "update_workflow_terminated", Run: updateWorkflowTerminated},
	{Name: "update_workflow_times_out", Run: updateWorkflowTimesOut},
	{Name: "update_continue_as_new", Run: updateContinueAsNew},
	{Name: "update_workflow_retried", Run: updateWorkflowRetried},
	{Name: "update_workflow_closing", Run: updateWorkflowClosing},
	{Name: "update_reset", Run: updateReset},
	{Name: "update_reset_excluding_updates", Run: updateResetExcludingUpdates},
	{Name: "update_reset_twice", Run: updateResetTwice},
	{Name: "update_reset_while_waiting", Run: updateResetWhileWaiting},
}

// longTask keeps a task that stays started from timing out.
func longTask(r *startRequest) { r.WorkflowTaskTimeout = Seconds(100) }

func updateWaitStages(e *Env) {
	run := idle(e)
	accepted := sendUpdate(e, run, "u1", waitFor(stageAccepted))
	unspecified := Go(updateWait, e.WF.UpdateWorkflowExecution, newUpdate(e, run, "u1", waitFor(stageUnspecified)))
	noPolicy := Go(updateWait, e.WF.UpdateWorkflowExecution, newUpdate(e, run, "u1", func(r *workflowUpdate) { r.WaitPolicy = nil }))
	e.Eventually("the other requests are there", dueIn(300))
	task := e.PollWorkflow("task of the update")
	answer(e, "accept", task, accepts(task, "u1"))
	_, _ = Join(e, "waiting for acceptance", accepted)
	_ = e.Signal("signal", run, "go", 1)
	answer(e, "complete", e.PollWorkflow("task of the signal"), completes("u1", "result"))
	_, _ = Join(e, "waiting for nothing named", unspecified)
	_, _ = Join(e, "without a policy", noPolicy)
	both := sendUpdate(e, run, "u2", waitFor(stageAccepted))
	task = e.PollWorkflow("task of another update")
	answer(e, "accept and complete", task, serves(task, "u2"))
	_, _ = Join(e, "accepted and completed at once", both)
	rejected := sendUpdate(e, run, "u3", waitFor(stageAccepted))
	task = e.PollWorkflow("task of a third update")
	answer(e, "reject", task, rejects(task, "u3"))
	_, _ = Join(e, "rejected", rejected)
}

func updateWaitTimesOut(e *Env) {
	run := idle(e, longTask)
	accepted := sendUpdate(e, run, "u1", waitFor(stageAccepted))
	task := e.PollWorkflow("task of u1")
	answer(e, "accept", task, accepts(task, "u1"))
	_, _ = Join(e, "u1", accepted)
	second := sendUpdate(e, run, "u2", waitFor(stageAccepted))
	task = e.PollWorkflow("task of u2, not answered")
	completed := Go(updateWait, e.WF.UpdateWorkflowExecution, newUpdate(e, run, "u1"))
	third := Go(updateWait, e.WF.UpdateWorkflowExecution, newUpdate(e, run, "u2"))
	pollAccepted := Go(updateWait, e.WF.PollWorkflowExecutionUpdate, pollRequest(e, run, "u1", stageCompleted))
	pollSent := Go(updateWait, e.WF.PollWorkflowExecutionUpdate, pollRequest(e, run, "u2", stageAccepted))
	pollSentLong := Go(updateWait, e.WF.PollWorkflowExecutionUpdate, pollRequest(e, run, "u2", stageCompleted))
	_, _ = Join(e, "u1 is accepted and not completed", completed)
	_, _ = Join(e, "u2 is not accepted", second)
	_, _ = Join(e, "u2 is not completed", third)
	_, _ = Join(e, "poll of u1 for completion", pollAccepted)
	_, _ = Join(e, "poll of u2 for acceptance", pollSent)
	_, _ = Join(e, "poll of u2 for completion", pollSentLong)
	answer(e, "complete both", task, completes("u1", 1), serves(task, "u2"))
}

// updateCallerGivesUp notes codes alone, because texts depend on which side notices first.
func updateCallerGivesUp(e *Env) {
	run := idle(e)
	sent := Go(500*time.Millisecond, e.WF.UpdateWorkflowExecution, newUpdate(e, run, "u1"))
	awaitUpdate(e, run, "u1")
	polled := Go(500*time.Millisecond, e.WF.PollWorkflowExecutionUpdate, pollRequest(e, run, "u1", stageAccepted))
	_, err := sent.Wait()
	e.Note("update", status.Code(err).String())
	_, err = polled.Wait()
	e.Note("poll", status.Code(err).String())
	task := e.PollWorkflow("task of the update")
	answer(e, "accept and complete", task, serves(task, "u1"))
	_, _ = Call(e, "the same update again", e.WF.UpdateWorkflowExecution, newUpdate(e, run, "u1"))
}

func updatePoll(e *Env) {
	run := idle(e)
	newest := Run{ID: run.ID}
	first := sendUpdate(e, run, "u1")
	pollUpdate(e, "admitted", run, "u1", stageUnspecified)
	pollUpdate(e, "admitted, asked for that", run, "u1", stageAdmitted)
	task := e.PollWorkflow("task of u1")
	pollUpdate(e, "sent", run, "u1", stageUnspecified)
	answer(e, "accept", task, accepts(task, "u1"))
	for _, stage := range []lifecycleStage{stageUnspecified, stageAdmitted, stageAccepted} {
		pollUpdate(e, "accepted, asked for "+stage.String(), run, "u1", stage)
	}
	second := sendUpdate(e, run, "u2")
	task = e.PollWorkflow("task of u2")
	answer(e, "reject u2, complete u1", task, completes("u1", "result"), rejects(task, "u2"))
	_, _ = Join(e, "u1", first)
	_, _ = Join(e, "u2", second)
	for _, stage := range []lifecycleStage{stageUnspecified, stageAdmitted, stageAccepted, stageCompleted} {
		pollUpdate(e, "completed, asked for "+stage.String(), newest, "u1", stage)
	}
	pollUpdate(e, "rejected", run, "u2", stageUnspecified)
	_ = e.Signal("signal", run, "go", 1)
	late(e, "next task", ContinueAsNew(nil))
	pollUpdate(e, "of the older run", run, "u1", stageCompleted)
	pollUpdate(e, "of the newest run", newest, "u1", stageCompleted)
	follower(e, "next run", run)
}

func updateClosedRun(e *Env) {
	run := idle(e)
	first := sendUpdate(e, run, "u1")
	second := sendUpdate(e, run, "u2", waitFor(stageAccepted))
	task := e.PollWorkflow("task of both updates")
	answer(e, "serve one, accept one, complete", task, serves(task, "u1"), accepts(task, "u2"), does(CompleteWorkflow("done")))
	_, _ = Join(e, "u1", first)
	_, _ = Join(e, "u2", second)
	_, _ = Call(e, "u1 again", e.WF.UpdateWorkflowExecution, newUpdate(e, run, "u1"))
	_, _ = Call(e, "u2 again", e.WF.UpdateWorkflowExecution, newUpdate(e, run, "u2"))
	_, _ = Call(e, "u2 again, waiting for acceptance", e.WF.UpdateWorkflowExecution, newUpdate(e, run, "u2", waitFor(stageAccepted)))
	_, _ = Call(e, "u3", e.WF.UpdateWorkflowExecution, newUpdate(e, run, "u3"))
	pollUpdate(e, "outcome of u1", run, "u1", stageCompleted)
	pollUpdate(e, "outcome of u2", run, "u2", stageCompleted)
	pollUpdate(e, "stage of u2", run, "u2", stageUnspecified)
	pollUpdate(e, "outcome of u3", run, "u3", stageCompleted)
}

// threeUpdates has a run with one update accepted, one with the worker and one behind that.
func threeUpdates(e *Env, run Run) (task *WorkflowTask, join func()) {
	accepted := sendUpdate(e, run, "accepted")
	task = e.PollWorkflow("task of the first update")
	answer(e, "accept the first update", task, accepts(task, "accepted"))
	sent := sendUpdate(e, run, "sent")
	task = e.PollWorkflow("task of the second update")
	behind := sendUpdate(e, run, "behind")
	return task, func() {
		_, _ = Join(e, "accepted update", accepted)
		_, _ = Join(e, "sent update", sent)
		_, _ = Join(e, "update behind", behind)
		pollUpdate(e, "its outcome", run, "accepted", stageCompleted)
	}
}

func updateWorkflowCompletes(e *Env) {
	run := idle(e, longTask)
	task, join := threeUpdates(e, run)
	answer(e, "complete the workflow", task, does(CompleteWorkflow("done")))
	join()
}

func updateAcceptedAndWorkflowFails(e *Env) {
	run := idle(e)
	first := sendUpdate(e, run, "u1")
	second := sendUpdate(e, run, "u2", waitFor(stageAccepted))
	third := sendUpdate(e, run, "u3")
	task := e.PollWorkflow("task of the updates")
	answer(e, "accept and fail", task, accepts(task, "u1"), accepts(task, "u2"), does(FailWorkflow("Broken")), rejects(task, "u3"))
	_, _ = Join(e, "u1", first)
	_, _ = Join(e, "u2", second)
	_, _ = Join(e, "u3", third)
}

func updateWorkflowTerminated(e *Env) {
	run := idle(e, longTask)
	task, join := threeUpdates(e, run)
	_ = e.Terminate("terminate", run)
	join()
	answer(e, "answer too late", task, serves(task, "sent"))
}

func updateWorkflowTimesOut(e *Env) {
	run := idle(e, longTask, func(r *startRequest) { r.WorkflowRunTimeout = Seconds(3) })
	_, join := threeUpdates(e, run)
	join()
}

// updateContinueAsNew closes a run with updates that it has not answered: their callers are told to come again.
func updateContinueAsNew(e *Env) {
	run := idle(e, longTask)
	newest := Run{ID: run.ID}
	accepted := sendUpdate(e, run, "accepted")
	task := e.PollWorkflow("task of the first update")
	answer(e, "accept the first update", task, accepts(task, "accepted"))
	e.Eventually("the run has lived for more than a second", dueIn(1200))
	sent := sendUpdate(e, newest, "sent")
	task = e.PollWorkflow("task of the second update")
	behind := sendUpdate(e, newest, "behind")
	answer(e, "continue as new", task, does(ContinueAsNew(nil)))
	_, _ = Join(e, "accepted update", accepted)
	_, _ = Join(e, "sent update", sent)
	_, _ = Join(e, "update behind", behind)
	next := follower(e, "next run", run)
	pollUpdate(e, "the next run does not know it", next, "behind", stageUnspecified)
	behind = sendUpdate(e, newest, "behind")
	task = e.PollWorkflow("first task of the next run")
	answer(e, "accept and complete", task, serves(task, "behind"), does(CompleteWorkflow("done")))
	_, _ = Join(e, "update sent again", behind)
}

func updateWorkflowRetried(e *Env) {
	run := e.Start("wf", longTask, func(r *startRequest) { r.RetryPolicy = aSecondApart(3) })
	newest := Run{ID: run.ID}
	task := e.PollWorkflow("first task")
	update := sendUpdate(e, newest, "u1")
	_, _ = e.Complete("fail the workflow", task, FailWorkflow("Unlucky"))
	_, _ = Join(e, "update", update)
	follower(e, "second run", run)
	e.Step("second attempt", CompleteWorkflow("done"))
}

// updateWorkflowClosing sends an update to a run that has tried to close.
func updateWorkflowClosing(e *Env) {
	run := e.Start("wf", longTask)
	task := e.PollWorkflow("first task")
	_ = e.Signal("signal while the task runs", run, "s", 1)
	_, _ = e.Complete("complete the workflow", task, CompleteWorkflow("missed a signal"))
	before := sendUpdate(e, run, "before")
	task = e.PollWorkflow("second task")
	_, _ = CallWithin(e, "another update", updateWait, e.WF.UpdateWorkflowExecution, newUpdate(e, run, "behind"))
	answer(e, "continue the workflow", task, serves(task, "before"))
	_, _ = Join(e, "update before", before)
}

// completedAndAccepted has a run with one update completed, one accepted and one rejected behind its first task.
func completedAndAccepted(e *Env) Run {
	run := idle(e)
	first := sendUpdate(e, run, "u1")
	second := sendUpdate(e, run, "u2", waitFor(stageAccepted))
	third := sendUpdate(e, run, "u3")
	task := e.PollWorkflow("task of the updates")
	answer(e, "complete, accept and reject", task, serves(task, "u1"), accepts(task, "u2"), rejects(task, "u3"))
	for _, update := range []interface {
		Wait() (*updateResponse, error)
	}{first, second, third} {
		if _, err := update.Wait(); err != nil {
			e.Abort("an update failed: %v", err)
		}
	}
	return run
}

func updateReset(e *Env) {
	run := completedAndAccepted(e)
	_ = e.Signal("signal", run, "go", 1)
	again := reset(e, "reset", run, 4)
	e.RecordHistory("new run before its task", again)
	pollUpdate(e, "u1 in the old run", run, "u1", stageCompleted)
	pollUpdate(e, "u2 in the old run", run, "u2", stageUnspecified)
	pollUpdate(e, "u1 in the new run", again, "u1", stageUnspecified)
	pollUpdate(e, "u3 in the new run", again, "u3", stageUnspecified)
	task := e.PollWorkflow("task of the new run")
	answer(e, "serve one, reject one", task, serves(task, "u1"), rejects(task, "u2"))
	pollUpdate(e, "u1 in the new run at last", again, "u1", stageCompleted)
	_ = e.Signal("another signal", again, "go", 2)
	e.Step("next task", CompleteWorkflow("done"))
}

func updateResetExcludingUpdates(e *Env) {
	run := completedAndAccepted(e)
	_ = e.Signal("signal", run, "go", 1)
	again := reset(e, "reset", run, 4, func(r *resetRequest) {
		r.ResetReapplyExcludeTypes = []enumspb.ResetReapplyExcludeType{enumspb.RESET_REAPPLY_EXCLUDE_TYPE_UPDATE}
	})
	pollUpdate(e, "u1 in the new run", again, "u1", stageUnspecified)
	update := sendUpdate(e, again, "u1")
	task := e.PollWorkflow("task of the new run")
	answer(e, "serve u1 anew", task, serves(task, "u1"), does(CompleteWorkflow("done")))
	_, _ = Join(e, "u1", update)
}

func updateResetTwice(e *Env) {
	run := completedAndAccepted(e)
	again := reset(e, "reset", run, 4)
	task := e.PollWorkflow("task of the new run")
	answer(e, "serve u1, reject u2", task, serves(task, "u1"), rejects(task, "u2"))
	third := reset(e, "reset again", again, 4)
	task = e.PollWorkflow("task of the newest run")
	answer(e, "serve both", task, serves(task, "u1"), serves(task, "u2"), does(CompleteWorkflow("done")))
	pollUpdate(e, "u2 in the newest run", third, "u2", stageCompleted)
}

// updateResetWhileWaiting resets a run whose callers wait.
func updateResetWhileWaiting(e *Env) {
	run := idle(e, longTask)
	_, join := threeUpdates(e, run)
	again := reset(e, "reset", run, 4)
	join()
	task := e.PollWorkflow("task of the new run")
	answer(e, "complete", task, serves(task, "accepted"), does(CompleteWorkflow("done")))
	pollUpdate(e, "the accepted update in the new run", again, "accepted", stageCompleted)
}
