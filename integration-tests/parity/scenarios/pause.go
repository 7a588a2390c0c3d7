package scenarios

import (
	"strings"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	. "klamm.dev/integration-tests/parity/harness"
)

// What operators do to open workflows.
var pauses = []Scenario{
	{Name: "pause_scheduled_task", Run: pauseScheduledTask},
	{Name: "pause_started_task", Run: pauseStartedTask},
	{Name: "pause_idle", Run: pauseIdle},
	{Name: "pause_activities", Run: pauseActivities},
	{Name: "pause_failed_task", Run: pauseFailedTask},
	{Name: "pause_refusals", Run: pauseRefusals},
	{Name: "pause_terminated", Run: pauseTerminated},
	{Name: "options_priority", Run: optionsPriority},
	{Name: "options_refusals", Run: optionsRefusals},
}

func pauseWorkflow(e *Env, run Run, requestID string) *workflowservice.PauseWorkflowExecutionRequest {
	return &workflowservice.PauseWorkflowExecutionRequest{
		Namespace: e.Namespace, WorkflowId: run.ID, RunId: run.RunID, Identity: Identity, Reason: "on purpose", RequestId: requestID,
	}
}

func unpauseWorkflow(e *Env, run Run) *workflowservice.UnpauseWorkflowExecutionRequest {
	return &workflowservice.UnpauseWorkflowExecutionRequest{
		Namespace: e.Namespace, WorkflowId: run.ID, RunId: run.RunID, Identity: Identity, Reason: "again", RequestId: "unpause",
	}
}

func pauseScheduledTask(e *Env) {
	run := e.Start("wf")
	_, _ = Call(e, "pause", e.WF.PauseWorkflowExecution, pauseWorkflow(e, run, "r"))
	e.RecordDescription("paused", run)
	_ = e.Signal("signal", run, "wake", 1)
	_, _ = Call(e, "query", e.WF.QueryWorkflow, e.QueryRequest(run, "state"))
	_, _ = Call(e, "unpause", e.WF.UnpauseWorkflowExecution, unpauseWorkflow(e, run))
	e.RecordDescription("unpaused", run)
	e.Step("task", CompleteWorkflow("done"))
}

func pauseStartedTask(e *Env) {
	run := e.Start("wf")
	task := e.PollWorkflow("task")
	_, _ = Call(e, "pause", e.WF.PauseWorkflowExecution, pauseWorkflow(e, run, "r"))
	e.RecordDescription("paused while the task runs", run)
	_ = e.Signal("signal", run, "wake", 1)
	request := e.CompleteRequest(task, StartTimer("t", 100))
	request.ForceCreateNewWorkflowTask = true
	_, _ = Call(e, "complete and ask for another task", e.WF.RespondWorkflowTaskCompleted, request)
	_, _ = e.Complete("complete", task, StartTimer("t", 100))
	e.RecordHistory("while paused", run)
	_, _ = Call(e, "unpause", e.WF.UnpauseWorkflowExecution, unpauseWorkflow(e, run))
	e.Step("next task", CompleteWorkflow("done"))
}

func pauseIdle(e *Env) {
	run := e.Start("wf")
	e.Step("task", StartTimer("t", 3))
	_, _ = Call(e, "pause", e.WF.PauseWorkflowExecution, pauseWorkflow(e, run, ""))
	e.AwaitEvent(run, enumspb.EVENT_TYPE_TIMER_FIRED)
	_ = e.Cancel("cancel", run)
	e.RecordHistory("while paused", run)
	_, _ = Call(e, "unpause", e.WF.UnpauseWorkflowExecution, unpauseWorkflow(e, run))
	e.Step("next task", CompleteWorkflow("done"))
}

func pauseActivities(e *Env) {
	run := e.Start("wf")
	e.Step("task", e.ScheduleActivity("a1"))
	activity := e.PollActivity("activity")
	_ = e.Signal("signal", run, "wake", 1)
	task := e.PollWorkflow("second task")
	_, _ = Call(e, "pause", e.WF.PauseWorkflowExecution, pauseWorkflow(e, run, "r"))
	_, _ = e.Complete("complete with another activity", task, e.ScheduleActivity("a2"))
	_ = e.Heartbeat("heartbeat", activity, 1)
	e.RecordDescription("paused", run)
	_ = e.CompleteActivity("complete the first activity", activity, 1)
	_, _ = Call(e, "unpause", e.WF.UnpauseWorkflowExecution, unpauseWorkflow(e, run))
	_ = e.CompleteActivity("complete the second activity", e.PollActivity("second activity"), 2)
	e.Step("next task", CompleteWorkflow("done"))
}

func pauseFailedTask(e *Env) {
	run := e.Start("wf")
	task := e.PollWorkflow("task")
	_, _ = Call(e, "pause", e.WF.PauseWorkflowExecution, pauseWorkflow(e, run, "r"))
	_ = e.Fail("fail the task", task, enumspb.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE)
	e.RecordDescription("paused", run)
	_, _ = Call(e, "unpause", e.WF.UnpauseWorkflowExecution, unpauseWorkflow(e, run))
	e.Step("next task", CompleteWorkflow("done"))
}

func pauseRefusals(e *Env) {
	run := e.Start("wf")
	_, _ = Call(e, "unpause what is not paused", e.WF.UnpauseWorkflowExecution, unpauseWorkflow(e, run))
	long := pauseWorkflow(e, run, "r")
	long.Reason = strings.Repeat("r", 1001)
	_, _ = Call(e, "a long reason", e.WF.PauseWorkflowExecution, long)
	_, _ = Call(e, "a long request id", e.WF.PauseWorkflowExecution, pauseWorkflow(e, run, strings.Repeat("r", 1001)))
	_, _ = Call(e, "an unknown workflow", e.WF.PauseWorkflowExecution, pauseWorkflow(e, Run{ID: e.ID("nobody")}, "r"))
	_, _ = Call(e, "pause", e.WF.PauseWorkflowExecution, pauseWorkflow(e, run, "r"))
	_, _ = Call(e, "pause by the same request", e.WF.PauseWorkflowExecution, pauseWorkflow(e, run, "r"))
	_, _ = Call(e, "pause by another request", e.WF.PauseWorkflowExecution, pauseWorkflow(e, run, "other"))
}

func pauseTerminated(e *Env) {
	run := e.Start("wf")
	_, _ = Call(e, "pause", e.WF.PauseWorkflowExecution, pauseWorkflow(e, run, "r"))
	_ = e.Terminate("terminate", run)
	_, _ = Call(e, "pause once closed", e.WF.PauseWorkflowExecution, pauseWorkflow(e, run, "r"))
	_, _ = Call(e, "unpause once closed", e.WF.UnpauseWorkflowExecution, unpauseWorkflow(e, run))
}

func workflowOptions(e *Env, run Run, options *workflowpb.WorkflowExecutionOptions, paths ...string) *workflowservice.UpdateWorkflowExecutionOptionsRequest {
	return &workflowservice.UpdateWorkflowExecutionOptionsRequest{
		Namespace: e.Namespace, WorkflowExecution: Execution(run.ID, run.RunID), Identity: Identity,
		WorkflowExecutionOptions: options, UpdateMask: &fieldmaskpb.FieldMask{Paths: paths},
	}
}

func priority(key int32) *workflowpb.WorkflowExecutionOptions {
	return &workflowpb.WorkflowExecutionOptions{Priority: &commonpb.Priority{PriorityKey: key, FairnessKey: "f", FairnessWeight: 2}}
}

func optionsPriority(e *Env) {
	run := e.Start("wf")
	_, _ = Call(e, "a key", e.WF.UpdateWorkflowExecutionOptions, workflowOptions(e, run, priority(1), "priority.priority_key"))
	e.RecordDescription("with a key", run)
	_, _ = Call(e, "the same key", e.WF.UpdateWorkflowExecutionOptions, workflowOptions(e, run, priority(1), "priority.priority_key"))
	task := e.PollWorkflow("task")
	_, _ = Call(e, "all of it", e.WF.UpdateWorkflowExecutionOptions, workflowOptions(e, run, priority(2), "priority"))
	e.RecordDescription("with all of it", run)
	_, _ = e.Complete("complete", task, StartTimer("t", 100))
	_, _ = Call(e, "nothing", e.WF.UpdateWorkflowExecutionOptions, workflowOptions(e, run, priority(3)))
	e.RecordHistory("history", run)
}

func optionsRefusals(e *Env) {
	run := e.Start("wf")
	_, _ = Call(e, "no workflow id", e.WF.UpdateWorkflowExecutionOptions, workflowOptions(e, Run{}, priority(1), "priority"))
	none := workflowOptions(e, run, priority(1))
	none.UpdateMask = nil
	_, _ = Call(e, "no mask", e.WF.UpdateWorkflowExecutionOptions, none)
	_, _ = Call(e, "no options", e.WF.UpdateWorkflowExecutionOptions, workflowOptions(e, run, nil, "priority"))
	_, _ = Call(e, "a negative key", e.WF.UpdateWorkflowExecutionOptions, workflowOptions(e, run, priority(-1), "priority"))
	_, _ = Call(e, "a part of an override", e.WF.UpdateWorkflowExecutionOptions, workflowOptions(e, run, priority(1), "versioning_override.pinned"))
	_, _ = Call(e, "half of an override", e.WF.UpdateWorkflowExecutionOptions, workflowOptions(e, run, priority(1), "versioning_override.behavior"))
	_, _ = Call(e, "no override", e.WF.UpdateWorkflowExecutionOptions, workflowOptions(e, run, priority(1), "versioning_override"))
	_, _ = Call(e, "an unknown workflow", e.WF.UpdateWorkflowExecutionOptions, workflowOptions(e, Run{ID: e.ID("nobody")}, priority(1), "priority"))
	_ = e.Terminate("terminate", run)
	_, _ = Call(e, "once closed", e.WF.UpdateWorkflowExecutionOptions, workflowOptions(e, run, priority(1), "priority"))
}
