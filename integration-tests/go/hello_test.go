package integration

import (
	"context"
	"testing"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/workflow"
)

func composeGreeting(_ context.Context, greeting, name string) (string, error) {
	return greeting + ", " + name + "!", nil
}

func helloWorkflow(ctx workflow.Context, name string) (greeting string, err error) {
	err = workflow.ExecuteActivity(inTenSeconds(ctx, nil), composeGreeting, "Hello", name).Get(ctx, &greeting)
	return greeting, err
}

func TestHelloRunsAnActivityAndReturnsItsResult(t *testing.T) {
	e := newEnv(t)
	run := e.start(helloWorkflow, "klamm")
	e.Equal(enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, e.status(run))
	e.work(helloWorkflow, act(composeGreeting))
	var greeting string
	e.NoError(run.Get(e.ctx, &greeting))
	e.Equal("Hello, klamm!", greeting)
	e.Equal(enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, e.status(run))
	e.Equal([]string{
		"WorkflowExecutionStarted",
		"WorkflowTaskScheduled",
		"WorkflowTaskStarted",
		"WorkflowTaskCompleted",
		"ActivityTaskScheduled",
		"ActivityTaskStarted",
		"ActivityTaskCompleted",
		"WorkflowTaskScheduled",
		"WorkflowTaskStarted",
		"WorkflowTaskCompleted",
		"WorkflowExecutionCompleted",
	}, e.names(run))
}

func TestAnUnknownWorkflowIsNotFound(t *testing.T) {
	e := newEnv(t)
	_, err := e.c.DescribeWorkflowExecution(e.ctx, e.id("nobody"), "")
	var notFound *serviceerror.NotFound
	e.ErrorAs(err, &notFound)
}
