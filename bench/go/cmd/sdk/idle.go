package main

import (
	"context"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"
	"klamm.dev/bench/internal/workload"
)

const updateName = "update"

// firstTaskCompleted is the event at which a run's first workflow task has ended.
const firstTaskCompleted = 4

// idleRuns are the operations that --each measures, and the workflow that they are done to.
type idleRuns struct {
	client  client.Client
	options *workload.Options
	queue   string
	handled workload.Handled
}

// workflow answers updates and takes signals without end. It notes its run's first task and each signal.
func (r *idleRuns) workflow(ctx workflow.Context) error {
	note := func(id string) {
		if !workflow.IsReplaying(ctx) {
			r.handled.Note(id)
		}
	}
	if err := workflow.SetUpdateHandler(ctx, updateName, func(_ workflow.Context, id string) (string, error) { return id, nil }); err != nil {
		return err
	}
	note(workflow.GetInfo(ctx).WorkflowExecution.RunID)
	for {
		var id string
		workflow.GetSignalChannel(ctx, signalName).Receive(ctx, &id)
		note(id)
	}
}

// Start starts a run and waits until its first task has come.
func (r *idleRuns) Start(ctx context.Context, run string) error {
	handle, err := r.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: run, TaskQueue: r.queue}, "idle")
	if err != nil {
		return err
	}
	return r.handled.Await(ctx, handle.GetRunID())
}

// Update waits for the update's result.
func (r *idleRuns) Update(ctx context.Context, run, id string) error {
	handle, err := r.client.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: run, UpdateID: id, UpdateName: updateName, Args: []any{id}, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err != nil {
		return err
	}
	return handle.Get(ctx, nil)
}

// Signal waits until the workflow has received the signal.
func (r *idleRuns) Signal(ctx context.Context, run, id string) error {
	if err := r.client.SignalWorkflow(ctx, run, "", signalName, id); err != nil {
		return err
	}
	return r.handled.Await(ctx, id)
}

// Reset waits until the new run's first task has come.
func (r *idleRuns) Reset(ctx context.Context, run, id string) error {
	answer, err := r.client.ResetWorkflowExecution(ctx, &workflowservice.ResetWorkflowExecutionRequest{
		Namespace: r.options.Namespace, WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: run},
		Reason: "bench", RequestId: id, WorkflowTaskFinishEventId: firstTaskCompleted,
	})
	if err != nil {
		return err
	}
	return r.handled.Await(ctx, answer.GetRunId())
}
