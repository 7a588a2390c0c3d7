package scenarios

import (
	"fmt"

	batchpb "go.temporal.io/api/batch/v1"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	. "klamm.dev/integration-tests/parity/harness"
)

// A namespace has one open job at a time, so one scenario has all of them, one after the other.
var batches = []Scenario{
	{Name: "batch_bad_requests", Run: batchBadRequests},
	{Name: "batch_operations", Run: batchOperations},
}

type batchRequest = workflowservice.StartBatchOperationRequest

func terminateJob(e *Env, job string) *batchRequest {
	return &batchRequest{
		Namespace: e.Namespace, JobId: e.ID(job), Reason: "a reason",
		Operation: &workflowservice.StartBatchOperationRequest_TerminationOperation{
			TerminationOperation: &batchpb.BatchOperationTermination{Identity: Identity},
		},
	}
}

func describeJob(e *Env, job string) *workflowservice.DescribeBatchOperationRequest {
	return &workflowservice.DescribeBatchOperationRequest{Namespace: e.Namespace, JobId: e.ID(job)}
}

// ended waits until the job has ended and shows it.
func ended(e *Env, job string) {
	e.Eventually("job "+job+" has ended", func() bool {
		description := Quiet(e, e.WF.DescribeBatchOperation, describeJob(e, job))
		return description.GetState() != enumspb.BATCH_OPERATION_STATE_RUNNING
	})
	_, _ = Call(e, "describe "+job, e.WF.DescribeBatchOperation, describeJob(e, job))
	e.Eventually("no job is open", func() bool {
		count := Quiet(e, e.WF.CountWorkflowExecutions, &workflowservice.CountWorkflowExecutionsRequest{
			Namespace: e.Namespace, Query: "TemporalNamespaceDivision = 'TemporalBatcher' AND ExecutionStatus = 'Running'",
		})
		return count.GetCount() == 0
	})
}

func batchOperations(e *Env) {
	first, second := e.Start("first"), e.Start("second")
	query := fmt.Sprintf("TaskQueue = '%s'", e.Queue().Name)
	e.Eventually("the list knows both", func() bool {
		count := Quiet(e, e.WF.CountWorkflowExecutions, &workflowservice.CountWorkflowExecutionsRequest{Namespace: e.Namespace, Query: query})
		return count.GetCount() == 2
	})

	signal := terminateJob(e, "signal")
	signal.VisibilityQuery = query
	signal.Operation = &workflowservice.StartBatchOperationRequest_SignalOperation{
		SignalOperation: &batchpb.BatchOperationSignal{Signal: "hello", Input: Payloads("there"), Identity: Identity},
	}
	_, _ = Call(e, "signal by query", e.WF.StartBatchOperation, signal)
	ended(e, "signal")

	cancel := terminateJob(e, "cancel")
	cancel.Executions = []*commonpb.WorkflowExecution{Execution(first.ID, first.RunID)}
	cancel.Operation = &workflowservice.StartBatchOperationRequest_CancellationOperation{
		CancellationOperation: &batchpb.BatchOperationCancellation{Identity: Identity},
	}
	_, _ = Call(e, "cancel a list", e.WF.StartBatchOperation, cancel)
	ended(e, "cancel")

	terminate := terminateJob(e, "terminate")
	terminate.TargetExecutions = []*commonpb.Execution{
		{Type: enumspb.EXECUTION_TYPE_WORKFLOW, BusinessId: second.ID},
		{Type: enumspb.EXECUTION_TYPE_WORKFLOW, BusinessId: e.ID("not there")},
	}
	_, _ = Call(e, "terminate a list", e.WF.StartBatchOperation, terminate)
	ended(e, "terminate")

	_, _ = Call(e, "the same job again", e.WF.StartBatchOperation, terminate)
	_, _ = Call(e, "stop what has ended", e.WF.StopBatchOperation, &workflowservice.StopBatchOperationRequest{
		Namespace: e.Namespace, JobId: e.ID("terminate"), Reason: "too late",
	})

	unknown := terminateJob(e, "unknown attribute")
	unknown.VisibilityQuery = "Nowhere = 'x'"
	_, _ = Call(e, "a query with an unknown attribute", e.WF.StartBatchOperation, unknown)
	ended(e, "unknown attribute")

	batchResets(e, first)
}

// resetJob resets to what the operation says.
func resetJob(e *Env, job string, operation *batchpb.BatchOperationReset) *batchRequest {
	reset := terminateJob(e, job)
	operation.Identity = Identity
	reset.Operation = &workflowservice.StartBatchOperationRequest_ResetOperation{ResetOperation: operation}
	return reset
}

// batchResets resets a run whose first task waits, again and again.
func batchResets(e *Env, run Run) {
	e.Step("first task")
	_ = e.Signal("signal two", run, "two", 2)
	e.Step("second task")

	first := resetJob(e, "reset first", &batchpb.BatchOperationReset{
		Options: &commonpb.ResetOptions{Target: &commonpb.ResetOptions_FirstWorkflowTask{}},
	})
	first.VisibilityQuery = fmt.Sprintf("WorkflowId = '%s'", run.ID)
	_, _ = Call(e, "reset to the first task", e.WF.StartBatchOperation, first)
	ended(e, "reset first")
	e.Step("task after the first reset")

	last := resetJob(e, "reset last", &batchpb.BatchOperationReset{ResetType: enumspb.RESET_TYPE_LAST_WORKFLOW_TASK})
	last.Executions = []*commonpb.WorkflowExecution{Execution(run.ID, ""), Execution(e.ID("not there"), "")}
	_, _ = Call(e, "reset to the last task", e.WF.StartBatchOperation, last)
	ended(e, "reset last")
	e.RecordHistory("reset to the last task", Run{ID: run.ID})

	here := resetJob(e, "reset here", &batchpb.BatchOperationReset{Options: &commonpb.ResetOptions{
		Target:                   &commonpb.ResetOptions_WorkflowTaskId{WorkflowTaskId: 3},
		ResetReapplyExcludeTypes: []enumspb.ResetReapplyExcludeType{enumspb.RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL},
	}})
	here.Executions = []*commonpb.WorkflowExecution{Execution(run.ID, "")}
	_, _ = Call(e, "reset to a task", e.WF.StartBatchOperation, here)
	ended(e, "reset here")
	e.RecordHistory("reset to a task", Run{ID: run.ID})

	build := resetJob(e, "reset build", &batchpb.BatchOperationReset{Options: &commonpb.ResetOptions{
		Target: &commonpb.ResetOptions_BuildId{BuildId: "no build"},
	}})
	build.Executions = []*commonpb.WorkflowExecution{Execution(run.ID, "")}
	_, _ = Call(e, "reset to an unknown build", e.WF.StartBatchOperation, build)
	ended(e, "reset build")
}

func batchBadRequests(e *Env) {
	for _, bad := range []struct {
		step   string
		change func(*batchRequest)
	}{
		{"no namespace", func(r *batchRequest) { r.Namespace = "" }},
		{"no operation", func(r *batchRequest) { r.Operation = nil }},
		{"no reason", func(r *batchRequest) { r.Reason = "" }},
		{"no selector", func(r *batchRequest) { r.VisibilityQuery = "" }},
		{"no job id", func(r *batchRequest) { r.JobId = "" }},
		{"two selectors", func(r *batchRequest) { r.Executions = []*commonpb.WorkflowExecution{Execution("a", "")} }},
		{"target of another type", func(r *batchRequest) {
			r.VisibilityQuery = ""
			r.TargetExecutions = []*commonpb.Execution{{Type: enumspb.EXECUTION_TYPE_ACTIVITY, BusinessId: "a"}}
		}},
		{"signal without a name", func(r *batchRequest) {
			r.Operation = &workflowservice.StartBatchOperationRequest_SignalOperation{SignalOperation: &batchpb.BatchOperationSignal{}}
		}},
		{"options without options", func(r *batchRequest) {
			r.Operation = &workflowservice.StartBatchOperationRequest_UpdateWorkflowOptionsOperation{
				UpdateWorkflowOptionsOperation: &batchpb.BatchOperationUpdateWorkflowExecutionOptions{},
			}
		}},
		{"reset without a target", func(r *batchRequest) {
			r.Operation = &workflowservice.StartBatchOperationRequest_ResetOperation{
				ResetOperation: &batchpb.BatchOperationReset{Options: &commonpb.ResetOptions{}},
			}
		}},
		{"reset of no type", func(r *batchRequest) {
			r.Operation = &workflowservice.StartBatchOperationRequest_ResetOperation{ResetOperation: &batchpb.BatchOperationReset{}}
		}},
		{"unpause of nothing", func(r *batchRequest) {
			r.Operation = &workflowservice.StartBatchOperationRequest_UnpauseActivitiesOperation{
				UnpauseActivitiesOperation: &batchpb.BatchOperationUnpauseActivities{},
			}
		}},
		{"unpause of not all", func(r *batchRequest) {
			r.Operation = &workflowservice.StartBatchOperationRequest_UnpauseActivitiesOperation{
				UnpauseActivitiesOperation: &batchpb.BatchOperationUnpauseActivities{
					Activity: &batchpb.BatchOperationUnpauseActivities_MatchAll{},
				},
			}
		}},
		{"activity options twice", func(r *batchRequest) {
			r.Operation = &workflowservice.StartBatchOperationRequest_UpdateActivityOptionsOperation{
				UpdateActivityOptionsOperation: &batchpb.BatchOperationUpdateActivityOptions{RestoreOriginal: false},
			}
		}},
		{"query that does not parse", func(r *batchRequest) { r.VisibilityQuery = "WorkflowId = " }},
	} {
		request := terminateJob(e, "job")
		request.VisibilityQuery = "WorkflowId = 'nobody'"
		bad.change(request)
		_, _ = Call(e, bad.step, e.WF.StartBatchOperation, request)
	}
	_, _ = Call(e, "describe without a job id", e.WF.DescribeBatchOperation, &workflowservice.DescribeBatchOperationRequest{Namespace: e.Namespace})
	_, _ = Call(e, "describe an unknown job", e.WF.DescribeBatchOperation, describeJob(e, "unknown"))
	_, _ = Call(e, "stop without a reason", e.WF.StopBatchOperation, &workflowservice.StopBatchOperationRequest{
		Namespace: e.Namespace, JobId: e.ID("job"),
	})
	_, _ = Call(e, "stop an unknown job", e.WF.StopBatchOperation, &workflowservice.StopBatchOperationRequest{
		Namespace: e.Namespace, JobId: e.ID("unknown"), Reason: "why",
	})
}
