package scenarios

import (
	"strings"

	commandpb "go.temporal.io/api/command/v1"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	. "klamm.dev/integration-tests/parity/harness"
)

var externals = []Scenario{
	{Name: "external_signal", Run: externalSignal},
	{Name: "external_signal_by_run", Run: externalSignalByRun},
	{Name: "external_signal_not_found", Run: externalSignalNotFound},
	{Name: "external_signal_closed", Run: externalSignalClosed},
	{Name: "external_signal_itself", Run: externalSignalItself},
	{Name: "external_signal_no_child", Run: externalSignalNoChild},
	{Name: "external_signal_bad", Run: externalSignalBad},
	{Name: "external_signal_and_close", Run: externalSignalAndClose},
	{Name: "external_signal_buffered", Run: externalSignalBuffered},
	{Name: "external_signal_delayed_start", Run: externalSignalDelayedStart},
	{Name: "external_cancel", Run: externalCancel},
	{Name: "external_cancel_not_found", Run: externalCancelNotFound},
	{Name: "external_cancel_closed_and_twice", Run: externalCancelClosedAndTwice},
	{Name: "external_cancel_itself", Run: externalCancelItself},
	{Name: "external_cancel_no_child", Run: externalCancelNoChild},
	{Name: "external_cancel_bad", Run: externalCancelBad},
}

type (
	signalExternalAttributes = commandpb.SignalExternalWorkflowExecutionCommandAttributes
	cancelExternalAttributes = commandpb.RequestCancelExternalWorkflowExecutionCommandAttributes
)

// signalExternal signals another workflow.
func signalExternal(target Run, change ...func(*signalExternalAttributes)) *commandpb.Command {
	a := &signalExternalAttributes{
		Execution:  Execution(target.ID, target.RunID),
		SignalName: "hello",
		Input:      Payloads("signal input"),
		Header:     &commonpb.Header{Fields: map[string]*commonpb.Payload{"trace": Payload("abc")}},
	}
	for _, c := range change {
		c(a)
	}
	return &commandpb.Command{
		CommandType: enumspb.COMMAND_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION,
		Attributes:  &commandpb.Command_SignalExternalWorkflowExecutionCommandAttributes{SignalExternalWorkflowExecutionCommandAttributes: a},
	}
}

// cancelExternal requests the cancellation of another workflow.
func cancelExternal(target Run, change ...func(*cancelExternalAttributes)) *commandpb.Command {
	a := &cancelExternalAttributes{WorkflowId: target.ID, RunId: target.RunID, Reason: "not needed"}
	for _, c := range change {
		c(a)
	}
	return &commandpb.Command{
		CommandType: enumspb.COMMAND_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION,
		Attributes: &commandpb.Command_RequestCancelExternalWorkflowExecutionCommandAttributes{
			RequestCancelExternalWorkflowExecutionCommandAttributes: a,
		},
	}
}

// startOther starts the target on a queue of its own, where nobody polls.
func startOther(e *Env, change ...func(*startRequest)) Run {
	return e.Start("other", append(change, func(r *startRequest) { r.TaskQueue = e.NamedQueue("queue-of-others") })...)
}

var (
	signaled     = enumspb.EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_SIGNALED
	signalFailed = enumspb.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED
	canceled     = enumspb.EVENT_TYPE_EXTERNAL_WORKFLOW_EXECUTION_CANCEL_REQUESTED
	cancelFailed = enumspb.EVENT_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_FAILED
)

// unknownRun is a run id that nobody has.
const unknownRun = "11111111-1111-4111-8111-111111111111"

// ask completes the first task with the command, awaits what comes of it, and completes the workflow.
func ask(e *Env, run Run, outcome enumspb.EventType, command *commandpb.Command) {
	e.Step("ask", command)
	e.AwaitEvent(run, outcome)
	e.Step("learn", CompleteWorkflow("done"))
}

func externalSignal(e *Env) {
	other := startOther(e)
	ask(e, e.Start("wf"), signaled, signalExternal(Run{ID: other.ID}))
}

func externalSignalByRun(e *Env) {
	other := startOther(e)
	ask(e, e.Start("wf"), signaled, signalExternal(other, func(a *signalExternalAttributes) {
		a.Namespace = e.Namespace
		a.Control = "control"
	}))
}

func externalSignalNotFound(e *Env) {
	run := e.Start("wf")
	e.Step("unknown id", signalExternal(Run{ID: e.ID("nobody")}, func(a *signalExternalAttributes) { a.Control = "control" }))
	e.AwaitEvent(run, signalFailed)
	other := startOther(e)
	e.Step("unknown run", signalExternal(Run{ID: other.ID, RunID: unknownRun}))
	e.Eventually("both failed", func() bool {
		events := e.Events(run.ID, run.RunID)
		return events[len(events)-1].EventId == 12
	})
	e.Step("learn", CompleteWorkflow("done"))
}

func externalSignalClosed(e *Env) {
	other := startOther(e)
	_ = e.Terminate("terminate the other", other)
	ask(e, e.Start("wf"), signalFailed, signalExternal(Run{ID: other.ID}))
}

func externalSignalItself(e *Env) {
	run := e.Start("wf")
	ask(e, run, signalFailed, signalExternal(run))
}

func externalSignalNoChild(e *Env) {
	other := startOther(e)
	ask(e, e.Start("wf"), signalFailed, signalExternal(Run{ID: other.ID}, func(a *signalExternalAttributes) { a.ChildWorkflowOnly = true }))
}

func externalSignalBad(e *Env) {
	target := Run{ID: "other"}
	Quiet(e, e.WF.RegisterNamespace, registration(e, "elsewhere"))
	for _, bad := range []struct {
		name   string
		change func(*signalExternalAttributes)
	}{
		{"signal without execution", func(a *signalExternalAttributes) { a.Execution = nil }},
		{"signal to another namespace", func(a *signalExternalAttributes) { a.Namespace = e.ID("elsewhere") }},
		{"signal to an unknown namespace", func(a *signalExternalAttributes) { a.Namespace = "no-such-namespace" }},
		{"signal without workflow id", func(a *signalExternalAttributes) { a.Execution = Execution("", "") }},
		{"signal with a long workflow id", func(a *signalExternalAttributes) { a.Execution = Execution(strings.Repeat("x", 1001), "") }},
		{"signal with a bad run id", func(a *signalExternalAttributes) { a.Execution = Execution("other", "no uuid") }},
		{"signal without name", func(a *signalExternalAttributes) { a.SignalName = "" }},
		{"signal with oversized input", func(a *signalExternalAttributes) { a.Input = Payloads(strings.Repeat("i", 2<<20+1)) }},
	} {
		refuse(e, bad.name, signalExternal(target, bad.change))
	}
	refuse(e, "signal without attributes", &commandpb.Command{CommandType: enumspb.COMMAND_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION})
}

// externalSignalAndClose: what a closing workflow asks for is never sent. The second signal, of a workflow that stays open, shows that the
// first would have come by then.
func externalSignalAndClose(e *Env) {
	other := startOther(e)
	e.Start("closing")
	e.Step("ask and close", signalExternal(Run{ID: other.ID}), cancelExternal(Run{ID: other.ID}), CompleteWorkflow("done"))
	ask(e, e.Start("open"), signaled, signalExternal(Run{ID: other.ID}, func(a *signalExternalAttributes) { a.SignalName = "second" }))
}

func externalSignalBuffered(e *Env) {
	other := startOther(e)
	run := e.Start("wf")
	task := e.PollWorkflow("first task")
	_ = e.Signal("a signal brings the next task", run, "next", 1)
	_, _ = e.Complete("ask", task, signalExternal(Run{ID: other.ID}))
	task = e.PollWorkflow("second task")
	e.AwaitEvent(other, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED)
	_, _ = e.Complete("complete the workflow", task, StartTimer("t1", 100))
	e.AwaitEvent(run, signaled)
}

func externalSignalDelayedStart(e *Env) {
	other := startOther(e, func(r *startRequest) { r.WorkflowStartDelay = Seconds(100) })
	ask(e, e.Start("wf"), signaled, signalExternal(Run{ID: other.ID}))
}

func externalCancel(e *Env) {
	other := startOther(e)
	ask(e, e.Start("wf"), canceled, cancelExternal(other, func(a *cancelExternalAttributes) { a.Control = "control" }))
}

func externalCancelNotFound(e *Env) {
	ask(e, e.Start("wf"), cancelFailed, cancelExternal(Run{ID: e.ID("nobody")}, func(a *cancelExternalAttributes) { a.Control = "control" }))
}

func externalCancelClosedAndTwice(e *Env) {
	other := startOther(e)
	ask(e, e.Start("first"), canceled, cancelExternal(Run{ID: other.ID}))
	ask(e, e.Start("second"), canceled, cancelExternal(Run{ID: other.ID}))
	_ = e.Terminate("terminate the other", other)
	ask(e, e.Start("third"), canceled, cancelExternal(Run{ID: other.ID}))
}

func externalCancelItself(e *Env) {
	run := e.Start("wf")
	ask(e, run, cancelFailed, cancelExternal(Run{ID: run.ID}))
}

func externalCancelNoChild(e *Env) {
	other := startOther(e)
	ask(e, e.Start("wf"), cancelFailed, cancelExternal(Run{ID: other.ID}, func(a *cancelExternalAttributes) { a.ChildWorkflowOnly = true }))
}

func externalCancelBad(e *Env) {
	target := Run{ID: "other"}
	Quiet(e, e.WF.RegisterNamespace, registration(e, "elsewhere"))
	for _, bad := range []struct {
		name   string
		change func(*cancelExternalAttributes)
	}{
		{"cancel in another namespace", func(a *cancelExternalAttributes) { a.Namespace = e.ID("elsewhere") }},
		{"cancel in an unknown namespace", func(a *cancelExternalAttributes) { a.Namespace = "no-such-namespace" }},
		{"cancel without workflow id", func(a *cancelExternalAttributes) { a.WorkflowId = "" }},
		{"cancel with a long workflow id", func(a *cancelExternalAttributes) { a.WorkflowId = strings.Repeat("x", 1001) }},
		{"cancel with a bad run id", func(a *cancelExternalAttributes) { a.RunId = "no uuid" }},
	} {
		refuse(e, bad.name, cancelExternal(target, bad.change))
	}
	refuse(e, "cancel without attributes", &commandpb.Command{
		CommandType: enumspb.COMMAND_TYPE_REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION,
	})
}
