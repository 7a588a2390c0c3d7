package scenarios

import (
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	schedulepb "go.temporal.io/api/schedule/v1"
	sdkpb "go.temporal.io/api/sdk/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	. "klamm.dev/integration-tests/parity/harness"
)

type (
	createSchedule   = workflowservice.CreateScheduleRequest
	describeSchedule = workflowservice.DescribeScheduleResponse
)

var schedules = []Scenario{
	{Name: "schedule_defaults", Run: scheduleDefaults},
	{Name: "schedule_everything_set", Run: scheduleEverythingSet},
	{Name: "schedule_exists", Run: scheduleExists},
	{Name: "schedule_update", Run: scheduleUpdate},
	{Name: "schedule_update_token", Run: scheduleUpdateToken},
	{Name: "schedule_update_attributes", Run: scheduleUpdateAttributes},
	{Name: "schedule_pause", Run: schedulePause},
	{Name: "schedule_initial_patch", Run: scheduleInitialPatch},
	{Name: "schedule_delete", Run: scheduleDelete},
	{Name: "schedule_unknown", Run: scheduleUnknown},
}

// farAway is a spec that is next due in 2090.
func farAway() *schedulepb.ScheduleSpec {
	return &schedulepb.ScheduleSpec{StructuredCalendar: []*schedulepb.StructuredCalendarSpec{{
		Second: []*schedulepb.Range{{}}, Minute: []*schedulepb.Range{{}}, Hour: []*schedulepb.Range{{Start: 9}},
		DayOfMonth: []*schedulepb.Range{{Start: 1}}, Month: []*schedulepb.Range{{Start: 1, End: 12}},
		DayOfWeek: []*schedulepb.Range{{Start: 0, End: 6}}, Year: []*schedulepb.Range{{Start: 2090}},
	}}}
}

// every is a spec of one interval.
func every(interval time.Duration) *schedulepb.ScheduleSpec {
	return &schedulepb.ScheduleSpec{Interval: []*schedulepb.IntervalSpec{{Interval: durationpb.New(interval)}}}
}

// scheduleAction starts a workflow on the scenario's queue.
func scheduleAction(e *Env) *workflowpb.NewWorkflowExecutionInfo {
	return &workflowpb.NewWorkflowExecutionInfo{
		WorkflowId: e.ID("run"), WorkflowType: &commonpb.WorkflowType{Name: "ParityWorkflow"}, TaskQueue: e.Queue(),
	}
}

// scheduleOf is a schedule with that action and nothing else.
func scheduleOf(e *Env, spec *schedulepb.ScheduleSpec) *schedulepb.Schedule {
	return &schedulepb.Schedule{Spec: spec, Action: &schedulepb.ScheduleAction{
		Action: &schedulepb.ScheduleAction_StartWorkflow{StartWorkflow: scheduleAction(e)},
	}}
}

// createRequest is a complete, valid request; callers change what their scenario is about.
func createRequest(e *Env, spec *schedulepb.ScheduleSpec, change ...func(*createSchedule)) *createSchedule {
	request := &createSchedule{
		Namespace: e.Namespace, ScheduleId: e.ID("schedule"), Schedule: scheduleOf(e, spec),
		Identity: Identity, RequestId: e.ID("create-request"),
	}
	for _, c := range change {
		c(request)
	}
	return request
}

// newSchedule makes the scenario's schedule, unrecorded; the returned function deletes it.
func newSchedule(e *Env, spec *schedulepb.ScheduleSpec, change ...func(*createSchedule)) (remove func()) {
	request := createRequest(e, spec, change...)
	Quiet(e, e.WF.CreateSchedule, request)
	return func() { removeSchedule(e, request.ScheduleId) }
}

// removeSchedule deletes what a scenario leaves; it may be gone already.
func removeSchedule(e *Env, id string) {
	_, _ = Go(rpcWait, e.WF.DeleteSchedule, &workflowservice.DeleteScheduleRequest{
		Namespace: e.Namespace, ScheduleId: id, Identity: Identity,
	}).Wait()
}

func describeRequest(e *Env) *workflowservice.DescribeScheduleRequest {
	return &workflowservice.DescribeScheduleRequest{Namespace: e.Namespace, ScheduleId: e.ID("schedule")}
}

// described records what the scenario's schedule is now.
func described(e *Env, step string) { _, _ = Call(e, step, e.WF.DescribeSchedule, describeRequest(e)) }

// awaitSchedule waits until the description is as wanted and returns it.
func awaitSchedule(e *Env, what string, wanted func(*describeSchedule) bool) (seen *describeSchedule) {
	e.Eventually(what, func() bool {
		seen = Quiet(e, e.WF.DescribeSchedule, describeRequest(e))
		return wanted(seen)
	})
	return seen
}

// patch patches the scenario's schedule and records the answer.
func patch(e *Env, step string, patch *schedulepb.SchedulePatch) {
	_, _ = Call(e, step, e.WF.PatchSchedule, patchRequest(e, step, patch))
}

func patchRequest(e *Env, name string, patch *schedulepb.SchedulePatch) *workflowservice.PatchScheduleRequest {
	return &workflowservice.PatchScheduleRequest{
		Namespace: e.Namespace, ScheduleId: e.ID("schedule"), Patch: patch, Identity: Identity, RequestId: e.ID(name),
	}
}

func updateRequest(e *Env, name string, schedule *schedulepb.Schedule) *workflowservice.UpdateScheduleRequest {
	return &workflowservice.UpdateScheduleRequest{
		Namespace: e.Namespace, ScheduleId: e.ID("schedule"), Schedule: schedule, Identity: Identity, RequestId: e.ID(name),
	}
}

func scheduleDefaults(e *Env) {
	defer removeSchedule(e, e.ID("schedule"))
	_, _ = Call(e, "create", e.WF.CreateSchedule, createRequest(e, farAway()))
	described(e, "describe")
}

func scheduleEverythingSet(e *Env) {
	defer removeSchedule(e, e.ID("schedule"))
	_, _ = Call(e, "create", e.WF.CreateSchedule, createRequest(e, &schedulepb.ScheduleSpec{
		Interval:        []*schedulepb.IntervalSpec{{Interval: Seconds(7200), Phase: Seconds(90)}},
		StartTime:       timestamppb.New(time.Date(2090, 1, 1, 0, 0, 0, 0, time.UTC)),
		EndTime:         timestamppb.New(time.Date(2091, 1, 1, 0, 0, 0, 0, time.UTC)),
		Jitter:          Seconds(30),
		TimezoneName:    "America/New_York",
		ExcludeCalendar: []*schedulepb.CalendarSpec{{DayOfWeek: "sun", Hour: "*", Comment: "never on Sundays"}},
	}, func(r *createSchedule) {
		action := r.Schedule.Action.GetStartWorkflow()
		action.Input = Payloads("input")
		action.WorkflowExecutionTimeout = Seconds(100)
		action.WorkflowRunTimeout = Seconds(50)
		action.WorkflowTaskTimeout = Seconds(5)
		action.WorkflowIdReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
		action.Memo = Memo(map[string]any{"of": "the run"})
		action.SearchAttributes = SearchAttributes(map[string]*commonpb.Payload{
			"ParityKeyword": Payload("red"), "ParityInt": Typed(7, "Int"),
		})
		action.Header = &commonpb.Header{Fields: map[string]*commonpb.Payload{"trace": Payload("abc")}}
		action.UserMetadata = &sdkpb.UserMetadata{Summary: Payload("summary"), Details: Payload("details")}
		action.Priority = &commonpb.Priority{PriorityKey: 2, FairnessKey: "tenant", FairnessWeight: 1.5}
		r.Schedule.Policies = &schedulepb.SchedulePolicies{
			OverlapPolicy: enumspb.SCHEDULE_OVERLAP_POLICY_BUFFER_ALL, CatchupWindow: Seconds(300),
			PauseOnFailure: true, KeepOriginalWorkflowId: true,
		}
		r.Schedule.State = &schedulepb.ScheduleState{Notes: "as made", Paused: true, LimitedActions: true, RemainingActions: 4}
		r.Memo = Memo(map[string]any{"of": "the schedule"})
		r.SearchAttributes = SearchAttributes(map[string]*commonpb.Payload{"ParityKeyword": Payload("blue"), "ParityDouble": Payload(1.5)})
	}))
	described(e, "describe")
}

func scheduleExists(e *Env) {
	defer removeSchedule(e, e.ID("schedule"))
	request := createRequest(e, farAway())
	_, _ = Call(e, "create", e.WF.CreateSchedule, request)
	_, _ = Call(e, "the same request again", e.WF.CreateSchedule, request)
	request.RequestId = e.ID("another-request")
	_, _ = Call(e, "another request", e.WF.CreateSchedule, request)
	Quiet(e, e.WF.DeleteSchedule, &workflowservice.DeleteScheduleRequest{Namespace: e.Namespace, ScheduleId: request.ScheduleId})
	request.RequestId = e.ID("a-third-request")
	_, _ = Call(e, "once it is deleted", e.WF.CreateSchedule, request)
}

func scheduleUpdate(e *Env) {
	defer newSchedule(e, farAway(), func(r *createSchedule) {
		r.Schedule.State = &schedulepb.ScheduleState{Notes: "first", Paused: true}
		r.Memo = Memo(map[string]any{"stays": true})
	})()
	changed := scheduleOf(e, every(24*time.Hour))
	changed.Policies = &schedulepb.SchedulePolicies{OverlapPolicy: enumspb.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL, CatchupWindow: Seconds(1)}
	changed.State = &schedulepb.ScheduleState{Notes: "second", LimitedActions: true, RemainingActions: 2}
	_, _ = Call(e, "update", e.WF.UpdateSchedule, updateRequest(e, "update", changed))
	described(e, "a short catch-up window is raised, times are as many as actions are left")
	emptied := scheduleOf(e, nil)
	_, _ = Call(e, "update without a spec", e.WF.UpdateSchedule, updateRequest(e, "empty", emptied))
	described(e, "policies and state are replaced too")
}

func scheduleUpdateToken(e *Env) {
	defer newSchedule(e, farAway())()
	first := awaitSchedule(e, "the schedule", func(*describeSchedule) bool { return true }).GetConflictToken()
	request := updateRequest(e, "one", scheduleOf(e, every(24*time.Hour)))
	request.ConflictToken = first
	_, _ = Call(e, "with the newest token", e.WF.UpdateSchedule, request)
	second := awaitSchedule(e, "the schedule", func(*describeSchedule) bool { return true }).GetConflictToken()
	e.Note("the token has changed", string(first) != string(second))
	request = updateRequest(e, "two", scheduleOf(e, every(48*time.Hour)))
	request.ConflictToken = first
	_, _ = Call(e, "with a stale token", e.WF.UpdateSchedule, request)
	described(e, "what a stale token leaves")
}

func scheduleUpdateAttributes(e *Env) {
	defer newSchedule(e, farAway(), func(r *createSchedule) {
		r.SearchAttributes = SearchAttributes(map[string]*commonpb.Payload{"ParityKeyword": Payload("blue"), "ParityInt": Payload(1)})
		r.Memo = Memo(map[string]any{"kept": 1})
	})()
	update := func(step string, attributes *commonpb.SearchAttributes, memo *commonpb.Memo, left int) {
		request := updateRequest(e, step, scheduleOf(e, farAway()))
		request.SearchAttributes, request.Memo = attributes, memo
		_, _ = Call(e, step, e.WF.UpdateSchedule, request)
		// Temporal's server changes attributes a moment later.
		awaitSchedule(e, "its attributes", func(d *describeSchedule) bool {
			return len(d.GetSearchAttributes().GetIndexedFields()) == left
		})
		described(e, "after "+step)
	}
	update("no attributes", nil, nil, 2)
	update("one attribute", SearchAttributes(map[string]*commonpb.Payload{"ParityInt": Payload(2)}), nil, 1)
	update("attributes that are empty", &commonpb.SearchAttributes{}, nil, 0)
	update("an unknown attribute", SearchAttributes(map[string]*commonpb.Payload{"NobodyKnows": Payload(2)}), nil, 0)
	update("a memo", nil, Memo(map[string]any{"added": 2}), 0)
}

func schedulePause(e *Env) {
	defer newSchedule(e, farAway())()
	for _, p := range []struct {
		step  string
		patch *schedulepb.SchedulePatch
	}{
		{"pause", &schedulepb.SchedulePatch{Pause: "for the night"}},
		{"pause again", &schedulepb.SchedulePatch{Pause: "still night"}},
		{"unpause", &schedulepb.SchedulePatch{Unpause: "morning"}},
		{"unpause again", &schedulepb.SchedulePatch{Unpause: "still morning"}},
		{"both", &schedulepb.SchedulePatch{Pause: "paused", Unpause: "unpaused"}},
		{"nothing", &schedulepb.SchedulePatch{}},
	} {
		patch(e, p.step, p.patch)
		described(e, "after "+p.step)
	}
}

func scheduleInitialPatch(e *Env) {
	defer newSchedule(e, farAway(), func(r *createSchedule) {
		r.InitialPatch = &schedulepb.SchedulePatch{
			Pause: "paused from the start", TriggerImmediately: &schedulepb.TriggerImmediatelyRequest{},
		}
	})()
	awaitSchedule(e, "one action", func(d *describeSchedule) bool { return d.GetInfo().GetActionCount() == 1 })
	described(e, "describe")
}

func scheduleDelete(e *Env) {
	defer newSchedule(e, farAway())()
	remove := &workflowservice.DeleteScheduleRequest{Namespace: e.Namespace, ScheduleId: e.ID("schedule"), Identity: Identity}
	_, _ = Call(e, "delete", e.WF.DeleteSchedule, remove)
	everyCall(e, "after it")
}

func scheduleUnknown(e *Env) { everyCall(e, "of nobody") }

// everyCall makes each call that names a schedule.
func everyCall(e *Env, when string) {
	described(e, "describe "+when)
	_, _ = Call(e, "update "+when, e.WF.UpdateSchedule, updateRequest(e, "update", scheduleOf(e, farAway())))
	patch(e, "patch "+when, &schedulepb.SchedulePatch{Pause: "pause"})
	_, _ = Call(e, "matching times "+when, e.WF.ListScheduleMatchingTimes, &workflowservice.ListScheduleMatchingTimesRequest{
		Namespace: e.Namespace, ScheduleId: e.ID("schedule"),
		StartTime: timestamppb.New(time.Unix(0, 0)), EndTime: timestamppb.New(time.Unix(1, 0)),
	})
	_, _ = Call(e, "delete "+when, e.WF.DeleteSchedule, &workflowservice.DeleteScheduleRequest{
		Namespace: e.Namespace, ScheduleId: e.ID("schedule"), Identity: Identity,
	})
}
