//! What holds for the times and the canonical form of any spec.

use klamm_machine::Time;
use klamm_messages::temporal::schedule::v1::{CalendarSpec, IntervalSpec, Range, ScheduleSpec, StructuredCalendarSpec};
use klamm_schedule::{
    STEPS_MAX,
    spec::{Found, Spec, Steps},
};
use proptest::collection::vec;
use proptest::prelude::*;
use prost_types::{Duration, Timestamp};

use crate::specs;

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn times_go_on_and_jitter_stays_before_the_next(spec in specs::spec(true), (zone, after) in specs::zone_and_time(), millis in 0_i64..1000, seed in ".{0,60}") {
        let spec = ScheduleSpec { timezone_name: zone.name().to_owned(), ..spec };
        let compiled = Spec::compile(&spec).unwrap();
        let jitter_ms_max = spec.jitter.map_or(0, |jitter| jitter.seconds * 1000 + i64::from(jitter.nanos) / 1_000_000);
        let mut after = Time::from_millis(after * 1000 + millis);
        for _ in 0..5 {
            let Some(due) = compiled.next(&seed, after) else { break };
            prop_assert!(due.nominal > after && due.nominal.millis() % 1000 == 0);
            prop_assert!(due.actual >= due.nominal);
            let jitter = due.actual.millis() - due.nominal.millis();
            prop_assert!(jitter == 0 || jitter < jitter_ms_max);
            // Anything between gives the same.
            let between = Time::from_millis(after.millis() + (due.nominal.millis() - after.millis() - 1) / 2);
            prop_assert_eq!(compiled.next(&seed, between), Some(due));
            if let Some(following) = compiled.next(&seed, due.nominal) {
                prop_assert!(due.actual < following.nominal);
                // So looking on from the actual time misses nothing.
                prop_assert_eq!(compiled.next(&seed, due.actual), Some(following));
            }
            after = due.nominal;
        }
    }

    #[test]
    fn a_search_in_parts_comes_to_the_same(spec in specs::spec(true), (zone, after) in specs::zone_and_time(), budget in 2_000_u64..20_000) {
        let compiled = Spec::compile(&ScheduleSpec { timezone_name: zone.name().to_owned(), ..spec }).unwrap();
        let end = Time::from_millis(i64::MAX);
        let mut after = Time::from_millis(after * 1000);
        let whole = compiled.search("seed", after, end, &mut Steps::new(STEPS_MAX));
        let mut taken = 0;
        let parts = loop {
            let mut steps = Steps::new(budget);
            let found = compiled.search("seed", after, end, &mut steps);
            taken += steps.taken();
            match found {
                Found::NotUpTo(until) if taken < STEPS_MAX * 2 => {
                    prop_assert!(until > after, "it goes on");
                    after = until;
                }
                found => break found,
            }
        };
        if !matches!(whole, Found::NotUpTo(_)) {
            prop_assert_eq!(parts, whole);
        }
    }

    #[test]
    fn matching_times_are_the_next_ones(spec in specs::spec(true), (zone, start) in specs::zone_and_time(), length in 0_i64..100_000, limit in 0_usize..20) {
        let compiled = Spec::compile(&ScheduleSpec { timezone_name: zone.name().to_owned(), ..spec }).unwrap();
        let (start, end) = (Time::from_millis(start * 1000), Time::from_millis((start + length) * 1000));
        let found = compiled.matching("seed", start, end, limit, &mut Steps::new(STEPS_MAX)).unwrap();
        prop_assert!(found.len() <= limit);
        prop_assert!(found.iter().all(|due| due.actual > start && due.actual <= end));
        prop_assert!(found.is_sorted_by(|one, other| one.nominal < other.nominal && one.actual < other.actual));
        if found.len() < limit {
            let last = found.last().map_or(start, |due| due.actual);
            prop_assert!(compiled.next("seed", last).is_none_or(|due| due.actual > end));
        }
    }

    #[test]
    fn the_canonical_form_of_a_canonical_form_is_itself(spec in anything(), (zone, after) in specs::zone_and_time()) {
        let spec = ScheduleSpec { timezone_name: zone.name().to_owned(), timezone_data: Vec::new().into(), ..spec };
        let Ok(compiled) = Spec::compile(&spec) else { return Ok(()) };
        let again = Spec::compile(compiled.canonical()).unwrap();
        prop_assert_eq!(compiled.canonical(), again.canonical());
        let after = Time::from_millis(after * 1000);
        prop_assert_eq!(compiled.next("seed", after), again.next("seed", after));
    }

    #[test]
    fn nothing_panics(spec in anything(), after in any::<i64>(), seed in any::<String>()) {
        let Ok(compiled) = Spec::compile(&spec) else { return Ok(()) };
        for after in [after, i64::MIN, i64::MAX, 0, 1_700_000_000_000, 4_133_980_799_999, after / 1_000_000] {
            let after = Time::from_millis(after);
            if let Some(due) = compiled.next(&seed, after) {
                prop_assert!(due.nominal > after && due.actual >= due.nominal);
            }
            compiled.matching(&seed, after, Time::from_millis(i64::MAX), 3, &mut Steps::new(STEPS_MAX)).ok();
        }
    }
}

/// Any spec at all: mostly nonsense, with enough sense in it that some compile.
#[allow(deprecated, reason = "exclude_calendar is still accepted")]
fn anything() -> impl Strategy<Value = ScheduleSpec> {
    let number = || prop_oneof![8 => 0..60, 1 => any::<i32>(), 1 => Just(i32::MAX), 1 => Just(i32::MIN)];
    let wide = || prop_oneof![3 => 0_i64..2_000_000_000, 1 => any::<i64>(), 1 => Just(i64::MAX), 1 => Just(i64::MIN)];
    let nanos = || prop_oneof![3 => Just(0), 1 => 0..1_000_000_000, 1 => any::<i32>()];
    let ranges = move || vec((number(), number(), 0..3).prop_map(|(start, end, step)| Range { start, end, step }), 0..3);
    let wild = (ranges(), ranges(), ranges(), ranges(), ranges(), ranges(), ranges()).prop_map(
        |(second, minute, hour, day_of_month, month, year, day_of_week)| StructuredCalendarSpec {
            second,
            minute,
            hour,
            day_of_month,
            month,
            year,
            day_of_week,
            comment: String::new(),
        },
    );
    let field = || prop_oneof![3 => Just(String::new()), 3 => "[0-9]{1,2}", 2 => r"(\*|[0-9]{1,2})(-[0-9]{1,2})?(/[0-9]{1,2})?(,[0-9])?", 1 => ".{0,6}"];
    let calendar =
        (field(), field(), field(), field(), field(), field()).prop_map(|(second, minute, hour, day_of_month, month, day_of_week)| {
            CalendarSpec { second, minute, hour, day_of_month, month, day_of_week, ..CalendarSpec::default() }
        });
    let cron = prop_oneof![
        r"(TZ=UTC )?(\*|[0-9]{1,2}|\*/[1-9]) (\*|1?[0-9]) (\*|[1-9]) (\*|[1-9]|jan|DEC) (\*|[0-7]|mon)( 20[0-9]{2})?( # [a-z]{0,5})?",
        r"@every [0-9]{0,9}(\.[0-9])?[smhd]?(/[0-9]{1,3}[smh])?",
        ".{0,30}",
    ];
    let duration = || (wide(), nanos()).prop_map(|(seconds, nanos)| Duration { seconds, nanos });
    let interval = (prop::option::of(duration()), prop::option::weighted(0.2, duration()))
        .prop_map(|(interval, phase)| IntervalSpec { interval, phase });
    let timestamp = || prop::option::weighted(0.3, (wide(), nanos()).prop_map(|(seconds, nanos)| Timestamp { seconds, nanos }));
    (
        prop_oneof![vec(wild.clone(), 0..2), vec(specs::calendar(false), 0..2)],
        prop_oneof![1 => vec(wild, 0..2), 1 => vec(specs::calendar(true), 0..2)],
        vec(calendar.clone(), 0..2),
        prop_oneof![3 => Just(Vec::new()), 1 => vec(calendar, 0..2)],
        prop_oneof![2 => Just(Vec::new()), 1 => vec(cron, 1..2)],
        prop_oneof![2 => Just(Vec::new()), 1 => vec(interval, 1..2)],
        (timestamp(), timestamp(), prop::option::of(duration())),
        prop_oneof![Just(String::new()), Just("America/New_York".to_owned()), Just("Local".to_owned()), ".{0,10}"],
        prop_oneof![9 => Just(Vec::new()), 1 => vec(any::<u8>(), 0..60)],
    )
        .prop_map(
            |(
                structured_calendar,
                exclude_structured_calendar,
                calendar,
                exclude_calendar,
                cron_string,
                interval,
                (start_time, end_time, jitter),
                timezone_name,
                timezone_data,
            )| {
                ScheduleSpec {
                    structured_calendar,
                    exclude_structured_calendar,
                    calendar,
                    exclude_calendar,
                    cron_string,
                    interval,
                    start_time,
                    end_time,
                    jitter,
                    timezone_name,
                    timezone_data: timezone_data.into(),
                }
            },
        )
}
