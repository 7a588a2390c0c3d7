package scenarios

import (
	"strings"
	"time"

	activitypb "go.temporal.io/api/activity/v1"
	commonpb "go.temporal.io/api/common/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	. "klamm.dev/integration-tests/parity/harness"
)

// What operators do to the activities of a workflow.
var activityOperators = []Scenario{
	{Name: "activity_pause_waiting", Run: activityPauseWaiting},
	{Name: "activity_pause_started", Run: activityPauseStarted},
	{Name: "activity_pause_completes", Run: activityPauseCompletes},
	{Name: "activity_pause_by_type", Run: activityPauseByType},
	{Name: "activity_pause_timeouts", Run: activityPauseTimeouts},
	{Name: "activity_unpause_started", Run: activityUnpauseStarted},
	{Name: "activity_unpause_resets", Run: activityUnpauseResets},
	{Name: "activity_reset_waiting", Run: activityResetWaiting},
	{Name: "activity_reset_started", Run: activityResetStarted},
	{Name: "activity_reset_second_attempt", Run: activityResetSecondAttempt},
	{Name: "activity_reset_paused", Run: activityResetPaused},
	{Name: "activity_options_waiting", Run: activityOptionsWaiting},
	{Name: "activity_options_started", Run: activityOptionsStarted},
	{Name: "activity_options_restored", Run: activityOptionsRestored},
	{Name: "activity_operators_bad_requests", Run: activityOperatorsBadRequests},
	{Name: "activity_operators_by_execution", Run: activityOperatorsByExecution},
	{Name: "activity_operators_closed_run", Run: activityOperatorsClosedRun},
}

func pauseRequest(e *Env, run Run, id, requestID string) *workflowservice.PauseActivityRequest {
	return &workflowservice.PauseActivityRequest{
		Namespace: e.Namespace, Execution: Execution(run.ID, run.RunID), Identity: Identity,
		Activity: &workflowservice.PauseActivityRequest_Id{Id: id}, Reason: "on purpose", RequestId: requestID,
	}
}

func unpauseRequest(e *Env, run Run, id string) *workflowservice.UnpauseActivityRequest {
	return &workflowservice.UnpauseActivityRequest{
		Namespace: e.Namespace, Execution: Execution(run.ID, run.RunID), Identity: Identity,
		Activity: &workflowservice.UnpauseActivityRequest_Id{Id: id},
	}
}

func resetActivityRequest(e *Env, run Run, id string) *workflowservice.ResetActivityRequest {
	return &workflowservice.ResetActivityRequest{
		Namespace: e.Namespace, Execution: Execution(run.ID, run.RunID), Identity: Identity,
		Activity: &workflowservice.ResetActivityRequest_Id{Id: id},
	}
}

func optionsRequest(e *Env, run Run, id string, options *activitypb.ActivityOptions, paths ...string) *workflowservice.UpdateActivityOptionsRequest {
	return &workflowservice.UpdateActivityOptionsRequest{
		Namespace: e.Namespace, Execution: Execution(run.ID, run.RunID), Identity: Identity,
		Activity:        &workflowservice.UpdateActivityOptionsRequest_Id{Id: id},
		ActivityOptions: options, UpdateMask: &fieldmaskpb.FieldMask{Paths: paths},
	}
}

func activityPauseWaiting(e *Env) {
	run := e.Start("wf")
	e.Step("task", e.ScheduleActivity("a1"))
	_, _ = Call(e, "pause", e.WF.PauseActivity, pauseRequest(e, run, "a1", "first"))
	e.RecordDescription("paused", run)
	_, _ = Call(e, "pause by the same request", e.WF.PauseActivity, pauseRequest(e, run, "a1", "first"))
	_, _ = Call(e, "pause by another request", e.WF.PauseActivity, pauseRequest(e, run, "a1", "second"))
	_, _ = Call(e, "unpause", e.WF.UnpauseActivity, unpauseRequest(e, run, "a1"))
	e.RecordDescription("unpaused", run)
	_, _ = Call(e, "unpause once more", e.WF.UnpauseActivity, unpauseRequest(e, run, "a1"))
	_ = e.CompleteActivity("complete", e.PollActivity("activity"), 1)
	e.Step("last task", CompleteWorkflow("done"))
}

func activityPauseStarted(e *Env) {
	run := e.Start("wf")
	e.Step("task", e.ScheduleActivity("a1", quickRetry))
	first := e.PollActivity("first attempt")
	_, _ = Call(e, "pause", e.WF.PauseActivity, pauseRequest(e, run, "a1", "r"))
	_ = e.Heartbeat("heartbeat", first, 1)
	e.RecordDescription("pause requested", run)
	_ = e.FailActivity("fail", first, "Flaky", false)
	e.RecordDescription("paused with its failure", run)
	_, _ = Call(e, "unpause", e.WF.UnpauseActivity, unpauseRequest(e, run, "a1"))
	second := e.PollActivity("second attempt")
	_ = e.CompleteActivity("complete", second, 1)
	e.Step("last task", CompleteWorkflow("done"))
}

func activityPauseCompletes(e *Env) {
	run := e.Start("wf")
	e.Step("task", e.ScheduleActivity("a1"))
	activity := e.PollActivity("activity")
	_, _ = Call(e, "pause", e.WF.PauseActivity, pauseRequest(e, run, "a1", "r"))
	_ = e.CompleteActivity("complete", activity, 1)
	e.Step("last task", CompleteWorkflow("done"))
}

func activityPauseByType(e *Env) {
	run := e.Start("wf")
	e.Step("task", e.ScheduleActivity("a1"), e.ScheduleActivity("a2"), e.ScheduleActivity("b1", func(a *activityAttributes) {
		a.ActivityType.Name = "Other"
	}))
	_, _ = Call(e, "pause by type", e.WF.PauseActivity, &workflowservice.PauseActivityRequest{
		Namespace: e.Namespace, Execution: Execution(run.ID, ""), Identity: Identity,
		Activity: &workflowservice.PauseActivityRequest_Type{Type: "Other"}, RequestId: "r",
	})
	e.RecordDescription("one type is paused", run)
	_, _ = Call(e, "pause another type", e.WF.PauseActivity, &workflowservice.PauseActivityRequest{
		Namespace: e.Namespace, Execution: Execution(run.ID, ""), Identity: Identity,
		Activity: &workflowservice.PauseActivityRequest_Type{Type: "Nobody"}, RequestId: "r",
	})
	_, _ = Call(e, "unpause all", e.WF.UnpauseActivity, &workflowservice.UnpauseActivityRequest{
		Namespace: e.Namespace, Execution: Execution(run.ID, ""), Identity: Identity,
		Activity: &workflowservice.UnpauseActivityRequest_UnpauseAll{UnpauseAll: true},
	})
	e.RecordDescription("none is paused", run)
}

// No time-out of a paused activity takes effect.
func activityPauseTimeouts(e *Env) {
	run := e.Start("wf")
	e.Step("task", e.ScheduleActivity("a1", func(a *activityAttributes) { a.ScheduleToCloseTimeout = Seconds(3) }))
	_, _ = Call(e, "pause", e.WF.PauseActivity, pauseRequest(e, run, "a1", "r"))
	time.Sleep(4 * time.Second)
	e.RecordDescription("paused", run)
	_, _ = Call(e, "unpause", e.WF.UnpauseActivity, unpauseRequest(e, run, "a1"))
	e.Step("task after the time-out", CompleteWorkflow("done"))
}

func activityUnpauseStarted(e *Env) {
	run := e.Start("wf")
	e.Step("task", e.ScheduleActivity("a1"))
	activity := e.PollActivity("activity")
	_, _ = Call(e, "pause", e.WF.PauseActivity, pauseRequest(e, run, "a1", "r"))
	_, _ = Call(e, "unpause", e.WF.UnpauseActivity, unpauseRequest(e, run, "a1"))
	_ = e.Heartbeat("heartbeat", activity, 1)
	_ = e.CompleteActivity("complete", activity, 1)
	e.Step("last task", CompleteWorkflow("done"))
}

func activityUnpauseResets(e *Env) {
	run := e.Start("wf")
	e.Step("task", e.ScheduleActivity("a1", quickRetry))
	first := e.PollActivity("first attempt")
	_ = e.Heartbeat("heartbeat", first, 1)
	_, _ = Call(e, "pause", e.WF.PauseActivity, pauseRequest(e, run, "a1", "r"))
	_ = e.FailActivity("fail", first, "Flaky", false)
	request := unpauseRequest(e, run, "a1")
	request.ResetAttempts, request.ResetHeartbeat = true, true
	_, _ = Call(e, "unpause", e.WF.UnpauseActivity, request)
	again := e.PollActivity("first attempt again")
	_ = e.CompleteActivity("complete", again, 1)
	e.Step("last task", CompleteWorkflow("done"))
}

func slowRetry(a *activityAttributes) {
	a.RetryPolicy = &commonpb.RetryPolicy{InitialInterval: Seconds(300), MaximumAttempts: 5}
}

func activityResetWaiting(e *Env) {
	run := e.Start("wf")
	e.Step("task", e.ScheduleActivity("a1", slowRetry))
	first := e.PollActivity("first attempt")
	_ = e.Heartbeat("heartbeat", first, 1)
	_ = e.FailActivity("fail", first, "Flaky", false)
	e.RecordDescription("backing off", run)
	request := resetActivityRequest(e, run, "a1")
	request.ResetHeartbeat = true
	_, _ = Call(e, "reset", e.WF.ResetActivity, request)
	e.RecordDescription("reset", run)
	again := e.PollActivity("first attempt again")
	_ = e.Heartbeat("heartbeat again", again, 1)
	_ = e.CompleteActivity("complete", again, 1)
	e.Step("last task", CompleteWorkflow("done"))
}

func activityResetStarted(e *Env) {
	run := e.Start("wf")
	e.Step("task", e.ScheduleActivity("a1", quickRetry))
	first := e.PollActivity("first attempt")
	_ = e.Heartbeat("heartbeat", first, 1)
	request := resetActivityRequest(e, run, "a1")
	request.ResetHeartbeat = true
	_, _ = Call(e, "reset", e.WF.ResetActivity, request)
	e.RecordDescription("reset while it runs", run)
	_ = e.Heartbeat("heartbeat after the reset", first, 2)
	_ = e.FailActivity("fail", first, "Flaky", false)
	next := e.PollActivity("next attempt")
	_ = e.Heartbeat("heartbeat of the next attempt", next, 3)
	_ = e.CompleteActivity("complete", next, 1)
	e.Step("last task", CompleteWorkflow("done"))
}

func activityResetSecondAttempt(e *Env) {
	run := e.Start("wf")
	e.Step("task", e.ScheduleActivity("a1", quickRetry))
	_ = e.FailActivity("fail", e.PollActivity("first attempt"), "Flaky", false)
	second := e.PollActivity("second attempt")
	_, _ = Call(e, "reset", e.WF.ResetActivity, resetActivityRequest(e, run, "a1"))
	e.RecordDescription("reset while the second attempt runs", run)
	_ = e.Heartbeat("heartbeat with the token of the second attempt", second, 2)
	_ = e.CompleteActivity("complete with the token of the second attempt", second, 1)
}

func activityResetPaused(e *Env) {
	run := e.Start("wf")
	e.Step("task", e.ScheduleActivity("a1"))
	_, _ = Call(e, "pause", e.WF.PauseActivity, pauseRequest(e, run, "a1", "r"))
	request := resetActivityRequest(e, run, "a1")
	request.KeepPaused = true
	_, _ = Call(e, "reset and keep paused", e.WF.ResetActivity, request)
	e.RecordDescription("still paused", run)
	_, _ = Call(e, "reset", e.WF.ResetActivity, resetActivityRequest(e, run, "a1"))
	e.RecordDescription("unpaused", run)
	_ = e.CompleteActivity("complete", e.PollActivity("activity"), 1)
	e.Step("last task", CompleteWorkflow("done"))
}

func activityOptionsWaiting(e *Env) {
	run := e.Start("wf")
	e.Step("task", e.ScheduleActivity("a1"))
	_, _ = Call(e, "update", e.WF.UpdateActivityOptions, optionsRequest(e, run, "a1", &activitypb.ActivityOptions{
		TaskQueue:              &taskqueuepb.TaskQueue{Name: e.ID("other")},
		StartToCloseTimeout:    Seconds(33),
		ScheduleToCloseTimeout: Seconds(66),
		HeartbeatTimeout:       Seconds(11),
		RetryPolicy:            &commonpb.RetryPolicy{MaximumAttempts: 3, InitialInterval: Seconds(2)},
		Priority:               &commonpb.Priority{PriorityKey: 2},
	}, "task_queue.name", "start_to_close_timeout", "scheduleToCloseTimeout", "heartbeat_timeout",
		"retry_policy.maximum_attempts", "priority.priority_key"))
	e.RecordDescription("with other options", run)
	task := Quiet(e, e.WF.PollActivityTaskQueue, &workflowservice.PollActivityTaskQueueRequest{
		Namespace: e.Namespace, TaskQueue: &taskqueuepb.TaskQueue{Name: e.ID("other")}, Identity: Identity,
	})
	e.Note("task on the other queue", Plain(task))
	_ = e.CompleteActivity("complete", task, 1)
	e.Step("last task", CompleteWorkflow("done"))
}

func activityOptionsStarted(e *Env) {
	run := e.Start("wf")
	e.Step("task", e.ScheduleActivity("a1"))
	activity := e.PollActivity("activity")
	_, _ = Call(e, "update", e.WF.UpdateActivityOptions, optionsRequest(e, run, "a1",
		&activitypb.ActivityOptions{StartToCloseTimeout: Seconds(44)}, "start_to_close_timeout"))
	_ = e.Heartbeat("heartbeat", activity, 1)
	e.RecordDescription("with other options", run)
	_ = e.CompleteActivity("complete", activity, 1)
	e.Step("last task", CompleteWorkflow("done"))
}

func activityOptionsRestored(e *Env) {
	run := e.Start("wf")
	e.Step("task", e.ScheduleActivity("a1", slowRetry), e.ScheduleActivity("a2", slowRetry))
	all := optionsRequest(e, run, "", &activitypb.ActivityOptions{StartToCloseTimeout: Seconds(44)}, "start_to_close_timeout")
	all.Activity = &workflowservice.UpdateActivityOptionsRequest_MatchAll{MatchAll: true}
	_, _ = Call(e, "update all", e.WF.UpdateActivityOptions, all)
	_, _ = Call(e, "restore", e.WF.UpdateActivityOptions, &workflowservice.UpdateActivityOptionsRequest{
		Namespace: e.Namespace, Execution: Execution(run.ID, run.RunID), Identity: Identity,
		Activity: &workflowservice.UpdateActivityOptionsRequest_Id{Id: "a1"}, RestoreOriginal: true,
	})
	e.RecordDescription("one with its own options again", run)
	request := resetActivityRequest(e, run, "a2")
	request.RestoreOriginalOptions = true
	_, _ = Call(e, "reset with original options", e.WF.ResetActivity, request)
	e.RecordDescription("both with their own options again", run)
}

func activityOperatorsBadRequests(e *Env) {
	run := e.Start("wf")
	e.Step("task", e.ScheduleActivity("a1"))
	_, _ = Call(e, "pause without a workflow id", e.WF.PauseActivity, pauseRequest(e, Run{}, "a1", "r"))
	_, _ = Call(e, "pause nothing", e.WF.PauseActivity, &workflowservice.PauseActivityRequest{Namespace: e.Namespace, Execution: Execution(run.ID, "")})
	_, _ = Call(e, "pause an unknown activity", e.WF.PauseActivity, pauseRequest(e, run, "nobody", "r"))
	_, _ = Call(e, "pause in an unknown workflow", e.WF.PauseActivity, pauseRequest(e, Run{ID: e.ID("nobody")}, "a1", "r"))
	_, _ = Call(e, "pause in an unknown namespace", e.WF.PauseActivity, &workflowservice.PauseActivityRequest{
		Namespace: "nowhere", Execution: Execution(run.ID, ""), Activity: &workflowservice.PauseActivityRequest_Id{Id: "a1"},
	})
	_, _ = Call(e, "unpause nothing", e.WF.UnpauseActivity, &workflowservice.UnpauseActivityRequest{Namespace: e.Namespace, Execution: Execution(run.ID, "")})
	_, _ = Call(e, "unpause an unknown activity", e.WF.UnpauseActivity, unpauseRequest(e, run, "nobody"))
	_, _ = Call(e, "reset nothing", e.WF.ResetActivity, &workflowservice.ResetActivityRequest{Namespace: e.Namespace, Execution: Execution(run.ID, "")})
	_, _ = Call(e, "reset an unknown activity", e.WF.ResetActivity, resetActivityRequest(e, run, "nobody"))
	_, _ = Call(e, "update nothing", e.WF.UpdateActivityOptions, &workflowservice.UpdateActivityOptionsRequest{Namespace: e.Namespace, Execution: Execution(run.ID, "")})
	_, _ = Call(e, "update without options", e.WF.UpdateActivityOptions, optionsRequest(e, run, "a1", nil, "heartbeat_timeout"))
	none := optionsRequest(e, run, "a1", &activitypb.ActivityOptions{})
	none.UpdateMask = nil
	_, _ = Call(e, "update without a mask", e.WF.UpdateActivityOptions, none)
	both := optionsRequest(e, run, "a1", &activitypb.ActivityOptions{}, "heartbeat_timeout")
	both.RestoreOriginal = true
	_, _ = Call(e, "update and restore", e.WF.UpdateActivityOptions, both)
	_, _ = Call(e, "a queue that is not given", e.WF.UpdateActivityOptions,
		optionsRequest(e, run, "a1", &activitypb.ActivityOptions{}, "task_queue.name"))
	_, _ = Call(e, "a queue without a name", e.WF.UpdateActivityOptions,
		optionsRequest(e, run, "a1", &activitypb.ActivityOptions{TaskQueue: &taskqueuepb.TaskQueue{}}, "task_queue.name"))
	_, _ = Call(e, "a policy that is not given", e.WF.UpdateActivityOptions,
		optionsRequest(e, run, "a1", &activitypb.ActivityOptions{}, "retry_policy.maximum_attempts"))
	_, _ = Call(e, "a coefficient below 1", e.WF.UpdateActivityOptions, optionsRequest(e, run, "a1",
		&activitypb.ActivityOptions{RetryPolicy: &commonpb.RetryPolicy{BackoffCoefficient: 0.5}}, "retry_policy.backoff_coefficient"))
	_, _ = Call(e, "a negative time-out", e.WF.UpdateActivityOptions, optionsRequest(e, run, "a1",
		&activitypb.ActivityOptions{HeartbeatTimeout: Seconds(-1)}, "heartbeat_timeout"))
	_, _ = Call(e, "no time-out left", e.WF.UpdateActivityOptions, optionsRequest(e, run, "a1",
		&activitypb.ActivityOptions{}, "start_to_close_timeout", "schedule_to_close_timeout"))
	_, _ = Call(e, "a negative priority", e.WF.UpdateActivityOptions, optionsRequest(e, run, "a1",
		&activitypb.ActivityOptions{Priority: &commonpb.Priority{PriorityKey: -1}}, "priority"))
	_, _ = Call(e, "an unknown path", e.WF.UpdateActivityOptions, optionsRequest(e, run, "a1",
		&activitypb.ActivityOptions{}, "colour"))
	e.RecordDescription("nothing has changed", run)
}

func activityOperatorsByExecution(e *Env) {
	run := e.Start("wf")
	e.Step("task", e.ScheduleActivity("a1"))
	pause := func(change func(*workflowservice.PauseActivityExecutionRequest)) *workflowservice.PauseActivityExecutionRequest {
		request := &workflowservice.PauseActivityExecutionRequest{
			Namespace: e.Namespace, WorkflowId: run.ID, ActivityId: "a1", Identity: Identity, Reason: "on purpose", RequestId: "r",
		}
		change(request)
		return request
	}
	_, _ = Call(e, "pause without an activity", e.WF.PauseActivityExecution, pause(func(r *workflowservice.PauseActivityExecutionRequest) { r.ActivityId = "" }))
	_, _ = Call(e, "pause a long id", e.WF.PauseActivityExecution, pause(func(r *workflowservice.PauseActivityExecutionRequest) {
		r.ActivityId = strings.Repeat("a", 1001)
	}))
	_, _ = Call(e, "pause in a run that is none", e.WF.PauseActivityExecution, pause(func(r *workflowservice.PauseActivityExecutionRequest) { r.RunId = "none" }))
	_, _ = Call(e, "pause with a long identity", e.WF.PauseActivityExecution, pause(func(r *workflowservice.PauseActivityExecutionRequest) {
		r.Identity = strings.Repeat("i", 1001)
	}))
	_, _ = Call(e, "pause", e.WF.PauseActivityExecution, pause(func(*workflowservice.PauseActivityExecutionRequest) {}))
	e.RecordDescription("paused", run)
	update := func(change func(*workflowservice.UpdateActivityExecutionOptionsRequest)) *workflowservice.UpdateActivityExecutionOptionsRequest {
		request := &workflowservice.UpdateActivityExecutionOptionsRequest{
			Namespace: e.Namespace, WorkflowId: run.ID, RunId: run.RunID, ActivityId: "a1", Identity: Identity,
			ActivityOptions: &activitypb.ActivityOptions{StartToCloseTimeout: Seconds(44)},
			UpdateMask:      &fieldmaskpb.FieldMask{Paths: []string{"start_to_close_timeout"}},
		}
		change(request)
		return request
	}
	type updateRequest = workflowservice.UpdateActivityExecutionOptionsRequest
	_, _ = Call(e, "update options", e.WF.UpdateActivityExecutionOptions, update(func(*updateRequest) {}))
	_, _ = Call(e, "update with an empty mask", e.WF.UpdateActivityExecutionOptions, update(func(r *updateRequest) { r.UpdateMask.Paths = nil }))
	_, _ = Call(e, "update without a mask", e.WF.UpdateActivityExecutionOptions, update(func(r *updateRequest) { r.UpdateMask = nil }))
	_, _ = Call(e, "update without options", e.WF.UpdateActivityExecutionOptions, update(func(r *updateRequest) { r.ActivityOptions = nil }))
	_, _ = Call(e, "update an unknown path", e.WF.UpdateActivityExecutionOptions, update(func(r *updateRequest) { r.UpdateMask.Paths = []string{"colour"} }))
	_, _ = Call(e, "update and restore", e.WF.UpdateActivityExecutionOptions, update(func(r *updateRequest) { r.RestoreOriginal = true }))
	_, _ = Call(e, "reset with a negative jitter", e.WF.ResetActivityExecution, &workflowservice.ResetActivityExecutionRequest{
		Namespace: e.Namespace, WorkflowId: run.ID, ActivityId: "a1", Identity: Identity, Jitter: Seconds(-1),
	})
	_, _ = Call(e, "reset", e.WF.ResetActivityExecution, &workflowservice.ResetActivityExecutionRequest{
		Namespace: e.Namespace, WorkflowId: run.ID, ActivityId: "a1", Identity: Identity, KeepPaused: true, RestoreOriginalOptions: true,
	})
	_, _ = Call(e, "unpause", e.WF.UnpauseActivityExecution, &workflowservice.UnpauseActivityExecutionRequest{
		Namespace: e.Namespace, WorkflowId: run.ID, ActivityId: "a1", Identity: Identity, Reason: "again",
	})
	_ = e.CompleteActivity("complete", e.PollActivity("activity"), 1)
	e.Step("last task", CompleteWorkflow("done"))
}

func activityOperatorsClosedRun(e *Env) {
	run := e.Start("wf")
	e.Step("task", e.ScheduleActivity("a1"))
	_, _ = Call(e, "pause", e.WF.PauseActivity, pauseRequest(e, run, "a1", "r"))
	_ = e.Terminate("terminate", run)
	_, _ = Call(e, "pause again", e.WF.PauseActivity, pauseRequest(e, run, "a1", "r"))
	_, _ = Call(e, "unpause", e.WF.UnpauseActivity, unpauseRequest(e, run, "a1"))
	_, _ = Call(e, "reset", e.WF.ResetActivity, resetActivityRequest(e, run, "a1"))
	_, _ = Call(e, "update", e.WF.UpdateActivityOptions, optionsRequest(e, run, "a1",
		&activitypb.ActivityOptions{HeartbeatTimeout: Seconds(1)}, "heartbeat_timeout"))
}
