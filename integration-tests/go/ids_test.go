package integration

import (
	"testing"

	"github.com/google/uuid"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
)

// refused asserts that a start fails as already started, and names the run in the way.
func (e *env) refused(o client.StartWorkflowOptions, runID string) {
	e.t.Helper()
	o.WorkflowExecutionErrorWhenAlreadyStarted = true
	_, err := e.tryStart(o, helloWorkflow, "x")
	var already *serviceerror.WorkflowExecutionAlreadyStarted
	e.ErrorAs(err, &already)
	e.Equal(runID, already.RunId)
}

func TestReusePolicies(t *testing.T) {
	e := newEnv(t)
	stop := e.work(helloWorkflow, act(composeGreeting))
	first := e.start(helloWorkflow, "klamm")
	e.NoError(first.Get(e.ctx, nil))
	e.refused(client.StartWorkflowOptions{WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE}, first.GetRunID())
	failedOnly := client.StartWorkflowOptions{WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY}
	e.refused(failedOnly, first.GetRunID())
	stop()

	second := e.start(helloWorkflow, "x")
	e.NotEqual(first.GetRunID(), second.GetRunID())
	e.NoError(e.c.TerminateWorkflow(e.ctx, second.GetID(), second.GetRunID(), ""))
	third := e.startWith(failedOnly, helloWorkflow, "x")
	e.NotEqual(second.GetRunID(), third.GetRunID())
	e.NoError(e.c.TerminateWorkflow(e.ctx, third.GetID(), third.GetRunID(), ""))
}

func TestConflictPolicies(t *testing.T) {
	e := newEnv(t)
	first := e.start(helloWorkflow, "klamm")
	e.refused(client.StartWorkflowOptions{}, first.GetRunID())
	existing := e.startWith(client.StartWorkflowOptions{
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
	}, helloWorkflow, "x")
	e.Equal(first.GetRunID(), existing.GetRunID())
	second := e.startWith(client.StartWorkflowOptions{
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING,
	}, helloWorkflow, "new")
	e.NotEqual(first.GetRunID(), second.GetRunID())
	e.Equal(enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED, e.status(first))
	e.Equal(enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, e.status(second))
	e.NoError(e.c.TerminateWorkflow(e.ctx, second.GetID(), second.GetRunID(), ""))
}

func TestARepeatedRequestStartsOneRun(t *testing.T) {
	e := newEnv(t)
	request := &workflowservice.StartWorkflowExecutionRequest{
		Namespace:    "default",
		WorkflowId:   e.id("wf"),
		WorkflowType: &commonpb.WorkflowType{Name: "helloWorkflow"},
		TaskQueue:    &taskqueuepb.TaskQueue{Name: e.queue},
		RequestId:    uuid.NewString(),
	}
	first, err := e.c.WorkflowService().StartWorkflowExecution(e.ctx, request)
	e.NoError(err)
	second, err := e.c.WorkflowService().StartWorkflowExecution(e.ctx, request)
	e.NoError(err)
	e.Equal(first.RunId, second.RunId)
	e.True(first.Started && second.Started)
	e.NoError(e.c.TerminateWorkflow(e.ctx, e.id("wf"), "", ""))
}
