package scenarios

import (
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	. "klamm.dev/integration-tests/parity/harness"
)

var deletions = []Scenario{
	{Name: "delete_closed", Run: deleteClosed},
	{Name: "delete_open", Run: deleteOpen},
	{Name: "delete_newest_of_two", Run: deleteNewestOfTwo},
	{Name: "delete_older_of_two", Run: deleteOlderOfTwo},
	{Name: "delete_bad_requests", Run: deleteBadRequests},
}

func deleteRun(e *Env, step string, run Run) {
	_, _ = Call(e, step, e.WF.DeleteWorkflowExecution, &workflowservice.DeleteWorkflowExecutionRequest{
		Namespace: e.Namespace, WorkflowExecution: Execution(run.ID, run.RunID),
	})
}

// startDeletable starts a workflow whose run is not asked for at the end of the scenario.
func startDeletable(e *Env, name string) Run {
	request := e.StartRequest(name)
	request.RequestId = ""
	response := Quiet(e, e.WF.StartWorkflowExecution, request)
	return Run{ID: request.WorkflowId, RunID: response.GetRunId()}
}

// awaitGone waits until nobody finds the run, and records what is said of it.
func awaitGone(e *Env, run Run) {
	describe := &workflowservice.DescribeWorkflowExecutionRequest{Namespace: e.Namespace, Execution: Execution(run.ID, run.RunID)}
	// Temporal's server removes a closed run only when its queues have taken note of the close, which takes up to two minutes.
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		_, err := Go(10*time.Second, e.WF.DescribeWorkflowExecution, describe).Wait()
		if status.Code(err) == codes.NotFound {
			break
		}
		if time.Now().After(deadline) {
			e.Abort("the run is still there")
		}
	}
	_, _ = Call(e, "history of what is gone", e.WF.GetWorkflowExecutionHistory, &workflowservice.GetWorkflowExecutionHistoryRequest{
		Namespace: e.Namespace, Execution: Execution(run.ID, run.RunID),
	})
	_ = e.Signal("signal to what is gone", run, "s", 1)
}

func deleteClosed(e *Env) {
	run := startDeletable(e, "wf")
	_ = e.Terminate("terminate", run)
	deleteRun(e, "delete", run)
	awaitGone(e, run)
	deleteRun(e, "delete again", run)
}

func deleteOpen(e *Env) {
	run := startDeletable(e, "wf")
	deleteRun(e, "delete", Run{ID: run.ID})
	awaitGone(e, run)
	_ = e.Signal("by id alone", Run{ID: run.ID}, "s", 1)
}

func deleteNewestOfTwo(e *Env) {
	older := e.Start("wf")
	_ = e.Terminate("terminate the older", older)
	newer := startDeletable(e, "wf")
	_ = e.Terminate("terminate the newer", newer)
	deleteRun(e, "delete the newer", Run{ID: newer.ID})
	awaitGone(e, newer)
	_ = e.Signal("by id alone", Run{ID: newer.ID}, "s", 1)
	_ = e.Signal("the older one", older, "s", 1)
	e.Start("wf", func(r *startRequest) { r.RequestId = e.ID("third") })
}

func deleteOlderOfTwo(e *Env) {
	older := startDeletable(e, "wf")
	_ = e.Terminate("terminate the older", older)
	newer := e.Start("wf", func(r *startRequest) { r.RequestId = e.ID("second") })
	deleteRun(e, "delete the older", older)
	awaitGone(e, older)
	_ = e.Signal("by id alone", Run{ID: newer.ID}, "s", 1)
}

func deleteBadRequests(e *Env) {
	for _, bad := range []struct {
		step    string
		request *workflowservice.DeleteWorkflowExecutionRequest
	}{
		{"no execution", &workflowservice.DeleteWorkflowExecutionRequest{Namespace: e.Namespace}},
		{"no workflow id", &workflowservice.DeleteWorkflowExecutionRequest{Namespace: e.Namespace, WorkflowExecution: Execution("", "")}},
		{"bad run id", &workflowservice.DeleteWorkflowExecutionRequest{Namespace: e.Namespace, WorkflowExecution: Execution("x", "no uuid")}},
		{"unknown id", &workflowservice.DeleteWorkflowExecutionRequest{Namespace: e.Namespace, WorkflowExecution: Execution(e.ID("nobody"), "")}},
		{"unknown run", &workflowservice.DeleteWorkflowExecutionRequest{Namespace: e.Namespace, WorkflowExecution: Execution(e.ID("nobody"), unknownRun)}},
		{"no namespace", &workflowservice.DeleteWorkflowExecutionRequest{WorkflowExecution: Execution("x", "")}},
		{"unknown namespace", &workflowservice.DeleteWorkflowExecutionRequest{Namespace: "nowhere", WorkflowExecution: Execution("x", "")}},
	} {
		_, _ = Call(e, bad.step, e.WF.DeleteWorkflowExecution, bad.request)
	}
}
