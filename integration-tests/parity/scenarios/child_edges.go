package scenarios

import (
	"strings"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	. "klamm.dev/integration-tests/parity/harness"
)

// Children whose commands are refused, whose chains go on, and whose parents' do.
var childEdges = []Scenario{
	{Name: "child_bad_attributes", Run: childBadAttributes},
	{Name: "child_same_id_twice", Run: childSameIDTwice},
	{Name: "child_continues_as_new", Run: childContinuesAsNew},
	{Name: "child_retried", Run: childRetried},
	{Name: "child_retried_in_vain", Run: childRetriedInVain},
	{Name: "child_cron", Run: childCron},
	{Name: "child_canceled_by_parent", Run: childCanceledByParent},
	{Name: "child_signaled_by_parent", Run: childSignaledByParent},
	{Name: "child_started_and_canceled_at_once", Run: childStartedAndCanceledAtOnce},
	{Name: "child_reset", Run: childReset},
	{Name: "parent_continues_as_new", Run: parentContinuesAsNew},
	{Name: "parent_fails", Run: parentFails},
	{Name: "parent_times_out", Run: parentTimesOut},
	{Name: "parent_reset_behind_a_child", Run: parentResetBehindAChild},
	{Name: "parent_reset_before_a_child", Run: parentResetBeforeAChild},
	{Name: "parent_reset_behind_an_ended_child", Run: parentResetBehindAnEndedChild},
}

func childBadAttributes(e *Env) {
	Quiet(e, e.WF.RegisterNamespace, registration(e, "elsewhere"))
	for _, bad := range []struct {
		name   string
		change func(*childAttributes)
	}{
		{"no workflow id", func(a *childAttributes) { a.WorkflowId = "" }},
		{"long workflow id", func(a *childAttributes) { a.WorkflowId = strings.Repeat("w", 1001) }},
		{"no type", func(a *childAttributes) { a.WorkflowType = nil }},
		{"nameless type", func(a *childAttributes) { a.WorkflowType.Name = "" }},
		{"long type", func(a *childAttributes) { a.WorkflowType.Name = strings.Repeat("t", 1001) }},
		{"negative execution timeout", func(a *childAttributes) { a.WorkflowExecutionTimeout = Seconds(-1) }},
		{"negative run timeout", func(a *childAttributes) { a.WorkflowRunTimeout = Seconds(-1) }},
		{"negative task timeout", func(a *childAttributes) { a.WorkflowTaskTimeout = Seconds(-1) }},
		{"bad retry policy", func(a *childAttributes) { a.RetryPolicy = &commonpb.RetryPolicy{BackoffCoefficient: 0.5} }},
		{"bad cron", func(a *childAttributes) { a.CronSchedule = "no cron" }},
		{"unknown search attribute", func(a *childAttributes) {
			a.SearchAttributes = SearchAttributes(map[string]*commonpb.Payload{"NobodyKnows": Payload(1)})
		}},
		{"mistyped search attribute", func(a *childAttributes) {
			a.SearchAttributes = SearchAttributes(map[string]*commonpb.Payload{"ParityInt": Payload("seven")})
		}},
		{"negative priority", func(a *childAttributes) { a.Priority = &commonpb.Priority{PriorityKey: -1} }},
		{"the system's namespace", func(a *childAttributes) { a.Namespace = "temporal-system" }},
		{"another namespace", func(a *childAttributes) { a.Namespace = e.ID("elsewhere") }},
	} {
		refuse(e, bad.name, startChild(e, "child", bad.change))
	}
}

// childSameIDTwice starts two children of one id with one task.
func childSameIDTwice(e *Env) {
	parent := e.Start("parent")
	e.Step("parent's first task", startChild(e, "child"))
	awaitChild(e, parent, "child")
	e.Step("parent starts it again", startChild(e, "child", func(a *childAttributes) { a.Control = "second" }))
	e.Step("parent hears of the failure")
	workOfChild(e, "child's task", CompleteWorkflow("result"))
	e.Step("parent hears of the end", CompleteWorkflow("done"))
}

// awaitNext waits for the run that follows a closed one, and makes it a touched run.
func awaitNext(e *Env, label string, run Run) Run {
	awaitClosed(e, run)
	return follower(e, label, run)
}

func childContinuesAsNew(e *Env) {
	parent, child := parentOf(e)
	e.Step("parent hears of the start")
	task := e.PollWorkflowOn("child's task", childQueue(e))
	e.Eventually("the run has lived for more than a second", dueIn(1200))
	_, _ = e.Complete("child continues as new", task, ContinueAsNew(nil))
	awaitNext(e, "child's next run", child)
	e.RecordDescription("parent between the runs", parent)
	workOfChild(e, "next run's task", CompleteWorkflow("result"))
	e.Step("parent hears of the end", CompleteWorkflow("done"))
}

func childRetried(e *Env) {
	parent, child := parentOf(e, func(a *childAttributes) { a.RetryPolicy = aSecondApart(3) })
	e.Step("parent hears of the start")
	workOfChild(e, "first attempt", FailWorkflow("Unlucky"))
	awaitNext(e, "second attempt", child)
	e.RecordDescription("parent between the attempts", parent)
	workOfChild(e, "second attempt", CompleteWorkflow("result"))
	e.Step("parent hears of the end", CompleteWorkflow("done"))
}

func childRetriedInVain(e *Env) {
	_, child := parentOf(e, func(a *childAttributes) { a.RetryPolicy = aSecondApart(2) })
	e.Step("parent hears of the start")
	workOfChild(e, "first attempt", FailWorkflow("Unlucky"))
	awaitNext(e, "second attempt", child)
	workOfChild(e, "second attempt", FailWorkflow("Unlucky"))
	e.Step("parent hears of the end", FailWorkflow("Broken"))
}

func childCron(e *Env) {
	parent, child := parentOf(e, func(a *childAttributes) { a.CronSchedule = "@every 1s" })
	e.Step("parent hears of the start")
	workOfChild(e, "first run", CompleteWorkflow("one"))
	next := awaitNext(e, "second run", child)
	e.RecordDescription("parent between the runs", parent)
	_ = e.Cancel("cancel the child", Run{ID: child.ID})
	workOfChild(e, "second run", CancelWorkflow("as asked"))
	awaitClosed(e, next)
	e.Step("parent hears of the end", CompleteWorkflow("done"))
}

func childCanceledByParent(e *Env) {
	parent, child := parentOf(e)
	workOfChild(e, "child's first task")
	e.Step("parent cancels the child", cancelExternal(Run{ID: child.ID}, func(a *cancelExternalAttributes) { a.ChildWorkflowOnly = true }))
	e.AwaitEvent(parent, canceled)
	e.Step("parent hears that the child was asked")
	workOfChild(e, "child's second task", CancelWorkflow("as asked"))
	e.Step("parent hears of the end", CompleteWorkflow("done"))
}

func childSignaledByParent(e *Env) {
	parent, child := parentOf(e)
	workOfChild(e, "child's first task")
	e.Step("parent signals the child", signalExternal(Run{ID: child.ID}, func(a *signalExternalAttributes) { a.ChildWorkflowOnly = true }))
	e.AwaitEvent(parent, signaled)
	e.Step("parent hears of it")
	workOfChild(e, "child's second task", CompleteWorkflow("result"))
	e.Step("parent hears of the end", CompleteWorkflow("done"))
}

func childStartedAndCanceledAtOnce(e *Env) {
	refuse(e, "start and cancel", startChild(e, "child"),
		cancelExternal(Run{ID: e.ID("child")}, func(a *cancelExternalAttributes) { a.ChildWorkflowOnly = true }))
}

// childReset resets a child whose parent waits for it.
func childReset(e *Env) {
	parent, child := parentOf(e)
	e.Step("parent hears of the start")
	workOfChild(e, "child's first task")
	reset(e, "reset the child", child, 4)
	e.RecordDescription("parent after the reset", parent)
	workOfChild(e, "new run's task", CompleteWorkflow("result"))
	e.Step("parent hears of the end", CompleteWorkflow("done"))
}

func parentContinuesAsNew(e *Env) {
	parent, asked := threeChildren(e)
	late(e, "parent's fourth task", ContinueAsNew(nil))
	next := follower(e, "parent's next run", parent)
	afterTheClose(e, asked)
	e.RecordDescription("next run has no children", next)
	e.Step("next run's task", CompleteWorkflow("done"))
}

func parentFails(e *Env) {
	_, asked := threeChildren(e)
	task := e.PollWorkflowOn("", e.Queue())
	Quiet(e, e.WF.RespondWorkflowTaskCompleted, e.CompleteRequest(task, FailWorkflow("Broken")))
	afterTheClose(e, asked)
}

func parentTimesOut(e *Env) {
	parent := e.Start("parent", func(r *startRequest) { r.WorkflowRunTimeout = Seconds(3) })
	e.Step("parent's only task", startChild(e, "child"))
	awaitChild(e, parent, "child")
	awaitClosed(e, Run{ID: e.ID("child")})
}

// parentResetBehindAChild: a child that was started before the point stays the child of the new run.
func parentResetBehindAChild(e *Env) {
	parent, _ := parentOf(e)
	e.Step("parent hears of the start")
	_ = e.Signal("signal", parent, "go", 1)
	e.Step("parent's third task")
	again := reset(e, "reset", parent, 9)
	e.RecordDescription("new run", again)
	e.Step("new run's task")
	workOfChild(e, "child's task", CompleteWorkflow("result"))
	e.Step("new run hears of the end", CompleteWorkflow("done"))
}

// parentResetBeforeAChild: a child that was started behind the point is nobody's, and holds its id.
func parentResetBeforeAChild(e *Env) {
	parent, _ := parentOf(e, withPolicy(enumspb.PARENT_CLOSE_POLICY_ABANDON))
	e.Step("parent hears of the start")
	again := reset(e, "reset", parent, 4)
	e.RecordDescription("new run", again)
	e.Step("new run's task", startChild(e, "child"))
	e.Step("new run hears of the failure", CompleteWorkflow("done"))
	workOfChild(e, "child's task", CompleteWorkflow("result"))
}

// parentResetBehindAnEndedChild: that it has ended is told again.
func parentResetBehindAnEndedChild(e *Env) {
	parent, _ := parentOf(e)
	e.Step("parent hears of the start")
	workOfChild(e, "child's task", CompleteWorkflow("result"))
	e.Step("parent hears of the end")
	reset(e, "reset", parent, 9)
	e.Step("new run hears of the end", CompleteWorkflow("done"))
}
