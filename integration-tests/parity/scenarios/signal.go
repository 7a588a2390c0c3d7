package scenarios

import (
	"strings"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	. "klamm.dev/integration-tests/parity/harness"
)

var signals = []Scenario{
	{Name: "signal_running", Run: signalRunning},
	{Name: "signal_buffered", Run: signalBuffered},
	{Name: "signal_request_id", Run: signalRequestID},
	{Name: "signal_bad_requests", Run: signalBadRequests},
	{Name: "signal_closed", Run: signalClosed},
}

func signalRunning(e *Env) {
	run := e.Start("wf")
	e.Step("first task")
	request := e.SignalRequest(run, "greet", "hello")
	request.Header = &commonpb.Header{Fields: map[string]*commonpb.Payload{"trace": Payload("abc")}}
	_, _ = Call(e, "signal", e.WF.SignalWorkflowExecution, request)
	_ = e.Signal("second signal, by id alone", Run{ID: run.ID}, "greet", "again")
	e.Step("second task", CompleteWorkflow("done"))
}

func signalBuffered(e *Env) {
	run := e.Start("wf")
	task := e.PollWorkflow("first task")
	_ = e.Signal("signal while the task runs", run, "one", 1)
	_ = e.Signal("another", run, "two", 2)
	e.RecordHistory("history while buffered", run)
	_, _ = e.Complete("complete", task, StartTimer("t1", 100))
	e.Step("second task", CompleteWorkflow("done"))
}

func signalRequestID(e *Env) {
	run := e.Start("wf")
	request := e.SignalRequest(run, "once", 1)
	request.RequestId = "11111111-aaaa-bbbb-cccc-222222222222"
	_, _ = Call(e, "signal", e.WF.SignalWorkflowExecution, request)
	_, _ = Call(e, "same request again", e.WF.SignalWorkflowExecution, request)
	e.Step("workflow task", CompleteWorkflow("done"))
}

func signalBadRequests(e *Env) {
	run := e.Start("wf")
	for _, bad := range []struct {
		step   string
		change func(*workflowservice.SignalWorkflowExecutionRequest)
	}{
		{"no name", func(r *workflowservice.SignalWorkflowExecutionRequest) { r.SignalName = "" }},
		{"long name", func(r *workflowservice.SignalWorkflowExecutionRequest) { r.SignalName = strings.Repeat("n", 1001) }},
		{"long request id", func(r *workflowservice.SignalWorkflowExecutionRequest) { r.RequestId = strings.Repeat("n", 1001) }},
		{"oversized input", func(r *workflowservice.SignalWorkflowExecutionRequest) {
			r.Input = Payloads(strings.Repeat("i", 2<<20+1))
		}},
		{"no namespace", func(r *workflowservice.SignalWorkflowExecutionRequest) { r.Namespace = "" }},
	} {
		request := e.SignalRequest(run, "s", 1)
		bad.change(request)
		_, _ = Call(e, bad.step, e.WF.SignalWorkflowExecution, request)
	}
}

func signalClosed(e *Env) {
	run := e.Start("wf")
	e.Step("task", CompleteWorkflow("done"))
	_ = e.Signal("by run id", run, "late", 1)
	_ = e.Signal("by id alone", Run{ID: run.ID}, "late", 1)
}

var signalWithStart = []Scenario{
	{Name: "signal_with_start_new", Run: signalWithStartNew},
	{Name: "signal_with_start_running", Run: signalWithStartRunning},
	{Name: "signal_with_start_closed", Run: signalWithStartClosed},
	{Name: "signal_with_start_bad_requests", Run: signalWithStartBadRequests},
}

func signalWithStartRequest(e *Env, name string) *workflowservice.SignalWithStartWorkflowExecutionRequest {
	return &workflowservice.SignalWithStartWorkflowExecutionRequest{
		Namespace:    e.Namespace,
		WorkflowId:   e.ID(name),
		WorkflowType: &commonpb.WorkflowType{Name: "ParityWorkflow"},
		TaskQueue:    e.Queue(),
		Input:        Payloads("start input"),
		SignalName:   "kick",
		SignalInput:  Payloads("signal input"),
		Identity:     Identity,
		RequestId:    e.ID(name + "-signal-with-start"),
	}
}

func signalWithStartNew(e *Env) {
	response, err := Call(e, "signal-with-start", e.WF.SignalWithStartWorkflowExecution, signalWithStartRequest(e, "wf"))
	if err != nil {
		return
	}
	e.Touch("wf", e.ID("wf"), response.GetRunId())
	_, _ = Call(e, "the same request again", e.WF.SignalWithStartWorkflowExecution, signalWithStartRequest(e, "wf"))
	e.Step("workflow task", CompleteWorkflow("done"))
}

func signalWithStartRunning(e *Env) {
	e.Start("wf")
	e.Step("first task")
	_, _ = Call(e, "signal-with-start", e.WF.SignalWithStartWorkflowExecution, signalWithStartRequest(e, "wf"))
	e.Step("second task")
	request := signalWithStartRequest(e, "wf")
	request.RequestId = e.ID("another")
	request.WorkflowIdReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE
	_, _ = Call(e, "with reject duplicate", e.WF.SignalWithStartWorkflowExecution, request)
	e.Step("third task", CompleteWorkflow("done"))
}

func signalWithStartClosed(e *Env) {
	e.Start("wf")
	e.Step("task", CompleteWorkflow("done"))
	request := signalWithStartRequest(e, "wf")
	request.WorkflowIdReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE
	_, _ = Call(e, "with reject duplicate", e.WF.SignalWithStartWorkflowExecution, request)
	request.WorkflowIdReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
	request.RequestId = e.ID("another")
	response, err := Call(e, "with allow duplicate", e.WF.SignalWithStartWorkflowExecution, request)
	if err == nil {
		e.Touch("second run", e.ID("wf"), response.GetRunId())
	}
}

func signalWithStartBadRequests(e *Env) {
	type request = workflowservice.SignalWithStartWorkflowExecutionRequest
	for _, bad := range []struct {
		step   string
		change func(*request)
	}{
		{"no workflow id", func(r *request) { r.WorkflowId = "" }},
		{"no signal name", func(r *request) { r.SignalName = "" }},
		{"no workflow type", func(r *request) { r.WorkflowType = nil }},
		{"no task queue", func(r *request) { r.TaskQueue = nil }},
		{"negative run timeout", func(r *request) { r.WorkflowRunTimeout = Seconds(-1) }},
		{"conflict policy fail", func(r *request) {
			r.WorkflowIdConflictPolicy = enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL
		}},
		{"oversized signal input", func(r *request) { r.SignalInput = Payloads(strings.Repeat("i", 2<<20+1)) }},
	} {
		r := signalWithStartRequest(e, "wf")
		bad.change(r)
		_, _ = Call(e, bad.step, e.WF.SignalWithStartWorkflowExecution, r)
	}
}
