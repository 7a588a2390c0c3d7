package integration

import (
	"errors"
	"fmt"
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// scheduledWorkflow says what it is asked for and how often that was before.
func scheduledWorkflow(ctx workflow.Context, name string) (map[string]int, error) {
	before := map[string]int{}
	if workflow.HasLastCompletionResult(ctx) {
		if err := workflow.GetLastCompletionResult(ctx, &before); err != nil {
			return nil, err
		}
	}
	before[name]++
	return before, nil
}

// waitingWorkflow runs until it is canceled.
func waitingWorkflow(ctx workflow.Context) error {
	return workflow.Await(ctx, func() bool { return false })
}

// everySecond is due whenever a second begins.
var everySecond = client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: time.Second}}}

// daily is due at midnight.
var daily = client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: 24 * time.Hour}}}

// schedule makes a schedule of this test, deleted when it ends.
func (e *env) schedule(o client.ScheduleOptions, wf any, args ...any) client.ScheduleHandle {
	e.t.Helper()
	if o.ID == "" {
		o.ID = e.id("schedule")
	}
	o.Action = &client.ScheduleWorkflowAction{
		ID: e.id("run"), Workflow: wf, Args: args, TaskQueue: e.queue, WorkflowExecutionTimeout: 3 * time.Minute,
	}
	handle, err := e.c.ScheduleClient().Create(e.ctx, o)
	e.NoError(err)
	e.t.Cleanup(func() {
		var gone *serviceerror.NotFound
		if err := handle.Delete(e.ctx); err != nil && !errors.As(err, &gone) {
			e.t.Errorf("while deleting %s: %v", o.ID, err)
		}
	})
	return handle
}

func (e *env) describeSchedule(handle client.ScheduleHandle) *client.ScheduleDescription {
	e.t.Helper()
	description, err := handle.Describe(e.ctx)
	e.NoError(err)
	return description
}

// actions are the recent actions once there are so many.
func (e *env) actions(handle client.ScheduleHandle, count int) (recent []client.ScheduleActionResult) {
	e.t.Helper()
	e.until(fmt.Sprintf("%d actions", count), func() bool {
		recent = e.describeSchedule(handle).Info.RecentActions
		return len(recent) >= count
	})
	return recent
}

func TestAScheduleRunsItsWorkflowAndHandsOnTheResult(t *testing.T) {
	e := newEnv(t)
	e.work(scheduledWorkflow)
	handle := e.schedule(client.ScheduleOptions{Spec: everySecond, Memo: map[string]any{"note": "kept"}}, scheduledWorkflow, "go")
	for n, action := range e.actions(handle, 3)[:3] {
		started := action.StartWorkflowResult
		e.Equal(e.id("run")+"-"+action.ScheduleTime.UTC().Format(time.RFC3339), started.WorkflowID)
		var counted map[string]int
		e.NoError(e.c.GetWorkflow(e.ctx, started.WorkflowID, started.FirstExecutionRunID).Get(e.ctx, &counted))
		e.Equal(map[string]int{"go": n + 1}, counted)
	}
	description := e.describeSchedule(handle)
	e.Contains(description.Memo.GetFields(), "note")
	e.Len(description.Info.NextActionTimes, 10)
	e.Equal(enumspb.SCHEDULE_OVERLAP_POLICY_SKIP, description.Schedule.Policy.Overlap)
}

func TestASpecIsDescribedInItsCanonicalForm(t *testing.T) {
	e := newEnv(t)
	handle := e.schedule(client.ScheduleOptions{Spec: client.ScheduleSpec{
		CronExpressions: []string{"0 9 * * MON-FRI # at nine"},
		Intervals:       []client.ScheduleIntervalSpec{{Every: time.Hour, Offset: time.Minute}},
		TimeZoneName:    "America/New_York",
		Jitter:          5 * time.Second,
	}}, waitingWorkflow)
	spec := e.describeSchedule(handle).Schedule.Spec
	e.Empty(spec.CronExpressions)
	e.Equal("America/New_York", spec.TimeZoneName)
	e.Equal(5*time.Second, spec.Jitter)
	e.Equal([]client.ScheduleIntervalSpec{{Every: time.Hour, Offset: time.Minute}}, spec.Intervals)
	e.Equal([]client.ScheduleCalendarSpec{{
		Second:     []client.ScheduleRange{{Start: 0, End: 0, Step: 1}},
		Minute:     []client.ScheduleRange{{Start: 0, End: 0, Step: 1}},
		Hour:       []client.ScheduleRange{{Start: 9, End: 9, Step: 1}},
		DayOfMonth: []client.ScheduleRange{{Start: 1, End: 31, Step: 1}},
		Month:      []client.ScheduleRange{{Start: 1, End: 12, Step: 1}},
		DayOfWeek:  []client.ScheduleRange{{Start: 1, End: 5, Step: 1}},
		Year:       []client.ScheduleRange{},
		Comment:    "at nine",
	}}, spec.Calendars)
}

func TestAPausedScheduleCanBeTriggeredAndUnpaused(t *testing.T) {
	e := newEnv(t)
	handle := e.schedule(client.ScheduleOptions{Spec: daily}, waitingWorkflow)
	e.NoError(handle.Pause(e.ctx, client.SchedulePauseOptions{Note: "a rest"}))
	state := e.describeSchedule(handle).Schedule.State
	e.True(state.Paused)
	e.Equal("a rest", state.Note)
	e.NoError(handle.Trigger(e.ctx, client.ScheduleTriggerOptions{}))
	description := e.describeSchedule(handle)
	e.Equal(1, description.Info.NumActions)
	e.Len(description.Info.RunningWorkflows, 1)
	e.NoError(handle.Unpause(e.ctx, client.ScheduleUnpauseOptions{Note: "rested"}))
	state = e.describeSchedule(handle).Schedule.State
	e.False(state.Paused)
	e.Equal("rested", state.Note)
}

func TestABackfillTakesTheTimesOfItsRange(t *testing.T) {
	e := newEnv(t)
	handle := e.schedule(client.ScheduleOptions{Spec: daily, Paused: true}, waitingWorkflow)
	start := time.Date(2024, 2, 28, 0, 0, 0, 0, time.UTC)
	e.NoError(handle.Backfill(e.ctx, client.ScheduleBackfillOptions{Backfill: []client.ScheduleBackfill{
		{Start: start, End: start.AddDate(0, 0, 2), Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL},
	}}))
	var ids []string
	for _, action := range e.actions(handle, 3) {
		ids = append(ids, action.StartWorkflowResult.WorkflowID)
	}
	e.Equal([]string{e.id("run-2024-02-28T00:00:00Z"), e.id("run-2024-02-29T00:00:00Z"), e.id("run-2024-03-01T00:00:00Z")}, ids)
}

func TestAnUpdateChangesWhatTheScheduleStarts(t *testing.T) {
	e := newEnv(t)
	e.work(scheduledWorkflow)
	handle := e.schedule(client.ScheduleOptions{Spec: daily}, scheduledWorkflow, "before")
	e.NoError(handle.Update(e.ctx, client.ScheduleUpdateOptions{
		DoUpdate: func(input client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
			schedule := input.Description.Schedule
			schedule.Action.(*client.ScheduleWorkflowAction).Args = []any{"after"}
			schedule.Policy.Overlap = enumspb.SCHEDULE_OVERLAP_POLICY_BUFFER_ALL
			schedule.Policy.CatchupWindow = time.Minute
			return &client.ScheduleUpdate{Schedule: &schedule}, nil
		},
	}))
	description := e.describeSchedule(handle)
	e.Equal(enumspb.SCHEDULE_OVERLAP_POLICY_BUFFER_ALL, description.Schedule.Policy.Overlap)
	e.Equal(time.Minute, description.Schedule.Policy.CatchupWindow)
	e.False(description.Info.LastUpdateAt.IsZero())
	e.NoError(handle.Trigger(e.ctx, client.ScheduleTriggerOptions{}))
	started := e.actions(handle, 1)[0].StartWorkflowResult
	var counted map[string]int
	e.NoError(e.c.GetWorkflow(e.ctx, started.WorkflowID, "").Get(e.ctx, &counted))
	e.Equal(map[string]int{"after": 1}, counted)
}

func TestCancelOtherWaitsForTheEndOfTheRunningOne(t *testing.T) {
	e := newEnv(t)
	e.work(waitingWorkflow)
	handle := e.schedule(client.ScheduleOptions{Spec: everySecond, Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_CANCEL_OTHER}, waitingWorkflow)
	recent := e.actions(handle, 2)
	first := recent[0].StartWorkflowResult
	e.ErrorAs(e.c.GetWorkflow(e.ctx, first.WorkflowID, first.FirstExecutionRunID).Get(e.ctx, nil), new(*temporal.CanceledError))
	described, err := e.c.DescribeWorkflowExecution(e.ctx, first.WorkflowID, first.FirstExecutionRunID)
	e.NoError(err)
	second, err := e.c.DescribeWorkflowExecution(e.ctx, recent[1].StartWorkflowResult.WorkflowID, "")
	e.NoError(err)
	closed, started := described.WorkflowExecutionInfo.CloseTime.AsTime(), second.WorkflowExecutionInfo.StartTime.AsTime()
	e.False(started.Before(closed), "started %s, the other closed %s", started, closed)
}

func TestSchedulesAreListedByTheirAttributes(t *testing.T) {
	e := newEnv(t)
	e.registerAttributes()
	for n := range 3 {
		e.schedule(client.ScheduleOptions{
			ID: e.id(fmt.Sprint(n)), Spec: daily, Note: fmt.Sprintf("number %d", n), Paused: n == 2,
			TypedSearchAttributes: temporal.NewSearchAttributes(customerKey.ValueSet(e.queue), amountKey.ValueSet(int64(n))),
		}, waitingWorkflow)
	}
	for filter, expected := range map[string][]string{
		"KlammItAmount >= 1":             {"number 1", "number 2"},
		"TemporalSchedulePaused = false": {"number 0", "number 1"},
	} {
		e.until(filter, func() bool {
			listed, err := e.c.ScheduleClient().List(e.ctx, client.ScheduleListOptions{
				Query: fmt.Sprintf("KlammItCustomer = '%s' AND %s", e.queue, filter),
			})
			e.NoError(err)
			notes := map[string]bool{}
			for listed.HasNext() {
				entry, err := listed.Next()
				e.NoError(err)
				notes[entry.Note] = true
				e.Equal("waitingWorkflow", entry.WorkflowType.Name)
			}
			for _, note := range expected {
				if !notes[note] {
					return false
				}
			}
			return len(notes) == len(expected)
		})
	}
}

func TestSchedulesThatAreThereAlreadyOrNotAtAll(t *testing.T) {
	e := newEnv(t)
	e.schedule(client.ScheduleOptions{Spec: daily}, waitingWorkflow)
	_, err := e.c.ScheduleClient().Create(e.ctx, client.ScheduleOptions{
		ID: e.id("schedule"), Spec: daily,
		Action: &client.ScheduleWorkflowAction{ID: e.id("run"), Workflow: waitingWorkflow, TaskQueue: e.queue},
	})
	e.ErrorIs(err, temporal.ErrScheduleAlreadyRunning)
	nobody := e.c.ScheduleClient().GetHandle(e.ctx, e.id("nobody"))
	var notFound *serviceerror.NotFound
	_, err = nobody.Describe(e.ctx)
	e.ErrorAs(err, &notFound)
	e.ErrorAs(nobody.Delete(e.ctx), &notFound)
	e.ErrorAs(nobody.Trigger(e.ctx, client.ScheduleTriggerOptions{}), &notFound)
	_, err = e.c.ScheduleClient().Create(e.ctx, client.ScheduleOptions{
		ID: e.id("bad"), Spec: client.ScheduleSpec{CronExpressions: []string{"every day at noon"}},
		Action: &client.ScheduleWorkflowAction{ID: e.id("run"), Workflow: waitingWorkflow, TaskQueue: e.queue},
	})
	var invalid *serviceerror.InvalidArgument
	e.ErrorAs(err, &invalid)
	e.Contains(err.Error(), "Invalid schedule spec: ")
}
