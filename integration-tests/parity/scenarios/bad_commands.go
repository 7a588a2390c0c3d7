package scenarios

import (
	"strings"

	commandpb "go.temporal.io/api/command/v1"
	enumspb "go.temporal.io/api/enums/v1"
	. "klamm.dev/integration-tests/parity/harness"
)

var badCommands = []Scenario{
	{Name: "unhandled_command", Run: unhandledCommand},
	{Name: "unhandled_command_several_attempts", Run: unhandledCommandAgain},
	{Name: "commands_after_close", Run: commandsAfterClose},
	{Name: "commands_malformed", Run: commandsMalformed},
	{Name: "commands_oversized", Run: commandsOversized},
}

func unhandledCommand(e *Env) {
	run := e.Start("wf")
	task := e.PollWorkflow("first task")
	_ = e.Signal("signal while the task runs", run, "s", 1)
	_, _ = e.Complete("complete the workflow", task, CompleteWorkflow("missed a signal"))
	e.Step("second task", CompleteWorkflow("done"))
}

func unhandledCommandAgain(e *Env) {
	run := e.Start("wf")
	task := e.PollWorkflow("first task")
	_ = e.Signal("signal while the task runs", run, "s", 1)
	_, _ = e.Complete("complete the workflow", task, StartTimer("t1", 100), CompleteWorkflow("missed a signal"))
	task = e.PollWorkflow("second task")
	_ = e.Signal("signal while the workflow is closing", run, "s", 2)
	_, _ = e.Complete("complete once more", task, CompleteWorkflow("done"))
}

func commandsAfterClose(e *Env) {
	refuse(e, "timer after complete", CompleteWorkflow("done"), StartTimer("t1", 1))
	refuse(e, "two closes", CompleteWorkflow("done"), FailWorkflow("Twice"))
}

func commandsMalformed(e *Env) {
	refuse(e, "no type", &commandpb.Command{})
	refuse(e, "no attributes", &commandpb.Command{CommandType: enumspb.COMMAND_TYPE_START_TIMER})
	refuse(e, "attributes of another type", &commandpb.Command{
		CommandType: enumspb.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION,
		Attributes:  StartTimer("t1", 1).Attributes,
	})
	refuse(e, "marker without name", RecordMarker(""))
	noFailure := FailWorkflow("x")
	noFailure.GetFailWorkflowExecutionCommandAttributes().Failure = nil
	refuse(e, "fail without failure", noFailure)
	refuse(e, "good commands before a bad one", StartTimer("t1", 100), RecordMarker("m"), CancelTimer("nobody"))
	refuse(e, "continue as new with a negative timeout", ContinueAsNew(func(a *commandpb.ContinueAsNewWorkflowExecutionCommandAttributes) {
		a.WorkflowRunTimeout = Seconds(-1)
	}))
}

func commandsOversized(e *Env) {
	e.Start("result")
	_, _ = e.Complete("oversized result", e.PollWorkflow(""), CompleteWorkflow(strings.Repeat("r", 2<<20+1)))
	e.Start("input")
	_, _ = e.Complete("oversized activity input", e.PollWorkflow(""), e.ScheduleActivity("a1", func(a *activityAttributes) {
		a.Input = Payloads(strings.Repeat("i", 2<<20+1))
	}))
}
