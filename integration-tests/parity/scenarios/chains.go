package scenarios

import (
	"time"

	commandpb "go.temporal.io/api/command/v1"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	sdkpb "go.temporal.io/api/sdk/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	. "klamm.dev/integration-tests/parity/harness"
)

var chains = []Scenario{
	{Name: "chain_retry", Run: chainRetry},
	{Name: "chain_retry_defaults", Run: chainRetryDefaults},
	{Name: "chain_retry_ends", Run: chainRetryEnds},
	{Name: "chain_retry_next_delay", Run: chainRetryNextDelay},
	{Name: "chain_retry_timeout", Run: chainRetryTimeout},
	{Name: "chain_retry_inherits", Run: chainRetryInherits},
	{Name: "chain_retry_continue_as_new", Run: chainRetryContinueAsNew},
	{Name: "chain_backoff", Run: chainBackoff},
	{Name: "chain_backoff_cancel", Run: chainBackoffCancel},
	{Name: "chain_backoff_terminate", Run: chainBackoffTerminate},
	{Name: "chain_backoff_signal_with_start", Run: chainBackoffSignalWithStart},
	{Name: "chain_cron", Run: chainCron},
	{Name: "chain_cron_fails", Run: chainCronFails},
	{Name: "chain_cron_retry", Run: chainCronRetry},
	{Name: "chain_cron_timeout", Run: chainCronTimeout},
	{Name: "chain_cron_cancel", Run: chainCronCancel},
	{Name: "signal_with_start_cron", Run: signalWithStartCron},
	{Name: "chain_bad_cron", Run: chainBadCron},
	{Name: "chain_continue_as_new_told", Run: chainContinueAsNewTold},
	{Name: "chain_bad_continue_as_new", Run: chainBadContinueAsNew},
	{Name: "chain_schedule_retry", Run: chainScheduleRetry},
}

type continueAsNewAttributes = commandpb.ContinueAsNewWorkflowExecutionCommandAttributes

// aSecondApart is a retry policy whose intervals are all a second long.
func aSecondApart(attempts int32) *commonpb.RetryPolicy {
	return &commonpb.RetryPolicy{InitialInterval: Seconds(1), BackoffCoefficient: 1, MaximumAttempts: attempts}
}

// namedNext is the run that a closing event names as the next.
func namedNext(event *historypb.HistoryEvent) string {
	switch {
	case event.GetWorkflowExecutionContinuedAsNewEventAttributes() != nil:
		return event.GetWorkflowExecutionContinuedAsNewEventAttributes().GetNewExecutionRunId()
	case event.GetWorkflowExecutionCompletedEventAttributes() != nil:
		return event.GetWorkflowExecutionCompletedEventAttributes().GetNewExecutionRunId()
	case event.GetWorkflowExecutionFailedEventAttributes() != nil:
		return event.GetWorkflowExecutionFailedEventAttributes().GetNewExecutionRunId()
	default:
		return event.GetWorkflowExecutionTimedOutEventAttributes().GetNewExecutionRunId()
	}
}

// follower makes the run that follows a closed one a touched run.
func follower(e *Env, label string, run Run) Run {
	events := e.Events(run.ID, run.RunID)
	next := namedNext(events[len(events)-1])
	if next == "" {
		e.Abort("no run follows")
	}
	e.Touch(label, run.ID, next)
	return Run{ID: run.ID, RunID: next}
}

// late takes the next workflow task and completes it once its run is more than
// a second old, so that the next run need not wait for the rest of that second.
func late(e *Env, step string, command *commandpb.Command) {
	task := e.PollWorkflow(step)
	e.Eventually("the run has lived for more than a second", dueIn(1200))
	Quiet(e, e.WF.RespondWorkflowTaskCompleted, e.CompleteRequest(task, command))
}

// failNonRetryable closes the run with a failure that forbids another attempt.
func failNonRetryable() *commandpb.Command {
	command := FailWorkflow("Broken")
	command.GetFailWorkflowExecutionCommandAttributes().GetFailure().GetApplicationFailureInfo().NonRetryable = true
	return command
}

func chainRetry(e *Env) {
	run := e.StartRecorded("start", "wf", func(r *startRequest) { r.RetryPolicy = aSecondApart(3) })
	e.Step("first attempt", FailWorkflow("Unlucky"))
	second := follower(e, "second run", run)
	e.Step("second attempt", FailWorkflow("Unlucky"))
	follower(e, "third run", second)
	e.Step("third attempt", FailWorkflow("Unlucky"))
	_, _ = Call(e, "result of the newest run", e.WF.GetWorkflowExecutionHistory, &workflowservice.GetWorkflowExecutionHistoryRequest{
		Namespace: e.Namespace, Execution: Execution(run.ID, ""), WaitNewEvent: true,
		HistoryEventFilterType: enumspb.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT,
	})
}

func chainRetryDefaults(e *Env) {
	run := e.Start("wf", func(r *startRequest) { r.RetryPolicy = &commonpb.RetryPolicy{} })
	e.Step("first attempt", FailWorkflow("Unlucky"))
	follower(e, "second run", run)
	e.Step("second attempt", CompleteWorkflow("done"))
}

func chainRetryEnds(e *Env) {
	e.Start("named", func(r *startRequest) {
		r.RetryPolicy = aSecondApart(3)
		r.RetryPolicy.NonRetryableErrorTypes = []string{"Broken"}
	})
	e.Step("a type that is not retried", FailWorkflow("Broken"))
	e.Start("forbidden", func(r *startRequest) { r.RetryPolicy = aSecondApart(3) })
	e.Step("a failure that forbids it", failNonRetryable())
	e.Start("once", func(r *startRequest) { r.RetryPolicy = aSecondApart(1) })
	e.Step("one attempt", FailWorkflow("Broken"))
	e.Start("late", func(r *startRequest) {
		r.RetryPolicy = aSecondApart(3)
		r.RetryPolicy.InitialInterval = Seconds(100)
		r.WorkflowExecutionTimeout = Seconds(50)
	})
	e.Step("no time is left", FailWorkflow("Broken"))
	e.Start("cancelled", func(r *startRequest) { r.RetryPolicy = aSecondApart(3) })
	e.Step("cancelled by itself", CancelWorkflow("details"))
}

func chainRetryNextDelay(e *Env) {
	run := e.Start("wf", func(r *startRequest) { r.RetryPolicy = aSecondApart(3); r.RetryPolicy.MaximumInterval = Seconds(2) })
	asking := func(delay *durationpb.Duration) *commandpb.Command {
		command := FailWorkflow("Unlucky")
		command.GetFailWorkflowExecutionCommandAttributes().GetFailure().GetApplicationFailureInfo().NextRetryDelay = delay
		return command
	}
	e.Step("asks for a minute", asking(Seconds(60)))
	second := follower(e, "second run", run)
	e.Step("asks for nothing", asking(Seconds(0)))
	follower(e, "third run", second)
}

func chainRetryTimeout(e *Env) {
	run := e.Start("wf", func(r *startRequest) {
		r.RetryPolicy = aSecondApart(2)
		r.WorkflowRunTimeout = Seconds(2)
		r.WorkflowExecutionTimeout = Seconds(60)
	})
	e.AwaitEvent(run, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT)
	second := follower(e, "second run", run)
	e.AwaitEvent(second, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT)
}

// chainRetryInherits shows what an attempt has of the start, and what it has
// not: the workflow's own changes.
func chainRetryInherits(e *Env) {
	run := e.Start("wf", func(r *startRequest) {
		r.RetryPolicy = aSecondApart(3)
		r.Input = Payloads("in")
		r.Memo = Memo(map[string]any{"kept": "a"})
		r.SearchAttributes = SearchAttributes(map[string]*commonpb.Payload{"ParityKeyword": Payload("red")})
		r.Header = &commonpb.Header{Fields: map[string]*commonpb.Payload{"trace": Payload("abc")}}
		r.WorkflowExecutionTimeout = Seconds(500)
		r.WorkflowRunTimeout = Seconds(100)
		r.WorkflowTaskTimeout = Seconds(8)
		r.Priority = &commonpb.Priority{PriorityKey: 2}
		r.UserMetadata = &sdkpb.UserMetadata{Summary: Payload("summary"), Details: Payload("details")}
		r.LastCompletionResult = Payloads("earlier")
	})
	e.Step("first attempt",
		UpsertSearchAttributes(map[string]*commonpb.Payload{"ParityInt": Payload(5)}),
		UpsertMemo(Memo(map[string]any{"more": "b"})),
		FailWorkflow("Unlucky"))
	second := follower(e, "second run", run)
	e.RecordDescription("while it waits", second)
	e.PollWorkflow("second attempt")
}

// chainRetryContinueAsNew: the next run has the policy only if the command says
// so, and it begins with the first attempt.
func chainRetryContinueAsNew(e *Env) {
	run := e.Start("wf", func(r *startRequest) { r.RetryPolicy = aSecondApart(3) })
	e.Step("first attempt", FailWorkflow("Unlucky"))
	second := follower(e, "second run", run)
	late(e, "second attempt continues as new", ContinueAsNew(func(a *continueAsNewAttributes) { a.RetryPolicy = aSecondApart(5) }))
	third := follower(e, "third run", second)
	e.Step("its first attempt", FailWorkflow("Unlucky"))
	fourth := follower(e, "fourth run", third)
	late(e, "its second attempt", ContinueAsNew(nil))
	follower(e, "fifth run", fourth)
	e.Step("without a policy", FailWorkflow("Unlucky"))
}

// waiting starts a workflow whose second attempt waits for a minute.
func waiting(e *Env) Run {
	run := e.Start("wf", func(r *startRequest) {
		r.RetryPolicy = &commonpb.RetryPolicy{InitialInterval: Seconds(60)}
		r.WorkflowRunTimeout = Seconds(100)
	})
	e.Step("", FailWorkflow("Unlucky"))
	return follower(e, "second run", run)
}

func chainBackoff(e *Env) {
	second := waiting(e)
	_ = e.Signal("signal by id", Run{ID: second.ID}, "early", 1)
	e.RecordHistory("history while it waits", second)
	e.RecordDescription("description while it waits", second)
	_, _ = CallWithin(e, "query", 2*time.Second, e.WF.QueryWorkflow, e.QueryRequest(Run{ID: second.ID}, "state"))
	e.StartRecorded("start", "wf", func(r *startRequest) { r.RequestId = "another" })
}

func chainBackoffCancel(e *Env) {
	second := waiting(e)
	_ = e.Cancel("cancel by id", Run{ID: second.ID})
	e.Step("second attempt, at once", CancelWorkflow("as asked"))
}

func chainBackoffTerminate(e *Env) {
	second := waiting(e)
	_ = e.Terminate("terminate by id", Run{ID: second.ID})
}

// chainBackoffSignalWithStart: the signal does not wait. The attempt fails
// before its time has come.
func chainBackoffSignalWithStart(e *Env) {
	second := waiting(e)
	_, _ = Call(e, "signal-with-start", e.WF.SignalWithStartWorkflowExecution, signalWithStartRequest(e, "wf"))
	late(e, "second attempt, at once", ContinueAsNew(nil))
	follower(e, "third run", second)
	e.Step("third run", CompleteWorkflow("done"))
}

func chainCron(e *Env) {
	run := e.StartRecorded("start", "wf", func(r *startRequest) {
		r.CronSchedule = "@every 1s"
		r.Input = Payloads("in")
	})
	e.RecordDescription("while the first run waits", run)
	e.Step("first run", CompleteWorkflow("one"))
	second := follower(e, "second run", run)
	e.Step("second run", CompleteWorkflow("two"))
	follower(e, "third run", second)
	_ = e.Terminate("terminate", Run{ID: run.ID})
}

func chainCronFails(e *Env) {
	run := e.Start("wf", func(r *startRequest) { r.CronSchedule = "@every 1s" })
	e.Step("first run", CompleteWorkflow("one"))
	second := follower(e, "second run", run)
	e.Step("second run", FailWorkflow("Unlucky"))
	third := follower(e, "third run", second)
	e.Step("third run", CompleteWorkflow(nil))
	follower(e, "fourth run", third)
	_ = e.Terminate("terminate", Run{ID: run.ID})
}

func chainCronRetry(e *Env) {
	run := e.Start("wf", func(r *startRequest) {
		r.CronSchedule = "@every 1s"
		r.RetryPolicy = aSecondApart(2)
		r.LastCompletionResult = Payloads("earlier")
	})
	e.Step("first attempt", FailWorkflow("Unlucky"))
	second := follower(e, "second attempt", run)
	e.Step("second attempt", FailWorkflow("Unlucky"))
	follower(e, "next run", second)
	_ = e.Terminate("terminate", Run{ID: run.ID})
}

func chainCronTimeout(e *Env) {
	run := e.Start("wf", func(r *startRequest) {
		r.CronSchedule = "@every 1s"
		r.WorkflowRunTimeout = Seconds(1)
		r.WorkflowExecutionTimeout = Seconds(60)
		r.LastCompletionResult = Payloads("earlier")
	})
	e.AwaitEvent(run, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT)
	second := follower(e, "second run", run)
	_ = e.Terminate("terminate", Run{ID: second.ID})
}

func chainCronCancel(e *Env) {
	run := e.Start("wf", func(r *startRequest) { r.CronSchedule = "@every 100s" })
	_ = e.Cancel("cancel while it waits", run)
	e.Step("first run, at once", CancelWorkflow("as asked"))
}

func signalWithStartCron(e *Env) {
	request := signalWithStartRequest(e, "wf")
	request.CronSchedule = "@every 1s"
	request.RetryPolicy = aSecondApart(3)
	response, _ := Call(e, "signal-with-start", e.WF.SignalWithStartWorkflowExecution, request)
	run := Run{ID: request.WorkflowId, RunID: response.GetRunId()}
	e.Touch("first run", run.ID, run.RunID)
	e.Step("first run", CompleteWorkflow("one"))
	follower(e, "second run", run)
	_ = e.Terminate("terminate", Run{ID: run.ID})
}

func chainBadCron(e *Env) {
	for _, cron := range []string{
		"not a cron", "* * * *", "* * * * * *", "60 * * * *", "* * 0 * *", "5-1 * * * *", "*/0 * * * *", "* * * * 7",
		"@fortnightly", "@every", "@every day", "@every 1d", "TZ=Nowhere/City * * * * *", "0 0 31 2 *", "0 0 30 feb ?",
		"@every -1s", "0 0 29 2 *", "@yearly", "CRON_TZ=Europe/Berlin 30 2 * * *", "1-2,*/7 ? * jan-MAR 0", "0,,5 0 1 1 *", "*-x 0 1 1 *",
	} {
		request := e.StartRequest("wf")
		request.CronSchedule = cron
		request.WorkflowIdConflictPolicy = enumspb.WORKFLOW_ID_CONFLICT_POLICY_TERMINATE_EXISTING
		request.RequestId = e.ID(cron)
		_, err := Go(rpcWait, e.WF.StartWorkflowExecution, request).Wait()
		// Neither the run nor its back-off is of interest, which depends on the hour.
		e.Note("cron "+cron, status.Convert(err).Message())
	}
	_, _ = Call(e, "cron and start delay", e.WF.StartWorkflowExecution, func() *startRequest {
		request := e.StartRequest("delayed")
		request.CronSchedule = "@every 1s"
		request.WorkflowStartDelay = Seconds(1)
		return request
	}())
}

func chainContinueAsNewTold(e *Env) {
	run := e.Start("wf", func(r *startRequest) { r.RetryPolicy = aSecondApart(3) })
	task := e.PollWorkflow("task")
	e.Eventually("the run has lived for more than a second", dueIn(1200))
	_, _ = e.Complete("continue as new", task, ContinueAsNew(func(a *continueAsNewAttributes) {
		a.CronSchedule = "@every 1s"
		a.RetryPolicy = &commonpb.RetryPolicy{MaximumAttempts: 4}
		a.Failure = ApplicationFailure("told", "Told", false)
		a.LastCompletionResult = Payloads("told")
		a.Initiator = enumspb.CONTINUE_AS_NEW_INITIATOR_RETRY
	}))
	second := follower(e, "second run", run)
	e.Step("second run does not wait", CompleteWorkflow("two"))
	follower(e, "third run", second)
	_ = e.Terminate("terminate", Run{ID: run.ID})
}

func chainBadContinueAsNew(e *Env) {
	run := e.Start("wf")
	task := e.PollWorkflow("task")
	// A schedule that is wrong is not looked at; it is never due.
	e.Eventually("the run has lived for more than a second", dueIn(1200))
	_, _ = e.Complete("continue as new", task, ContinueAsNew(func(a *continueAsNewAttributes) { a.CronSchedule = "no cron" }))
	follower(e, "second run", run)
	e.Step("second run", CompleteWorkflow("two"))

	refuse(e, "bad retry policy", ContinueAsNew(func(a *continueAsNewAttributes) {
		a.RetryPolicy = &commonpb.RetryPolicy{MaximumAttempts: -1}
	}))
	refuse(e, "negative back-off", ContinueAsNew(func(a *continueAsNewAttributes) { a.BackoffStartInterval = Seconds(-1) }))
}

// chainScheduleRetry: a schedule's action is one chain of attempts.
func chainScheduleRetry(e *Env) {
	defer newSchedule(e, every(daily), func(r *createSchedule) {
		r.Schedule.Action.GetStartWorkflow().RetryPolicy = &commonpb.RetryPolicy{InitialInterval: Seconds(1), MaximumAttempts: 2}
	})()
	described(e, "the policy as it was sent")
	Quiet(e, e.WF.PatchSchedule, patchRequest(e, "backfill", backfill(1, 2, enumspb.SCHEDULE_OVERLAP_POLICY_BUFFER_ALL)))
	first := actionsTaken(e, 1).GetInfo().GetRecentActions()[0].GetStartWorkflowResult()
	run := Run{ID: first.GetWorkflowId(), RunID: first.GetRunId()}
	e.Touch("first run", run.ID, run.RunID)
	e.Step("first attempt", FailWorkflow("Unlucky"))
	follower(e, "second run", run)
	described(e, "between the attempts")
	e.Step("second attempt", CompleteWorkflow("of the chain"))
	next := actionsTaken(e, 2).GetInfo().GetRecentActions()[1].GetStartWorkflowResult()
	e.Touch("what waited for the chain", next.GetWorkflowId(), next.GetRunId())
}
