package scenarios

import (
	"time"

	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	. "klamm.dev/integration-tests/parity/harness"
)

var sticky = []Scenario{
	{Name: "sticky_task", Run: stickyTask},
	{Name: "sticky_timeout", Run: stickyTimeout},
	{Name: "sticky_reset", Run: stickyReset},
	{Name: "sticky_cleared_by_failure", Run: stickyClearedByFailure},
}

// makeSticky completes the first task with sticky attributes. A poll that waits
// on the sticky queue makes the server believe that its worker lives.
func makeSticky(e *Env, run Run, timeout float64) {
	task := e.PollWorkflow("first task")
	request := e.CompleteRequest(task)
	request.StickyAttributes = &taskqueuepb.StickyExecutionAttributes{
		WorkerTaskQueue: e.StickyQueue("sticky"), ScheduleToStartTimeout: Seconds(timeout),
	}
	_, _ = CallWithin(e, "poll the sticky queue before", 2500*time.Millisecond, e.WF.PollWorkflowTaskQueue, &workflowservice.PollWorkflowTaskQueueRequest{
		Namespace: e.Namespace, TaskQueue: e.StickyQueue("sticky"), Identity: Identity,
	})
	_, _ = Call(e, "complete with sticky attributes", e.WF.RespondWorkflowTaskCompleted, request)
	_ = run
}

func stickyTask(e *Env) {
	run := e.Start("wf")
	makeSticky(e, run, 5)
	_ = e.Signal("signal", run, "s", 1)
	task := e.PollWorkflowOn("second task, on the sticky queue", e.StickyQueue("sticky"))
	_, _ = e.Complete("complete without sticky attributes", task)
	_ = e.Signal("another signal", run, "s", 2)
	e.Step("third task, on the normal queue", CompleteWorkflow("done"))
}

func stickyTimeout(e *Env) {
	run := e.Start("wf")
	makeSticky(e, run, 1)
	_ = e.Signal("signal", run, "s", 1)
	e.Step("second task, on the normal queue", CompleteWorkflow("done"))
}

func stickyReset(e *Env) {
	run := e.Start("wf")
	makeSticky(e, run, 5)
	_, _ = Call(e, "reset", e.WF.ResetStickyTaskQueue, &workflowservice.ResetStickyTaskQueueRequest{
		Namespace: e.Namespace, Execution: Execution(run.ID, run.RunID),
	})
	_ = e.Signal("signal", run, "s", 1)
	e.Step("second task, on the normal queue", CompleteWorkflow("done"))
	_, _ = Call(e, "reset a closed run", e.WF.ResetStickyTaskQueue, &workflowservice.ResetStickyTaskQueueRequest{
		Namespace: e.Namespace, Execution: Execution(run.ID, run.RunID),
	})
}

func stickyClearedByFailure(e *Env) {
	run := e.Start("wf")
	makeSticky(e, run, 5)
	_ = e.Signal("signal", run, "s", 1)
	task := e.PollWorkflowOn("second task, on the sticky queue", e.StickyQueue("sticky"))
	_ = e.Fail("fail", task, 14)
	e.Step("second attempt, on the normal queue", CompleteWorkflow("done"))
}
