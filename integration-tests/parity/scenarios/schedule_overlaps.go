package scenarios

import (
	enumspb "go.temporal.io/api/enums/v1"
	schedulepb "go.temporal.io/api/schedule/v1"
	. "klamm.dev/integration-tests/parity/harness"
)

// Each lets four days be due at once while nothing runs, then lets the runs end one after another.
var scheduleOverlaps = []Scenario{
	{Name: "schedule_overlap_skip", Run: overlap(enumspb.SCHEDULE_OVERLAP_POLICY_SKIP, 1)},
	{Name: "schedule_overlap_buffer_one", Run: overlap(enumspb.SCHEDULE_OVERLAP_POLICY_BUFFER_ONE, 2)},
	{Name: "schedule_overlap_buffer_all", Run: overlap(enumspb.SCHEDULE_OVERLAP_POLICY_BUFFER_ALL, 4)},
	{Name: "schedule_overlap_allow_all", Run: scheduleOverlapAllowAll},
	{Name: "schedule_overlap_cancel_other", Run: replacing(enumspb.SCHEDULE_OVERLAP_POLICY_CANCEL_OTHER)},
	{Name: "schedule_overlap_terminate_other", Run: replacing(enumspb.SCHEDULE_OVERLAP_POLICY_TERMINATE_OTHER)},
	{Name: "schedule_overlap_of_schedule", Run: scheduleOverlapOfSchedule},
	{Name: "schedule_backfill_range", Run: scheduleBackfillRange},
}

const allowAll = enumspb.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL

// overlap expects that so many of four come to run.
func overlap(policy enumspb.ScheduleOverlapPolicy, runs int64) func(*Env) {
	return func(e *Env) {
		defer newSchedule(e, every(daily))()
		patch(e, "backfill", backfill(1, 4, policy))
		for n := int64(1); n <= runs; n++ {
			actionsTaken(e, n)
			described(e, "one runs, "+string(rune('0'+n)))
			e.Step("", CompleteWorkflow(n))
		}
		noneRuns(e)
		described(e, "at the end")
	}
}

func scheduleOverlapAllowAll(e *Env) {
	defer newSchedule(e, every(daily))()
	patch(e, "backfill", backfill(1, 4, enumspb.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL))
	touchRuns(e, actionsTaken(e, 4))
	described(e, "all run")
}

// replacing lets one run and then two more be due at once, of which the newest is to come.
func replacing(policy enumspb.ScheduleOverlapPolicy) func(*Env) {
	return func(e *Env) {
		defer newSchedule(e, every(daily))()
		Quiet(e, e.WF.PatchSchedule, patchRequest(e, "first", backfill(1, 1, enumspb.SCHEDULE_OVERLAP_POLICY_SKIP)))
		first := actionsTaken(e, 1).GetInfo().GetRecentActions()[0].GetStartWorkflowResult()
		e.Touch("the one that ran", first.GetWorkflowId(), first.GetRunId())
		patch(e, "backfill", backfill(2, 3, policy))
		if policy == enumspb.SCHEDULE_OVERLAP_POLICY_CANCEL_OTHER {
			e.AwaitEvent(Run{first.GetWorkflowId(), first.GetRunId()}, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED)
			described(e, "while the other is asked to cancel")
			e.Step("", CancelWorkflow("as asked"))
		}
		second := actionsTaken(e, 2).GetInfo().GetRecentActions()[1].GetStartWorkflowResult()
		e.Touch("the one that came", second.GetWorkflowId(), second.GetRunId())
		described(e, "at the end")
	}
}

// scheduleOverlapOfSchedule: a request without a policy takes the schedule's.
func scheduleOverlapOfSchedule(e *Env) {
	defer newSchedule(e, every(daily), func(r *createSchedule) {
		r.Schedule.Policies = &schedulepb.SchedulePolicies{OverlapPolicy: enumspb.SCHEDULE_OVERLAP_POLICY_BUFFER_ONE}
	})()
	patch(e, "backfill", backfill(1, 4, enumspb.SCHEDULE_OVERLAP_POLICY_UNSPECIFIED))
	actionsTaken(e, 1)
	described(e, "one runs, one waits")
}

// scheduleBackfillRange: which times a range takes in.
func scheduleBackfillRange(e *Env) {
	defer newSchedule(e, every(daily), func(r *createSchedule) {
		r.Schedule.State = &schedulepb.ScheduleState{Paused: true, LimitedActions: true, RemainingActions: 1}
		r.Schedule.Policies = &schedulepb.SchedulePolicies{OverlapPolicy: enumspb.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL}
	})()
	patch(e, "two ranges, the second of one moment", &schedulepb.SchedulePatch{BackfillRequest: []*schedulepb.BackfillRequest{
		{StartTime: day(10), EndTime: day(11)}, {StartTime: day(5), EndTime: day(5)},
	}})
	actionsTaken(e, 3)
	patch(e, "a range that ends before it begins", backfill(4, 3, enumspb.SCHEDULE_OVERLAP_POLICY_UNSPECIFIED))
	patch(e, "the same again", backfill(5, 5, enumspb.SCHEDULE_OVERLAP_POLICY_UNSPECIFIED))
	patch(e, "one more", backfill(20, 20, enumspb.SCHEDULE_OVERLAP_POLICY_UNSPECIFIED))
	awaitSchedule(e, "the last one", func(d *describeSchedule) bool {
		recent := d.GetInfo().GetRecentActions()
		return recent[len(recent)-1].GetScheduleTime().AsTime().Equal(day(20).AsTime())
	})
	described(e, "at the end")
}
