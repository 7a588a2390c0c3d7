package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	commandpb "go.temporal.io/api/command/v1"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	protocolpb "go.temporal.io/api/protocol/v1"
	updatepb "go.temporal.io/api/update/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"klamm.dev/bench/internal/workload"
)

// firstTaskCompleted is the event at which a run's first workflow task has ended.
const firstTaskCompleted = 4

// idleRuns are the operations that --each measures.
type idleRuns struct {
	client  workflowservice.WorkflowServiceClient
	options *workload.Options
	queue   string
	handled *workload.Handled
}

// Start starts a run and waits until its first task is completed.
func (r *idleRuns) Start(ctx context.Context, run string) error {
	runID, err := start(ctx, r.client, r.options, r.queue, idleType, run)
	if err != nil {
		return err
	}
	return r.handled.Await(ctx, runID)
}

// Update waits for the update's result.
func (r *idleRuns) Update(ctx context.Context, run, id string) error {
	answer, err := r.client.UpdateWorkflowExecution(ctx, &workflowservice.UpdateWorkflowExecutionRequest{
		Namespace: r.options.Namespace, WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: run},
		WaitPolicy: &updatepb.WaitPolicy{LifecycleStage: enumspb.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED},
		Request: &updatepb.Request{
			Meta: &updatepb.Meta{UpdateId: id, Identity: identity}, Input: &updatepb.Input{Name: "update", Args: smallPayloads},
		},
	})
	if err != nil {
		return err
	}
	if answer.GetOutcome().GetSuccess() == nil {
		return fmt.Errorf("update %s was answered with %v", id, answer)
	}
	return nil
}

// Signal sends a signal that has its id as input, and waits until a task with it is completed.
func (r *idleRuns) Signal(ctx context.Context, run, id string) error {
	if _, err := r.client.SignalWorkflowExecution(ctx, &workflowservice.SignalWorkflowExecutionRequest{
		Namespace: r.options.Namespace, WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: run},
		SignalName: "signal", Identity: identity, RequestId: id,
		Input: &commonpb.Payloads{Payloads: []*commonpb.Payload{{
			Metadata: map[string][]byte{"encoding": []byte("json/plain")}, Data: []byte(`"` + id + `"`),
		}}},
	}); err != nil {
		return err
	}
	return r.handled.Await(ctx, id)
}

// Reset waits until the new run's first task is completed.
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

// answerIdle completes a task of an idle run: its updates succeed, and nothing else happens. Then it notes what was handled.
func (w *directWorker) answerIdle(
	ctx context.Context, task *workflowservice.PollWorkflowTaskQueueResponse, completion *workflowservice.RespondWorkflowTaskCompletedRequest,
) {
	err := succeed(task.GetMessages(), completion)
	if err == nil {
		_, err = w.client.RespondWorkflowTaskCompleted(ctx, completion)
	}
	if err != nil {
		if ctx.Err() == nil {
			fmt.Fprintln(os.Stderr, "bench direct: a workflow task was not completed:", err)
		}
		return
	}
	for _, event := range task.GetHistory().GetEvents() {
		if event.GetEventId() == 1 {
			w.handled.Note(task.GetWorkflowExecution().GetRunId())
		}
		for _, payload := range event.GetWorkflowExecutionSignaledEventAttributes().GetInput().GetPayloads() {
			w.handled.Note(string(payload.GetData()[1 : len(payload.GetData())-1]))
		}
	}
}

// succeed accepts and completes all updates that came with a task.
func succeed(requests []*protocolpb.Message, completion *workflowservice.RespondWorkflowTaskCompletedRequest) error {
	for _, message := range requests {
		request := &updatepb.Request{}
		if err := message.GetBody().UnmarshalTo(request); err != nil {
			return errors.Join(errors.New("a message is no update's request"), err)
		}
		for kind, body := range []proto.Message{
			&updatepb.Acceptance{
				AcceptedRequestMessageId: message.GetId(), AcceptedRequestSequencingEventId: message.GetEventId(), AcceptedRequest: request,
			},
			&updatepb.Response{
				Meta: request.GetMeta(), Outcome: &updatepb.Outcome{Value: &updatepb.Outcome_Success{Success: smallPayloads}},
			},
		} {
			packed, err := anypb.New(body)
			if err != nil {
				return err
			}
			id := fmt.Sprintf("%s/%d", message.GetId(), kind)
			completion.Messages = append(completion.Messages, &protocolpb.Message{
				Id: id, ProtocolInstanceId: message.GetProtocolInstanceId(), Body: packed,
			})
			completion.Commands = append(completion.Commands, &commandpb.Command{
				CommandType: enumspb.COMMAND_TYPE_PROTOCOL_MESSAGE,
				Attributes: &commandpb.Command_ProtocolMessageCommandAttributes{
					ProtocolMessageCommandAttributes: &commandpb.ProtocolMessageCommandAttributes{MessageId: id},
				},
			})
		}
	}
	return nil
}
