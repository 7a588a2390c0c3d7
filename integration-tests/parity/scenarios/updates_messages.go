package scenarios

import (
	"fmt"
	"strings"

	protocolpb "go.temporal.io/api/protocol/v1"
	updatepb "go.temporal.io/api/update/v1"
	. "klamm.dev/integration-tests/parity/harness"
)

// Workers whose messages about updates are wrong, late or missing.
var updatesMessages = []Scenario{
	{Name: "update_bad_commands", Run: updateBadCommands},
	{Name: "update_bad_messages", Run: updateBadMessages},
	{Name: "update_bad_acceptances", Run: updateBadAcceptances},
	{Name: "update_bad_responses", Run: updateBadResponses},
	{Name: "update_bad_transitions", Run: updateBadTransitions},
	{Name: "update_bad_message_on_second_attempt", Run: updateBadMessageOnSecondAttempt},
	{Name: "update_bad_message_when_idle", Run: updateBadMessageWhenIdle},
	{Name: "update_oversized_message", Run: updateOversizedMessage},
	{Name: "update_not_answered", Run: updateNotAnswered},
	{Name: "update_resurrected", Run: updateResurrected},
	{Name: "update_answered_after_close", Run: updateAnsweredAfterClose},
	{Name: "update_bad_command_beside_it", Run: updateBadCommandBesideIt},
}

// mistake is a wrong answer to a task with the updates u1 and u2.
type mistake struct {
	name  string
	parts func(task *WorkflowTask) []part
}

// refuseMessages tells one workflow per mistake of it, each with two updates at its first task.
func refuseMessages(e *Env, mistakes []mistake) {
	for _, m := range mistakes {
		queue := e.NamedQueue("queue-of-" + m.name)
		run := e.Start(m.name, longTask, func(r *startRequest) { r.TaskQueue = queue })
		first := sendUpdate(e, run, "u1")
		second := sendUpdate(e, run, "u2")
		task := e.PollWorkflowOn("", queue)
		answer(e, m.name, task, m.parts(task)...)
		// Those that the worker has seen end; the others would be sent anew.
		next := e.PollWorkflowOn("task after "+m.name, queue)
		answer(e, "answer after "+m.name, next, does(CompleteWorkflow("done")))
		_, _ = Join(e, "u1 of "+m.name, first)
		_, _ = Join(e, "u2 of "+m.name, second)
	}
}

func one(p part) func(*WorkflowTask) []part {
	return func(*WorkflowTask) []part { return []part{p} }
}

func updateBadCommands(e *Env) {
	naming := func(id string) part {
		return func(r *completion) {
			placed(&protocolpb.Message{Id: id})(r)
			r.Messages = nil
		}
	}
	refuseMessages(e, []mistake{
		{"command without a message id", one(naming(""))},
		{"command that names no message", one(naming("nobody"))},
		{"one message named twice", func(task *WorkflowTask) []part {
			return []part{accepts(task, "u1"), func(r *completion) { r.Commands = append(r.Commands, r.Commands[0]) }}
		}},
	})
}

func updateBadMessages(e *Env) {
	refuseMessages(e, []mistake{
		{"unknown update", one(placed(success("nobody", 1)))},
		{"acceptance of an unknown update", func(task *WorkflowTask) []part { return []part{accepts(task, "nobody")} }},
		{"rejection of an unknown update", func(task *WorkflowTask) []part { return []part{rejects(task, "nobody")} }},
		{"message without an update", one(placed(message("m", "", &updatepb.Acceptance{})))},
		{"request sent back", func(task *WorkflowTask) []part {
			request, _ := delivered(task, "u1")
			return []part{placed(message("m", "u1", request))}
		}},
	})
}

func updateBadAcceptances(e *Env) {
	refuseMessages(e, []mistake{
		{"acceptance without an event", one(placed(message("m", "u1", &updatepb.Acceptance{AcceptedRequestMessageId: "u1/request"})))},
		{"acceptance without a message id", one(placed(message("m", "u1", &updatepb.Acceptance{AcceptedRequestSequencingEventId: 1})))},
		{"empty acceptance", one(placed(message("m", "u1", &updatepb.Acceptance{})))},
	})
}

func updateBadResponses(e *Env) {
	after := func(body *updatepb.Response) func(*WorkflowTask) []part {
		return func(task *WorkflowTask) []part { return []part{accepts(task, "u1"), placed(message("m", "u1", body))} }
	}
	good := func() *updatepb.Outcome {
		return &updatepb.Outcome{Value: &updatepb.Outcome_Success{Success: Payloads(1)}}
	}
	refuseMessages(e, []mistake{
		{"response without meta", after(&updatepb.Response{Outcome: good()})},
		{"response without an id", after(&updatepb.Response{Meta: &updatepb.Meta{}, Outcome: good()})},
		{"response to another", after(&updatepb.Response{Meta: &updatepb.Meta{UpdateId: "u2"}, Outcome: good()})},
		{"response without an outcome", after(&updatepb.Response{Meta: &updatepb.Meta{UpdateId: "u1"}})},
	})
}

func updateBadTransitions(e *Env) {
	refuseMessages(e, []mistake{
		{"response before the acceptance", one(completes("u1", 1))},
		{"two acceptances", func(task *WorkflowTask) []part {
			return []part{accepts(task, "u1"), placed(withID("m", acceptance(task, "u1")))}
		}},
		{"acceptance and rejection", func(task *WorkflowTask) []part { return []part{accepts(task, "u1"), rejects(task, "u1")} }},
		{"rejection and response", func(task *WorkflowTask) []part {
			return []part{unplaced(rejection(task, "u1")), unplaced(success("u1", 1))}
		}},
		{"two responses", func(task *WorkflowTask) []part {
			return []part{serves(task, "u1"), placed(withID("m", success("u1", 2)))}
		}},
		{"a good answer before a bad one", func(task *WorkflowTask) []part {
			return []part{serves(task, "u1"), does(StartTimer("t", 100)), completes("u2", 1)}
		}},
	})
}

func withID(id string, m *protocolpb.Message) *protocolpb.Message {
	m.Id = id
	return m
}

// updateBadMessageOnSecondAttempt makes the same mistake twice: the second time, nothing is written.
func updateBadMessageOnSecondAttempt(e *Env) {
	run := idle(e, func(r *startRequest) { r.WorkflowTaskTimeout = Seconds(2) })
	update := sendUpdate(e, run, "u1")
	task := e.PollWorkflow("task of the update")
	answer(e, "a mistake", task, completes("u1", 1))
	_, _ = Join(e, "update", update)
	task = e.PollWorkflow("second attempt")
	answer(e, "the same mistake", task, completes("u1", 1))
	task = e.PollWorkflow("third attempt")
	answer(e, "complete", task, does(CompleteWorkflow("done")))
}

// updateBadMessageWhenIdle makes a mistake at a task that is not written yet.
func updateBadMessageWhenIdle(e *Env) {
	run := e.Start("wf", longTask)
	makeSticky(e, run, 5)
	update := sendUpdate(e, run, "u1")
	task := e.PollWorkflowOn("task of the update, on the sticky queue", e.StickyQueue("sticky"))
	answer(e, "a mistake", task, completes("u1", 1), staysSticky(e))
	_, _ = Join(e, "update", update)
	task = e.PollWorkflow("second attempt, on the normal queue")
	answer(e, "complete", task, does(CompleteWorkflow("done")))
}

func updateOversizedMessage(e *Env) {
	run := idle(e)
	update := sendUpdate(e, run, "u1")
	task := e.PollWorkflow("task of the update")
	answer(e, "an oversized result", task, accepts(task, "u1"), completes("u1", strings.Repeat("r", 2<<20)))
	_, _ = Join(e, "update", update)
}

func updateNotAnswered(e *Env) {
	run := idle(e)
	first := sendUpdate(e, run, "u1")
	second := sendUpdate(e, run, "u2")
	task := e.PollWorkflow("task of the updates")
	answer(e, "answer one of them", task, serves(task, "u1"))
	_, _ = Join(e, "u1", first)
	_, _ = Join(e, "u2", second)
	third := sendUpdate(e, run, "u3", waitFor(stageAccepted))
	answer(e, "answer nothing", e.PollWorkflow("task of u3"))
	_, _ = Join(e, "u3", third)
	pollUpdate(e, "outcome of u3", run, "u3", stageCompleted)
}

// updateResurrected answers an update that the server does not know, with the request that it once came with.
func updateResurrected(e *Env) {
	run := e.Start("wf")
	task := e.PollWorkflow("first task")
	request := func(id string) *updatepb.Request {
		return &updatepb.Request{
			Meta: &updatepb.Meta{UpdateId: id, Identity: Identity}, Input: &updatepb.Input{Name: "change", Args: Payloads(id)},
		}
	}
	answer(e, "answer unknown updates", task,
		placed(message("u1/request/accept", "u1", &updatepb.Acceptance{
			AcceptedRequestMessageId: "u1/request", AcceptedRequestSequencingEventId: 2, AcceptedRequest: request("u1"),
		})),
		completes("u1", "result"),
		unplaced(message("u2/request/reject", "u2", &updatepb.Rejection{
			RejectedRequestMessageId: "u2/request", RejectedRequestSequencingEventId: 2, RejectedRequest: request("u2"),
			Failure: ApplicationFailure("not now", "Refused", false),
		})))
	pollUpdate(e, "outcome of u1", run, "u1", stageCompleted)
	pollUpdate(e, "outcome of u2", run, "u2", stageCompleted)
	_, _ = Call(e, "u1 as a request", e.WF.UpdateWorkflowExecution, newUpdate(e, run, "u1"))
}

func updateAnsweredAfterClose(e *Env) {
	for _, after := range []struct {
		name string
		part func(task *WorkflowTask) part
	}{
		{"acceptance", func(task *WorkflowTask) part { return unplaced(acceptance(task, "u2")) }},
		{"rejection", func(task *WorkflowTask) part { return rejects(task, "u2") }},
		{"response", func(*WorkflowTask) part { return unplaced(success("u1", 1)) }},
	} {
		run := e.Start(after.name)
		first := sendUpdate(e, run, "u1")
		second := sendUpdate(e, run, "u2")
		task := e.PollWorkflow("")
		answer(e, "complete the workflow before the "+after.name, task,
			accepts(task, "u1"), does(CompleteWorkflow("done")), after.part(task))
		_, _ = Join(e, fmt.Sprintf("u1 with the %s", after.name), first)
		_, _ = Join(e, fmt.Sprintf("u2 with the %s", after.name), second)
	}
}

// updateBadCommandBesideIt fails the task for another reason than the update.
func updateBadCommandBesideIt(e *Env) {
	run := idle(e, longTask)
	accepted := sendUpdate(e, run, "u1", waitFor(stageAccepted))
	task := e.PollWorkflow("task of u1")
	answer(e, "accept", task, accepts(task, "u1"))
	_, _ = Join(e, "u1", accepted)
	sent := sendUpdate(e, run, "u2")
	task = e.PollWorkflow("task of u2")
	answer(e, "serve both beside a bad command", task, completes("u1", 1), serves(task, "u2"), does(StartTimer("", 1)))
	_, _ = Join(e, "u2", sent)
	task = e.PollWorkflow("second attempt")
	answer(e, "complete u1", task, completes("u1", 1))
	pollUpdate(e, "outcome of u1", run, "u1", stageCompleted)
}
