//! The machine keeps compiled specs. Its times are always those of the present spec.

use klamm_messages::temporal::schedule::v1::{IntervalSpec, Range, ScheduleSpec, StructuredCalendarSpec};
use klamm_schedule::{
    STEPS_MAX,
    spec::{Spec, Steps},
    view,
};
use proptest::{collection::vec, prelude::*};

use crate::env::{Env, ID, every, minutely, seconds, update_body};

/// Specs of which some are equal, and some differ only a little.
fn specs() -> impl Strategy<Value = ScheduleSpec> {
    let interval = (1..4_i64, 0..2_i64).prop_map(|(minutes, phase)| ScheduleSpec {
        interval: vec![IntervalSpec { interval: Some(seconds(60 * minutes)), phase: Some(seconds(phase)) }],
        ..ScheduleSpec::default()
    });
    let range = |start: i32| vec![Range { start, end: start, step: 1 }];
    let all = |start, end| vec![Range { start, end, step: 1 }];
    let calendar = (0..2, 0..3).prop_map(move |(second, minute)| StructuredCalendarSpec {
        second: range(second),
        minute: range(minute),
        hour: all(0, 23),
        day_of_month: all(1, 31),
        month: all(1, 12),
        day_of_week: all(0, 6),
        ..StructuredCalendarSpec::default()
    });
    let zone = prop_oneof![Just(""), Just("Asia/Kathmandu"), Just("Europe/Berlin")];
    let calendars =
        (vec(calendar.clone(), 1..3), vec(calendar, 0..2), zone).prop_map(|(structured_calendar, excluded, zone)| ScheduleSpec {
            structured_calendar,
            exclude_structured_calendar: excluded,
            timezone_name: zone.to_owned(),
            ..ScheduleSpec::default()
        });
    let cron = prop_oneof![Just("* * * * *"), Just("0 * * * *")];
    let cron = cron.prop_map(|text| ScheduleSpec { cron_string: vec![text.to_owned()], ..ScheduleSpec::default() });
    let jitter = prop_oneof![2 => Just(None), 1 => Just(Some(seconds(20)))];
    (prop_oneof![interval, calendars, cron], jitter).prop_map(|(spec, jitter)| ScheduleSpec { jitter, ..spec })
}

/// The schedule wakes at the next time of its spec, as a spec that is compiled now gives it.
fn check(env: &Env, spec: &ScheduleSpec) {
    let compiled = Spec::compile(spec).unwrap();
    assert_eq!(env.definition().schedule.as_ref().unwrap().spec.as_ref(), Some(compiled.canonical()));
    let shown = view::describe(ID, &env.definition(), &env.progress(), env.now(), &mut Steps::new(STEPS_MAX));
    let next = shown.info.unwrap().future_action_times.first().copied();
    // Without a next time it is something else that is waited for.
    assert!(next.is_none() || env.progress().wake_time == next, "{:?} is not {next:?}", env.progress().wake_time);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_kept_spec_gives_the_times_of_the_present_one(updates in vec((specs(), 0..200_000_i64), 1..12)) {
        let mut env = Env::created(|schedule| schedule.spec = Some(every(60)));
        env.checks_folds = false;
        check(&env, &every(60));
        for (spec, pause) in updates {
            let mut schedule = minutely();
            schedule.spec = Some(spec.clone());
            env.accept(update_body(schedule, |_| ()));
            check(&env, &spec);
            env.advance(pause);
            check(&env, &spec);
        }
        env.check_replay();
    }
}
