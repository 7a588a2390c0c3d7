package main

import (
	"testing"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	protocolpb "go.temporal.io/api/protocol/v1"
	updatepb "go.temporal.io/api/update/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/types/known/anypb"
	"klamm.dev/bench/internal/workload"
)

func requestMessage(t *testing.T, id string) *protocolpb.Message {
	t.Helper()
	body, err := anypb.New(&updatepb.Request{Meta: &updatepb.Meta{UpdateId: id}})
	if err != nil {
		t.Fatal(err)
	}
	return &protocolpb.Message{
		Id: id + "/request", ProtocolInstanceId: id, Body: body, SequencingId: &protocolpb.Message_EventId{EventId: 5},
	}
}

func TestEachUpdateOfATaskIsAcceptedAndThenAnswered(t *testing.T) {
	completion := &workflowservice.RespondWorkflowTaskCompletedRequest{}
	if err := succeed([]*protocolpb.Message{requestMessage(t, "a"), requestMessage(t, "b")}, completion); err != nil {
		t.Fatal(err)
	}
	if len(completion.Messages) != 4 || len(completion.Commands) != 4 {
		t.Fatalf("got %v", completion)
	}
	for i, message := range completion.Messages {
		if named := completion.Commands[i].GetProtocolMessageCommandAttributes().GetMessageId(); named != message.GetId() {
			t.Errorf("command %d names %s, not %s", i, named, message.GetId())
		}
		update := []string{"a", "b"}[i/2]
		if message.GetProtocolInstanceId() != update {
			t.Errorf("message %d is of %s, not %s", i, message.GetProtocolInstanceId(), update)
		}
		acceptance, response := &updatepb.Acceptance{}, &updatepb.Response{}
		if i%2 == 0 {
			if err := message.GetBody().UnmarshalTo(acceptance); err != nil || acceptance.GetAcceptedRequestSequencingEventId() != 5 {
				t.Errorf("message %d: %v, %v", i, acceptance, err)
			}
		} else if err := message.GetBody().UnmarshalTo(response); err != nil || response.GetMeta().GetUpdateId() != update {
			t.Errorf("message %d: %v, %v", i, response, err)
		}
	}
}

func TestAMessageThatIsNoRequestIsNotAnswered(t *testing.T) {
	body, err := anypb.New(&updatepb.Response{})
	if err != nil {
		t.Fatal(err)
	}
	completion := &workflowservice.RespondWorkflowTaskCompletedRequest{}
	if err := succeed([]*protocolpb.Message{{Id: "m", Body: body}}, completion); err == nil {
		t.Errorf("got %v", completion)
	}
}

func TestChildrenAreStartedOneAfterTheOther(t *testing.T) {
	w := &directWorker{options: &workload.Options{Plan: workload.Plan{Children: 2}}, runs: map[string]*progress{}}
	task := func(first int64, kinds ...enumspb.EventType) *workflowservice.PollWorkflowTaskQueueResponse {
		history := &historypb.History{}
		for i, kind := range kinds {
			history.Events = append(history.Events, &historypb.HistoryEvent{EventId: first + int64(i), EventType: kind})
		}
		return &workflowservice.PollWorkflowTaskQueueResponse{
			WorkflowType:      &commonpb.WorkflowType{Name: plannedType},
			WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: "w", RunId: "r"}, History: history,
		}
	}
	started := enumspb.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED
	ended := enumspb.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED
	for number, step := range []struct {
		task *workflowservice.PollWorkflowTaskQueueResponse
		want []enumspb.CommandType
	}{
		{task(1, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED), []enumspb.CommandType{enumspb.COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION}},
		{task(5, started, enumspb.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED), nil},
		{task(9, ended), []enumspb.CommandType{enumspb.COMMAND_TYPE_START_CHILD_WORKFLOW_EXECUTION}},
		{task(13, started, ended), []enumspb.CommandType{enumspb.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION}},
	} {
		var kinds []enumspb.CommandType
		for _, command := range w.decide(step.task) {
			kinds = append(kinds, command.GetCommandType())
		}
		if len(kinds) != len(step.want) || len(kinds) > 0 && kinds[0] != step.want[0] {
			t.Errorf("step %d: %v, not %v", number, kinds, step.want)
		}
	}
}
