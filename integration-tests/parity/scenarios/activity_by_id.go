package scenarios

import (
	"go.temporal.io/api/workflowservice/v1"
	. "klamm.dev/integration-tests/parity/harness"
)

var activityByID = []Scenario{
	{Name: "activity_by_id_complete", Run: activityByIDComplete},
	{Name: "activity_by_id_fail", Run: activityByIDFail},
	{Name: "activity_by_id_cancel", Run: activityByIDCancel},
	{Name: "activity_by_id_errors", Run: activityByIDErrors},
}

func completeByID(e *Env, run Run, id string) *workflowservice.RespondActivityTaskCompletedByIdRequest {
	return &workflowservice.RespondActivityTaskCompletedByIdRequest{
		Namespace: e.Namespace, WorkflowId: run.ID, RunId: run.RunID, ActivityId: id, Identity: Identity, Result: Payloads("by id"),
	}
}

func heartbeatByID(e *Env, run Run, id string) *workflowservice.RecordActivityTaskHeartbeatByIdRequest {
	return &workflowservice.RecordActivityTaskHeartbeatByIdRequest{
		Namespace: e.Namespace, WorkflowId: run.ID, RunId: run.RunID, ActivityId: id, Identity: Identity, Details: Payloads("progress"),
	}
}

func failByID(e *Env, run Run, id string) *workflowservice.RespondActivityTaskFailedByIdRequest {
	return &workflowservice.RespondActivityTaskFailedByIdRequest{
		Namespace: e.Namespace, WorkflowId: run.ID, RunId: run.RunID, ActivityId: id, Identity: Identity,
		Failure: ApplicationFailure("failed by id", "ById", true),
	}
}

func cancelByID(e *Env, run Run, id string) *workflowservice.RespondActivityTaskCanceledByIdRequest {
	return &workflowservice.RespondActivityTaskCanceledByIdRequest{
		Namespace: e.Namespace, WorkflowId: run.ID, RunId: run.RunID, ActivityId: id, Identity: Identity, Details: Payloads("canceled by id"),
	}
}

func activityByIDComplete(e *Env) {
	run := e.Start("wf")
	e.Step("first task", e.ScheduleActivity("a1"))
	activity := e.PollActivity("activity")
	_, _ = Call(e, "heartbeat", e.WF.RecordActivityTaskHeartbeatById, heartbeatByID(e, run, "a1"))
	_, _ = Call(e, "complete without a run id", e.WF.RespondActivityTaskCompletedById, completeByID(e, Run{ID: run.ID}, "a1"))
	_ = e.CompleteActivity("complete by token afterwards", activity, "token")
	e.Step("second task", CompleteWorkflow("done"))
}

func activityByIDFail(e *Env) {
	run := e.Start("wf")
	e.Step("first task", e.ScheduleActivity("a1"))
	e.PollActivity("activity")
	_, _ = Call(e, "fail", e.WF.RespondActivityTaskFailedById, failByID(e, run, "a1"))
	e.Step("second task", CompleteWorkflow("done"))
}

func activityByIDCancel(e *Env) {
	run := e.Start("wf")
	e.Step("first task", e.ScheduleActivity("a1"))
	e.PollActivity("activity")
	_, _ = Call(e, "canceled though nobody asked", e.WF.RespondActivityTaskCanceledById, cancelByID(e, run, "a1"))
	_ = e.Signal("signal", run, "stop", 1)
	e.Step("second task", RequestCancelActivity(5))
	_, _ = Call(e, "heartbeat tells of the request", e.WF.RecordActivityTaskHeartbeatById, heartbeatByID(e, run, "a1"))
	_, _ = Call(e, "canceled", e.WF.RespondActivityTaskCanceledById, cancelByID(e, run, "a1"))
	e.Step("third task", CompleteWorkflow("done"))
}

func activityByIDErrors(e *Env) {
	run := e.Start("wf")
	e.Step("first task", e.ScheduleActivity("a1"))
	for _, who := range []struct {
		name string
		run  Run
		id   string
	}{
		{"not started", run, "a1"},
		{"unknown activity", run, "a2"},
		{"no activity id", run, ""},
		{"unknown workflow", Run{ID: e.ID("nobody")}, "a1"},
	} {
		if who.name != "not started" {
			_, _ = Call(e, "complete: "+who.name, e.WF.RespondActivityTaskCompletedById, completeByID(e, who.run, who.id))
			_, _ = Call(e, "fail: "+who.name, e.WF.RespondActivityTaskFailedById, failByID(e, who.run, who.id))
		}
		_, _ = Call(e, "heartbeat: "+who.name, e.WF.RecordActivityTaskHeartbeatById, heartbeatByID(e, who.run, who.id))
		_, _ = Call(e, "cancel: "+who.name, e.WF.RespondActivityTaskCanceledById, cancelByID(e, who.run, who.id))
	}
}
