package integration

import (
	"errors"
	"fmt"
	"testing"
	"time"

	batchpb "go.temporal.io/api/batch/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
)

func TestABatchOperationSignalsAllThatAQueryFinds(t *testing.T) {
	e := newEnv(t)
	e.work(collectWorkflow)
	var runs []client.WorkflowRun
	for number := range 5 {
		runs = append(runs, e.startWith(client.StartWorkflowOptions{ID: e.id(fmt.Sprint(number))}, collectWorkflow, []string{"a"}))
	}
	service, query := e.c.WorkflowService(), fmt.Sprintf("TaskQueue = '%s'", e.queue)
	e.until("the list knows them", func() bool {
		counted, err := service.CountWorkflowExecutions(e.ctx, &workflowservice.CountWorkflowExecutionsRequest{Namespace: "default", Query: query})
		e.NoError(err)
		return counted.GetCount() == int64(len(runs))
	})
	// A namespace has one operation at a time, and other suites have theirs, which take up to 8 seconds each.
	e.within(time.Minute, "no other operation is under way", func() bool {
		_, err := service.StartBatchOperation(e.ctx, &workflowservice.StartBatchOperationRequest{
			Namespace: "default", JobId: e.queue, Reason: "all of them", VisibilityQuery: query,
			Operation: &workflowservice.StartBatchOperationRequest_SignalOperation{SignalOperation: &batchpb.BatchOperationSignal{Signal: "finish"}},
		})
		var exhausted *serviceerror.ResourceExhausted
		if errors.As(err, &exhausted) {
			return false
		}
		e.NoError(err)
		return true
	})
	for _, run := range runs {
		e.NoError(run.Get(e.ctx, nil))
	}
	var job *workflowservice.DescribeBatchOperationResponse
	var err error
	e.until("the operation has ended", func() bool {
		job, err = service.DescribeBatchOperation(e.ctx, &workflowservice.DescribeBatchOperationRequest{Namespace: "default", JobId: e.queue})
		e.NoError(err)
		return job.GetState() != enumspb.BATCH_OPERATION_STATE_RUNNING
	})
	e.Equal(enumspb.BATCH_OPERATION_STATE_COMPLETED, job.GetState())
	e.EqualValues(len(runs), job.GetCompleteOperationCount())
	e.Zero(job.GetFailureOperationCount())
}

func TestAPausedWorkflowKeepsWhatComesAndGoesOn(t *testing.T) {
	e := newEnv(t)
	e.work(collectWorkflow)
	run := e.start(collectWorkflow, []string{"a"})
	e.Equal([]string{"a"}, e.collected(run))
	service := e.c.WorkflowService()
	_, err := service.PauseWorkflowExecution(e.ctx, &workflowservice.PauseWorkflowExecutionRequest{
		Namespace: "default", WorkflowId: run.GetID(), Identity: "operator", Reason: "lunch", RequestId: e.id("pause"),
	})
	e.NoError(err)
	described, err := e.c.DescribeWorkflowExecution(e.ctx, run.GetID(), "")
	e.NoError(err)
	e.Equal("lunch", described.GetWorkflowExtendedInfo().GetPauseInfo().GetReason())
	e.signal(run, "add", "b")
	e.signal(run, "finish", nil)
	_, err = service.UnpauseWorkflowExecution(e.ctx, &workflowservice.UnpauseWorkflowExecutionRequest{
		Namespace: "default", WorkflowId: run.GetID(), Identity: "operator", RequestId: e.id("unpause"),
	})
	e.NoError(err)
	var items []string
	e.NoError(run.Get(e.ctx, &items))
	e.Equal([]string{"a", "b"}, items)
	names := e.names(run)
	paused := 0
	for names[paused] != "WorkflowExecutionPaused" {
		paused++
	}
	e.Equal([]string{"WorkflowExecutionSignaled", "WorkflowExecutionSignaled", "WorkflowExecutionUnpaused"}, names[paused+1:paused+4])
}
