package scenarios

import (
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	. "klamm.dev/integration-tests/parity/harness"
)

var eagerStarts = []Scenario{
	{Name: "eager_start", Run: eagerStart},
	{Name: "eager_start_repeated", Run: eagerStartRepeated},
	{Name: "eager_start_in_vain", Run: eagerStartInVain},
	{Name: "eager_start_times_out", Run: eagerStartTimesOut},
}

func eagerly(r *startRequest) { r.RequestEagerExecution = true }

func eagerStart(e *Env) {
	request := e.StartRequest("wf")
	request.RequestEagerExecution = true
	request.Input = Payloads("in")
	response, _ := Call(e, "start", e.WF.StartWorkflowExecution, request)
	run := Run{ID: request.WorkflowId, RunID: response.GetRunId()}
	e.Touch("wf", run.ID, run.RunID)
	e.RecordDescription("while the caller has the task", run)
	_ = e.Signal("signal", run, "s", 1)
	_, _ = e.Complete("complete", response.GetEagerWorkflowTask())
	e.Step("second task, from the queue", CompleteWorkflow("done"))
}

func eagerStartRepeated(e *Env) {
	e.StartRecorded("start", "wf", eagerly)
	e.StartRecorded("the same request again", "wf", eagerly)
	e.StartRecorded("the same request, not eager", "wf")
	e.StartRecorded("another request", "wf", eagerly, func(r *startRequest) { r.RequestId = e.ID("another") })
	response := Quiet(e, e.WF.StartWorkflowExecution, func() *startRequest {
		request := e.StartRequest("wf")
		eagerly(request)
		return request
	}())
	_, _ = e.Complete("complete", response.GetEagerWorkflowTask(), CompleteWorkflow("done"))
	e.StartRecorded("the same request after the end", "wf", eagerly)
}

func eagerStartInVain(e *Env) {
	delayed := e.StartRecorded("with a delay", "delayed", eagerly, func(r *startRequest) { r.WorkflowStartDelay = Seconds(60) })
	_ = e.Terminate("terminate", delayed)
	cron := e.StartRecorded("with a cron schedule", "cron", eagerly, func(r *startRequest) { r.CronSchedule = "@every 60s" })
	_ = e.Terminate("terminate", cron)
	e.StartRecorded("normal", "normal")
	e.StartRecorded("an open run is used", "normal", eagerly, func(r *startRequest) {
		r.RequestId = e.ID("another")
		r.WorkflowIdConflictPolicy = enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING
	})
	e.StartRecorded("repeated before the task is started", "normal", eagerly)
	e.Step("task", CompleteWorkflow("done"))
	e.StartRecorded("a closed run is followed", "normal", eagerly, func(r *startRequest) { r.RequestId = e.ID("after") })
}

func eagerStartTimesOut(e *Env) {
	run := e.StartRecorded("start", "wf", eagerly, func(r *startRequest) { r.WorkflowTaskTimeout = Seconds(1) })
	e.AwaitEvent(run, enumspb.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT)
	task := e.PollWorkflow("second attempt, from the queue")
	_, _ = Call(e, "the same request again", e.WF.StartWorkflowExecution, func() *workflowservice.StartWorkflowExecutionRequest {
		request := e.StartRequest("wf")
		eagerly(request)
		return request
	}())
	_, _ = e.Complete("complete", task, CompleteWorkflow("done"))
}
