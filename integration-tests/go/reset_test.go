package integration

import (
	"testing"
	"time"

	"github.com/google/uuid"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
)

// reset lets the run begin again at its first task; the new run.
func (e *env) reset(run client.WorkflowRun, exclude ...enumspb.ResetReapplyExcludeType) client.WorkflowRun {
	e.t.Helper()
	answer, err := e.c.ResetWorkflowExecution(e.ctx, e.resetRequest(run, 4, exclude...))
	e.NoError(err)
	return e.c.GetWorkflow(e.ctx, run.GetID(), answer.RunId)
}

func (e *env) resetRequest(
	run client.WorkflowRun, finish int64, exclude ...enumspb.ResetReapplyExcludeType,
) *workflowservice.ResetWorkflowExecutionRequest {
	return &workflowservice.ResetWorkflowExecutionRequest{
		Namespace: "default", Reason: "wrong", RequestId: uuid.NewString(), WorkflowTaskFinishEventId: finish,
		WorkflowExecution:        &commonpb.WorkflowExecution{WorkflowId: run.GetID(), RunId: run.GetRunID()},
		ResetReapplyExcludeTypes: exclude,
	}
}

// collected is what a collectWorkflow has by now.
func (e *env) collected(run client.WorkflowRun) (items []string) {
	e.t.Helper()
	answer, err := e.c.QueryWorkflow(e.ctx, run.GetID(), run.GetRunID(), "collected")
	e.NoError(err)
	e.NoError(answer.Get(&items))
	return items
}

func TestAWorkflowBeginsAgainWithTheSignalsItGot(t *testing.T) {
	e := newEnv(t)
	e.work(collectWorkflow)
	run := e.start(collectWorkflow, []string{"a"})
	e.Equal([]string{"a"}, e.collected(run))
	e.signal(run, "add", "b")
	e.Equal([]string{"a", "b"}, e.collected(run))
	again := e.reset(run)
	e.Equal([]string{"a", "b"}, e.collected(again))
	e.signal(again, "add", "c")
	e.signal(again, "finish", nil)
	var items []string
	e.NoError(again.Get(e.ctx, &items))
	e.Equal([]string{"a", "b", "c"}, items)
	e.Equal(enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED, e.status(run))
}

func TestAWorkflowBeginsAgainWithoutItsSignals(t *testing.T) {
	e := newEnv(t)
	e.work(collectWorkflow)
	run := e.start(collectWorkflow, []string{"a"})
	e.Equal([]string{"a"}, e.collected(run))
	e.signal(run, "add", "b")
	e.Equal([]string{"a", "b"}, e.collected(run))
	again := e.reset(run, enumspb.RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL)
	e.Equal([]string{"a"}, e.collected(again))
	e.signal(again, "finish", nil)
	e.NoError(again.Get(e.ctx, nil))
}

func TestACompletedWorkflowBeginsAgain(t *testing.T) {
	e := newEnv(t)
	e.work(parentWorkflow, endingWorkflow)
	run := e.start(parentWorkflow, "result", time.Duration(0))
	e.NoError(run.Get(e.ctx, nil))
	again := e.reset(run)
	var told string
	e.NoError(again.Get(e.ctx, &told))
	e.Equal("completed: result", told)
}

func TestAPointWithoutATaskIsRefused(t *testing.T) {
	e := newEnv(t)
	e.work(endingWorkflow)
	run := e.start(endingWorkflow, "result")
	e.NoError(run.Get(e.ctx, nil))
	_, err := e.c.ResetWorkflowExecution(e.ctx, e.resetRequest(run, 100))
	var refused *serviceerror.InvalidArgument
	e.ErrorAs(err, &refused)
}
