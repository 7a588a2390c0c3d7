package scenarios

import (
	commandpb "go.temporal.io/api/command/v1"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	. "klamm.dev/integration-tests/parity/harness"
)

var closing = []Scenario{
	{Name: "fail_workflow", Run: failWorkflow},
	{Name: "complete_with_pending_work", Run: completeWithPendingWork},
	{Name: "continue_as_new", Run: continueAsNew},
	{Name: "continue_as_new_at_once", Run: continueAsNewAtOnce},
	{Name: "continue_as_new_inherits", Run: continueAsNewInherits},
	{Name: "continue_as_new_changed", Run: continueAsNewChanged},
}

func failWorkflow(e *Env) {
	run := e.Start("wf")
	e.Step("task", FailWorkflow("Broken"))
	_, _ = Call(e, "result", e.WF.GetWorkflowExecutionHistory, &workflowservice.GetWorkflowExecutionHistoryRequest{
		Namespace: e.Namespace, Execution: Execution(run.ID, run.RunID), WaitNewEvent: true,
		HistoryEventFilterType: enumspb.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT,
	})
}

func completeWithPendingWork(e *Env) {
	run := e.Start("wf")
	e.Step("first task", e.ScheduleActivity("a1"), StartTimer("t1", 100))
	activity := e.PollActivity("activity")
	_ = e.Signal("signal", run, "finish", 1)
	e.Step("second task", CompleteWorkflow("done"))
	_ = e.CompleteActivity("complete the activity afterwards", activity, "late")
}

// successor makes the run that follows a continued-as-new one a touched run.
func successor(e *Env, label string, run Run) Run {
	events := e.Events(run.ID, run.RunID)
	next := events[len(events)-1].GetWorkflowExecutionContinuedAsNewEventAttributes().GetNewExecutionRunId()
	if next == "" {
		e.Abort("the run was not continued as new")
	}
	e.Touch(label, run.ID, next)
	return Run{ID: run.ID, RunID: next}
}

func continueAsNew(e *Env) {
	run := e.Start("wf")
	task := e.PollWorkflow("task")
	e.Eventually("the run has lived for more than a second", dueIn(1200))
	_, _ = e.Complete("continue as new", task, ContinueAsNew(nil))
	next := successor(e, "second run", run)
	_ = e.Signal("signal by id reaches the second run", Run{ID: run.ID}, "s", 1)
	_ = e.Terminate("terminate the first run", run)
	e.Step("second run's task", CompleteWorkflow("done"))
	_ = next
	_ = e.Cancel("cancel the first run afterwards", run)
}

// continueAsNewAtOnce ends a run before it is a second old: the next one waits
// for the rest of that second.
func continueAsNewAtOnce(e *Env) {
	run := e.Start("wf")
	e.Step("task", ContinueAsNew(nil))
	successor(e, "second run", run)
	e.Step("second run's task", CompleteWorkflow("done"))
}

func continueAsNewInherits(e *Env) {
	run := e.Start("wf", func(r *startRequest) {
		r.Memo = Memo(map[string]any{"kept": "a"})
		r.SearchAttributes = SearchAttributes(map[string]*commonpb.Payload{"ParityKeyword": Payload("red")})
		r.Header = &commonpb.Header{Fields: map[string]*commonpb.Payload{"trace": Payload("abc")}}
		r.WorkflowExecutionTimeout = Seconds(500)
		r.WorkflowRunTimeout = Seconds(100)
		r.WorkflowTaskTimeout = Seconds(8)
		r.Priority = &commonpb.Priority{PriorityKey: 2}
	})
	task := e.PollWorkflow("task")
	e.Eventually("the run has lived for more than a second", dueIn(1200))
	_, _ = e.Complete("continue as new", task, UpsertSearchAttributes(map[string]*commonpb.Payload{"ParityInt": Payload(5)}), ContinueAsNew(nil))
	successor(e, "second run", run)
	e.PollWorkflow("second run's task")
}

func continueAsNewChanged(e *Env) {
	run := e.Start("wf")
	e.Step("task", ContinueAsNew(func(a *commandpb.ContinueAsNewWorkflowExecutionCommandAttributes) {
		a.WorkflowType = &commonpb.WorkflowType{Name: "OtherWorkflow"}
		a.TaskQueue = e.NamedQueue("other")
		a.WorkflowRunTimeout = Seconds(77)
		a.WorkflowTaskTimeout = Seconds(6)
		a.Memo = Memo(map[string]any{"new": 1})
		a.SearchAttributes = SearchAttributes(map[string]*commonpb.Payload{"ParityKeyword": Payload("blue")})
		a.Header = &commonpb.Header{Fields: map[string]*commonpb.Payload{"trace": Payload("def")}}
		a.BackoffStartInterval = Seconds(2)
	}))
	next := successor(e, "second run", run)
	e.RecordDescription("second run while it waits", next)
	task := e.PollWorkflowOn("second run's task", e.NamedQueue("other"))
	_, _ = e.Complete("complete", task, CompleteWorkflow("done"))
}

var runTimeouts = []Scenario{
	{Name: "run_timeout", Run: runTimeout},
	{Name: "execution_timeout", Run: executionTimeout},
	{Name: "execution_timeout_across_runs", Run: executionTimeoutAcrossRuns},
}

func runTimeout(e *Env) {
	run := e.Start("wf", func(r *startRequest) { r.WorkflowRunTimeout = Seconds(3) })
	e.Step("task", e.ScheduleActivity("a1"), StartTimer("t1", 100))
	e.AwaitEvent(run, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT)
}

func executionTimeout(e *Env) {
	run := e.Start("wf", func(r *startRequest) { r.WorkflowExecutionTimeout = Seconds(3) })
	e.PollWorkflow("task that nobody answers")
	e.AwaitEvent(run, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT)
}

func executionTimeoutAcrossRuns(e *Env) {
	run := e.Start("wf", func(r *startRequest) { r.WorkflowExecutionTimeout = Seconds(4) })
	task := e.PollWorkflow("task")
	e.Eventually("the run has lived for more than a second", dueIn(1200))
	_, _ = e.Complete("continue as new", task, ContinueAsNew(nil))
	next := successor(e, "second run", run)
	e.AwaitEvent(next, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT)
}
