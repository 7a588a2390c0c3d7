//! Searches of the most costly specs that there may be: each stays within its steps, but for the last thing that it looked at.

use klamm_machine::Time;
use klamm_messages::temporal::schedule::v1::{IntervalSpec, Range, ScheduleSpec, StructuredCalendarSpec};
use klamm_schedule::{
    STEPS_MAX,
    spec::{Found, Spec, Steps},
};
use prost_types::Duration;

/// The last look may cost more than there was: all intervals that a spec has room for, all days of a century and the minutes of one.
const BEYOND_MAX: u64 = 400_000;
/// 2026-01-01.
const AFTER: Time = Time::from_millis(1_767_225_600_000);

fn all(start: i32, end: i32) -> Vec<Range> {
    vec![Range { start, end, step: 1 }]
}

/// Every second second of every day.
fn even_seconds() -> StructuredCalendarSpec {
    StructuredCalendarSpec {
        second: vec![Range { start: 0, end: 58, step: 2 }],
        minute: all(0, 59),
        hour: all(0, 23),
        day_of_month: all(1, 31),
        month: all(1, 12),
        year: Vec::new(),
        day_of_week: all(0, 6),
        comment: String::new(),
    }
}

fn intervals(count: i64) -> Vec<IntervalSpec> {
    (1..=count).map(|n| IntervalSpec { interval: Some(Duration { seconds: 2 * n, nanos: 0 }), phase: None }).collect()
}

/// Calendars of one second each, all different, on some days only.
fn calendars(count: i32, day: StructuredCalendarSpec) -> Vec<StructuredCalendarSpec> {
    let one = |value| vec![Range { start: value, end: value, step: 1 }];
    let calendar =
        |n: i32| StructuredCalendarSpec { second: one(n % 30 * 2), minute: one(n / 30 % 60), hour: one(n / 1800 % 24), ..day.clone() };
    (0..count).map(calendar).collect()
}

/// Zone data whose clock moves by almost a day each second.
fn restless_zone(changes: i32) -> Vec<u8> {
    let mut data = b"TZif\0".to_vec();
    data.extend([0; 15]);
    data.extend([0_u32, 0, 0, changes as u32, 2, 4].iter().flat_map(|count| count.to_be_bytes()));
    data.extend((0..changes).flat_map(|n| (1_767_225_600 + n).to_be_bytes()));
    data.extend((0..changes).map(|n| (n % 2) as u8));
    for offset in [-86_000_i32, 86_000] {
        data.extend(offset.to_be_bytes());
        data.extend([0, 0]);
    }
    data.extend(b"UTC\0");
    data
}

#[test]
fn no_search_takes_more_steps_than_it_has() {
    let leap_days = StructuredCalendarSpec { day_of_month: all(29, 29), month: all(2, 2), day_of_week: all(0, 0), ..even_seconds() };
    let jitter = Some(Duration { seconds: 86_400, nanos: 0 });
    let gaps = StructuredCalendarSpec { year: all(2000, 2098), second: all(0, 59), ..even_seconds() };
    let specs = [
        ScheduleSpec { interval: intervals(1), exclude_structured_calendar: vec![even_seconds()], ..ScheduleSpec::default() },
        ScheduleSpec { interval: intervals(120_000), exclude_structured_calendar: vec![even_seconds()], jitter, ..ScheduleSpec::default() },
        ScheduleSpec { interval: intervals(1), exclude_structured_calendar: calendars(28_000, even_seconds()), ..ScheduleSpec::default() },
        ScheduleSpec { structured_calendar: calendars(28_000, leap_days), jitter, ..ScheduleSpec::default() },
        ScheduleSpec { interval: intervals(1), exclude_structured_calendar: vec![gaps], ..ScheduleSpec::default() },
        ScheduleSpec {
            structured_calendar: calendars(10_000, even_seconds()),
            exclude_structured_calendar: vec![even_seconds()],
            timezone_data: restless_zone(200_000).into(),
            ..ScheduleSpec::default()
        },
    ];
    for (index, spec) in specs.iter().enumerate() {
        let spec = Spec::compile(spec).unwrap_or_else(|error| panic!("{index}: {error}"));
        for budget in [1_000, STEPS_MAX] {
            let mut steps = Steps::new(budget);
            spec.search("seed", AFTER, Time::from_millis(i64::MAX), &mut steps);
            assert!(steps.taken() <= budget + BEYOND_MAX, "{index}: {} of {budget}", steps.taken());
        }
    }
    // What one command has suffices for a look at a time, however many intervals and calendars there are.
    for (index, spec) in specs[..5].iter().enumerate() {
        let spec = Spec::compile(spec).unwrap();
        let found = spec.search("seed", AFTER, Time::from_millis(i64::MAX), &mut Steps::new(STEPS_MAX));
        assert!(!matches!(found, Found::NotUpTo(until) if until <= AFTER), "{index}: {found:?}");
    }
}
