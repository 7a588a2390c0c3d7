package main

import (
	"fmt"
	"time"

	schedulepb "go.temporal.io/api/schedule/v1"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	must(err)
	return t
}

func cron(zone string, texts ...string) *schedulepb.ScheduleSpec {
	return &schedulepb.ScheduleSpec{CronString: texts, TimezoneName: zone}
}

func every(interval, phase time.Duration) *schedulepb.IntervalSpec {
	return &schedulepb.IntervalSpec{Interval: durationpb.New(interval), Phase: durationpb.New(phase)}
}

func intervals(of ...*schedulepb.IntervalSpec) *schedulepb.ScheduleSpec {
	return &schedulepb.ScheduleSpec{Interval: of}
}

func calendar(zone string, of *schedulepb.CalendarSpec) *schedulepb.ScheduleSpec {
	return &schedulepb.ScheduleSpec{Calendar: []*schedulepb.CalendarSpec{of}, TimezoneName: zone}
}

func one(value int32) []*schedulepb.Range { return []*schedulepb.Range{{Start: value}} }

// Whole-hour calendars on every day.
func structured(hour []*schedulepb.Range) *schedulepb.StructuredCalendarSpec {
	return &schedulepb.StructuredCalendarSpec{
		Second: one(0), Minute: one(0), Hour: hour,
		DayOfMonth: []*schedulepb.Range{{Start: 1, End: 31}},
		Month:      []*schedulepb.Range{{Start: 1, End: 12}},
		DayOfWeek:  []*schedulepb.Range{{Start: 0, End: 6}},
	}
}

const (
	namespaceID = "6e6f6e65-0000-4000-8000-000000000001"
	seed        = namespaceID + "-schedule"
)

//revive:disable-next-line:function-length
func handPicked(w *Writer, zones string) {
	now := at("2026-03-14T15:09:26.535Z")
	add := func(name string, spec *schedulepb.ScheduleSpec, after ...time.Time) {
		w.Add(name, seed, spec, append(after, now)...)
	}

	// Cron strings.
	for _, text := range []string{
		"* * * * *", "*/15 * * * *", "0 9 * * 1-5", "0 9 * * mon-fri", "0 9 * * MON-Fri", "30 4 1,15 * 5", "0 0 1 1 *",
		"0 12 29 2 *", "0 0 31 * *", "5 4 * * sun", "5 4 * * 7", "0 0 * * 3-7", "0 0 * * 1-7/2", "0 0 * * 3-7/3", "0 0 * * */7",
		"0 0 * * 5/2", "0 22 * * 1-5", "23 0-20/2 * * *", "0 0,12 1 */2 *", "0 0 1 jan,jul *", "0 0 * september-dec sat",
		"15 10 * * * 2027", "15 10 * * * 2027-2029/2", "15 10 * * * */10", "30 15 10 * * * *", "*/10 * * * * * *", "0 0 13 * fri",
		"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly", "  @daily  # at night", "@every 5s",
		"@every 90m", "@every 14h/3h", "@every 1d12h", "@every 2.5d/1h", "@every 1h30m10s/5m # comment is lost", "@every 1500ms",
		"0 9 * * * # opening time", "CRON_TZ=America/New_York 0 9 * * 1-5", "TZ=Asia/Tokyo 30 0 * * *",
		"TZ=Europe/Paris @daily # fine", "TZ=Europe/Paris @every 1h", "*/7,3 1-5/2,8-16/3,2 * * *", "0 +9 * * *", "0 009 * * *",
		"5/10 * * * *", "0 0 28-31 * *", "0 0 30 2 *",
	} {
		add("cron "+text, cron("", text))
	}
	add("cron twice", cron("", "0 9 * * *", "30 17 * * 1-5"))
	add("cron twice, one zone", cron("", "TZ=UTC 0 9 * * *", "CRON_TZ=UTC 30 17 * * 1-5"))
	add("cron agrees with the zone", cron("Asia/Kolkata", "TZ=Asia/Kolkata 0 9 * * *"))
	add("cron without a zone takes the spec's", cron("Asia/Kolkata", "0 9 * * *"))
	add("cron and every", cron("", "0 9 * * *", "@every 5h"))

	// Intervals.
	add("interval 1s", intervals(every(time.Second, 0)))
	add("interval 1m phase 7s", intervals(every(time.Minute, 7*time.Second)))
	add("interval 36h phase 35h", intervals(every(36*time.Hour, 35*time.Hour)))
	add("interval with parts of seconds", intervals(every(3700*time.Millisecond, 1600*time.Millisecond)))
	add("interval of 200 years", intervals(every(200*365*24*time.Hour, 0)))
	add("interval of 40 years", intervals(every(40*365*24*time.Hour, 0)))
	add("interval that begins later", intervals(every(100*365*24*time.Hour, 57*365*24*time.Hour)))
	add("two intervals", intervals(every(35*time.Minute, 0), every(14*time.Minute, 3*time.Minute)), at("2026-03-14T00:00:00Z"))
	add("interval with absurd duration", intervals(&schedulepb.IntervalSpec{Interval: &durationpb.Duration{Seconds: 300_000_000_000}}))
	add("nothing at all", &schedulepb.ScheduleSpec{})

	// Calendars.
	add("calendar of defaults", calendar("", &schedulepb.CalendarSpec{}))
	add("calendar", calendar("America/Los_Angeles", &schedulepb.CalendarSpec{Second: "*/30", Minute: "5-7", Hour: "4", DayOfWeek: "wed,sat", Comment: "twice"}))
	add("calendar with spaces around", calendar("", &schedulepb.CalendarSpec{Minute: " 5 ", Hour: "\t* "}))
	add("calendar of one year", calendar("", &schedulepb.CalendarSpec{Year: "2026", Month: "dec", DayOfMonth: "29-31"}))
	add("calendar of the last year", calendar("Pacific/Kiritimati", &schedulepb.CalendarSpec{Year: "2100", Month: "12", DayOfMonth: "30-31", Hour: "*/8"}), at("2100-12-31T00:00:00Z"))
	add("calendar of the last year in the west", calendar("Pacific/Pago_Pago", &schedulepb.CalendarSpec{Year: "2100", Month: "12", DayOfMonth: "30-31", Hour: "*/8"}), at("2100-12-31T00:00:00Z"))
	add("structured", &schedulepb.ScheduleSpec{StructuredCalendar: []*schedulepb.StructuredCalendarSpec{structured([]*schedulepb.Range{{Start: 3, End: 20, Step: 7}})}})
	add("structured, empty", &schedulepb.ScheduleSpec{StructuredCalendar: []*schedulepb.StructuredCalendarSpec{{}}})
	add("structured, no hours", &schedulepb.ScheduleSpec{StructuredCalendar: []*schedulepb.StructuredCalendarSpec{structured(nil)}})
	add("last second", intervals(every(time.Hour, 0)), at("2100-12-31T21:30:00Z"))
	add("before 1970", intervals(every(time.Hour, 0)), at("1969-12-31T12:00:00Z"), at("1900-01-01T00:00:00Z"))
	add("calendar before 1970", cron("America/New_York", "*/20 * * * *"), at("1912-07-01T12:00:00Z"))
	early := cron("America/New_York", "0 */4 * * *")
	early.StartTime = timestamppb.New(at("1883-11-17T12:00:00Z"))
	add("calendar that starts before 1970", early, at("1800-07-01T12:00:00Z"), at("1918-03-30T12:00:00Z"))
	add("the last year's clock changes", cron("America/New_York", "0 */5 * * *"), at("2100-03-13T12:00:00Z"), at("2100-11-06T12:00:00Z"))
	add("the last year's southern summer", cron("Australia/Sydney", "0 */5 * * *"), at("2099-12-31T12:00:00Z"), at("2100-02-05T12:00:00Z"), at("2100-07-05T12:00:00Z"), at("2100-11-06T12:00:00Z"))

	// Bounds.
	bounded := intervals(every(time.Hour, 0))
	bounded.StartTime, bounded.EndTime = timestamppb.New(at("2026-06-01T05:00:00Z")), timestamppb.New(at("2026-06-01T08:00:00Z"))
	add("bounds are inclusive", bounded, at("2026-06-01T04:59:59.999Z"), at("2026-06-01T08:00:00Z"))
	bounded = cron("America/Chicago", "*/30 * * * *")
	bounded.StartTime, bounded.EndTime = timestamppb.New(at("2026-06-01T05:00:00.5Z")), timestamppb.New(at("2026-06-01T06:29:59.9Z"))
	add("bounds with parts of seconds", bounded)
	bounded = intervals(every(time.Second, 0))
	bounded.StartTime = timestamppb.New(at("2026-06-01T05:00:00.5Z"))
	add("start with parts of seconds", bounded)
	bounded = intervals(every(time.Hour, 0))
	bounded.StartTime, bounded.EndTime = timestamppb.New(at("2027-01-01T00:00:00Z")), timestamppb.New(at("2026-01-01T00:00:00Z"))
	add("end before start", bounded)

	// Jitter.
	for _, jitter := range []time.Duration{time.Millisecond, 999 * time.Microsecond, time.Second, 30 * time.Second, time.Hour, 100 * 24 * time.Hour, -time.Second} {
		for _, interval := range []time.Duration{time.Second, time.Minute, 24 * time.Hour, 90 * 24 * time.Hour} {
			spec := intervals(every(interval, 0))
			spec.Jitter = durationpb.New(jitter)
			add(fmt.Sprintf("jitter %v of %v", jitter, interval), spec)
		}
	}
	for i := range 6 {
		spec := cron("America/New_York", "0 9 * * 1-5")
		spec.Jitter = durationpb.New(20 * time.Minute)
		w.Add(fmt.Sprintf("jitter by seed %d", i), fmt.Sprintf("%s-%d-%0*d", namespaceID, i, i*9, 0), spec, now)
	}
	spec := intervals(every(time.Hour, 0))
	spec.Jitter = &durationpb.Duration{Seconds: 1 << 62}
	add("absurd jitter", spec)

	// Exclusions.
	spec = intervals(every(time.Hour, 0))
	spec.ExcludeStructuredCalendar = []*schedulepb.StructuredCalendarSpec{structured([]*schedulepb.Range{{Start: 8, End: 18}})}
	add("night only", spec)
	spec.TimezoneName = "Australia/Adelaide"
	add("night only, Adelaide", spec)
	spec = intervals(every(time.Minute, 30*time.Second))
	spec.ExcludeCalendar = []*schedulepb.CalendarSpec{{Second: "*", Minute: "*", Hour: "9-17", DayOfWeek: "mon-fri"}, {Second: "30", Minute: "1-59/2", Hour: "*"}}
	spec.Jitter = durationpb.New(50 * time.Second)
	add("exclusions overlap, jitter sees excluded times", spec, at("2026-03-13T08:57:00Z"))
	spec = cron("", "0 9 * * *")
	spec.ExcludeCalendar = []*schedulepb.CalendarSpec{{Hour: "9"}}
	add("everything excluded", spec)
	spec = cron("", "0 9 * * *")
	spec.ExcludeCalendar = []*schedulepb.CalendarSpec{{Second: "*", Minute: "*", Hour: "*", Year: "2026-2030", Month: "*"}}
	add("years excluded", spec)
	spec = cron("", "0 9 * * *")
	spec.ExcludeStructuredCalendar = []*schedulepb.StructuredCalendarSpec{structured([]*schedulepb.Range{{Start: 9, End: 99}, {Start: 70}})}
	add("exclusion with values that no time has", spec)

	clockChanges(add)

	// Zones that specs bring along.
	for _, name := range []string{"America/New_York", "Europe/Dublin", "Pacific/Apia"} {
		spec := cron("", "0 */5 * * *")
		spec.TimezoneName, spec.TimezoneData = "Mine/"+name, zoneData(zones, name)
		add("data of "+name, spec, at("2011-12-27T00:00:00Z"), at("2071-06-01T00:00:00Z"))
	}
	for _, rule := range []string{"UTC0", "<+0545>-5:45", "EST5EDT,M3.2.0,M11.1.0", "NZST-12NZDT,M9.5.0,M4.1.0/3", "IST-1GMT0,M10.5.0,M3.5.0/1", "XXX3YYY2,J60,J300/26"} {
		spec := cron("", "30 */4 * * *")
		spec.TimezoneData = tzif(rule)
		add("rule "+rule, spec, at("2028-02-28T12:00:00Z"))
	}

	// Zones by names of all kinds.
	for _, name := range []string{
		"UTC", "GMT", "Etc/UTC", "Etc/GMT+12", "Etc/GMT-14", "EST5EDT", "US/Pacific", "GB", "PRC", "Zulu", "America/Argentina/Buenos_Aires",
		"America/St_Johns", "Asia/Kathmandu", "Australia/Eucla", "Pacific/Chatham", "Africa/Monrovia", "Asia/Tehran", "Asia/Calcutta",
		"America/Sao_Paulo", "Europe/Kyiv", "Antarctica/Troll",
	} {
		add("zone "+name, cron(name, "15 3 * * *", "0 14 1 * *"), at("2007-07-07T07:07:07Z"), at("2077-07-07T07:07:07Z"))
	}
}

// Where clocks change. In zones west of Greenwich Temporal's walk is right; klamm's list of differences names the others.
func clockChanges(add func(string, *schedulepb.ScheduleSpec, ...time.Time)) {
	for _, change := range []struct{ zone, forward, back string }{
		{"America/New_York", "2024-03-10T05:45:00Z", "2024-11-03T03:45:00Z"},
		{"America/Los_Angeles", "2024-03-10T08:45:00Z", "2024-11-03T07:45:00Z"},
		{"America/Havana", "2024-03-10T03:45:00Z", "2024-11-03T03:45:00Z"},
		{"America/Santiago", "2024-09-08T02:45:00Z", "2024-04-07T01:45:00Z"},
		{"Atlantic/Azores", "2024-03-30T23:45:00Z", "2024-10-26T23:45:00Z"},
		{"Europe/London", "2024-03-30T23:45:00Z", "2024-10-26T23:45:00Z"},
		{"Europe/Berlin", "2024-03-30T23:45:00Z", "2024-10-26T22:45:00Z"},
		{"Asia/Beirut", "2024-03-30T20:45:00Z", "2024-10-26T19:45:00Z"},
		{"Australia/Sydney", "2024-10-05T14:45:00Z", "2024-04-06T14:45:00Z"},
		{"Australia/Lord_Howe", "2024-10-05T14:15:00Z", "2024-04-06T13:45:00Z"},
		{"Pacific/Auckland", "2024-09-28T12:45:00Z", "2024-04-06T12:45:00Z"},
	} {
		add(change.zone+" forward, by the hour", cron(change.zone, "0 * * * *"), at(change.forward))
		add(change.zone+" forward, by 20 minutes", cron(change.zone, "*/20 * * * *"), at(change.forward))
		add(change.zone+" forward, in the gap", cron(change.zone, "30 0,2 * * *"), at(change.forward))
		add(change.zone+" back, by the hour", cron(change.zone, "0 * * * *"), at(change.back))
		add(change.zone+" back, by 20 minutes", cron(change.zone, "*/20 * * * *"), at(change.back))
		add(change.zone+" back, once a day", cron(change.zone, "30 1 * * *"), at(change.back))
	}
	add("Samoa leaves a day out", cron("Pacific/Apia", "0 12 * * *"), at("2011-12-29T12:00:00Z"))
	add("Caracas moves by half an hour", cron("America/Caracas", "45 2 * * *"), at("2016-04-30T00:00:00Z"))
	add("Casablanca in Ramadan", cron("Africa/Casablanca", "0 4 * * *"), at("2025-02-21T00:00:00Z"), at("2025-04-03T00:00:00Z"))
}

// tzif makes data of one zone without changes and a rule.
func tzif(rule string) []byte {
	header := func(version byte) []byte {
		out := append([]byte("TZif"), version)
		out = append(out, make([]byte, 15)...)
		for _, count := range []byte{0, 0, 0, 0, 1, 4} {
			out = append(out, 0, 0, 0, count)
		}
		return out
	}
	body := append(make([]byte, 6), 'U', 'T', 'C', 0)
	out := append(header('3'), body...)
	out = append(out, header('3')...)
	out = append(out, body...)
	return append(out, "\n"+rule+"\n"...)
}
