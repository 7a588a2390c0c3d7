package main

import (
	"fmt"
	"math/rand"
	"strings"
	"time"

	schedulepb "go.temporal.io/api/schedule/v1"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Specs drawn at random, the same each time. Zones are those whose clock changes Temporal's walk gets right, and others
// without any.
var randomZones = []string{
	"", "UTC", "America/New_York", "America/Chicago", "America/Los_Angeles", "America/Halifax", "Asia/Tokyo", "Asia/Kolkata",
	"Asia/Kathmandu", "Africa/Lagos", "America/Phoenix", "Pacific/Kiritimati",
}

func random(w *Writer) {
	r := rand.New(rand.NewSource(5))
	for i := range 150 {
		spec := &schedulepb.ScheduleSpec{TimezoneName: randomZones[r.Intn(len(randomZones))]}
		for range r.Intn(3) {
			spec.StructuredCalendar = append(spec.StructuredCalendar, randomCalendar(r))
		}
		for range r.Intn(2) {
			spec.Calendar = append(spec.Calendar, &schedulepb.CalendarSpec{
				Second: randomText(r, 0, 59), Minute: randomText(r, 0, 59), Hour: randomText(r, 0, 23),
				DayOfMonth: randomText(r, 1, 31), Month: randomText(r, 1, 12), DayOfWeek: randomText(r, 0, 7),
			})
		}
		for range r.Intn(2) {
			spec.CronString = append(spec.CronString, strings.Join([]string{
				randomText(r, 0, 59), randomText(r, 0, 23), randomText(r, 1, 31), randomText(r, 1, 12), randomText(r, 0, 7),
			}, " "))
		}
		if r.Intn(3) == 0 || len(spec.StructuredCalendar)+len(spec.Calendar)+len(spec.CronString) == 0 {
			interval := time.Duration(1+r.Intn(200_000)) * time.Second
			spec.Interval = append(spec.Interval, every(interval, time.Duration(r.Int63n(int64(interval)))))
		}
		for range max(0, r.Intn(4)-1) {
			spec.ExcludeStructuredCalendar = append(spec.ExcludeStructuredCalendar, randomCalendar(r))
		}
		if r.Intn(2) == 0 {
			spec.Jitter = durationpb.New(time.Duration(r.Int63n(int64(time.Hour) * 12)))
		}
		middle := at("2020-01-01T00:00:00Z").Add(time.Duration(r.Int63n(int64(20 * 365 * 24 * time.Hour))))
		if r.Intn(4) == 0 {
			spec.StartTime = timestamppb.New(middle)
		}
		if r.Intn(4) == 0 {
			spec.EndTime = timestamppb.New(middle.Add(time.Duration(r.Int63n(int64(200 * 24 * time.Hour)))))
		}
		w.Add(fmt.Sprintf("random %d", i), fmt.Sprintf("%s-%d", namespaceID, i), spec, middle.Add(-time.Hour*30), middle.Truncate(time.Second))
	}
}

func randomCalendar(r *rand.Rand) *schedulepb.StructuredCalendarSpec {
	field := func(least, most int32) []*schedulepb.Range {
		if r.Intn(3) == 0 {
			return []*schedulepb.Range{{Start: least, End: most}}
		}
		var out []*schedulepb.Range
		for range 1 + r.Intn(2) {
			start := least + r.Int31n(most-least+1)
			out = append(out, &schedulepb.Range{Start: start, End: start + r.Int31n(most-start+1), Step: r.Int31n(5)})
		}
		return out
	}
	made := &schedulepb.StructuredCalendarSpec{
		Second: field(0, 59), Minute: field(0, 59), Hour: field(0, 23), DayOfMonth: field(1, 31), Month: field(1, 12), DayOfWeek: field(0, 6),
	}
	if r.Intn(4) == 0 {
		made.Year = field(2018, 2045)
	}
	return made
}

func randomText(r *rand.Rand, least, most int) string {
	start := least + r.Intn(most-least+1)
	end := start + r.Intn(most-start+1)
	switch r.Intn(6) {
	case 0:
		return fmt.Sprint(start)
	case 1:
		return fmt.Sprintf("%d-%d", start, end)
	case 2:
		return fmt.Sprintf("%d-%d/%d", start, end, 1+r.Intn(9))
	case 3:
		return fmt.Sprintf("%d/%d,%d", start, 1+r.Intn(20), end)
	case 4:
		return fmt.Sprintf("*/%d", 1+r.Intn(9))
	default:
		return "*"
	}
}
