package scenarios

import (
	"strings"

	commandpb "go.temporal.io/api/command/v1"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	sdkpb "go.temporal.io/api/sdk/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	. "klamm.dev/integration-tests/parity/harness"
)

var children = []Scenario{
	{Name: "child_completes", Run: childCompletes},
	{Name: "child_options", Run: childOptions},
	{Name: "child_fails", Run: childFails},
	{Name: "child_is_canceled", Run: childIsCanceled},
	{Name: "child_is_terminated", Run: childIsTerminated},
	{Name: "child_times_out", Run: childTimesOut},
	{Name: "child_id_taken", Run: childIDTaken},
	{Name: "child_takes_over_the_id", Run: childTakesOverTheID},
	{Name: "child_of_a_child", Run: childOfAChild},
	{Name: "child_news_while_a_task_runs", Run: childNewsWhileATaskRuns},
	{Name: "child_news_while_the_parent_closes", Run: childNewsWhileTheParentCloses},
	{Name: "parent_completes", Run: parentCompletes},
	{Name: "parent_is_terminated", Run: parentIsTerminated},
	{Name: "parent_starts_a_child_and_closes", Run: parentStartsAChildAndCloses},
	{Name: "child_in_an_unknown_namespace", Run: childInAnUnknownNamespace},
	{Name: "child_oversized", Run: childOversized},
}

type childAttributes = commandpb.StartChildWorkflowExecutionCommandAttributes

// childQueue is where the workers of children poll, so that parents and children are worked on in a known order.
func childQueue(e *Env) *taskqueuepb.TaskQueue { return e.NamedQueue("children") }

// startChild starts the child `name` on the queue of children.
func startChild(e *Env, name string, change ...func(*childAttributes)) *commandpb.Command {
	a := &childAttributes{
		WorkflowId:   e.ID(name),
		WorkflowType: &commonpb.WorkflowType{Name: "ParityChild"},
		TaskQueue:    childQueue(e),
	}
	for _, c := range change {
		c(a)
	}
	return &commandpb.Command{
		CommandType: enumspb.COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION,
		Attributes:  &commandpb.Command_StartChildWorkflowExecutionCommandAttributes{StartChildWorkflowExecutionCommandAttributes: a},
	}
}

// withPolicy starts a child with this parent-close policy.
func withPolicy(policy enumspb.ParentClosePolicy) func(*childAttributes) {
	return func(a *childAttributes) { a.ParentClosePolicy = policy }
}

// awaitChild waits until the parent knows that the child `name` has started, and makes it a touched run.
func awaitChild(e *Env, parent Run, name string) Run {
	child := Run{ID: e.ID(name)}
	e.Eventually("the start of "+name, func() bool {
		for _, event := range e.Events(parent.ID, parent.RunID) {
			execution := event.GetChildWorkflowExecutionStartedEventAttributes().GetWorkflowExecution()
			if execution.GetWorkflowId() == child.ID {
				child.RunID = execution.GetRunId()
			}
		}
		return child.RunID != ""
	})
	e.Touch(name, child.ID, child.RunID)
	return child
}

// parentOf starts a workflow whose first task starts the child "child", and lets both run: the parent's second task waits on its queue, the
// child's first on the queue of children.
func parentOf(e *Env, change ...func(*childAttributes)) (parent, child Run) {
	parent = e.Start("parent")
	e.Step("parent's first task", startChild(e, "child", change...))
	return parent, awaitChild(e, parent, "child")
}

// workOfChild completes the next task of a child.
func workOfChild(e *Env, step string, commands ...*commandpb.Command) {
	task := e.PollWorkflowOn(step, childQueue(e))
	Quiet(e, e.WF.RespondWorkflowTaskCompleted, e.CompleteRequest(task, commands...))
}

func childCompletes(e *Env) {
	parent, child := parentOf(e)
	e.RecordDescription("parent while the child waits", parent)
	e.RecordDescription("child while it waits", child)
	e.Step("parent hears of the start")
	workOfChild(e, "child's task", CompleteWorkflow("result"))
	e.Step("parent hears of the end", CompleteWorkflow("done"))
}

func childOptions(e *Env) {
	parent := e.Start("parent", func(r *startRequest) {
		r.Memo = Memo(map[string]any{"parent": 1})
		r.Header = &commonpb.Header{Fields: map[string]*commonpb.Payload{"parent": Payload(1)}}
		r.Priority = &commonpb.Priority{PriorityKey: 2}
		r.WorkflowExecutionTimeout = Seconds(1000)
	})
	command := startChild(e, "child", func(a *childAttributes) {
		a.Input = Payloads("input", 2)
		a.Header = &commonpb.Header{Fields: map[string]*commonpb.Payload{"child": Payload(1)}}
		a.Memo = Memo(map[string]any{"child": 1, "nothing": nil})
		a.WorkflowExecutionTimeout = Seconds(100)
		a.WorkflowRunTimeout = Seconds(300)
		a.WorkflowTaskTimeout = Seconds(200)
		a.WorkflowIdReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE
		a.ParentClosePolicy = enumspb.PARENT_CLOSE_POLICY_ABANDON
		a.Priority = &commonpb.Priority{PriorityKey: 4}
		a.Control = "control"
	})
	command.UserMetadata = &sdkpb.UserMetadata{Summary: Payload("summary")}
	e.Step("parent's first task", command)
	awaitChild(e, parent, "child")
	e.RecordDescription("parent while the child waits", parent)
	workOfChild(e, "child's task", CompleteWorkflow("result"))
	e.AwaitEvent(parent, enumspb.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED)
	e.Step("parent hears of both", CompleteWorkflow("done"))
}

func childFails(e *Env) {
	parentOf(e)
	e.Step("parent hears of the start")
	workOfChild(e, "child's task", FailWorkflow("Boom"))
	e.Step("parent hears of the end", CompleteWorkflow("done"))
}

func childIsCanceled(e *Env) {
	_, child := parentOf(e)
	e.Step("parent hears of the start")
	workOfChild(e, "child's first task")
	_ = e.Cancel("cancel the child", child)
	workOfChild(e, "child's second task", CancelWorkflow("details"))
	e.Step("parent hears of the end", CompleteWorkflow("done"))
}

func childIsTerminated(e *Env) {
	_, child := parentOf(e)
	e.Step("parent hears of the start")
	_ = e.Terminate("terminate the child", child)
	e.Step("parent hears of the end", CompleteWorkflow("done"))
}

func childTimesOut(e *Env) {
	parentOf(e, func(a *childAttributes) { a.WorkflowRunTimeout = Seconds(1) })
	e.Step("parent hears of the start")
	e.Step("parent hears of the end", CompleteWorkflow("done"))
}

func childIDTaken(e *Env) {
	e.Start("taken", func(r *startRequest) { r.TaskQueue = childQueue(e) })
	e.Start("parent")
	e.Step("parent's first task", startChild(e, "taken", func(a *childAttributes) { a.Control = "control" }))
	e.Step("parent hears of the failure")
	workOfChild(e, "the other completes", CompleteWorkflow("free"))
	_ = e.Signal("signal", Run{ID: e.ID("parent")}, "go", 1)
	e.Step("parent tries again", startChild(e, "taken", func(a *childAttributes) {
		a.WorkflowIdReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE
	}))
	e.Step("parent hears of the second failure", startChild(e, "taken", func(a *childAttributes) {
		a.WorkflowIdReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY
	}))
	e.Step("parent hears of the third failure", CompleteWorkflow("done"))
}

func childTakesOverTheID(e *Env) {
	e.Start("taken", func(r *startRequest) { r.TaskQueue = childQueue(e) })
	parent := e.Start("parent")
	e.Step("parent's first task", startChild(e, "taken", func(a *childAttributes) {
		a.WorkflowIdReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING
	}))
	awaitChild(e, parent, "taken")
	e.Step("parent hears of the start", CompleteWorkflow("done"))
}

func childOfAChild(e *Env) {
	_, child := parentOf(e)
	e.Step("parent hears of the start")
	grandchildren := e.NamedQueue("grandchildren")
	workOfChild(e, "child's task", startChild(e, "grandchild", func(a *childAttributes) { a.TaskQueue = grandchildren }))
	awaitChild(e, child, "grandchild")
	task := e.PollWorkflowOn("grandchild's task", grandchildren)
	Quiet(e, e.WF.RespondWorkflowTaskCompleted, e.CompleteRequest(task, CompleteWorkflow("result")))
	e.AwaitEvent(child, enumspb.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED)
	workOfChild(e, "child hears of both", CompleteWorkflow("done"))
	e.Step("parent hears of the end", CompleteWorkflow("done"))
}

func childNewsWhileATaskRuns(e *Env) {
	parent := e.Start("parent")
	task := startWhileATaskRuns(e, parent)
	child := Run{ID: e.ID("child"), RunID: pendingChildRunID(e, parent)}
	e.Touch("child", child.ID, child.RunID)
	workOfChild(e, "child's task", CompleteWorkflow("result"))
	e.Eventually("the child's end is known", func() bool { return pendingChildRunID(e, parent) == "" })
	_ = e.Signal("signal", parent, "after", 1)
	_, _ = e.Complete("complete the task", task)
	e.Step("parent hears of all", CompleteWorkflow("done"))
}

func childNewsWhileTheParentCloses(e *Env) {
	parent := e.Start("parent")
	task := startWhileATaskRuns(e, parent)
	e.Touch("child", e.ID("child"), pendingChildRunID(e, parent))
	_, _ = e.Complete("complete too early", task, CompleteWorkflow("missed a start"))
	e.Step("parent hears of the start", CompleteWorkflow("done"))
	awaitClosed(e, Run{ID: e.ID("child")})
}

// startWhileATaskRuns starts the child "child" and gets the next task with the answer, so that news of the child come while it runs. When
// this returns, the child's start is known.
func startWhileATaskRuns(e *Env, parent Run) *WorkflowTask {
	first := e.PollWorkflow("parent's first task")
	_ = e.Signal("signal", parent, "before", 1)
	request := e.CompleteRequest(first, startChild(e, "child"))
	request.ReturnNewWorkflowTask = true
	answer, _ := Call(e, "start the child", e.WF.RespondWorkflowTaskCompleted, request)
	e.Eventually("the child's start is known", func() bool { return pendingChildRunID(e, parent) != "" })
	return answer.GetWorkflowTask()
}

// describe describes the run, unrecorded.
func describe(e *Env, run Run) *workflowservice.DescribeWorkflowExecutionResponse {
	return Quiet(e, e.WF.DescribeWorkflowExecution, &workflowservice.DescribeWorkflowExecutionRequest{
		Namespace: e.Namespace, Execution: Execution(run.ID, run.RunID),
	})
}

// pendingChildRunID is the run id of the parent's only child, empty while none is pending or its start is not known.
func pendingChildRunID(e *Env, parent Run) string {
	for _, child := range describe(e, parent).GetPendingChildren() {
		return child.GetRunId()
	}
	return ""
}

// awaitClosed waits until the run has closed.
func awaitClosed(e *Env, run Run) {
	e.Eventually("the end of "+run.ID, func() bool {
		return describe(e, run).GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
	})
}

// threeChildren starts a workflow with a child of each parent-close policy.
func threeChildren(e *Env) (parent, asked Run) {
	parent = e.Start("parent")
	e.Step("parent's first task", startChild(e, "terminated", withPolicy(enumspb.PARENT_CLOSE_POLICY_TERMINATE)))
	awaitChild(e, parent, "terminated")
	e.Step("parent's second task", startChild(e, "asked", withPolicy(enumspb.PARENT_CLOSE_POLICY_REQUEST_CANCEL), func(a *childAttributes) {
		a.TaskQueue = e.NamedQueue("asked")
	}))
	asked = awaitChild(e, parent, "asked")
	e.Step("parent's third task", startChild(e, "abandoned", withPolicy(enumspb.PARENT_CLOSE_POLICY_ABANDON)))
	awaitChild(e, parent, "abandoned")
	task := e.PollWorkflowOn("asked child's first task", e.NamedQueue("asked"))
	Quiet(e, e.WF.RespondWorkflowTaskCompleted, e.CompleteRequest(task))
	return parent, asked
}

// afterTheClose lets the policies take effect.
func afterTheClose(e *Env, asked Run) {
	awaitClosed(e, Run{ID: e.ID("terminated")})
	e.AwaitEvent(asked, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED)
	task := e.PollWorkflowOn("asked child's second task", e.NamedQueue("asked"))
	Quiet(e, e.WF.RespondWorkflowTaskCompleted, e.CompleteRequest(task, CancelWorkflow("by the parent")))
}

func parentCompletes(e *Env) {
	_, asked := threeChildren(e)
	task := e.PollWorkflowOn("", e.Queue())
	Quiet(e, e.WF.RespondWorkflowTaskCompleted, e.CompleteRequest(task, CompleteWorkflow("done")))
	afterTheClose(e, asked)
}

func parentIsTerminated(e *Env) {
	parent, asked := threeChildren(e)
	_ = e.Terminate("terminate", parent)
	afterTheClose(e, asked)
}

func parentStartsAChildAndCloses(e *Env) {
	e.Start("parent")
	e.Step("parent's only task",
		startChild(e, "abandoned", withPolicy(enumspb.PARENT_CLOSE_POLICY_ABANDON)), startChild(e, "child"), CompleteWorkflow("done"))
}

func childInAnUnknownNamespace(e *Env) {
	run := e.Start("wf")
	task := e.PollWorkflow("first task")
	_, _ = e.Complete("start in nowhere", task, startChild(e, "child", func(a *childAttributes) { a.Namespace = "no-such-namespace" }))
	e.RecordDescription("still running its task", run)
	_, _ = e.Complete("complete", task, CompleteWorkflow("done"))
}

func childOversized(e *Env) {
	e.Start("input")
	_, _ = e.Complete("input", e.PollWorkflow(""), startChild(e, "child", func(a *childAttributes) {
		a.Input = Payloads(strings.Repeat("x", 3<<20))
	}))
	e.Start("memo")
	_, _ = e.Complete("memo", e.PollWorkflow(""), startChild(e, "child", func(a *childAttributes) {
		a.Memo = Memo(map[string]any{"m": strings.Repeat("x", 3<<20)})
	}))
}
