package scenarios

import (
	"time"

	commandpb "go.temporal.io/api/command/v1"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	schedulepb "go.temporal.io/api/schedule/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/types/known/timestamppb"
	. "klamm.dev/integration-tests/parity/harness"
)

var scheduleRuns = []Scenario{
	{Name: "schedule_interval_run", Run: scheduleIntervalRun},
	{Name: "schedule_trigger_run", Run: scheduleTriggerRun},
	{Name: "schedule_trigger_at", Run: scheduleTriggerAt},
	{Name: "schedule_run_everything_set", Run: scheduleRunEverythingSet},
	{Name: "schedule_results_handed_on", Run: scheduleResultsHandedOn},
	{Name: "schedule_results_allow_all", Run: scheduleResultsAllowAll},
	{Name: "schedule_pause_on_failure", Run: schedulePauseOnFailure},
	{Name: "schedule_pause_on_timeout", Run: schedulePauseOnTimeout},
	{Name: "schedule_cancel_pauses_nothing", Run: scheduleCancelPausesNothing},
	{Name: "schedule_chain", Run: scheduleChain},
	{Name: "schedule_run_exists", Run: scheduleRunExists},
}

// day is midnight of a day of January 2024.
func day(n int) *timestamppb.Timestamp {
	return timestamppb.New(time.Date(2024, 1, n, 0, 0, 0, 0, time.UTC))
}

// backfill asks for the days of January 2024 from one to another.
func backfill(from, to int, overlap enumspb.ScheduleOverlapPolicy) *schedulepb.SchedulePatch {
	return &schedulepb.SchedulePatch{BackfillRequest: []*schedulepb.BackfillRequest{{
		StartTime: day(from), EndTime: day(to), OverlapPolicy: overlap,
	}}}
}

const daily = 24 * time.Hour

// actionsTaken waits for so many actions and returns the newest description.
func actionsTaken(e *Env, count int64) *describeSchedule {
	return awaitSchedule(e, "actions", func(d *describeSchedule) bool { return d.GetInfo().GetActionCount() >= count })
}

// touchRuns makes the recent actions' runs part of the recording.
func touchRuns(e *Env, d *describeSchedule) (runs []Run) {
	for _, action := range d.GetInfo().GetRecentActions() {
		run := action.GetStartWorkflowResult()
		runs = append(runs, Run{run.GetWorkflowId(), run.GetRunId()})
		e.Touch("run "+string(rune('0'+len(runs))), run.GetWorkflowId(), run.GetRunId())
	}
	return runs
}

// noneRuns waits until the schedule has seen the end of what it started.
func noneRuns(e *Env) {
	awaitSchedule(e, "nothing runs", func(d *describeSchedule) bool { return len(d.GetInfo().GetRunningWorkflows()) == 0 })
}

func scheduleIntervalRun(e *Env) {
	defer newSchedule(e, every(time.Second), func(r *createSchedule) {
		r.Schedule.State = &schedulepb.ScheduleState{LimitedActions: true, RemainingActions: 1}
	})()
	taken := actionsTaken(e, 1)
	touchRuns(e, taken)
	action := taken.GetInfo().GetRecentActions()[0]
	nominal := action.GetScheduleTime().AsTime()
	e.Note("due at a whole second", nominal.Nanosecond() == 0)
	e.Note("started when due", !action.GetActualTime().AsTime().Before(nominal))
	described(e, "while it runs")
	e.Step("workflow task", CompleteWorkflow("done"))
	noneRuns(e)
	described(e, "all used up and done")
}

func scheduleTriggerRun(e *Env) {
	defer newSchedule(e, farAway())()
	patch(e, "trigger", &schedulepb.SchedulePatch{TriggerImmediately: &schedulepb.TriggerImmediatelyRequest{}})
	described(e, "the next description shows it")
	touchRuns(e, actionsTaken(e, 1))
	patch(e, "trigger while it runs", &schedulepb.SchedulePatch{TriggerImmediately: &schedulepb.TriggerImmediatelyRequest{}})
	described(e, "skipped")
	e.Step("workflow task", FailWorkflow("Broken"))
	noneRuns(e)
	described(e, "after its failure")
}

func scheduleTriggerAt(e *Env) {
	defer newSchedule(e, farAway())()
	patch(e, "trigger for a time", &schedulepb.SchedulePatch{TriggerImmediately: &schedulepb.TriggerImmediatelyRequest{
		OverlapPolicy: enumspb.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL,
		ScheduledTime: timestamppb.New(time.Date(2024, 2, 3, 4, 5, 6, 789_000_000, time.UTC)),
	}})
	touchRuns(e, actionsTaken(e, 1))
	described(e, "describe")
}

func scheduleRunEverythingSet(e *Env) {
	defer newSchedule(e, every(daily), func(r *createSchedule) {
		action := r.Schedule.Action.GetStartWorkflow()
		action.Input = Payloads("input")
		action.WorkflowExecutionTimeout = Seconds(100)
		action.WorkflowRunTimeout = Seconds(50)
		action.WorkflowTaskTimeout = Seconds(5)
		action.Memo = Memo(map[string]any{"of": "the run"})
		action.SearchAttributes = SearchAttributes(map[string]*commonpb.Payload{"ParityKeyword": Payload("red")})
		action.Header = &commonpb.Header{Fields: map[string]*commonpb.Payload{"trace": Payload("abc")}}
		action.Priority = &commonpb.Priority{PriorityKey: 2, FairnessKey: "tenant", FairnessWeight: 1.5}
		r.InitialPatch = backfill(1, 1, enumspb.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL)
	})()
	touchRuns(e, actionsTaken(e, 1))
	e.Step("workflow task")
}

func scheduleResultsHandedOn(e *Env) {
	defer newSchedule(e, every(daily))()
	for i, close := range []*commandpb.Command{
		CompleteWorkflow("first"), FailWorkflow("Broken"), CompleteWorkflow("third"), CompleteWorkflow("fourth"),
	} {
		Quiet(e, e.WF.PatchSchedule, patchRequest(e, string(rune('a'+i)), backfill(i+1, i+1, enumspb.SCHEDULE_OVERLAP_POLICY_UNSPECIFIED)))
		actionsTaken(e, int64(i+1))
		e.Step("", close)
		noneRuns(e)
	}
	touchRuns(e, actionsTaken(e, 4))
	described(e, "describe")
}

func scheduleResultsAllowAll(e *Env) {
	defer newSchedule(e, every(daily))()
	for i := range 2 {
		Quiet(e, e.WF.PatchSchedule, patchRequest(e, string(rune('a'+i)), backfill(i+1, i+1, enumspb.SCHEDULE_OVERLAP_POLICY_SKIP)))
		actionsTaken(e, int64(i+1))
		e.Step("", CompleteWorkflow("done"))
		noneRuns(e)
	}
	Quiet(e, e.WF.PatchSchedule, patchRequest(e, "c", backfill(3, 3, enumspb.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL)))
	touchRuns(e, actionsTaken(e, 3))
}

func pausing(r *createSchedule) {
	r.Schedule.Policies = &schedulepb.SchedulePolicies{PauseOnFailure: true}
}

func schedulePauseOnFailure(e *Env) {
	defer newSchedule(e, every(daily), pausing)()
	Quiet(e, e.WF.PatchSchedule, patchRequest(e, "backfill", backfill(1, 1, enumspb.SCHEDULE_OVERLAP_POLICY_SKIP)))
	actionsTaken(e, 1)
	e.Step("", FailWorkflow("Broken"))
	awaitSchedule(e, "paused", func(d *describeSchedule) bool { return d.GetSchedule().GetState().GetPaused() })
	described(e, "paused by a failure")
}

func schedulePauseOnTimeout(e *Env) {
	defer newSchedule(e, every(daily), pausing, func(r *createSchedule) {
		r.Schedule.Action.GetStartWorkflow().WorkflowRunTimeout = Seconds(1)
	})()
	Quiet(e, e.WF.PatchSchedule, patchRequest(e, "backfill", backfill(1, 1, enumspb.SCHEDULE_OVERLAP_POLICY_SKIP)))
	awaitSchedule(e, "paused", func(d *describeSchedule) bool { return d.GetSchedule().GetState().GetPaused() })
	described(e, "paused by a time-out")
}

func scheduleCancelPausesNothing(e *Env) {
	defer newSchedule(e, every(daily), pausing)()
	Quiet(e, e.WF.PatchSchedule, patchRequest(e, "backfill", backfill(1, 2, enumspb.SCHEDULE_OVERLAP_POLICY_BUFFER_ALL)))
	actionsTaken(e, 1)
	e.Step("", CancelWorkflow("as asked"))
	second := actionsTaken(e, 2).GetInfo().GetRecentActions()[1].GetStartWorkflowResult()
	Quiet(e, e.WF.TerminateWorkflowExecution, e.TerminateRequest(Run{second.GetWorkflowId(), second.GetRunId()}))
	noneRuns(e)
	described(e, "neither a cancellation nor a termination has paused it")
}

func scheduleChain(e *Env) {
	defer newSchedule(e, every(daily))()
	Quiet(e, e.WF.PatchSchedule, patchRequest(e, "backfill", backfill(1, 2, enumspb.SCHEDULE_OVERLAP_POLICY_BUFFER_ALL)))
	first := actionsTaken(e, 1).GetInfo().GetRecentActions()[0].GetStartWorkflowResult()
	e.Step("", ContinueAsNew(func(*commandpb.ContinueAsNewWorkflowExecutionCommandAttributes) {}))
	task := e.PollWorkflow("")
	described(e, "while the second run of the chain is open")
	second := task.GetWorkflowExecution()
	e.Touch("the chain's first run", first.GetWorkflowId(), first.GetRunId())
	e.Touch("the chain's second run", second.GetWorkflowId(), second.GetRunId())
	_, _ = e.Complete("complete the chain", task, CompleteWorkflow("of the chain"))
	next := actionsTaken(e, 2).GetInfo().GetRecentActions()[1].GetStartWorkflowResult()
	e.Touch("what waited for the chain", next.GetWorkflowId(), next.GetRunId())
	described(e, "after the chain")
}

func scheduleRunExists(e *Env) {
	defer newSchedule(e, every(daily))()
	// Somebody has taken the id of 1 January.
	request := e.StartRequest("run")
	request.WorkflowId = e.ID("run") + "-2024-01-01T00:00:00Z"
	taken := Quiet(e, e.WF.StartWorkflowExecution, request)
	Quiet(e, e.WF.PatchSchedule, patchRequest(e, "backfill", backfill(1, 2, enumspb.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL)))
	actionsTaken(e, 1)
	described(e, "the one that is taken is left out")
	_, _ = Call(e, "the other one", e.WF.DescribeWorkflowExecution, &workflowservice.DescribeWorkflowExecutionRequest{
		Namespace: e.Namespace, Execution: Execution(e.ID("run")+"-2024-01-02T00:00:00Z", ""),
	})
	e.Touch("what was there", request.WorkflowId, taken.GetRunId())
}
