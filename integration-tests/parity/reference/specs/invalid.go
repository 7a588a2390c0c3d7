package main

import (
	"strings"
	"time"

	schedulepb "go.temporal.io/api/schedule/v1"
	"google.golang.org/protobuf/types/known/durationpb"
)

// Specs that are refused, for the words.
func invalid(w *Writer) {
	add := func(name string, spec *schedulepb.ScheduleSpec) {
		w.Add("invalid "+name, seed, spec, at("2026-03-14T15:09:26Z"))
	}

	for _, text := range []string{
		"", "   ", "* * * *", "* * * * * * * *", "@sometimes", "@every", "@every5s", "@every x", "@every 5", "@every  5s", "@every 5parsecs",
		"@every 1h/", "@every 1h/x", "@every 1h/1h", "@every 1h/-1m", "@every 500ms", "@every -5s", "@every 1h/2h", "@every 99999999d",
		"@every 9999999999999999999999s", "@every \"5s\"", "@every 5é", "@every .s", "@every 1d 2h",
		"TZ=Europe/Paris", "TZ=Nowhere/Land * * * * *", "TZ=../etc/passwd * * * * *", "TZ=/etc/localtime * * * * *", "TZ= * * * * *",
		"CRON_TZ=america/new_york 0 0 * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 0 *", "* * * 13 *", "* * * * 8",
		"* * * * * 1999", "* * * * * 2101", "60 * * * * * *", "-5 * * * *", "5- * * * *", "5-3 * * * *", "1-5-7 * * * *", "1/2/3 * * * *",
		"1/ * * * *", "/5 * * * *", "*/0 * * * *", "*/-1 * * * *", "*/x * * * *", "*/99999999999999999999 * * * *", "*/4294967295 * * * *",
		"x * * * *", "1,,2 * * * *", "*-5 * * * *", "* * * ja *", "* * * janu-febx *", "* * * * m", "* * * * fri-sun", "* * * * fri-mon",
		"* * * dec-jan *", "60 24 32 13 8 1999", "*/\"\t * * * *", "0 0 * * * #" + strings.Repeat("c", 201),
	} {
		add("cron '"+text+"'", cron("", text))
	}
	add("crons of two zones", cron("", "TZ=UTC 0 9 * * *", "TZ=Etc/UTC 0 9 * * *"))
	add("crons with and without a zone", cron("", "TZ=UTC 0 9 * * *", "0 9 * * *"))
	add("cron zone and every", cron("", "TZ=UTC 0 9 * * *", "TZ=UTC @every 1h"))
	add("cron zone against the spec's", cron("Europe/Paris", "TZ=UTC 0 9 * * *"))
	withData := cron("", "TZ=UTC 0 9 * * *")
	withData.TimezoneData = tzif("UTC0")
	add("cron zone against data", withData)

	add("calendar", calendar("", &schedulepb.CalendarSpec{Second: "x", Minute: "60", Hour: "1-2-3", DayOfMonth: "0", Month: "smarch", Year: "1984", DayOfWeek: "1/0"}))
	add("calendar with spaces", calendar("", &schedulepb.CalendarSpec{Minute: "1, 2"}))
	add("calendar comment", calendar("", &schedulepb.CalendarSpec{Comment: strings.Repeat("c", 201)}))
	add("exclude calendar", &schedulepb.ScheduleSpec{ExcludeCalendar: []*schedulepb.CalendarSpec{{Hour: "25"}}})

	whole := structured([]*schedulepb.Range{{Start: 24}, {Start: 5, End: 3}, {Start: 5, End: 24}, {Start: -1}, {Start: 3, Step: -1}})
	whole.Comment = strings.Repeat("c", 201)
	whole.Second, whole.Minute = one(60), one(-1)
	whole.DayOfMonth, whole.Month, whole.DayOfWeek = one(0), one(13), one(7)
	whole.Year = []*schedulepb.Range{{Start: 1999}, {Start: 2000, End: 2101}, {Start: 0}}
	add("structured", &schedulepb.ScheduleSpec{StructuredCalendar: []*schedulepb.StructuredCalendarSpec{whole}})
	add("several things", &schedulepb.ScheduleSpec{
		StructuredCalendar: []*schedulepb.StructuredCalendarSpec{structured(one(24))},
		Interval:           []*schedulepb.IntervalSpec{every(0, 0)},
		CronString:         []string{"nonsense"},
		TimezoneName:       "Nowhere/Land",
	})

	add("interval of nothing", intervals(&schedulepb.IntervalSpec{}))
	add("interval too small", intervals(every(999*time.Millisecond, 0)))
	add("negative interval", intervals(every(-time.Hour, 0)))
	add("negative phase", intervals(every(time.Hour, -time.Nanosecond)))
	add("phase as long as the interval", intervals(every(time.Hour, time.Hour)))
	add("absurd phase", intervals(&schedulepb.IntervalSpec{Interval: durationpb.New(time.Hour), Phase: &durationpb.Duration{Seconds: 300_000_000_000}}))

	for _, name := range []string{"Nowhere/Land", "EST5", "utc", "europe/berlin", "..", "America/../UTC", "/UTC", `\UTC`, " UTC", "GMT+1", "é"} {
		add("zone "+name, cron(name, "0 0 * * *"))
	}
	data := tzif("EST5EDT,M3.2.0,M11.1.0")
	for _, length := range []int{1, 4, 5, 20, 43, 44, 54, 60, 98, 104} {
		add("data cut off", &schedulepb.ScheduleSpec{TimezoneName: "Mine", TimezoneData: data[:length]})
	}
	noMagic := append([]byte("tzif"), data[4:]...)
	add("data without magic", &schedulepb.ScheduleSpec{TimezoneData: noMagic})
	version := append([]byte("TZif9"), data[5:]...)
	add("data of version 9", &schedulepb.ScheduleSpec{TimezoneData: version})
}
