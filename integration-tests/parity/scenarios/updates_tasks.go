package scenarios

import (
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	querypb "go.temporal.io/api/query/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	. "klamm.dev/integration-tests/parity/harness"
)

// The workflow tasks that bring updates: such as are only written once something is to be kept, and others.
var updatesTasks = []Scenario{
	{Name: "update_signal_before_task", Run: updateSignalBeforeTask},
	{Name: "update_signal_while_task_runs", Run: updateSignalWhileTaskRuns},
	{Name: "update_timer_and_activity_while_task_runs", Run: updateTimerAndActivity},
	{Name: "update_rejected_behind_events", Run: updateRejectedBehindEvents},
	{Name: "update_discarded_behind_events", Run: updateDiscardedBehindEvents},
	{Name: "update_discarded_behind_many_events", Run: updateDiscardedBehindManyEvents},
	{Name: "update_rejected_with_commands", Run: updateRejectedWithCommands},
	{Name: "update_new_task_returned", Run: updateNewTaskReturned},
	{Name: "update_new_task_from_queue", Run: updateNewTaskFromQueue},
	{Name: "update_heartbeat", Run: updateHeartbeat},
	{Name: "update_task_fails", Run: updateTaskFails},
	{Name: "update_task_keeps_failing", Run: updateTaskKeepsFailing},
	{Name: "update_task_times_out", Run: updateTaskTimesOut},
	{Name: "update_task_not_started", Run: updateTaskNotStarted},
	{Name: "update_sticky", Run: updateSticky},
	{Name: "update_sticky_times_out", Run: updateStickyTimesOut},
	{Name: "update_backoff", Run: updateBackoff},
	{Name: "update_query", Run: updateQuery},
}

func updateSignalBeforeTask(e *Env) {
	run := idle(e)
	update := sendUpdate(e, run, "u1")
	_ = e.Signal("signal", run, "s", 1)
	e.RecordHistory("history with the signal", run)
	task := e.PollWorkflow("task of both")
	answer(e, "reject", task, rejects(task, "u1"))
	_, _ = Join(e, "update", update)
}

func updateSignalWhileTaskRuns(e *Env) {
	run := idle(e)
	update := sendUpdate(e, run, "u1")
	task := e.PollWorkflow("task of the update")
	_ = e.Signal("signal", run, "s", 1)
	e.RecordHistory("history with the signal", run)
	e.RecordDescription("description with the signal", run)
	answer(e, "reject", task, rejects(task, "u1"))
	_, _ = Join(e, "update", update)
	e.Step("task of the signal", CompleteWorkflow("done"))
}

func updateTimerAndActivity(e *Env) {
	run := e.Start("wf")
	e.Step("first task", e.ScheduleActivity("a1"), StartTimer("t1", 1))
	activity := e.PollActivity("activity")
	update := sendUpdate(e, run, "u1", waitFor(stageAccepted))
	task := e.PollWorkflow("task of the update")
	_ = e.CompleteActivity("complete the activity", activity, "result")
	e.RecordHistory("history with the activity", run)
	e.Eventually("the timer has fired", dueIn(1500))
	answer(e, "accept", task, accepts(task, "u1"))
	_, _ = Join(e, "update", update)
	answer(e, "complete", e.PollWorkflow("next task"), completes("u1", "result"), does(CompleteWorkflow("done")))
}

// behindATimer is a run whose last task left an event behind it.
func behindATimer(e *Env) Run {
	run := e.Start("wf")
	e.Step("first task", StartTimer("t1", 100))
	return run
}

func updateRejectedBehindEvents(e *Env) {
	run := behindATimer(e)
	update := sendUpdate(e, run, "u1")
	task := e.PollWorkflow("task of the update")
	answer(e, "reject", task, rejects(task, "u1"))
	_, _ = Join(e, "update", update)
}

// discards is what workers set that can take back what a discarded task showed them.
func discards(r *completion) {
	r.Capabilities = &workflowservice.RespondWorkflowTaskCompletedRequest_Capabilities{DiscardSpeculativeWorkflowTaskWithEvents: true}
}

func updateDiscardedBehindEvents(e *Env) {
	run := behindATimer(e)
	update := sendUpdate(e, run, "u1")
	task := e.PollWorkflow("task of the update")
	answer(e, "reject", task, rejects(task, "u1"), discards)
	_, _ = Join(e, "update", update)
	_ = e.Signal("signal", run, "s", 1)
	e.Step("next task", CompleteWorkflow("done"))
}

func updateDiscardedBehindManyEvents(e *Env) {
	for _, events := range []int{10, 11} {
		name := fmt.Sprintf("%d events", events)
		run := e.Start(name)
		var timers []part
		for i := range events {
			timers = append(timers, does(StartTimer(fmt.Sprintf("t%d", i), 100)))
		}
		answer(e, "start timers of "+name, e.PollWorkflow(""), timers...)
		update := sendUpdate(e, run, "u1")
		task := e.PollWorkflow("task behind " + name)
		answer(e, "reject behind "+name, task, rejects(task, "u1"), discards)
		_, _ = Join(e, "update behind "+name, update)
	}
}

func updateRejectedWithCommands(e *Env) {
	run := idle(e)
	update := sendUpdate(e, run, "u1")
	task := e.PollWorkflow("task of the update")
	answer(e, "reject and start a timer", task, rejects(task, "u1"), does(StartTimer("t1", 100)))
	_, _ = Join(e, "update", update)
}

func updateNewTaskReturned(e *Env) {
	run := e.Start("wf")
	task := e.PollWorkflow("first task")
	first := sendUpdate(e, run, "u1")
	task = answer(e, "complete the first task", task, withNewTask).GetWorkflowTask()
	second := sendUpdate(e, run, "u2")
	e.RecordHistory("history while the task of u1 runs", run)
	task = answer(e, "reject u1", task, rejects(task, "u1"), withNewTask).GetWorkflowTask()
	_, _ = Join(e, "u1", first)
	third := sendUpdate(e, run, "u3")
	task = answer(e, "serve u2", task, serves(task, "u2"), withNewTask).GetWorkflowTask()
	_, _ = Join(e, "u2", second)
	answer(e, "serve u3", task, serves(task, "u3"), withNewTask)
	_, _ = Join(e, "u3", third)
}

func updateNewTaskFromQueue(e *Env) {
	run := e.Start("wf")
	task := e.PollWorkflow("first task")
	first := sendUpdate(e, run, "u1")
	answer(e, "complete the first task", task)
	e.RecordHistory("history before the task of u1", run)
	task = e.PollWorkflow("task of u1")
	second := sendUpdate(e, run, "u2")
	answer(e, "reject u1", task, rejects(task, "u1"))
	_, _ = Join(e, "u1", first)
	task = e.PollWorkflow("task of u2")
	answer(e, "serve u2", task, serves(task, "u2"))
	_, _ = Join(e, "u2", second)
}

func beats(r *completion) {
	r.ForceCreateNewWorkflowTask = true
	r.ReturnNewWorkflowTask = true
}

func updateHeartbeat(e *Env) {
	run := idle(e)
	first := sendUpdate(e, run, "u1")
	task := e.PollWorkflow("task of u1")
	second := sendUpdate(e, run, "u2")
	beat := answer(e, "heartbeat", task, beats).GetWorkflowTask()
	again := answer(e, "another heartbeat", beat, beats).GetWorkflowTask()
	answer(e, "serve both", again, serves(task, "u1"), serves(beat, "u2"))
	_, _ = Join(e, "u1", first)
	_, _ = Join(e, "u2", second)
}

func updateTaskFails(e *Env) {
	run := idle(e, longTask)
	first := sendUpdate(e, run, "u1")
	task := e.PollWorkflow("task of the update")
	_ = e.Fail("fail", task, enumspb.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE)
	e.RecordHistory("history after the failure", run)
	task = e.PollWorkflow("second attempt")
	second := sendUpdate(e, run, "u2")
	_ = e.Fail("fail again", task, enumspb.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE)
	task = e.PollWorkflow("third attempt")
	answer(e, "serve one, reject one", task, serves(task, "u1"), rejects(task, "u2"))
	_, _ = Join(e, "u1", first)
	_, _ = Join(e, "u2", second)
}

// updateTaskKeepsFailing sends updates to a workflow whose code fails again and again.
func updateTaskKeepsFailing(e *Env) {
	run := e.Start("wf", longTask)
	for _, attempt := range []string{"first", "second"} {
		task := e.PollWorkflow(attempt + " attempt")
		_ = e.Fail(attempt+" failure", task, enumspb.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE)
	}
	_, _ = Call(e, "before the third attempt", e.WF.UpdateWorkflowExecution, newUpdate(e, run, "u1"))
	task := e.PollWorkflow("third attempt")
	_, _ = Call(e, "during the third attempt", e.WF.UpdateWorkflowExecution, newUpdate(e, run, "u2"))
	pollUpdate(e, "it is not known", run, "u2", stageUnspecified)
	answer(e, "complete", task)
	update := sendUpdate(e, run, "u3")
	task = e.PollWorkflow("task of an update")
	answer(e, "serve it", task, serves(task, "u3"))
	_, _ = Join(e, "update", update)
}

func updateTaskTimesOut(e *Env) {
	run := idle(e, func(r *startRequest) { r.WorkflowTaskTimeout = Seconds(1) })
	update := sendUpdate(e, run, "u1")
	late := e.PollWorkflow("task of the update")
	task := e.PollWorkflow("second attempt, after the timeout")
	answer(e, "answer the first attempt", late, serves(late, "u1"))
	answer(e, "answer the second attempt", task, serves(task, "u1"))
	_, _ = Join(e, "update", update)
}

// updateTaskNotStarted leaves the task of an update in its queue for longer than it is worth.
func updateTaskNotStarted(e *Env) {
	run := idle(e)
	update := sendUpdate(e, run, "u1")
	e.RecordHistory("history at first", run)
	e.AwaitEvent(run, enumspb.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT)
	e.RecordHistory("history after the timeout", run)
	task := e.PollWorkflow("task of the update")
	answer(e, "reject", task, rejects(task, "u1"))
	_, _ = Join(e, "update", update)
}

func staysSticky(e *Env) part {
	return func(r *completion) {
		r.StickyAttributes = &taskqueuepb.StickyExecutionAttributes{
			WorkerTaskQueue: e.StickyQueue("sticky"), ScheduleToStartTimeout: Seconds(5),
		}
	}
}

func updateSticky(e *Env) {
	run := e.Start("wf")
	makeSticky(e, run, 5)
	for _, id := range []string{"u1", "u2"} {
		update := sendUpdate(e, run, id)
		task := e.PollWorkflowOn("task of "+id+", on the sticky queue", e.StickyQueue("sticky"))
		answer(e, "reject "+id, task, rejects(task, id), staysSticky(e))
		_, _ = Join(e, id, update)
	}
	update := sendUpdate(e, run, "u3")
	task := e.PollWorkflowOn("task of u3, on the sticky queue", e.StickyQueue("sticky"))
	answer(e, "serve u3", task, serves(task, "u3"))
	_, _ = Join(e, "u3", update)
}

func updateStickyTimesOut(e *Env) {
	run := e.Start("wf")
	makeSticky(e, run, 1)
	update := sendUpdate(e, run, "u1")
	task := e.PollWorkflow("task of the update, on the normal queue")
	answer(e, "reject", task, rejects(task, "u1"))
	_, _ = Join(e, "update", update)
}

// updateBackoff sends an update to a run whose first task is not due yet.
func updateBackoff(e *Env) {
	run := e.Start("wf", func(r *startRequest) { r.WorkflowStartDelay = Seconds(3) })
	update := sendUpdate(e, run, "u1")
	task := e.PollWorkflow("task of the update")
	answer(e, "accept and complete", task, serves(task, "u1"))
	_, _ = Join(e, "update", update)
	e.Eventually("the delay is over", dueIn(3500))
	_ = e.Signal("signal", run, "s", 1)
	e.Step("next task", CompleteWorkflow("done"))
}

// updateQuery has a query that travels with the task of an update.
func updateQuery(e *Env) {
	run := idle(e)
	update := sendUpdate(e, run, "u1")
	query := Go(rpcWait, e.WF.QueryWorkflow, e.QueryRequest(run, "state"))
	e.Eventually("the query has reached the server", dueIn(1000))
	task := e.PollWorkflow("task of both")
	answer(e, "reject the update, answer the query", task, rejects(task, "u1"), func(r *completion) {
		r.QueryResults = map[string]*querypb.WorkflowQueryResult{}
		for id := range task.GetQueries() {
			r.QueryResults[id] = &querypb.WorkflowQueryResult{
				ResultType: enumspb.QUERY_RESULT_TYPE_ANSWERED, Answer: Payloads("attached answer"),
			}
		}
	})
	_, _ = Join(e, "update", update)
	_, _ = Join(e, "query", query)
}
