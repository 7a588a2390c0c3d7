package scenarios

import (
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	. "klamm.dev/integration-tests/parity/harness"
)

// Workflows that begin again at a point of their history.
var resets = []Scenario{
	{Name: "reset_completed_task", Run: resetCompletedTask},
	{Name: "reset_scheduled_task", Run: resetScheduledTask},
	{Name: "reset_excluding_signals", Run: resetExcludingSignals},
	{Name: "reset_buffered_signal", Run: resetBufferedSignal},
	{Name: "reset_activity_and_timer", Run: resetActivityAndTimer},
	{Name: "reset_closed", Run: resetClosed},
	{Name: "reset_twice", Run: resetTwice},
	{Name: "reset_continued", Run: resetContinued},
	{Name: "reset_another_is_newest", Run: resetAnotherIsNewest},
	{Name: "reset_with_options", Run: resetWithOptions},
	{Name: "reset_refusals", Run: resetRefusals},
}

type resetRequest = workflowservice.ResetWorkflowExecutionRequest

// reset resets the run, records the answer, and gives the new run.
func reset(e *Env, step string, run Run, finish int64, change ...func(*resetRequest)) Run {
	request := &resetRequest{
		Namespace: e.Namespace, WorkflowExecution: Execution(run.ID, run.RunID), Reason: "wrong",
		WorkflowTaskFinishEventId: finish, RequestId: e.ID(step),
	}
	for _, f := range change {
		f(request)
	}
	response, err := Call(e, step, e.WF.ResetWorkflowExecution, request)
	if err != nil {
		return run
	}
	e.Touch("new run of "+step, run.ID, response.GetRunId())
	return Run{ID: run.ID, RunID: response.GetRunId()}
}

// signaledTwice starts a workflow whose two tasks are completed, with a signal before and one after the second.
func signaledTwice(e *Env) Run {
	run := e.Start("wf")
	e.Step("first task")
	_ = e.Signal("signal one", run, "one", 1)
	e.Step("second task")
	_ = e.Signal("signal two", run, "two", 2)
	return run
}

func resetCompletedTask(e *Env) {
	run := signaledTwice(e)
	again := reset(e, "reset", run, 4)
	e.RecordDescription("new run", again)
	e.RecordDescription("old run", run)
	e.Step("task of the new run", CompleteWorkflow("done"))
}

func resetScheduledTask(e *Env) {
	run := e.Start("wf")
	_ = e.Signal("signal", run, "one", 1)
	again := reset(e, "reset", run, 3)
	e.RecordHistory("history", again)
	e.Step("task of the new run", CompleteWorkflow("done"))
}

func resetExcludingSignals(e *Env) {
	run := signaledTwice(e)
	again := reset(e, "reset", run, 4, func(r *resetRequest) {
		r.ResetReapplyExcludeTypes = []enumspb.ResetReapplyExcludeType{enumspb.RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL}
	})
	again = reset(e, "reset again", again, 4, func(r *resetRequest) { r.ResetReapplyType = enumspb.RESET_REAPPLY_TYPE_NONE })
	e.Step("task of the new run", CompleteWorkflow("done"))
	_ = again
}

func resetBufferedSignal(e *Env) {
	run := signaledTwice(e)
	_ = e.PollWorkflow("third task")
	_ = e.Signal("signal three", run, "three", 3)
	reset(e, "reset", run, 8)
	e.Step("task of the new run", CompleteWorkflow("done"))
}

func resetActivityAndTimer(e *Env) {
	run := e.Start("wf")
	elsewhere := func(a *activityAttributes) { a.TaskQueue = e.NamedQueue("elsewhere") }
	e.Step("first task", e.ScheduleActivity("a1"), e.ScheduleActivity("a2", elsewhere), StartTimer("t", 300))
	_ = e.CompleteActivity("complete an activity", e.PollActivity(""), 1)
	task := e.PollWorkflow("second task")
	_, _ = e.Complete("complete", task, CancelTimer("t"))
	again := reset(e, "reset to the first task", run, 4)
	e.Step("task of the new run", e.ScheduleActivity("a1"), e.ScheduleActivity("a2", elsewhere), StartTimer("t", 300))
	_ = e.CompleteActivity("complete an activity again", e.PollActivity(""), 1)
	e.Step("second task again")
	third := reset(e, "reset to the second task", again, 14)
	e.RecordDescription("with an activity and a timer", third)
}

func resetClosed(e *Env) {
	run := e.Start("wf", func(r *startRequest) {
		r.WorkflowRunTimeout = Seconds(100)
		r.WorkflowExecutionTimeout = Seconds(200)
	})
	e.Step("task", CompleteWorkflow("done"))
	again := reset(e, "reset", run, 4)
	e.RecordDescription("new run", again)
	e.Step("task of the new run", CompleteWorkflow("done again"))
}

func resetTwice(e *Env) {
	run := signaledTwice(e)
	again := reset(e, "reset", run, 4)
	e.Step("task of the new run")
	_ = e.Signal("signal three", again, "three", 3)
	reset(e, "reset again", again, 4)
	e.Step("task of the newest run", CompleteWorkflow("done"))
}

func resetContinued(e *Env) {
	run := e.Start("wf")
	e.Step("first task")
	_ = e.Signal("signal one", run, "one", 1)
	e.Step("second task", ContinueAsNew(nil))
	_ = e.Signal("signal two", Run{ID: run.ID}, "two", 2)
	reset(e, "reset", run, 4)
	e.Step("task of the new run", CompleteWorkflow("done"))
}

func resetAnotherIsNewest(e *Env) {
	run := e.Start("wf")
	e.Step("task", CompleteWorkflow("done"))
	e.StartRecorded("start another run", "wf")
	reset(e, "reset", run, 4)
	e.Step("task of the new run", CompleteWorkflow("done"))
}

func resetWithOptions(e *Env) {
	run := signaledTwice(e)
	reset(e, "reset", run, 4, func(r *resetRequest) {
		r.PostResetOperations = []*workflowpb.PostResetOperation{{
			Variant: &workflowpb.PostResetOperation_UpdateWorkflowOptions_{
				UpdateWorkflowOptions: &workflowpb.PostResetOperation_UpdateWorkflowOptions{
					WorkflowExecutionOptions: &workflowpb.WorkflowExecutionOptions{Priority: &commonpb.Priority{PriorityKey: 1}},
					UpdateMask:               &fieldmaskpb.FieldMask{Paths: []string{"priority"}},
				},
			},
		}}
	})
	e.Step("task of the new run", CompleteWorkflow("done"))
}

func resetRefusals(e *Env) {
	run := signaledTwice(e)
	for _, finish := range []int64{0, 1, 2, 5, 6, 100} {
		reset(e, "to event "+string(rune('a'+finish%26)), run, finish)
	}
	reset(e, "without a request id", run, 4, func(r *resetRequest) { r.RequestId = "" })
	reset(e, "without an execution", run, 4, func(r *resetRequest) { r.WorkflowExecution = nil })
	reset(e, "a run id that is none", run, 4, func(r *resetRequest) { r.WorkflowExecution.RunId = "none" })
	reset(e, "an unknown workflow", Run{ID: e.ID("nobody")}, 4)
	reset(e, "an unknown run", Run{ID: run.ID, RunID: "00000000-0000-4000-8000-000000000000"}, 4)
}
