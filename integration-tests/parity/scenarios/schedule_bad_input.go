package scenarios

import (
	"strings"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	schedulepb "go.temporal.io/api/schedule/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/types/known/durationpb"
	. "klamm.dev/integration-tests/parity/harness"
)

var scheduleBadInput = []Scenario{
	{Name: "schedule_bad_specs", Run: scheduleBadSpecs},
	{Name: "schedule_bad_creates", Run: scheduleBadCreates},
	{Name: "schedule_bad_updates", Run: scheduleBadUpdates},
	{Name: "schedule_bad_patches", Run: scheduleBadPatches},
}

type scheduleSpec = schedulepb.ScheduleSpec

func cron(texts ...string) *scheduleSpec { return &scheduleSpec{CronString: texts} }

func calendar(c *schedulepb.CalendarSpec) *scheduleSpec {
	return &scheduleSpec{Calendar: []*schedulepb.CalendarSpec{c}}
}

func structured(c *schedulepb.StructuredCalendarSpec) *scheduleSpec {
	return &scheduleSpec{StructuredCalendar: []*schedulepb.StructuredCalendarSpec{c}}
}

func interval(every, phase *durationpb.Duration) *scheduleSpec {
	return &scheduleSpec{Interval: []*schedulepb.IntervalSpec{{Interval: every, Phase: phase}}}
}

func oneRange(start, end, step int32) []*schedulepb.Range {
	return []*schedulepb.Range{{Start: start, End: end, Step: step}}
}

func scheduleBadSpecs(e *Env) {
	defer newSchedule(e, farAway())()
	for _, bad := range []struct {
		step string
		spec *scheduleSpec
	}{
		{"interval of nothing", interval(nil, nil)},
		{"interval of zero", interval(Seconds(0), nil)},
		{"interval under a second", interval(Seconds(0.5), nil)},
		{"interval below zero", interval(Seconds(-60), nil)},
		{"interval out of all bounds", interval(&durationpb.Duration{Seconds: 1 << 60}, nil)},
		{"interval with mixed signs", interval(&durationpb.Duration{Seconds: 60, Nanos: -5}, nil)},
		{"phase below zero", interval(Seconds(60), Seconds(-1))},
		{"phase as long as the interval", interval(Seconds(60), Seconds(60))},
		{"phase out of all bounds", interval(Seconds(60), &durationpb.Duration{Seconds: 1 << 60})},
		{"jitter below zero", &scheduleSpec{Interval: every(daily).Interval, Jitter: Seconds(-1)}},
		{"jitter out of all bounds", &scheduleSpec{Interval: every(daily).Interval, Jitter: &durationpb.Duration{Seconds: 1 << 60}}},
		{"unknown zone", &scheduleSpec{CronString: []string{"0 9 * * *"}, TimezoneName: "Mars/Olympus_Mons"}},
		{"unknown zone in a cron string", cron("TZ=Mars/Olympus_Mons 0 9 * * *")},
		{"zone of a path", &scheduleSpec{TimezoneName: "../etc/passwd"}},
		{"zone data that is none", &scheduleSpec{TimezoneName: "Own/Zone", TimezoneData: []byte("no TZif")}},
		{"zone data without a name", &scheduleSpec{TimezoneData: []byte("no TZif")}},
		{"conflicting zones", cron("TZ=Europe/Berlin 0 9 * * *", "TZ=Asia/Tokyo 0 9 * * *")},
		{"a zone and none", cron("TZ=Europe/Berlin 0 9 * * *", "0 9 * * *")},
		{"a zone against the schedule's", &scheduleSpec{CronString: []string{"TZ=Europe/Berlin 0 9 * * *"}, TimezoneName: "Asia/Tokyo"}},
		{"cron of nothing", cron("")},
		{"cron of a comment", cron("# nothing")},
		{"cron of words", cron("every day at noon")},
		{"cron of 3 fields", cron("0 9 *")},
		{"cron of 8 fields", cron("0 0 0 9 * * * 2090")},
		{"cron of a zone alone", cron("TZ=Europe/Berlin")},
		{"cron of an unknown name", cron("@sometimes")},
		{"cron of @every alone", cron("@every")},
		{"cron of @every without a unit", cron("@every 5")},
		{"cron of @every of nonsense", cron("@every soon")},
		{"cron of @every under a second", cron("@every 500ms")},
		{"cron of @every with a phase too long", cron("@every 1h/2h")},
		{"cron of @every with two phases", cron("@every 1h/2m/3m")},
		{"cron of @every with more behind", cron("@every 1h 2h")},
		{"minute too large", cron("60 9 * * *")},
		{"hour too large", cron("0 24 * * *")},
		{"day zero", cron("0 9 0 * *")},
		{"day 32", cron("0 9 32 * *")},
		{"month zero", cron("0 9 * 0 *")},
		{"month 13", cron("0 9 * 13 *")},
		{"month without meaning", cron("0 9 * ja *")},
		{"week day 8", cron("0 9 * * 8")},
		{"week day without meaning", cron("0 9 * * m")},
		{"year too early", cron("0 9 * * * 1999")},
		{"year too late", cron("0 9 * * * 2101")},
		{"step of zero", cron("*/0 9 * * *")},
		{"step below zero", cron("*/-5 9 * * *")},
		{"step of nothing", cron("*/ 9 * * *")},
		{"two slashes", cron("1/2/3 9 * * *")},
		{"two dashes", cron("1-2-3 9 * * *")},
		{"dash alone", cron("- 9 * * *")},
		{"range from behind", cron("20-10 9 * * *")},
		{"a star in a range", cron("*-5 9 * * *")},
		{"a comma alone", cron(", 9 * * *")},
		{"a question mark", cron("0 9 ? * *")},
		{"several mistakes", cron("60 24 32 13 8")},
		{"calendar hour too large", calendar(&schedulepb.CalendarSpec{Hour: "24"})},
		{"calendar of several mistakes", calendar(&schedulepb.CalendarSpec{Second: "60", Minute: "x", DayOfWeek: "someday", Year: "1"})},
		{"calendar comment too long", calendar(&schedulepb.CalendarSpec{Comment: strings.Repeat("c", 300)})},
		{"structured second too large", structured(&schedulepb.StructuredCalendarSpec{Second: oneRange(60, 0, 0)})},
		{"structured end too large", structured(&schedulepb.StructuredCalendarSpec{Minute: oneRange(0, 60, 1)})},
		{"structured start below zero", structured(&schedulepb.StructuredCalendarSpec{Hour: oneRange(-1, 5, 1)})},
		{"structured step below zero", structured(&schedulepb.StructuredCalendarSpec{Hour: oneRange(1, 5, -1)})},
		{"structured day zero", structured(&schedulepb.StructuredCalendarSpec{DayOfMonth: oneRange(0, 0, 0)})},
		{"structured month 13", structured(&schedulepb.StructuredCalendarSpec{Month: oneRange(13, 0, 0)})},
		{"structured week day 7", structured(&schedulepb.StructuredCalendarSpec{DayOfWeek: oneRange(7, 0, 0)})},
		{"structured year too late", structured(&schedulepb.StructuredCalendarSpec{Year: oneRange(2090, 3000, 1)})},
		{"structured mistakes everywhere", structured(&schedulepb.StructuredCalendarSpec{
			Second: oneRange(99, 0, 0), Minute: oneRange(99, 0, 0), Hour: oneRange(99, 0, 0), DayOfMonth: oneRange(99, 0, 0),
			Month: oneRange(99, 0, 0), DayOfWeek: oneRange(99, 0, 0), Year: oneRange(99, 0, 0),
		})},
		{"structured comment too long", structured(&schedulepb.StructuredCalendarSpec{Comment: strings.Repeat("c", 300)})},
		{"excluded calendar of a mistake", &scheduleSpec{Interval: every(daily).Interval, ExcludeCalendar: []*schedulepb.CalendarSpec{{Hour: "24"}}}},
		{"excluded structured calendar of a mistake", &scheduleSpec{
			Interval:                  every(daily).Interval,
			ExcludeStructuredCalendar: []*schedulepb.StructuredCalendarSpec{{Hour: oneRange(24, 0, 0)}},
		}},
	} {
		canonicalOrRefused(e, bad.step, bad.spec)
		_, _ = Call(e, bad.step+": update", e.WF.UpdateSchedule, updateRequest(e, bad.step, scheduleOf(e, bad.spec)))
	}
}

// canonicalOrRefused records the error, or what the server makes of a spec that it accepts.
func canonicalOrRefused(e *Env, step string, spec *scheduleSpec) {
	id := e.ID(step)
	defer removeSchedule(e, id)
	request := createRequest(e, spec, func(r *createSchedule) { r.ScheduleId = id; r.RequestId = id })
	if _, err := Call(e, step, e.WF.CreateSchedule, request); err != nil {
		return
	}
	answered := Quiet(e, e.WF.DescribeSchedule, &workflowservice.DescribeScheduleRequest{Namespace: e.Namespace, ScheduleId: id})
	e.Note(step+": accepted as", Plain(answered.GetSchedule().GetSpec()))
}

// badAction is a change that makes an action one that could never start.
type badAction struct {
	step   string
	change func(*workflowpb.NewWorkflowExecutionInfo)
}

func badActions(e *Env) []badAction {
	long := strings.Repeat("x", 1001)
	return []badAction{
		{"action without a workflow id", func(a *workflowpb.NewWorkflowExecutionInfo) { a.WorkflowId = "" }},
		{"action with a long workflow id", func(a *workflowpb.NewWorkflowExecutionInfo) { a.WorkflowId = long }},
		{"action whose id leaves no room for the time", func(a *workflowpb.NewWorkflowExecutionInfo) { a.WorkflowId = strings.Repeat("x", 985) }},
		{"action without a type", func(a *workflowpb.NewWorkflowExecutionInfo) { a.WorkflowType = nil }},
		{"action with an empty type", func(a *workflowpb.NewWorkflowExecutionInfo) { a.WorkflowType = &commonpb.WorkflowType{} }},
		{"action with a long type", func(a *workflowpb.NewWorkflowExecutionInfo) { a.WorkflowType = &commonpb.WorkflowType{Name: long} }},
		{"action without a task queue", func(a *workflowpb.NewWorkflowExecutionInfo) { a.TaskQueue = nil }},
		{"action with an empty task queue", func(a *workflowpb.NewWorkflowExecutionInfo) { a.TaskQueue = &taskqueuepb.TaskQueue{} }},
		{"action with a long task queue", func(a *workflowpb.NewWorkflowExecutionInfo) { a.TaskQueue = &taskqueuepb.TaskQueue{Name: long} }},
		{"action with a reserved task queue", func(a *workflowpb.NewWorkflowExecutionInfo) {
			a.TaskQueue = &taskqueuepb.TaskQueue{Name: "/_sys/mine/1"}
		}},
		{"action with a negative execution timeout", func(a *workflowpb.NewWorkflowExecutionInfo) { a.WorkflowExecutionTimeout = Seconds(-1) }},
		{"action with a negative run timeout", func(a *workflowpb.NewWorkflowExecutionInfo) { a.WorkflowRunTimeout = Seconds(-1) }},
		{"action with a negative task timeout", func(a *workflowpb.NewWorkflowExecutionInfo) { a.WorkflowTaskTimeout = Seconds(-1) }},
		{"action with a cron schedule", func(a *workflowpb.NewWorkflowExecutionInfo) { a.CronSchedule = "0 9 * * *" }},
		{"action with a reuse policy", func(a *workflowpb.NewWorkflowExecutionInfo) {
			a.WorkflowIdReusePolicy = enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE
		}},
		{"action with an unknown search attribute", func(a *workflowpb.NewWorkflowExecutionInfo) {
			a.SearchAttributes = SearchAttributes(map[string]*commonpb.Payload{"NobodyKnows": Payload("x")})
		}},
		{"action with a search attribute of the wrong type", func(a *workflowpb.NewWorkflowExecutionInfo) {
			a.SearchAttributes = SearchAttributes(map[string]*commonpb.Payload{"ParityInt": Payload("seven")})
		}},
		{"action with a system search attribute", func(a *workflowpb.NewWorkflowExecutionInfo) {
			a.SearchAttributes = SearchAttributes(map[string]*commonpb.Payload{"StartTime": Payload("2024-01-01T00:00:00Z")})
		}},
		{"action with an oversized input", func(a *workflowpb.NewWorkflowExecutionInfo) { a.Input = Payloads(strings.Repeat("i", 2<<20+1)) }},
	}
}

func scheduleBadCreates(e *Env) {
	long := strings.Repeat("x", 1001)
	type bad struct {
		step   string
		change func(*createSchedule)
	}
	all := []bad{
		{"no namespace", func(r *createSchedule) { r.Namespace = "" }},
		{"unknown namespace", func(r *createSchedule) { r.Namespace = e.ID("nowhere") }},
		{"long id", func(r *createSchedule) { r.ScheduleId = long }},
		{"id that is too long with the server's prefix", func(r *createSchedule) { r.ScheduleId = strings.Repeat("y", 980) }},
		{"no request id", func(r *createSchedule) { r.RequestId = "" }},
		{"long request id", func(r *createSchedule) { r.RequestId = long }},
		{"unknown search attribute", func(r *createSchedule) {
			r.SearchAttributes = SearchAttributes(map[string]*commonpb.Payload{"NobodyKnows": Payload("x")})
		}},
		{"search attribute of the wrong type", func(r *createSchedule) {
			r.SearchAttributes = SearchAttributes(map[string]*commonpb.Payload{"ParityInt": Payload("seven")})
		}},
		{"system search attribute", func(r *createSchedule) {
			r.SearchAttributes = SearchAttributes(map[string]*commonpb.Payload{"StartTime": Payload("2024-01-01T00:00:00Z")})
		}},
		{"oversized memo", func(r *createSchedule) { r.Memo = Memo(map[string]any{"m": strings.Repeat("m", 2<<20+1)}) }},
	}
	for _, action := range badActions(e) {
		all = append(all, bad{action.step, func(r *createSchedule) { action.change(r.Schedule.Action.GetStartWorkflow()) }})
	}
	for _, b := range all {
		request := createRequest(e, farAway(), func(r *createSchedule) { r.ScheduleId = e.ID(b.step) }, b.change)
		_, _ = Call(e, b.step, e.WF.CreateSchedule, request)
		removeSchedule(e, request.ScheduleId)
	}
}

func scheduleBadUpdates(e *Env) {
	defer newSchedule(e, farAway())()
	update := func(step string, change func(*workflowservice.UpdateScheduleRequest)) {
		request := updateRequest(e, step, scheduleOf(e, farAway()))
		change(request)
		_, _ = Call(e, step, e.WF.UpdateSchedule, request)
	}
	update("no schedule", func(r *workflowservice.UpdateScheduleRequest) { r.Schedule = nil })
	update("no action", func(r *workflowservice.UpdateScheduleRequest) { r.Schedule.Action = nil })
	update("long request id", func(r *workflowservice.UpdateScheduleRequest) { r.RequestId = strings.Repeat("x", 1001) })
	update("search attribute of the wrong type", func(r *workflowservice.UpdateScheduleRequest) {
		r.SearchAttributes = SearchAttributes(map[string]*commonpb.Payload{"ParityInt": Payload("seven")})
	})
	for _, action := range badActions(e) {
		update(action.step, func(r *workflowservice.UpdateScheduleRequest) { action.change(r.Schedule.Action.GetStartWorkflow()) })
	}
	described(e, "nothing of it")
}

func scheduleBadPatches(e *Env) {
	defer newSchedule(e, farAway())()
	for _, p := range []struct {
		step  string
		patch *schedulepb.SchedulePatch
	}{
		{"no patch", nil},
		{"note of 1000", &schedulepb.SchedulePatch{Pause: strings.Repeat("n", 1000)}},
		{"note of 1001", &schedulepb.SchedulePatch{Pause: strings.Repeat("n", 1001)}},
		{"note of 1001 for unpausing", &schedulepb.SchedulePatch{Unpause: strings.Repeat("n", 1001)}},
	} {
		patch(e, p.step, p.patch)
	}
	request := patchRequest(e, "x", &schedulepb.SchedulePatch{Pause: "x"})
	request.RequestId = strings.Repeat("x", 1001)
	_, _ = Call(e, "long request id", e.WF.PatchSchedule, request)
	described(e, "what is left of it")
}
