package scenarios

import (
	"time"

	"go.temporal.io/api/schedule/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/types/known/timestamppb"
	. "klamm.dev/integration-tests/parity/harness"
)

var scheduleSpecs = []Scenario{
	{Name: "schedule_spec_cron", Run: scheduleSpecCron},
	{Name: "schedule_spec_calendar", Run: scheduleSpecCalendar},
	{Name: "schedule_spec_structured", Run: scheduleSpecStructured},
	{Name: "schedule_spec_zones", Run: scheduleSpecZones},
	{Name: "schedule_spec_times", Run: scheduleSpecTimes},
	{Name: "schedule_matching_times", Run: scheduleMatchingTimes},
}

// canonical records what the server makes of a spec and when it is due between two times of 2090.
func canonical(e *Env, name string, spec *schedule.ScheduleSpec, from, to time.Time) {
	id := e.ID(name)
	defer removeSchedule(e, id)
	request := createRequest(e, spec, func(r *createSchedule) { r.ScheduleId = id; r.RequestId = id })
	if _, err := Go(rpcWait, e.WF.CreateSchedule, request).Wait(); err != nil {
		_, _ = Call(e, name, e.WF.CreateSchedule, request)
		return
	}
	answered := Quiet(e, e.WF.DescribeSchedule, &workflowservice.DescribeScheduleRequest{Namespace: e.Namespace, ScheduleId: id})
	e.Note(name, Plain(answered.GetSchedule().GetSpec()))
	if !from.IsZero() {
		e.Note(name+": times", due(e, id, from, to))
	}
}

// due lists the times between two others, written so that they are compared.
func due(e *Env, id string, from, to time.Time) []string {
	times := Quiet(e, e.WF.ListScheduleMatchingTimes, &workflowservice.ListScheduleMatchingTimesRequest{
		Namespace: e.Namespace, ScheduleId: id, StartTime: timestamppb.New(from), EndTime: timestamppb.New(to),
	}).GetStartTime()
	texts := make([]string, len(times))
	for i, at := range times {
		texts[i] = at.AsTime().Format("2006-01-02 15:04:05.999")
	}
	return texts
}

// in2090 is a time in UTC.
func in2090(month time.Month, day, hour int) time.Time {
	return time.Date(2090, month, day, hour, 0, 0, 0, time.UTC)
}

func scheduleSpecCron(e *Env) {
	for _, cron := range []string{
		"0 9 * * MON-FRI", "0 9 * * 1-5", "*/15 8-10,22 1,15 jan,JUL sun", "0 0 * * 7", "0 0 * * 0-7", "5/20 * * * *", "0 9-17/4 * * *",
		"0 0 13 * FRI", "5 4 * * * 2090", "10 5 4 * * * 2090-2092", "*/30 * * * * * *",
		"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly",
		"@every 90m", "@every 2h/30m", "@every 1d", "@every 36h/12h  # twice", "TZ=Asia/Tokyo @every 1h",
		"TZ=Asia/Tokyo 0 9 * * *", "CRON_TZ=Asia/Tokyo 0 9 * * *", "30 6 * * * # breakfast # at six", "  0   9 * *   * ",
	} {
		canonical(e, cron, &schedule.ScheduleSpec{CronString: []string{cron}}, in2090(time.January, 10, 0), in2090(time.January, 12, 0))
	}
	canonical(e, "several", &schedule.ScheduleSpec{
		CronString: []string{"0 9 * * *", "@every 6h", "@weekly"}, TimezoneName: "Europe/Berlin",
	}, in2090(time.January, 1, 0), in2090(time.January, 4, 0))
	canonical(e, "the same zone twice", &schedule.ScheduleSpec{
		CronString: []string{"TZ=Europe/Berlin 0 9 * * *"}, TimezoneName: "Europe/Berlin",
	}, in2090(time.January, 1, 0), in2090(time.January, 4, 0))
}

func scheduleSpecCalendar(e *Env) {
	for _, c := range []struct {
		name     string
		calendar *schedule.CalendarSpec
	}{
		{"nothing set", &schedule.CalendarSpec{}},
		{"everything set", &schedule.CalendarSpec{
			Second: "30", Minute: "*/20", Hour: "8-10", DayOfMonth: "1,15", Month: "1-6/2", Year: "2090-2092", DayOfWeek: "*", Comment: "odd",
		}},
		{"names", &schedule.CalendarSpec{Hour: "9", Month: "jan,febr,SEPTEMBER", DayOfWeek: "mon-we,Saturd"}},
		{"sunday twice", &schedule.CalendarSpec{Hour: "9", DayOfWeek: "0,7"}},
		{"from friday", &schedule.CalendarSpec{Hour: "9", DayOfWeek: "5-7"}},
		{"a start and a step", &schedule.CalendarSpec{Minute: "10/25", Hour: "*/12"}},
		{"days of both kinds", &schedule.CalendarSpec{Hour: "0", DayOfMonth: "1-14", DayOfWeek: "tue"}},
	} {
		canonical(e, c.name, &schedule.ScheduleSpec{Calendar: []*schedule.CalendarSpec{c.calendar}},
			in2090(time.January, 1, 0), in2090(time.January, 5, 0))
	}
}

func scheduleSpecStructured(e *Env) {
	one := func(start, end, step int32) []*schedule.Range {
		return []*schedule.Range{{Start: start, End: end, Step: step}}
	}
	for _, c := range []struct {
		name     string
		calendar *schedule.StructuredCalendarSpec
	}{
		{"empty", &schedule.StructuredCalendarSpec{}},
		{"ends and steps filled in", &schedule.StructuredCalendarSpec{
			Second: one(0, 0, 0), Minute: one(30, 10, 0), Hour: one(8, 20, 6), DayOfMonth: one(1, 31, 0), Month: one(1, 12, 0), DayOfWeek: one(0, 6, 0),
		}},
		{"the last day of a leap year's February", &schedule.StructuredCalendarSpec{
			Second: one(0, 0, 0), Minute: one(0, 0, 0), Hour: one(0, 0, 0), DayOfMonth: one(29, 0, 0), Month: one(2, 0, 0), DayOfWeek: one(0, 6, 0),
		}},
	} {
		canonical(e, c.name, &schedule.ScheduleSpec{StructuredCalendar: []*schedule.StructuredCalendarSpec{c.calendar}},
			in2090(time.January, 1, 0), in2090(time.January, 3, 0))
	}
}

// scheduleSpecZones: days on which clocks change.
func scheduleSpecZones(e *Env) {
	for _, z := range []struct {
		zone     string
		from, to time.Time
	}{
		{"America/New_York", in2090(time.March, 11, 0), in2090(time.March, 14, 0)},
		{"America/New_York", in2090(time.November, 4, 0), in2090(time.November, 7, 0)},
		{"Europe/Berlin", in2090(time.March, 25, 0), in2090(time.March, 28, 0)},
		{"Europe/Berlin", in2090(time.October, 28, 0), in2090(time.October, 31, 0)},
		{"Australia/Lord_Howe", in2090(time.April, 1, 0), in2090(time.April, 3, 0)},
		{"Australia/Lord_Howe", in2090(time.September, 30, 0), in2090(time.October, 3, 0)},
		{"Asia/Kolkata", in2090(time.January, 1, 0), in2090(time.January, 2, 0)},
	} {
		spec := &schedule.ScheduleSpec{Calendar: []*schedule.CalendarSpec{{Minute: "30", Hour: "1,2"}}, TimezoneName: z.zone}
		canonical(e, z.zone+" in "+z.from.Month().String(), spec, z.from, z.to)
	}
}

func scheduleSpecTimes(e *Env) {
	canonical(e, "bounds take in both ends", &schedule.ScheduleSpec{
		Interval:  []*schedule.IntervalSpec{{Interval: Seconds(3600)}},
		StartTime: timestamppb.New(in2090(time.January, 1, 2)), EndTime: timestamppb.New(in2090(time.January, 1, 5)),
	}, in2090(time.January, 1, 0), in2090(time.January, 2, 0))
	canonical(e, "bounds within a second", &schedule.ScheduleSpec{
		Interval:  []*schedule.IntervalSpec{{Interval: Seconds(3600)}},
		StartTime: timestamppb.New(in2090(time.January, 1, 2).Add(time.Millisecond)),
		EndTime:   timestamppb.New(in2090(time.January, 1, 5).Add(time.Millisecond)),
	}, in2090(time.January, 1, 0), in2090(time.January, 2, 0))
	canonical(e, "intervals from the epoch with a phase", &schedule.ScheduleSpec{
		Interval: []*schedule.IntervalSpec{{Interval: Seconds(7 * 3600), Phase: Seconds(600)}, {Interval: Seconds(5 * 3600)}},
	}, in2090(time.January, 1, 0), in2090(time.January, 2, 0))
	canonical(e, "the same second twice is one", &schedule.ScheduleSpec{
		Interval: []*schedule.IntervalSpec{{Interval: Seconds(6 * 3600)}, {Interval: Seconds(4 * 3600)}},
		Calendar: []*schedule.CalendarSpec{{Hour: "12"}},
	}, in2090(time.January, 1, 0), in2090(time.January, 2, 0))
	canonical(e, "exclusions", &schedule.ScheduleSpec{
		Interval:                  []*schedule.IntervalSpec{{Interval: Seconds(6 * 3600)}},
		ExcludeCalendar:           []*schedule.CalendarSpec{{Hour: "6", DayOfMonth: "1"}},
		ExcludeStructuredCalendar: []*schedule.StructuredCalendarSpec{{Second: []*schedule.Range{{}}, Minute: []*schedule.Range{{}}, Hour: []*schedule.Range{{Start: 12}}, DayOfMonth: []*schedule.Range{{Start: 1, End: 31}}, Month: []*schedule.Range{{Start: 1, End: 12}}, DayOfWeek: []*schedule.Range{{Start: 0, End: 6}}}},
	}, in2090(time.January, 1, 0), in2090(time.January, 2, 12))
	canonical(e, "nothing", &schedule.ScheduleSpec{}, in2090(time.January, 1, 0), in2090(time.January, 2, 0))
	canonical(e, "a time that has passed", &schedule.ScheduleSpec{
		Calendar: []*schedule.CalendarSpec{{Year: "2020"}},
	}, in2090(time.January, 1, 0), in2090(time.January, 2, 0))
	// How much differs with the schedule's id; that it is added and bounded does not.
	canonical(e, "jitter", &schedule.ScheduleSpec{
		Interval: []*schedule.IntervalSpec{{Interval: Seconds(600)}}, Jitter: Seconds(60),
	}, time.Time{}, time.Time{})
}

func scheduleMatchingTimes(e *Env) {
	defer newSchedule(e, every(time.Hour), func(r *createSchedule) {
		r.Schedule.State = &schedule.ScheduleState{Paused: true, LimitedActions: true}
	})()
	id := e.ID("schedule")
	e.Note("the start is left out, the end taken in", due(e, id, in2090(time.January, 1, 0), in2090(time.January, 1, 3)))
	e.Note("an empty range", due(e, id, in2090(time.January, 1, 0), in2090(time.January, 1, 0)))
	e.Note("a range from behind", due(e, id, in2090(time.January, 2, 0), in2090(time.January, 1, 0)))
	e.Note("as many as there may be", len(due(e, id, in2090(time.January, 1, 0), in2090(time.December, 1, 0))))
	_, _ = Call(e, "no range", e.WF.ListScheduleMatchingTimes, &workflowservice.ListScheduleMatchingTimesRequest{
		Namespace: e.Namespace, ScheduleId: id,
	})
	Quiet(e, e.WF.UpdateSchedule, updateRequest(e, "jitter", scheduleOf(e, &schedule.ScheduleSpec{
		Interval: []*schedule.IntervalSpec{{Interval: Seconds(10)}}, Jitter: Seconds(3600),
	})))
	from := in2090(time.January, 1, 0)
	times := Quiet(e, e.WF.ListScheduleMatchingTimes, &workflowservice.ListScheduleMatchingTimesRequest{
		Namespace: e.Namespace, ScheduleId: id, StartTime: timestamppb.New(from), EndTime: timestamppb.New(from.Add(100 * time.Second)),
	}).GetStartTime()
	bounded, moved := true, false
	for i, at := range times {
		late := at.AsTime().Sub(from.Add(time.Duration(i+1) * 10 * time.Second))
		bounded = bounded && late >= 0 && late < 10*time.Second
		moved = moved || late > 0
	}
	e.Note("jitter moves times, and none past the next", []any{bounded, moved})
}
