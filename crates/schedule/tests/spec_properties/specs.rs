//! Random specs and times worth trying them at.

use chrono_tz::Tz;
use klamm_messages::temporal::schedule::v1::{IntervalSpec, Range, ScheduleSpec, StructuredCalendarSpec};
use proptest::collection::vec;
use proptest::prelude::*;
use prost_types::{Duration, Timestamp};

/// Zones with every kind of clock change, each with seconds (since the epoch) shortly before some of them.
pub(crate) const ZONES: &[(Tz, &[i64])] = &[
    (Tz::UTC, &[0, 951_782_400, 1_767_225_600]),
    (Tz::America__New_York, &[1_710_054_000, 1_730_613_600, 4_080_000_000]),
    (Tz::Europe__Berlin, &[1_711_846_800, 1_729_990_800]),
    (Tz::Europe__London, &[1_711_846_800, 1_729_990_800, 57_715_200]),
    (Tz::Europe__Dublin, &[1_711_846_800, 1_729_990_800]),
    (Tz::Australia__Sydney, &[1_712_419_200, 1_728_144_000]),
    (Tz::Australia__Lord_Howe, &[1_712_415_600, 1_728_142_200]),
    (Tz::Pacific__Auckland, &[1_712_412_000, 1_727_532_000]),
    (Tz::Pacific__Chatham, &[1_712_412_000, 1_727_532_000]),
    (Tz::America__Santiago, &[1_712_458_800, 1_725_768_000]),
    (Tz::America__Sao_Paulo, &[1_541_300_400, 1_550_368_800]),
    (Tz::America__Havana, &[1_710_046_800, 1_730_610_000]),
    (Tz::Asia__Beirut, &[1_711_836_000, 1_729_976_400]),
    (Tz::America__St_Johns, &[1_710_048_600, 1_289_100_660, 1_300_001_460]),
    // A day left out; and daylight saving around it.
    (Tz::Pacific__Apia, &[1_325_239_200, 1_301_752_800]),
    // Half an hour back, and forth.
    (Tz::America__Caracas, &[1_197_183_600, 1_462_086_000]),
    (Tz::Asia__Pyongyang, &[1_439_564_400, 1_525_446_000]),
    (Tz::Asia__Kathmandu, &[504_901_800]),
    // Back for Ramadan.
    (Tz::Africa__Casablanca, &[1_710_036_000, 1_713_060_000]),
    (Tz::Antarctica__Troll, &[1_711_846_800, 1_729_990_800]),
    // Two hours, eleven minutes, seconds.
    (Tz::Antarctica__Casey, &[1_255_802_400, 1_267_714_800, 1_319_738_400]),
    (Tz::Africa__Monrovia, &[63_593_070]),
];

/// A zone and a time, often near one of its changes.
pub(crate) fn zone_and_time() -> impl Strategy<Value = (Tz, i64)> {
    (0..ZONES.len(), any::<prop::sample::Index>(), prop_oneof![6 => Just(true), 1 => Just(false)], -9_000_i64..5_000, 0_i64..4_090_000_000)
        .prop_map(|(zone, change, near, shift, anywhere)| {
            let (zone, changes) = ZONES[zone];
            (zone, if near { (changes[change.index(changes.len())] + shift).max(0) } else { anywhere })
        })
}

fn ranges(min: i32, max: i32) -> impl Strategy<Value = Vec<Range>> {
    let range =
        (min..=max, 0..=max - min, 0..6).prop_map(move |(start, length, step)| Range { start, end: (start + length).min(max), step });
    let one = (min..=max).prop_map(|start| Range { start, end: 0, step: 0 });
    prop_oneof![
        3 => Just(vec![Range { start: min, end: max, step: 1 }]),
        3 => vec(prop_oneof![range, one], 1..3),
    ]
}

/// A structured calendar; `dense` ones come about often enough to be met by walking.
pub(crate) fn calendar(dense: bool) -> impl Strategy<Value = StructuredCalendarSpec> {
    let whole = |min, max| vec![Range { start: min, end: max, step: 1 }];
    let days = if dense { 8 } else { 1 };
    (
        ranges(0, 59),
        ranges(0, 59),
        prop_oneof![1 => ranges(0, 23), 1 => Just(whole(0, 23)), 1 => Just(whole(0, 4))],
        prop_oneof![1 => ranges(1, 31), days => Just(whole(1, 31))],
        prop_oneof![1 => ranges(1, 12), days => Just(whole(1, 12))],
        prop_oneof![1 => ranges(0, 6), days => Just(whole(0, 6))],
        prop_oneof![1 => ranges(2000, 2100), 8 => Just(Vec::new())],
    )
        .prop_map(|(second, minute, hour, day_of_month, month, day_of_week, year)| StructuredCalendarSpec {
            second,
            minute,
            hour,
            day_of_month,
            month,
            day_of_week,
            year,
            comment: String::new(),
        })
}

fn interval() -> impl Strategy<Value = IntervalSpec> {
    (1_i64..200_000, 0_i64..200_000).prop_map(|(length, phase)| IntervalSpec {
        interval: Some(Duration { seconds: length, nanos: 0 }),
        phase: Some(Duration { seconds: phase % length, nanos: 0 }),
    })
}

/// A valid spec of structured calendars and intervals in `zone`.
pub(crate) fn spec(dense: bool) -> impl Strategy<Value = ScheduleSpec> {
    let bound =
        || prop_oneof![5 => Just(None), 1 => (1_700_000_000_i64..1_735_000_000).prop_map(|seconds| Some(Timestamp { seconds, nanos: 0 }))];
    (
        vec(calendar(dense), 0..3),
        prop_oneof![2 => Just(Vec::new()), 1 => vec(interval(), 1..2)],
        prop_oneof![2 => Just(Vec::new()), 1 => vec(calendar(dense), 1..3)],
        bound(),
        bound(),
        prop_oneof![1 => Just(None), 1 => (0_i64..100_000_000, 0..1_000_000_000).prop_map(|(seconds, nanos)| Some(Duration { seconds, nanos }))],
    )
        .prop_map(|(structured_calendar, interval, exclude_structured_calendar, start_time, end_time, jitter)| ScheduleSpec {
            structured_calendar,
            interval,
            exclude_structured_calendar,
            start_time,
            end_time,
            jitter,
            ..ScheduleSpec::default()
        })
}
