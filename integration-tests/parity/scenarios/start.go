package scenarios

import (
	"strings"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	sdkpb "go.temporal.io/api/sdk/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	. "klamm.dev/integration-tests/parity/harness"
)

type startRequest = workflowservice.StartWorkflowExecutionRequest

var start = []Scenario{
	{Name: "start_complete", Run: startComplete},
	{Name: "start_everything_set", Run: startEverythingSet},
	{Name: "start_bad_requests", Run: startBadRequests},
	{Name: "start_timeouts_filled", Run: startTimeoutsFilled},
	{Name: "start_delay", Run: startDelay},
	{Name: "start_delay_signal_with_start", Run: startDelaySignalWithStart},
	{Name: "start_unknown_search_attribute", Run: startUnknownSearchAttribute},
	{Name: "describe_running", Run: describeRunning},
	{Name: "unknown_workflow", Run: unknownWorkflow},
}

func startComplete(e *Env) {
	run := e.StartRecorded("start", "wf", func(r *startRequest) { r.Input = Payloads("hello", 42) })
	task := e.PollWorkflow("workflow task")
	_, _ = e.Complete("complete", task, CompleteWorkflow("done"))
	_, _ = Call(e, "result", e.WF.GetWorkflowExecutionHistory, &workflowservice.GetWorkflowExecutionHistoryRequest{
		Namespace: e.Namespace, Execution: Execution(run.ID, ""), WaitNewEvent: true,
		HistoryEventFilterType: enumspb.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT,
	})
}

func startEverythingSet(e *Env) {
	e.StartRecorded("start", "wf", func(r *startRequest) {
		r.Input = Payloads(map[string]int{"a": 1})
		r.WorkflowExecutionTimeout = Seconds(3600)
		r.WorkflowRunTimeout = Seconds(1800)
		r.WorkflowTaskTimeout = Seconds(7)
		r.Memo = Memo(map[string]any{"note": "a memo", "count": 3})
		r.Header = &commonpb.Header{Fields: map[string]*commonpb.Payload{"trace": Payload("abc")}}
		r.SearchAttributes = SearchAttributes(map[string]*commonpb.Payload{
			"ParityKeyword": Payload("red"),
			"ParityInt":     Typed(7, "Int"),
			"ParityDouble":  Typed(1.5, "Double"),
			"ParityBool":    Typed(true, "Bool"),
			"ParityTime":    Typed("2024-02-03T04:05:06.789Z", "Datetime"),
			"ParityList":    Typed([]string{"a", "b"}, "KeywordList"),
			"ParityText":    Typed("some words here", "Text"),
		})
		r.UserMetadata = &sdkpb.UserMetadata{Summary: Payload("summary"), Details: Payload("details")}
		r.Priority = &commonpb.Priority{PriorityKey: 2, FairnessKey: "tenant", FairnessWeight: 1.5}
	})
	e.Step("workflow task", e.ScheduleActivity("a1"))
	e.PollActivity("activity inherits the priority")
}

func startBadRequests(e *Env) {
	long := strings.Repeat("x", 1001)
	for _, bad := range []struct {
		step   string
		change func(*startRequest)
	}{
		{"no namespace", func(r *startRequest) { r.Namespace = "" }},
		{"unknown namespace", func(r *startRequest) { r.Namespace = e.ID("nowhere") }},
		{"no workflow id", func(r *startRequest) { r.WorkflowId = "" }},
		{"long workflow id", func(r *startRequest) { r.WorkflowId = long }},
		{"no workflow type", func(r *startRequest) { r.WorkflowType = nil }},
		{"empty workflow type", func(r *startRequest) { r.WorkflowType = &commonpb.WorkflowType{} }},
		{"long workflow type", func(r *startRequest) { r.WorkflowType = &commonpb.WorkflowType{Name: long} }},
		{"no task queue", func(r *startRequest) { r.TaskQueue = nil }},
		{"empty task queue", func(r *startRequest) { r.TaskQueue = &taskqueuepb.TaskQueue{} }},
		{"long task queue", func(r *startRequest) { r.TaskQueue = &taskqueuepb.TaskQueue{Name: long} }},
		{"reserved task queue", func(r *startRequest) { r.TaskQueue = &taskqueuepb.TaskQueue{Name: "/_sys/mine/1"} }},
		{"long request id", func(r *startRequest) { r.RequestId = long }},
		{"negative execution timeout", func(r *startRequest) { r.WorkflowExecutionTimeout = Seconds(-1) }},
		{"negative run timeout", func(r *startRequest) { r.WorkflowRunTimeout = Seconds(-1) }},
		{"negative task timeout", func(r *startRequest) { r.WorkflowTaskTimeout = Seconds(-1) }},
		{"negative start delay", func(r *startRequest) { r.WorkflowStartDelay = Seconds(-1) }},
		{"terminate-if-running with a conflict policy", func(r *startRequest) {
			r.WorkflowIdReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING
			r.WorkflowIdConflictPolicy = enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING
		}},
		{"reject-duplicate with terminate-existing", func(r *startRequest) {
			r.WorkflowIdReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE
			r.WorkflowIdConflictPolicy = enumspb.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING
		}},
		{"negative priority", func(r *startRequest) { r.Priority = &commonpb.Priority{PriorityKey: -1} }},
		{"long fairness key", func(r *startRequest) {
			r.Priority = &commonpb.Priority{FairnessKey: strings.Repeat("f", 65)}
		}},
		{"long summary", func(r *startRequest) {
			r.UserMetadata = &sdkpb.UserMetadata{Summary: Payload(strings.Repeat("s", 401))}
		}},
		{"oversized input", func(r *startRequest) { r.Input = Payloads(strings.Repeat("i", 2<<20+1)) }},
		{"oversized memo", func(r *startRequest) {
			r.Memo = Memo(map[string]any{"m": strings.Repeat("m", 2<<20+1)})
		}},
		{"malformed cron schedule", func(r *startRequest) { r.CronSchedule = "not a cron" }},
		{"retry policy with a negative interval", func(r *startRequest) {
			r.RetryPolicy = &commonpb.RetryPolicy{InitialInterval: Seconds(-1)}
		}},
		{"search attribute of the wrong type", func(r *startRequest) {
			r.SearchAttributes = SearchAttributes(map[string]*commonpb.Payload{"ParityInt": Payload("seven")})
		}},
		{"system search attribute", func(r *startRequest) {
			r.SearchAttributes = SearchAttributes(map[string]*commonpb.Payload{"StartTime": Payload("2024-01-01T00:00:00Z")})
		}},
	} {
		e.StartRecorded(bad.step, "wf", bad.change)
	}
}

func startTimeoutsFilled(e *Env) {
	e.StartRecorded("run timeout above the execution timeout", "capped", func(r *startRequest) {
		r.WorkflowExecutionTimeout = Seconds(100)
		r.WorkflowRunTimeout = Seconds(200)
		r.WorkflowTaskTimeout = Seconds(300)
	})
	e.StartRecorded("execution timeout alone", "execution", func(r *startRequest) {
		r.WorkflowExecutionTimeout = Seconds(100)
	})
	e.StartRecorded("task timeout above its limit", "task", func(r *startRequest) {
		r.WorkflowTaskTimeout = Seconds(100000)
	})
}

func startDelay(e *Env) {
	run := e.StartRecorded("start", "wf", func(r *startRequest) { r.WorkflowStartDelay = Seconds(2) })
	_ = e.Signal("signal while delayed", run, "early", 1)
	e.RecordHistory("history while delayed", run)
	e.RecordDescription("description while delayed", run)
	e.Step("workflow task after the delay", CompleteWorkflow("done"))
}

func startDelaySignalWithStart(e *Env) {
	run := e.Start("wf", func(r *startRequest) { r.WorkflowStartDelay = Seconds(60) })
	_, _ = Call(e, "signal-with-start", e.WF.SignalWithStartWorkflowExecution, signalWithStartRequest(e, "wf"))
	e.RecordHistory("history after it", run)
}

func startUnknownSearchAttribute(e *Env) {
	e.StartRecorded("start", "wf", func(r *startRequest) {
		r.SearchAttributes = SearchAttributes(map[string]*commonpb.Payload{"NobodyKnows": Payload("x")})
	})
}

func describeRunning(e *Env) {
	run := e.Start("wf", func(r *startRequest) {
		r.Memo = Memo(map[string]any{"k": "v"})
		r.WorkflowExecutionTimeout = Seconds(500)
	})
	e.RecordDescription("before the first task is started", run)
	task := e.PollWorkflow("")
	e.RecordDescription("while the task is started", run)
	_, _ = e.Complete("complete", task, e.ScheduleActivity("a1"), StartTimer("t1", 100))
	e.RecordDescription("with an activity scheduled", run)
	activity := e.PollActivity("")
	e.RecordDescription("with an activity started", run)
	_ = e.Heartbeat("heartbeat", activity, "half")
	e.RecordDescription("with a heartbeat", run)
}

func unknownWorkflow(e *Env) {
	nobody := Run{ID: e.ID("nobody")}
	noRun := Run{ID: e.ID("nobody"), RunID: "11111111-2222-3333-4444-555555555555"}
	badRun := Run{ID: e.ID("nobody"), RunID: "no-uuid"}
	noID := Run{}
	for _, who := range []struct {
		name string
		run  Run
	}{{"unknown id", nobody}, {"unknown run", noRun}, {"malformed run", badRun}, {"no id", noID}} {
		e.RecordDescription("describe: "+who.name, who.run)
		_ = e.Signal("signal: "+who.name, who.run, "s", 1)
		_ = e.Cancel("cancel: "+who.name, who.run)
		_ = e.Terminate("terminate: "+who.name, who.run)
		_, _ = Call(e, "query: "+who.name, e.WF.QueryWorkflow, e.QueryRequest(who.run, "state"))
		_, _ = Call(e, "history: "+who.name, e.WF.GetWorkflowExecutionHistory, &workflowservice.GetWorkflowExecutionHistoryRequest{
			Namespace: e.Namespace, Execution: Execution(who.run.ID, who.run.RunID),
		})
		_, _ = Call(e, "reverse: "+who.name, e.WF.GetWorkflowExecutionHistoryReverse, &workflowservice.GetWorkflowExecutionHistoryReverseRequest{
			Namespace: e.Namespace, Execution: Execution(who.run.ID, who.run.RunID),
		})
	}
	_, _ = Call(e, "describe: no execution", e.WF.DescribeWorkflowExecution, &workflowservice.DescribeWorkflowExecutionRequest{Namespace: e.Namespace})
	_, _ = Call(e, "signal: no execution", e.WF.SignalWorkflowExecution, &workflowservice.SignalWorkflowExecutionRequest{Namespace: e.Namespace, SignalName: "s"})
	_, _ = Call(e, "terminate: no execution", e.WF.TerminateWorkflowExecution, &workflowservice.TerminateWorkflowExecutionRequest{Namespace: e.Namespace})
	_, _ = Call(e, "history: no execution", e.WF.GetWorkflowExecutionHistory, &workflowservice.GetWorkflowExecutionHistoryRequest{Namespace: e.Namespace})
}
