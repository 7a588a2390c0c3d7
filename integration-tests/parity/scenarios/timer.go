package scenarios

import (
	"strings"

	enumspb "go.temporal.io/api/enums/v1"
	. "klamm.dev/integration-tests/parity/harness"
)

var timers = []Scenario{
	{Name: "timer_fire", Run: timerFire},
	{Name: "timer_several", Run: timerSeveral},
	{Name: "timer_cancel", Run: timerCancel},
	{Name: "timer_cancel_same_task", Run: timerCancelSameTask},
	{Name: "timer_fired_while_task_runs", Run: timerFiredWhileTaskRuns},
	{Name: "timer_bad_commands", Run: timerBadCommands},
	{Name: "timer_id_reused", Run: timerIDReused},
}

func timerFire(e *Env) {
	e.Start("wf")
	e.Step("first task", StartTimer("t1", 1))
	e.Step("second task", CompleteWorkflow("done"))
}

func timerSeveral(e *Env) {
	e.Start("wf")
	e.Step("first task", StartTimer("long", 1.5), StartTimer("short", 0.5), StartTimer("never", 100))
	e.Step("task after the short one")
	e.Step("task after the long one", CompleteWorkflow("done"))
}

func timerCancel(e *Env) {
	run := e.Start("wf")
	e.Step("first task", StartTimer("t1", 100))
	_ = e.Signal("signal", run, "stop", 1)
	e.Step("second task", CancelTimer("t1"), StartTimer("t2", 100))
	e.RecordDescription("description", run)
}

func timerCancelSameTask(e *Env) {
	e.Start("wf")
	e.Step("task", StartTimer("t1", 100), CancelTimer("t1"), CompleteWorkflow("done"))
}

func timerFiredWhileTaskRuns(e *Env) {
	run := e.Start("wf")
	e.Step("first task", StartTimer("t1", 1), StartTimer("t2", 1.2))
	_ = e.Signal("signal", run, "wake", 1)
	task := e.PollWorkflow("second task")
	e.Eventually("both timers are due", dueIn(1800))
	_, _ = e.Complete("cancel the timer that has fired", task, CancelTimer("t1"))
	e.AwaitEvent(run, enumspb.EVENT_TYPE_TIMER_FIRED)
	e.Step("third task", CompleteWorkflow("done"))
}

func timerBadCommands(e *Env) {
	refuse(e, "unknown timer", CancelTimer("nobody"))
	refuse(e, "cancel without id", CancelTimer(""))
	refuse(e, "start without id", StartTimer("", 1))
	refuse(e, "long id", StartTimer(strings.Repeat("t", 1001), 1))
	refuse(e, "no duration", StartTimer("t1", 0))
	refuse(e, "negative duration", StartTimer("t1", -1))
	refuse(e, "duplicate id", StartTimer("t1", 100), StartTimer("t1", 100))
}

func timerIDReused(e *Env) {
	e.Start("wf")
	e.Step("first task", StartTimer("t1", 0.1))
	e.Step("second task", StartTimer("t1", 0.1))
	e.Step("third task", CompleteWorkflow("done"))
}
