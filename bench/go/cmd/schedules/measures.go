package main

import (
	"fmt"
	"time"

	schedulepb "go.temporal.io/api/schedule/v1"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// burst: all are due at one second, once.
func burst(b *bench) error {
	due := time.Now().Add(b.lead).Truncate(time.Second)
	err := b.create(b.count, func(int) *schedulepb.ScheduleSpec {
		return &schedulepb.ScheduleSpec{
			Interval:  []*schedulepb.IntervalSpec{{Interval: durationpb.New(time.Second)}},
			StartTime: timestamppb.New(due), EndTime: timestamppb.New(due),
		}
	})
	if err != nil {
		return err
	}
	if time.Now().After(due) {
		return fmt.Errorf("%d schedules were not made within %s; hint: a longer --lead", b.count, b.lead)
	}
	return b.awaitStarts(b.count, due, due)
}

// steady: each second brings the same number, of schedules that have a longer interval.
func steady(b *bench) error {
	interval := int(b.every / time.Second)
	count := b.perSecond * interval
	first := time.Now().Add(b.lead).Truncate(time.Second)
	last := first.Add(b.duration - time.Second)
	err := b.create(count, func(number int) *schedulepb.ScheduleSpec {
		return &schedulepb.ScheduleSpec{
			Interval: []*schedulepb.IntervalSpec{{
				Interval: durationpb.New(b.every), Phase: durationpb.New(time.Duration(number%interval) * time.Second),
			}},
			StartTime: timestamppb.New(first), EndTime: timestamppb.New(last), Jitter: durationpb.New(b.jitter),
		}
	})
	if err != nil {
		return err
	}
	if time.Now().After(first) {
		return fmt.Errorf("%d schedules were not made within %s; hint: a longer --lead", count, b.lead)
	}
	time.Sleep(time.Until(first))
	stop := make(chan struct{})
	time.AfterFunc(time.Until(last.Add(time.Second)), func() { close(stop) })
	if err := b.describeUntil(stop, count); err != nil {
		return fmt.Errorf("while describing: %w", err)
	}
	return b.awaitStarts(b.perSecond*int(b.duration/time.Second), first, last)
}

// memory: they only stand there.
func memory(b *bench) error {
	err := b.create(b.count, func(number int) *schedulepb.ScheduleSpec {
		return &schedulepb.ScheduleSpec{StructuredCalendar: []*schedulepb.StructuredCalendarSpec{{
			Second: one(int32(number%60), 0), Minute: one(int32(number/60%60), 0), Hour: one(9, 0),
			DayOfMonth: one(1, 31), Month: one(1, 12), DayOfWeek: one(0, 6), Year: one(2090, 0),
		}}}
	})
	if err != nil {
		return err
	}
	stop := make(chan struct{})
	time.AfterFunc(10*time.Second, func() { close(stop) })
	return b.describeUntil(stop, b.count)
}

func one(start, end int32) []*schedulepb.Range { return []*schedulepb.Range{{Start: start, End: end}} }
