package scenarios

import (
	"strings"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	. "klamm.dev/integration-tests/parity/harness"
)

// Workflows that are started with an update, or updated if they run.
var multiOperations = []Scenario{
	{Name: "multi_operation_new", Run: multiOperationNew},
	{Name: "multi_operation_new_rejected", Run: multiOperationNewRejected},
	{Name: "multi_operation_new_accepted", Run: multiOperationNewAccepted},
	{Name: "multi_operation_new_not_answered", Run: multiOperationNewNotAnswered},
	{Name: "multi_operation_use_existing", Run: multiOperationUseExisting},
	{Name: "multi_operation_conflict", Run: multiOperationConflict},
	{Name: "multi_operation_terminate_existing", Run: multiOperationTerminateExisting},
	{Name: "multi_operation_repeated", Run: multiOperationRepeated},
	{Name: "multi_operation_known_update", Run: multiOperationKnownUpdate},
	{Name: "multi_operation_closed", Run: multiOperationClosed},
	{Name: "multi_operation_update_refused", Run: multiOperationUpdateRefused},
	{Name: "multi_operation_closes", Run: multiOperationCloses},
	{Name: "multi_operation_new_closes", Run: multiOperationNewCloses},
	{Name: "multi_operation_bad_requests", Run: multiOperationBadRequests},
	{Name: "multi_operation_bad_operations", Run: multiOperationBadOperations},
}

type (
	multiRequest  = workflowservice.ExecuteMultiOperationRequest
	multiResponse = workflowservice.ExecuteMultiOperationResponse
	multiStep     = workflowservice.ExecuteMultiOperationRequest_Operation
)

func startStep(request *startRequest) *multiStep {
	return &multiStep{Operation: &workflowservice.ExecuteMultiOperationRequest_Operation_StartWorkflow{StartWorkflow: request}}
}

func updateStep(request *workflowUpdate) *multiStep {
	return &multiStep{Operation: &workflowservice.ExecuteMultiOperationRequest_Operation_UpdateWorkflow{UpdateWorkflow: request}}
}

// updateWithStart is a complete, valid request that has a request id of its own.
func updateWithStart(e *Env, requestID, updateID string, policy enumspb.WorkflowIdConflictPolicy) *multiRequest {
	start := e.StartRequest("wf")
	start.RequestId = e.ID(requestID)
	start.WorkflowIdConflictPolicy = policy
	return &multiRequest{
		Namespace:  e.Namespace,
		Operations: []*multiStep{startStep(start), updateStep(newUpdate(e, Run{ID: start.WorkflowId}, updateID))},
	}
}

const (
	useExisting       = enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING
	failConflict      = enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL
	terminateExisting = enumspb.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING
)

func sendMulti(e *Env, request *multiRequest) *Pending[*multiResponse] {
	return Go(updateWait, e.WF.ExecuteMultiOperation, request)
}

func callMulti(e *Env, step string, request *multiRequest) {
	_, _ = CallWithin(e, step, updateWait, e.WF.ExecuteMultiOperation, request)
}

// runOf is the run that the task belongs to, which is touched.
func runOf(e *Env, label string, task *WorkflowTask) Run {
	run := Run{ID: task.GetWorkflowExecution().GetWorkflowId(), RunID: task.GetWorkflowExecution().GetRunId()}
	e.Touch(label, run.ID, run.RunID)
	return run
}

func multiOperationNew(e *Env) {
	pending := sendMulti(e, updateWithStart(e, "r1", "u1", failConflict))
	task := e.PollWorkflow("first task")
	run := runOf(e, "run", task)
	e.RecordHistory("history while it runs", run)
	answer(e, "accept and complete", task, serves(task, "u1"))
	_, _ = Join(e, "update with start", pending)
	pollUpdate(e, "outcome", run, "u1", stageCompleted)
	_ = e.Signal("signal", run, "s", 1)
	e.Step("next task", CompleteWorkflow("done"))
}

func multiOperationNewRejected(e *Env) {
	pending := sendMulti(e, updateWithStart(e, "r1", "u1", useExisting))
	task := e.PollWorkflow("first task")
	runOf(e, "run", task)
	answer(e, "reject", task, rejects(task, "u1"))
	_, _ = Join(e, "update with start", pending)
}

func multiOperationNewAccepted(e *Env) {
	request := updateWithStart(e, "r1", "u1", useExisting)
	waitFor(stageAccepted)(request.Operations[1].GetUpdateWorkflow())
	pending := sendMulti(e, request)
	task := e.PollWorkflow("first task")
	run := runOf(e, "run", task)
	answer(e, "accept", task, accepts(task, "u1"))
	_, _ = Join(e, "update with start", pending)
	_ = e.Signal("signal", run, "s", 1)
	answer(e, "complete", e.PollWorkflow("next task"), completes("u1", 1), does(CompleteWorkflow("done")))
}

func multiOperationNewNotAnswered(e *Env) {
	pending := sendMulti(e, updateWithStart(e, "r1", "u1", useExisting))
	task := e.PollWorkflow("first task")
	runOf(e, "run", task)
	answer(e, "answer nothing", task)
	_, _ = Join(e, "update with start", pending)
}

func multiOperationUseExisting(e *Env) {
	run := idle(e)
	pending := sendMulti(e, updateWithStart(e, "r1", "u1", useExisting))
	task := e.PollWorkflow("task of the update")
	answer(e, "accept and complete", task, serves(task, "u1"))
	_, _ = Join(e, "update with start", pending)
	pending = sendMulti(e, updateWithStart(e, "r2", "u2", useExisting))
	task = e.PollWorkflow("task of another update")
	answer(e, "reject", task, rejects(task, "u2"))
	_, _ = Join(e, "another update with start", pending)
	e.RecordHistory("history", run)
}

func multiOperationConflict(e *Env) {
	run := idle(e)
	callMulti(e, "policy fail", updateWithStart(e, "r1", "u1", failConflict))
	callMulti(e, "policy left open", updateWithStart(e, "r2", "u2", enumspb.WORKFLOW_ID_CONFLICT_POLICY_UNSPECIFIED))
	request := updateWithStart(e, "r3", "u3", enumspb.WORKFLOW_ID_CONFLICT_POLICY_UNSPECIFIED)
	request.Operations[0].GetStartWorkflow().WorkflowIdReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE
	callMulti(e, "duplicates rejected", request)
	pollUpdate(e, "the update is not known", run, "u1", stageUnspecified)
}

func multiOperationTerminateExisting(e *Env) {
	idle(e)
	e.Eventually("the run has lived for more than a second", dueIn(1200))
	pending := sendMulti(e, updateWithStart(e, "r1", "u1", terminateExisting))
	task := e.PollWorkflow("task of the new run")
	runOf(e, "new run", task)
	answer(e, "accept and complete", task, serves(task, "u1"), does(CompleteWorkflow("done")))
	_, _ = Join(e, "update with start", pending)
}

// multiOperationRepeated repeats a request at several times, as clients do that missed the answer.
func multiOperationRepeated(e *Env) {
	request := func() *multiRequest { return updateWithStart(e, "r1", "u1", failConflict) }
	first := sendMulti(e, request())
	task := e.PollWorkflow("first task")
	run := runOf(e, "run", task)
	second := sendMulti(e, request())
	e.Eventually("the repeated request is there", dueIn(300))
	answer(e, "accept and complete", task, serves(task, "u1"))
	_, _ = Join(e, "first request", first)
	_, _ = Join(e, "second request", second)
	callMulti(e, "third request", request())
	other := sendMulti(e, updateWithStart(e, "r1", "u2", failConflict))
	task = e.PollWorkflow("task of another update")
	answer(e, "complete the workflow too", task, serves(task, "u2"), does(CompleteWorkflow("done")))
	_, _ = Join(e, "the same start and another update", other)
	callMulti(e, "after the end", request())
	pollUpdate(e, "outcome", run, "u1", stageCompleted)
}

// multiOperationKnownUpdate names updates that the run knows, with another start that would fail.
func multiOperationKnownUpdate(e *Env) {
	run := idle(e)
	update := sendUpdate(e, run, "u1")
	task := e.PollWorkflow("task of the update")
	pending := sendMulti(e, updateWithStart(e, "r1", "u1", failConflict))
	e.Eventually("the request is there", dueIn(300))
	answer(e, "accept and complete", task, serves(task, "u1"))
	_, _ = Join(e, "update", update)
	_, _ = Join(e, "while it is with the worker", pending)
	callMulti(e, "once it is completed", updateWithStart(e, "r2", "u1", failConflict))
	_ = e.Signal("signal", run, "s", 1)
	e.Step("next task", CompleteWorkflow("done"))
	callMulti(e, "once the run is closed", updateWithStart(e, "r3", "u1", failConflict))
}

func multiOperationClosed(e *Env) {
	e.Start("wf")
	e.Step("first task", CompleteWorkflow("done"))
	reusing := func(id string, policy enumspb.WorkflowIdReusePolicy) *multiRequest {
		request := updateWithStart(e, id, id, useExisting)
		request.Operations[0].GetStartWorkflow().WorkflowIdReusePolicy = policy
		return request
	}
	callMulti(e, "duplicates rejected", reusing("u1", enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE))
	callMulti(e, "only failed runs followed", reusing("u2", enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY))
	pending := sendMulti(e, reusing("u3", enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE))
	task := e.PollWorkflow("first task of the next run")
	runOf(e, "next run", task)
	answer(e, "accept and complete", task, serves(task, "u3"), does(CompleteWorkflow("done")))
	_, _ = Join(e, "duplicates allowed", pending)
}

// multiOperationUpdateRefused has runs that take no update.
func multiOperationUpdateRefused(e *Env) {
	run := idle(e)
	_, _ = Call(e, "pause", e.WF.PauseWorkflowExecution, pauseWorkflow(e, run, "r"))
	callMulti(e, "paused", updateWithStart(e, "r1", "u1", useExisting))
}

// multiOperationCloses updates a run that ends instead of answering: the request starts another.
func multiOperationCloses(e *Env) {
	idle(e)
	pending := sendMulti(e, updateWithStart(e, "r1", "u1", useExisting))
	_, _ = e.Complete("complete the workflow", e.PollWorkflow("task of the update"), CompleteWorkflow("done"))
	task := e.PollWorkflow("first task of the next run")
	runOf(e, "next run", task)
	answer(e, "accept and complete", task, serves(task, "u1"))
	_, _ = Join(e, "update with start", pending)
}

func multiOperationNewCloses(e *Env) {
	pending := sendMulti(e, updateWithStart(e, "r1", "u1", useExisting))
	task := e.PollWorkflow("first task")
	runOf(e, "run", task)
	_, _ = e.Complete("complete the workflow", task, CompleteWorkflow("done"))
	_, _ = Join(e, "update with start", pending)
	accepted := sendMulti(e, updateWithStart(e, "r2", "u2", useExisting))
	task = e.PollWorkflow("first task of another run")
	runOf(e, "another run", task)
	answer(e, "accept and complete the workflow", task, accepts(task, "u2"), does(CompleteWorkflow("done")))
	_, _ = Join(e, "accepted update with start", accepted)
}

func multiOperationBadRequests(e *Env) {
	good := func() *multiRequest { return updateWithStart(e, "r", "u", useExisting) }
	for _, bad := range []struct {
		name   string
		change func(*multiRequest)
	}{
		{"no operations", func(r *multiRequest) { r.Operations = nil }},
		{"one operation", func(r *multiRequest) { r.Operations = r.Operations[:1] }},
		{"three operations", func(r *multiRequest) { r.Operations = append(r.Operations, r.Operations[1]) }},
		{"two starts", func(r *multiRequest) { r.Operations[1] = r.Operations[0] }},
		{"two updates", func(r *multiRequest) { r.Operations[0] = r.Operations[1] }},
		{"update before start", func(r *multiRequest) { r.Operations[0], r.Operations[1] = r.Operations[1], r.Operations[0] }},
		{"an empty operation", func(r *multiRequest) { r.Operations[0] = &multiStep{} }},
		{"unknown namespace", func(r *multiRequest) { r.Namespace = "no-such-namespace" }},
		{"no namespace", func(r *multiRequest) { r.Namespace = "" }},
	} {
		request := good()
		bad.change(request)
		callMulti(e, bad.name, request)
	}
}

func multiOperationBadOperations(e *Env) {
	for _, bad := range []struct {
		name   string
		change func(*startRequest, *workflowUpdate)
	}{
		{"cron schedule", func(s *startRequest, _ *workflowUpdate) { s.CronSchedule = "@every 60s" }},
		{"eager", func(s *startRequest, _ *workflowUpdate) { s.RequestEagerExecution = true }},
		{"start delay", func(s *startRequest, _ *workflowUpdate) { s.WorkflowStartDelay = Seconds(1) }},
		{"start in another namespace", func(s *startRequest, _ *workflowUpdate) { s.Namespace = "temporal-system" }},
		{"no workflow type", func(s *startRequest, _ *workflowUpdate) { s.WorkflowType = nil }},
		{"no task queue", func(s *startRequest, _ *workflowUpdate) { s.TaskQueue = nil }},
		{"negative timeout", func(s *startRequest, _ *workflowUpdate) { s.WorkflowRunTimeout = Seconds(-1) }},
		{"no workflow id", func(s *startRequest, _ *workflowUpdate) { s.WorkflowId = "" }},
		{"long request id", func(s *startRequest, _ *workflowUpdate) { s.RequestId = strings.Repeat("r", 1001) }},
		{"conflicting policies", func(s *startRequest, _ *workflowUpdate) {
			s.WorkflowIdReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING
		}},
		{"unknown search attribute", func(s *startRequest, _ *workflowUpdate) {
			s.SearchAttributes = SearchAttributes(map[string]*commonpb.Payload{"NobodyKnows": Payload(1)})
		}},
		{"first execution run id", func(_ *startRequest, u *workflowUpdate) {
			u.FirstExecutionRunId = "00000000-0000-4000-8000-000000000000"
		}},
		{"run id", func(_ *startRequest, u *workflowUpdate) {
			u.WorkflowExecution.RunId = "00000000-0000-4000-8000-000000000000"
		}},
		{"malformed run id", func(_ *startRequest, u *workflowUpdate) { u.WorkflowExecution.RunId = "none" }},
		{"update in another namespace", func(_ *startRequest, u *workflowUpdate) { u.Namespace = "temporal-system" }},
		{"no update name", func(_ *startRequest, u *workflowUpdate) { u.Request.Input.Name = "" }},
		{"no update input", func(_ *startRequest, u *workflowUpdate) { u.Request.Input = nil }},
		{"no update meta", func(_ *startRequest, u *workflowUpdate) { u.Request.Meta = nil }},
		{"no update request", func(_ *startRequest, u *workflowUpdate) { u.Request = nil }},
		{"no update execution", func(_ *startRequest, u *workflowUpdate) { u.WorkflowExecution = nil }},
		{"long update id", func(_ *startRequest, u *workflowUpdate) { u.Request.Meta.UpdateId = strings.Repeat("u", 1001) }},
		{"update waits for admission", func(_ *startRequest, u *workflowUpdate) { waitFor(stageAdmitted)(u) }},
		{"another workflow id", func(_ *startRequest, u *workflowUpdate) { u.WorkflowExecution.WorkflowId = e.ID("another") }},
		{"both are bad", func(s *startRequest, u *workflowUpdate) {
			s.WorkflowType = nil
			u.Request.Input = nil
		}},
		{"callbacks of the update without a request id", func(_ *startRequest, u *workflowUpdate) {
			u.Request.CompletionCallbacks = []*commonpb.Callback{{Variant: &commonpb.Callback_Nexus_{
				Nexus: &commonpb.Callback_Nexus{Url: "http://127.0.0.1:1/callback"},
			}}}
		}},
	} {
		request := updateWithStart(e, "r", "u", useExisting)
		bad.change(request.Operations[0].GetStartWorkflow(), request.Operations[1].GetUpdateWorkflow())
		callMulti(e, bad.name, request)
	}
}
