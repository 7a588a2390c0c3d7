package integration

import (
	"testing"

	"go.temporal.io/sdk/client"
)

func TestAClientWithAWorkerGetsTheFirstTaskAtOnce(t *testing.T) {
	e := newEnv(t)
	e.work(helloWorkflow, act(composeGreeting))
	run := e.startWith(client.StartWorkflowOptions{EnableEagerStart: true}, helloWorkflow, "klamm")
	var greeting string
	e.NoError(run.Get(e.ctx, &greeting))
	e.Equal("Hello, klamm!", greeting)
	e.True(e.history(run.GetID(), run.GetRunID())[0].GetWorkflowExecutionStartedEventAttributes().GetEagerExecutionAccepted())
}
