package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"time"

	commandpb "go.temporal.io/api/command/v1"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	protocolpb "go.temporal.io/api/protocol/v1"
	updatepb "go.temporal.io/api/update/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	. "klamm.dev/integration-tests/parity/harness"
)

// What callers of updates and the workflows that answer them see.
var updates = []Scenario{
	{Name: "update_completes", Run: updateCompletes},
	{Name: "update_fails", Run: updateFails},
	{Name: "update_completes_later", Run: updateCompletesLater},
	{Name: "update_before_first_task", Run: updateBeforeFirstTask},
	{Name: "update_rejected", Run: updateRejected},
	{Name: "update_deduplicated", Run: updateDeduplicated},
	{Name: "update_everything_set", Run: updateEverythingSet},
	{Name: "update_id_left_open", Run: updateIDLeftOpen},
	{Name: "update_order", Run: updateOrder},
	{Name: "update_messages_not_placed", Run: updateMessagesNotPlaced},
	{Name: "update_limit_in_flight", Run: updateLimitInFlight},
	{Name: "update_first_execution", Run: updateFirstExecution},
	{Name: "update_paused", Run: updatePaused},
	{Name: "update_bad_requests", Run: updateBadRequests},
}

type (
	workflowUpdate = workflowservice.UpdateWorkflowExecutionRequest
	updateResponse = workflowservice.UpdateWorkflowExecutionResponse
	completion     = workflowservice.RespondWorkflowTaskCompletedRequest
	lifecycleStage = enumspb.UpdateWorkflowExecutionLifecycleStage
)

const (
	stageUnspecified = enumspb.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_UNSPECIFIED
	stageAdmitted    = enumspb.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ADMITTED
	stageAccepted    = enumspb.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_ACCEPTED
	stageCompleted   = enumspb.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED
)

// updateWait is longer than servers let a caller wait.
const updateWait = 40 * time.Second

// newUpdate is a complete, valid request that waits for the outcome.
func newUpdate(e *Env, run Run, id string, change ...func(*workflowUpdate)) *workflowUpdate {
	request := &workflowUpdate{
		Namespace: e.Namespace, WorkflowExecution: Execution(run.ID, run.RunID),
		WaitPolicy: &updatepb.WaitPolicy{LifecycleStage: stageCompleted},
		Request: &updatepb.Request{
			Meta:  &updatepb.Meta{UpdateId: id, Identity: Identity},
			Input: &updatepb.Input{Name: "change", Args: Payloads("argument of " + id)},
		},
	}
	for _, c := range change {
		c(request)
	}
	return request
}

func waitFor(stage lifecycleStage) func(*workflowUpdate) {
	return func(r *workflowUpdate) { r.WaitPolicy.LifecycleStage = stage }
}

// sendUpdate sends an update beside the scenario and returns once the server knows of it.
func sendUpdate(e *Env, run Run, id string, change ...func(*workflowUpdate)) *Pending[*updateResponse] {
	pending := Go(updateWait, e.WF.UpdateWorkflowExecution, newUpdate(e, run, id, change...))
	awaitUpdate(e, run, id)
	return pending
}

// awaitUpdate waits until the server knows of the update.
func awaitUpdate(e *Env, run Run, id string) {
	e.Eventually("update "+id, func() bool {
		answer, _ := Go(rpcWait, e.WF.PollWorkflowExecutionUpdate, pollRequest(e, run, id, stageUnspecified)).Wait()
		return answer.GetStage() != stageUnspecified
	})
}

func pollRequest(e *Env, run Run, id string, stage lifecycleStage) *workflowservice.PollWorkflowExecutionUpdateRequest {
	return &workflowservice.PollWorkflowExecutionUpdateRequest{
		Namespace: e.Namespace, Identity: Identity, WaitPolicy: &updatepb.WaitPolicy{LifecycleStage: stage},
		UpdateRef: &updatepb.UpdateRef{WorkflowExecution: Execution(run.ID, run.RunID), UpdateId: id},
	}
}

// pollUpdate asks for the update's outcome and records the answer.
func pollUpdate(e *Env, step string, run Run, id string, stage lifecycleStage) {
	_, _ = CallWithin(e, step, updateWait, e.WF.PollWorkflowExecutionUpdate, pollRequest(e, run, id, stage))
}

// part is one of the things that a task is answered with.
type part = func(*completion)

// answer completes the task with its parts in order and records the answer.
func answer(e *Env, step string, task *WorkflowTask, parts ...part) *workflowservice.RespondWorkflowTaskCompletedResponse {
	request := e.CompleteRequest(task)
	for _, add := range parts {
		add(request)
	}
	response, _ := Call(e, step, e.WF.RespondWorkflowTaskCompleted, request)
	return response
}

// does is a command among the parts.
func does(command *commandpb.Command) part {
	return func(r *completion) { r.Commands = append(r.Commands, command) }
}

// placed is a message whose place among the commands a command of its own tells.
func placed(message *protocolpb.Message) part {
	return func(r *completion) {
		r.Messages = append(r.Messages, message)
		r.Commands = append(r.Commands, &commandpb.Command{
			CommandType: enumspb.COMMAND_TYPE_PROTOCOL_MESSAGE,
			Attributes: &commandpb.Command_ProtocolMessageCommandAttributes{
				ProtocolMessageCommandAttributes: &commandpb.ProtocolMessageCommandAttributes{MessageId: message.GetId()},
			},
		})
	}
}

// unplaced is a message that no command names.
func unplaced(message *protocolpb.Message) part {
	return func(r *completion) { r.Messages = append(r.Messages, message) }
}

func accepts(task *WorkflowTask, id string) part { return placed(acceptance(task, id)) }
func rejects(task *WorkflowTask, id string) part { return unplaced(rejection(task, id)) }
func completes(id string, result any) part       { return placed(success(id, result)) }
func withNewTask(r *completion)                  { r.ReturnNewWorkflowTask = true }
func serves(task *WorkflowTask, id string) (both part) {
	return all(accepts(task, id), completes(id, "result of "+id))
}

// all is several parts as one.
func all(parts ...part) part {
	return func(r *completion) {
		for _, add := range parts {
			add(r)
		}
	}
}

// delivered is the request for the update that came with the task, and the event behind which it is to be applied.
func delivered(task *WorkflowTask, id string) (*updatepb.Request, int64) {
	for _, message := range task.GetMessages() {
		request := &updatepb.Request{}
		if message.GetProtocolInstanceId() == id && message.GetBody().UnmarshalTo(request) == nil {
			return request, message.GetEventId()
		}
	}
	return nil, task.GetStartedEventId() - 1
}

// message is what a worker sends about an update. Nothing is a body of no type.
func message(id, update string, body proto.Message) *protocolpb.Message {
	packed, err := anypb.New(body)
	if err != nil {
		panic(fmt.Sprintf("a scenario's message cannot be packed: %v", err))
	}
	return &protocolpb.Message{Id: id, ProtocolInstanceId: update, Body: packed}
}

func acceptance(task *WorkflowTask, id string) *protocolpb.Message {
	request, sequencing := delivered(task, id)
	return message(id+"/request/accept", id, &updatepb.Acceptance{
		AcceptedRequestMessageId: id + "/request", AcceptedRequestSequencingEventId: sequencing, AcceptedRequest: request,
	})
}

func rejection(task *WorkflowTask, id string) *protocolpb.Message {
	request, sequencing := delivered(task, id)
	return message(id+"/request/reject", id, &updatepb.Rejection{
		RejectedRequestMessageId: id + "/request", RejectedRequestSequencingEventId: sequencing, RejectedRequest: request,
		Failure: ApplicationFailure("not now", "Refused", false),
	})
}

func success(id string, result any) *protocolpb.Message {
	return outcome(id, &updatepb.Outcome{Value: &updatepb.Outcome_Success{Success: Payloads(result)}})
}

func outcome(id string, outcome *updatepb.Outcome) *protocolpb.Message {
	return message(id+"/request/complete", id, &updatepb.Response{
		Meta: &updatepb.Meta{UpdateId: id, Identity: Identity}, Outcome: outcome,
	})
}

// idle is a workflow whose first task is completed, with nothing left to do.
func idle(e *Env, change ...func(*startRequest)) Run {
	run := e.Start("wf", change...)
	e.Step("first task")
	return run
}

func updateCompletes(e *Env) {
	run := idle(e)
	update := sendUpdate(e, run, "u1")
	task := e.PollWorkflow("task of the update")
	e.RecordHistory("history while it runs", run)
	e.RecordDescription("description while it runs", run)
	answer(e, "accept and complete", task, serves(task, "u1"))
	_, _ = Join(e, "update", update)
	pollUpdate(e, "its outcome", run, "u1", stageCompleted)
	_, _ = Call(e, "the same update again", e.WF.UpdateWorkflowExecution, newUpdate(e, run, "u1"))
	e.RecordHistory("history", run)
	_ = e.Signal("signal", run, "go", 1)
	e.Step("next task", CompleteWorkflow("done"))
}

func updateFails(e *Env) {
	run := idle(e)
	update := sendUpdate(e, run, "u1")
	task := e.PollWorkflow("task of the update")
	answer(e, "accept and fail", task, accepts(task, "u1"), placed(outcome("u1", &updatepb.Outcome{
		Value: &updatepb.Outcome_Failure{Failure: ApplicationFailure("could not be done", "Broken", true)},
	})))
	_, _ = Join(e, "update", update)
	pollUpdate(e, "its outcome", run, "u1", stageCompleted)
}

func updateCompletesLater(e *Env) {
	run := idle(e)
	update := sendUpdate(e, run, "u1", waitFor(stageAccepted))
	task := e.PollWorkflow("task of the update")
	answer(e, "accept", task, accepts(task, "u1"), does(StartTimer("t", 1)))
	_, _ = Join(e, "update", update)
	e.RecordDescription("while it is accepted", run)
	waiting := Go(updateWait, e.WF.PollWorkflowExecutionUpdate, pollRequest(e, run, "u1", stageCompleted))
	task = e.PollWorkflow("task of the timer")
	answer(e, "complete", task, completes("u1", "at last"))
	_, _ = Join(e, "its outcome", waiting)
	_, _ = Call(e, "the same update again", e.WF.UpdateWorkflowExecution, newUpdate(e, run, "u1", waitFor(stageAccepted)))
}

func updateBeforeFirstTask(e *Env) {
	run := e.Start("wf")
	update := sendUpdate(e, run, "u1")
	e.RecordHistory("history before the task", run)
	task := e.PollWorkflow("first task")
	answer(e, "complete the update and the workflow", task, serves(task, "u1"), does(CompleteWorkflow("done")))
	_, _ = Join(e, "update", update)
}

// updateRejected refuses some updates, of which nothing may be left, and one id of theirs is taken again.
func updateRejected(e *Env) {
	run := idle(e)
	for _, id := range []string{"u1", "u2", "u3"} {
		update := sendUpdate(e, run, id)
		task := e.PollWorkflow("task of " + id)
		answer(e, "reject "+id, task, rejects(task, id))
		_, _ = Join(e, "update "+id, update)
	}
	e.RecordHistory("history", run)
	e.RecordDescription("description", run)
	pollUpdate(e, "outcome of a rejected update", run, "u1", stageCompleted)
	update := sendUpdate(e, run, "u1", waitFor(stageAccepted))
	both := e.PollWorkflow("task of u1 again")
	answer(e, "accept it now", both, serves(both, "u1"))
	_, _ = Join(e, "u1 again", update)
}

func updateDeduplicated(e *Env) {
	run := idle(e)
	first := sendUpdate(e, run, "u1")
	second := Go(updateWait, e.WF.UpdateWorkflowExecution, newUpdate(e, run, "u1", func(r *workflowUpdate) {
		r.Request.Input = &updatepb.Input{Name: "another", Args: Payloads("other arguments")}
	}))
	e.Eventually("the second request is there", dueIn(300))
	task := e.PollWorkflow("task of the update")
	third := Go(updateWait, e.WF.UpdateWorkflowExecution, newUpdate(e, run, "u1", waitFor(stageAccepted)))
	e.Eventually("the third request is there", dueIn(300))
	answer(e, "accept", task, accepts(task, "u1"))
	_, _ = Join(e, "third request", third)
	_ = e.Signal("signal", run, "go", 1)
	answer(e, "complete", e.PollWorkflow("task of the signal"), completes("u1", "once"))
	_, _ = Join(e, "first request", first)
	_, _ = Join(e, "second request", second)
	_, _ = Call(e, "fourth request", e.WF.UpdateWorkflowExecution, newUpdate(e, run, "u1"))
}

func updateEverythingSet(e *Env) {
	run := idle(e)
	update := sendUpdate(e, run, "u1", func(r *workflowUpdate) {
		r.FirstExecutionRunId = run.RunID
		r.Request.RequestId = e.ID("request")
		r.Request.Input.Header = &commonpb.Header{Fields: map[string]*commonpb.Payload{"trace": Payload("abc")}}
		r.Request.Input.Args = Payloads("one", 2, nil)
		r.Request.Links = []*commonpb.Link{{Variant: &commonpb.Link_WorkflowEvent_{WorkflowEvent: &commonpb.Link_WorkflowEvent{
			Namespace: e.Namespace, WorkflowId: "caller", RunId: "11111111-1111-4111-8111-111111111111",
			Reference: &commonpb.Link_WorkflowEvent_EventRef{EventRef: &commonpb.Link_WorkflowEvent_EventReference{EventId: 5}},
		}}}}
	})
	task := e.PollWorkflow("task of the update")
	answer(e, "accept and complete", task, serves(task, "u1"))
	_, _ = Join(e, "update", update)
}

func updateIDLeftOpen(e *Env) {
	run := idle(e)
	update := Go(updateWait, e.WF.UpdateWorkflowExecution, newUpdate(e, run, ""))
	task := e.PollWorkflow("task of the update")
	answer(e, "accept and complete", task, accepts(task, task.GetMessages()[0].GetProtocolInstanceId()),
		completes(task.GetMessages()[0].GetProtocolInstanceId(), "result"))
	_, _ = Join(e, "update", update)
}

// updateOrder has a task with several updates that are answered among commands.
func updateOrder(e *Env) {
	run := idle(e)
	first := sendUpdate(e, run, "u1")
	second := sendUpdate(e, run, "u2")
	third := sendUpdate(e, run, "u3")
	task := e.PollWorkflow("task of three updates")
	answer(e, "answer in another order", task,
		accepts(task, "u3"), does(StartTimer("t1", 100)), accepts(task, "u1"), completes("u3", 3),
		rejects(task, "u2"), does(StartTimer("t2", 100)), completes("u1", 1), does(CompleteWorkflow("done")))
	_, _ = Join(e, "update u1", first)
	_, _ = Join(e, "update u2", second)
	_, _ = Join(e, "update u3", third)
}

// updateMessagesNotPlaced leaves the place of all messages open: they come behind the commands, in their own order.
func updateMessagesNotPlaced(e *Env) {
	run := idle(e)
	first := sendUpdate(e, run, "u1")
	second := sendUpdate(e, run, "u2")
	task := e.PollWorkflow("task of two updates")
	answer(e, "answer", task, unplaced(acceptance(task, "u2")), unplaced(success("u2", 2)), unplaced(acceptance(task, "u1")),
		does(StartTimer("t", 100)), unplaced(success("u1", 1)), does(RecordMarker("m")))
	_, _ = Join(e, "update u1", first)
	_, _ = Join(e, "update u2", second)
}

func updateLimitInFlight(e *Env) {
	run := idle(e)
	var waiting []*Pending[*updateResponse]
	for i := range 10 {
		waiting = append(waiting, sendUpdate(e, run, fmt.Sprintf("u%d", i)))
	}
	_, _ = CallWithin(e, "one too many", updateWait, e.WF.UpdateWorkflowExecution, newUpdate(e, run, "u10"))
	again := Go(updateWait, e.WF.UpdateWorkflowExecution, newUpdate(e, run, "u0"))
	e.Eventually("the repeated request is there", dueIn(300))
	// Behind a refusal Temporal takes what waits anew, in any order.
	for i := range 10 {
		awaitUpdate(e, run, fmt.Sprintf("u%d", i))
	}
	task := e.PollWorkflow("")
	var ids []string
	for _, message := range task.GetMessages() {
		ids = append(ids, message.GetProtocolInstanceId())
	}
	slices.Sort(ids)
	e.Note("updates of the task", ids)
	parts := []part{serves(task, "u9")}
	for i := range 9 {
		parts = append(parts, rejects(task, fmt.Sprintf("u%d", i)))
	}
	answer(e, "serve one and reject nine", task, parts...)
	_, _ = Join(e, "a known update", again)
	for i, update := range waiting {
		_, _ = Join(e, fmt.Sprintf("update u%d", i), update)
	}
	after := sendUpdate(e, run, "u11")
	task = e.PollWorkflow("task of one more")
	answer(e, "serve it", task, serves(task, "u11"))
	_, _ = Join(e, "update u11", after)
}

func updateFirstExecution(e *Env) {
	run := idle(e)
	newest := Run{ID: run.ID}
	named := func(id string) func(*workflowUpdate) { return func(r *workflowUpdate) { r.FirstExecutionRunId = id } }
	_, _ = Call(e, "another chain", e.WF.UpdateWorkflowExecution,
		newUpdate(e, newest, "u1", named("00000000-0000-4000-8000-000000000000")))
	_ = e.Signal("signal", run, "go", 1)
	late(e, "second task", ContinueAsNew(nil))
	e.Step("first task of the next run")
	update := sendUpdate(e, newest, "u1", named(run.RunID))
	task := e.PollWorkflow("task of the update")
	answer(e, "accept and complete", task, serves(task, "u1"), does(CompleteWorkflow("done")))
	_, _ = Join(e, "this chain", update)
	follower(e, "next run", run)
}

func updatePaused(e *Env) {
	run := idle(e)
	update := sendUpdate(e, run, "u1", waitFor(stageAccepted))
	task := e.PollWorkflow("task of the update")
	answer(e, "accept", task, accepts(task, "u1"))
	_, _ = Join(e, "update", update)
	_, _ = Call(e, "pause", e.WF.PauseWorkflowExecution, pauseWorkflow(e, run, "r"))
	_, _ = Call(e, "while it is paused", e.WF.UpdateWorkflowExecution, newUpdate(e, run, "u2"))
	_, _ = Call(e, "a known update while it is paused", e.WF.UpdateWorkflowExecution, newUpdate(e, run, "u1", waitFor(stageAccepted)))
	pollUpdate(e, "its stage while it is paused", run, "u1", stageAccepted)
}

func updateBadRequests(e *Env) {
	run := idle(e)
	for _, bad := range []struct {
		name   string
		change func(*workflowUpdate)
	}{
		{"no execution", func(r *workflowUpdate) { r.WorkflowExecution = nil }},
		{"no workflow id", func(r *workflowUpdate) { r.WorkflowExecution.WorkflowId = "" }},
		{"long workflow id", func(r *workflowUpdate) { r.WorkflowExecution.WorkflowId = strings.Repeat("w", 1001) }},
		{"malformed run id", func(r *workflowUpdate) { r.WorkflowExecution.RunId = "none" }},
		{"unknown workflow", func(r *workflowUpdate) { r.WorkflowExecution = Execution(e.ID("nobody"), "") }},
		{"unknown run", func(r *workflowUpdate) { r.WorkflowExecution.RunId = "00000000-0000-4000-8000-000000000000" }},
		{"unknown namespace", func(r *workflowUpdate) { r.Namespace = "no-such-namespace" }},
		{"no namespace", func(r *workflowUpdate) { r.Namespace = "" }},
		{"no request", func(r *workflowUpdate) { r.Request = nil }},
		{"no meta", func(r *workflowUpdate) { r.Request.Meta = nil }},
		{"long update id", func(r *workflowUpdate) { r.Request.Meta.UpdateId = strings.Repeat("u", 1001) }},
		{"no input", func(r *workflowUpdate) { r.Request.Input = nil }},
		{"no name", func(r *workflowUpdate) { r.Request.Input.Name = "" }},
		{"waits for admission", waitFor(stageAdmitted)},
		{"long update id and no input", func(r *workflowUpdate) {
			r.Request.Meta.UpdateId = strings.Repeat("u", 1001)
			r.Request.Input = nil
		}},
		{"callbacks without a request id", func(r *workflowUpdate) {
			r.Request.CompletionCallbacks = []*commonpb.Callback{{Variant: &commonpb.Callback_Nexus_{
				Nexus: &commonpb.Callback_Nexus{Url: "http://127.0.0.1:1/callback"},
			}}}
		}},
	} {
		_, _ = Call(e, bad.name, e.WF.UpdateWorkflowExecution, newUpdate(e, run, "u1", bad.change))
	}
	e.RecordHistory("history is as it was", run)
	for _, bad := range []struct {
		name   string
		change func(*workflowservice.PollWorkflowExecutionUpdateRequest)
	}{
		{"poll without a reference", func(r *workflowservice.PollWorkflowExecutionUpdateRequest) { r.UpdateRef = nil }},
		{"poll without an execution", func(r *workflowservice.PollWorkflowExecutionUpdateRequest) { r.UpdateRef.WorkflowExecution = nil }},
		{"poll without a workflow id", func(r *workflowservice.PollWorkflowExecutionUpdateRequest) {
			r.UpdateRef.WorkflowExecution.WorkflowId = ""
		}},
		{"poll of a malformed run id", func(r *workflowservice.PollWorkflowExecutionUpdateRequest) {
			r.UpdateRef.WorkflowExecution.RunId = "none"
		}},
		{"poll of an unknown workflow", func(r *workflowservice.PollWorkflowExecutionUpdateRequest) {
			r.UpdateRef.WorkflowExecution = Execution(e.ID("nobody"), "")
		}},
		{"poll of an unknown run", func(r *workflowservice.PollWorkflowExecutionUpdateRequest) {
			r.UpdateRef.WorkflowExecution.RunId = "00000000-0000-4000-8000-000000000000"
		}},
		{"poll in an unknown namespace", func(r *workflowservice.PollWorkflowExecutionUpdateRequest) { r.Namespace = "no-such-namespace" }},
		{"poll without an id", func(r *workflowservice.PollWorkflowExecutionUpdateRequest) { r.UpdateRef.UpdateId = "" }},
		{"poll of an unknown id", func(r *workflowservice.PollWorkflowExecutionUpdateRequest) { r.UpdateRef.UpdateId = "nobody" }},
		{"poll of an unknown id without a policy", func(r *workflowservice.PollWorkflowExecutionUpdateRequest) { r.WaitPolicy = nil }},
	} {
		request := pollRequest(e, run, "u1", stageCompleted)
		bad.change(request)
		_, _ = Call(e, bad.name, e.WF.PollWorkflowExecutionUpdate, request)
	}
}
