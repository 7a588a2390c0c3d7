package scenarios

import (
	"slices"
	"strings"

	commandpb "go.temporal.io/api/command/v1"
	commonpb "go.temporal.io/api/common/v1"
	failurepb "go.temporal.io/api/failure/v1"
	"go.temporal.io/api/workflowservice/v1"
	. "klamm.dev/integration-tests/parity/harness"
)

type activityAttributes = commandpb.ScheduleActivityTaskCommandAttributes

var activities = []Scenario{
	{Name: "activity_complete", Run: activityComplete},
	{Name: "activity_parallel", Run: activityParallel},
	{Name: "activity_buffered_completion", Run: activityBufferedCompletion},
	{Name: "activity_defaults", Run: activityDefaults},
	{Name: "activity_stale_tokens", Run: activityStaleTokens},
	{Name: "activity_bad_answers", Run: activityBadAnswers},
}

func activityComplete(e *Env) {
	run := e.Start("wf")
	e.Step("first task", e.ScheduleActivity("a1", func(a *activityAttributes) {
		a.Header = &commonpb.Header{Fields: map[string]*commonpb.Payload{"trace": Payload("abc")}}
		a.HeartbeatTimeout = Seconds(30)
	}))
	activity := e.PollActivity("activity")
	e.RecordHistory("history while the activity runs", run)
	_ = e.CompleteActivity("complete activity", activity, "result")
	e.Step("second task", CompleteWorkflow("done"))
}

func activityParallel(e *Env) {
	e.Start("wf")
	e.Step("first task", e.ScheduleActivity("a1"), e.ScheduleActivity("a2"), e.ScheduleActivity("a3"))
	// In which order a queue hands out what came at the same time is nobody's promise.
	tasks := []*ActivityTask{e.PollActivity(""), e.PollActivity(""), e.PollActivity("")}
	slices.SortFunc(tasks, func(a, b *ActivityTask) int { return strings.Compare(a.GetActivityId(), b.GetActivityId()) })
	first, second, third := tasks[0], tasks[1], tasks[2]
	_ = e.CompleteActivity("complete the third", third, 3)
	_ = e.CompleteActivity("complete the first", first, 1)
	e.Step("task after two results")
	_ = e.FailActivity("fail the second", second, "Fatal", true)
	e.Step("last task", CompleteWorkflow("done"))
}

func activityBufferedCompletion(e *Env) {
	run := e.Start("wf")
	e.Step("first task", e.ScheduleActivity("a1"))
	activity := e.PollActivity("activity")
	_ = e.Signal("signal", run, "wake", 1)
	task := e.PollWorkflow("second task")
	_ = e.CompleteActivity("complete activity while the task runs", activity, "result")
	_ = e.Signal("signal after it", run, "after", 2)
	_, _ = e.Complete("complete", task)
	e.Step("third task shows the signal before the result", CompleteWorkflow("done"))
}

func activityDefaults(e *Env) {
	e.Start("wf", func(r *startRequest) { r.WorkflowRunTimeout = Seconds(1000) })
	e.Step("task",
		e.ScheduleActivity("start-to-close alone"),
		e.ScheduleActivity("schedule-to-close alone", func(a *activityAttributes) {
			a.StartToCloseTimeout = nil
			a.ScheduleToCloseTimeout = Seconds(50)
		}),
		e.ScheduleActivity("longer than the run", func(a *activityAttributes) {
			a.StartToCloseTimeout = Seconds(5000)
			a.ScheduleToCloseTimeout = Seconds(6000)
			a.ScheduleToStartTimeout = Seconds(7000)
			a.HeartbeatTimeout = Seconds(8000)
		}),
		e.ScheduleActivity("partial retry policy", func(a *activityAttributes) {
			a.RetryPolicy = &commonpb.RetryPolicy{InitialInterval: Seconds(3), MaximumAttempts: 4}
		}),
		e.ScheduleActivity("full retry policy", func(a *activityAttributes) {
			a.RetryPolicy = &commonpb.RetryPolicy{
				InitialInterval: Seconds(2), BackoffCoefficient: 1.5, MaximumInterval: Seconds(20),
				MaximumAttempts: 7, NonRetryableErrorTypes: []string{"Fatal"},
			}
		}),
		e.ScheduleActivity("priority", func(a *activityAttributes) {
			a.Priority = &commonpb.Priority{PriorityKey: 1}
		}),
	)
}

func activityStaleTokens(e *Env) {
	e.Start("wf")
	e.Step("first task", e.ScheduleActivity("a1", quickRetry))
	first := e.PollActivity("first attempt")
	_ = e.FailActivity("fail it", first, "Flaky", false)
	second := e.PollActivity("second attempt")
	_ = e.CompleteActivity("complete with the first token", first, 1)
	_ = e.Heartbeat("heartbeat with the first token", first, 1)
	_ = e.FailActivity("fail with the first token", first, "Flaky", false)
	_ = e.CancelActivity("cancel with the first token", first, 1)
	_ = e.CompleteActivity("complete", second, 2)
	_ = e.CompleteActivity("complete once more", second, 2)
	_ = e.FailActivity("fail once completed", second, "Flaky", false)
	_ = e.Heartbeat("heartbeat once completed", second, 2)
	e.Step("second task", CompleteWorkflow("done"))
	_ = e.CompleteActivity("complete in a closed run", second, 2)
}

func activityBadAnswers(e *Env) {
	e.Start("wf")
	e.Step("task", e.ScheduleActivity("a1"))
	activity := e.PollActivity("activity")
	_ = e.CompleteActivity("no token", &ActivityTask{}, 1)
	_ = e.CompleteActivity("malformed token", &ActivityTask{TaskToken: []byte("garbage")}, 1)
	_ = e.Heartbeat("heartbeat with a malformed token", &ActivityTask{TaskToken: []byte("garbage")}, 1)
	_ = e.CancelActivity("canceled though nobody asked", activity, "why")
	_, _ = Call(e, "failure without application info", e.WF.RespondActivityTaskFailed, &workflowservice.RespondActivityTaskFailedRequest{
		Namespace: e.Namespace, TaskToken: activity.GetTaskToken(), Identity: Identity,
		Failure: &failurepb.Failure{Message: "timed out, says the worker", FailureInfo: &failurepb.Failure_TimeoutFailureInfo{
			TimeoutFailureInfo: &failurepb.TimeoutFailureInfo{},
		}},
	})
	_, _ = Call(e, "token of another namespace", e.WF.RespondActivityTaskCompleted, &workflowservice.RespondActivityTaskCompletedRequest{
		Namespace: "temporal-system", TaskToken: activity.GetTaskToken(), Identity: Identity,
	})
	_, _ = Call(e, "namespace left to the token", e.WF.RecordActivityTaskHeartbeat, &workflowservice.RecordActivityTaskHeartbeatRequest{
		TaskToken: activity.GetTaskToken(), Identity: Identity,
	})
	_, _ = Call(e, "long identity", e.WF.RespondActivityTaskCompleted, &workflowservice.RespondActivityTaskCompletedRequest{
		Namespace: e.Namespace, TaskToken: activity.GetTaskToken(), Identity: strings.Repeat("i", 1001),
	})
	_ = e.CompleteActivity("oversized result", activity, strings.Repeat("r", 2<<20+1))
}

var activityRetries = []Scenario{
	{Name: "activity_retry_then_complete", Run: activityRetryThenComplete},
	{Name: "activity_non_retryable_flag", Run: activityNonRetryableFlag},
	{Name: "activity_non_retryable_type", Run: activityNonRetryableType},
	{Name: "activity_maximum_attempts", Run: activityMaximumAttempts},
	{Name: "activity_next_retry_delay", Run: activityNextRetryDelay},
	{Name: "activity_no_time_to_retry", Run: activityNoTimeToRetry},
}

// quickRetry lets the next attempt follow at once.
func quickRetry(a *activityAttributes) {
	a.RetryPolicy = &commonpb.RetryPolicy{InitialInterval: Seconds(0.05), BackoffCoefficient: 1, MaximumInterval: Seconds(0.05)}
}

func attempts(n int32) func(*activityAttributes) {
	return func(a *activityAttributes) {
		quickRetry(a)
		a.RetryPolicy.MaximumAttempts = n
	}
}

func activityRetryThenComplete(e *Env) {
	run := e.Start("wf")
	e.Step("first task", e.ScheduleActivity("a1", quickRetry))
	_ = e.FailActivity("first failure", e.PollActivity("first attempt"), "Flaky", false)
	second := e.PollActivity("second attempt")
	e.RecordDescription("description in the second attempt", run)
	_ = e.Heartbeat("heartbeat", second, "half way")
	_, _ = Call(e, "second failure, with details", e.WF.RespondActivityTaskFailed, &workflowservice.RespondActivityTaskFailedRequest{
		Namespace: e.Namespace, TaskToken: second.GetTaskToken(), Identity: Identity,
		Failure: ApplicationFailure("failed again", "Flaky", false), LastHeartbeatDetails: Payloads("nearly there"),
	})
	third := e.PollActivity("third attempt")
	_ = e.CompleteActivity("complete", third, "result")
	e.Step("second task", CompleteWorkflow("done"))
}

func activityNonRetryableFlag(e *Env) {
	e.Start("wf")
	e.Step("first task", e.ScheduleActivity("a1", quickRetry))
	_ = e.FailActivity("failure", e.PollActivity("attempt"), "Flaky", true)
	e.Step("second task", FailWorkflow("Activity"))
}

func activityNonRetryableType(e *Env) {
	e.Start("wf")
	e.Step("first task", e.ScheduleActivity("a1", quickRetry, func(a *activityAttributes) {
		a.RetryPolicy.NonRetryableErrorTypes = []string{"Fatal", "Other"}
	}))
	_ = e.FailActivity("retryable failure", e.PollActivity("first attempt"), "fatal", false)
	_ = e.FailActivity("non-retryable failure", e.PollActivity("second attempt"), "Fatal", false)
	e.Step("second task", CompleteWorkflow("done"))
}

func activityMaximumAttempts(e *Env) {
	e.Start("wf")
	e.Step("first task", e.ScheduleActivity("a1", attempts(2)))
	_ = e.FailActivity("first failure", e.PollActivity("first attempt"), "Flaky", false)
	_ = e.FailActivity("second failure", e.PollActivity("second attempt"), "Flaky", false)
	e.Step("second task", CompleteWorkflow("done"))
}

func activityNextRetryDelay(e *Env) {
	run := e.Start("wf")
	e.Step("first task", e.ScheduleActivity("a1"))
	activity := e.PollActivity("first attempt")
	failure := ApplicationFailure("wait a little", "Flaky", false)
	failure.GetApplicationFailureInfo().NextRetryDelay = Seconds(0.1)
	_, _ = Call(e, "fail with a delay", e.WF.RespondActivityTaskFailed, &workflowservice.RespondActivityTaskFailedRequest{
		Namespace: e.Namespace, TaskToken: activity.GetTaskToken(), Identity: Identity, Failure: failure,
	})
	second := e.PollActivity("second attempt")
	failure = ApplicationFailure("wait long", "Flaky", false)
	failure.GetApplicationFailureInfo().NextRetryDelay = Seconds(3600)
	_, _ = Call(e, "fail with a long delay", e.WF.RespondActivityTaskFailed, &workflowservice.RespondActivityTaskFailedRequest{
		Namespace: e.Namespace, TaskToken: second.GetTaskToken(), Identity: Identity, Failure: failure,
	})
	e.RecordDescription("description while it waits", run)
}

func activityNoTimeToRetry(e *Env) {
	e.Start("wf")
	e.Step("first task", e.ScheduleActivity("a1", func(a *activityAttributes) {
		a.ScheduleToCloseTimeout = Seconds(30)
		a.RetryPolicy = &commonpb.RetryPolicy{InitialInterval: Seconds(100), MaximumInterval: Seconds(100)}
	}))
	_ = e.FailActivity("failure", e.PollActivity("attempt"), "Flaky", false)
	e.Step("second task", CompleteWorkflow("done"))
}

var activityTimeouts = []Scenario{
	{Name: "activity_timeout_start_to_close", Run: activityStartToClose},
	{Name: "activity_timeout_start_to_close_retried", Run: activityStartToCloseRetried},
	{Name: "activity_timeout_schedule_to_start", Run: activityScheduleToStart},
	{Name: "activity_timeout_schedule_to_close", Run: activityScheduleToClose},
	{Name: "activity_timeout_schedule_to_close_retrying", Run: activityScheduleToCloseRetrying},
	{Name: "activity_timeout_heartbeat", Run: activityHeartbeatTimeout},
}

func activityStartToClose(e *Env) {
	e.Start("wf")
	e.Step("first task", e.ScheduleActivity("a1", attempts(1), func(a *activityAttributes) { a.StartToCloseTimeout = Seconds(1) }))
	activity := e.PollActivity("attempt")
	_ = e.Heartbeat("heartbeat", activity, "got here")
	e.Step("second task", CompleteWorkflow("done"))
	_ = e.CompleteActivity("complete too late", activity, "late")
}

func activityStartToCloseRetried(e *Env) {
	run := e.Start("wf")
	e.Step("first task", e.ScheduleActivity("a1", quickRetry, func(a *activityAttributes) { a.StartToCloseTimeout = Seconds(1) }))
	e.PollActivity("first attempt")
	second := e.PollActivity("second attempt")
	e.RecordDescription("description in the second attempt", run)
	_ = e.CompleteActivity("complete", second, "result")
	e.Step("second task", CompleteWorkflow("done"))
}

func activityScheduleToStart(e *Env) {
	e.Start("wf")
	e.Step("first task", e.ScheduleActivity("a1", func(a *activityAttributes) { a.ScheduleToStartTimeout = Seconds(1) }))
	e.Step("second task", CompleteWorkflow("done"))
}

func activityScheduleToClose(e *Env) {
	e.Start("wf")
	e.Step("first task", e.ScheduleActivity("a1", func(a *activityAttributes) {
		a.ScheduleToCloseTimeout = Seconds(1)
		a.StartToCloseTimeout = Seconds(10)
	}))
	e.PollActivity("attempt")
	e.Step("second task", CompleteWorkflow("done"))
}

func activityScheduleToCloseRetrying(e *Env) {
	e.Start("wf")
	e.Step("first task", e.ScheduleActivity("a1", func(a *activityAttributes) {
		a.ScheduleToCloseTimeout = Seconds(2)
		a.RetryPolicy = &commonpb.RetryPolicy{InitialInterval: Seconds(0.05)}
	}))
	_ = e.FailActivity("failure", e.PollActivity("first attempt"), "Flaky", false)
	e.PollActivity("second attempt")
	e.Step("second task", CompleteWorkflow("done"))
}

func activityHeartbeatTimeout(e *Env) {
	run := e.Start("wf")
	e.Step("first task", e.ScheduleActivity("a1", attempts(2), func(a *activityAttributes) { a.HeartbeatTimeout = Seconds(1) }))
	_ = e.Heartbeat("heartbeat", e.PollActivity("first attempt"), "first progress")
	second := e.PollActivity("second attempt carries the details")
	e.RecordDescription("description in the second attempt", run)
	_ = e.Heartbeat("second heartbeat", second, "second progress")
	e.Step("second task", CompleteWorkflow("done"))
}

var activityCancellation = []Scenario{
	{Name: "activity_cancel_started", Run: activityCancelStarted},
	{Name: "activity_cancel_ignored", Run: activityCancelIgnored},
	{Name: "activity_cancel_before_start", Run: activityCancelBeforeStart},
	{Name: "activity_cancel_waiting_for_retry", Run: activityCancelWaiting},
	{Name: "activity_cancel_fails_afterwards", Run: activityCancelFails},
	{Name: "activity_cancel_same_task", Run: activityCancelSameTask},
	{Name: "activity_cancel_and_close_same_task", Run: activityCancelAndCloseSameTask},
}

// cancelStarted brings an activity to the point where its cancellation has been
// requested while it runs; it is event 5.
func cancelStarted(e *Env) (Run, *ActivityTask) {
	run := e.Start("wf")
	e.Step("first task", e.ScheduleActivity("a1", quickRetry))
	activity := e.PollActivity("activity")
	_ = e.Heartbeat("heartbeat before", activity, 1)
	_ = e.Signal("signal", run, "stop", 1)
	e.Step("second task", RequestCancelActivity(5))
	_ = e.Heartbeat("heartbeat tells of the request", activity, 2)
	return run, activity
}

func activityCancelStarted(e *Env) {
	run, activity := cancelStarted(e)
	e.RecordDescription("description once requested", run)
	_ = e.CancelActivity("canceled", activity, "cleaned up")
	e.Step("third task", CompleteWorkflow("done"))
}

func activityCancelIgnored(e *Env) {
	_, activity := cancelStarted(e)
	_ = e.CompleteActivity("completed all the same", activity, "result")
	e.Step("third task", CompleteWorkflow("done"))
}

func activityCancelBeforeStart(e *Env) {
	run := e.Start("wf")
	e.Step("first task", e.ScheduleActivity("a1"))
	_ = e.Signal("signal", run, "stop", 1)
	e.Step("second task", RequestCancelActivity(5))
	e.Step("third task", CompleteWorkflow("done"))
}

func activityCancelWaiting(e *Env) {
	run := e.Start("wf")
	e.Step("first task", e.ScheduleActivity("a1", func(a *activityAttributes) {
		a.RetryPolicy = &commonpb.RetryPolicy{InitialInterval: Seconds(1000)}
	}))
	_ = e.FailActivity("failure", e.PollActivity("activity"), "Flaky", false)
	_ = e.Signal("signal", run, "stop", 1)
	e.Step("second task", RequestCancelActivity(5))
	e.Step("third task", CompleteWorkflow("done"))
}

func activityCancelFails(e *Env) {
	_, activity := cancelStarted(e)
	_ = e.FailActivity("fails once cancellation is requested", activity, "Flaky", false)
	e.Step("third task", CompleteWorkflow("done"))
}

// The end of the activity waits until all commands are carried out, and the last of them closes the run.
func activityCancelAndCloseSameTask(e *Env) {
	e.Start("wf")
	e.Step("first task", e.ScheduleActivity("a1"), RequestCancelActivity(5), CompleteWorkflow("done"))
}

func activityCancelSameTask(e *Env) {
	e.Start("wf")
	e.Step("first task", e.ScheduleActivity("a1"), RequestCancelActivity(5))
	e.Step("second task", CompleteWorkflow("done"))
}
