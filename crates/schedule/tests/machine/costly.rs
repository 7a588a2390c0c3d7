//! Specs whose times take long to find: no command takes long, the search goes on with the next, and ends.

use klamm_machine::Time;
use klamm_messages::temporal::{
    enums::v1::ScheduleOverlapPolicy as Policy,
    schedule::v1::{IntervalSpec, Range, ScheduleSpec, StructuredCalendarSpec},
};
use klamm_schedule::{STEPS_MAX, spec::Steps, view};

use crate::env::{Env, ID, START, backfill, every, minutely, seconds, wake_body};

/// Between two commands of one search.
const PAUSE: i64 = 50;

/// Every even second of every day, or of some months of 2026 only.
fn even_seconds(months_of_2026: Option<(i32, i32)>) -> StructuredCalendarSpec {
    let all = |start, end| vec![Range { start, end, step: 1 }];
    let (first, last) = months_of_2026.unwrap_or((1, 12));
    StructuredCalendarSpec {
        second: vec![Range { start: 0, end: 58, step: 2 }],
        minute: all(0, 59),
        hour: all(0, 23),
        day_of_month: all(1, 31),
        month: all(first, last),
        year: if months_of_2026.is_some() { all(2026, 2026) } else { Vec::new() },
        day_of_week: all(0, 6),
        comment: String::new(),
    }
}

/// Every second second, all of them excluded, or those of some months of 2026.
fn excluded(months_of_2026: Option<(i32, i32)>) -> ScheduleSpec {
    ScheduleSpec { exclude_structured_calendar: vec![even_seconds(months_of_2026)], ..every(2) }
}

/// As many different intervals as a spec has room for, each of an even number of seconds, and each time excluded.
fn many_intervals() -> ScheduleSpec {
    let interval = |n: i64| IntervalSpec { interval: Some(seconds(2 * n)), phase: None };
    ScheduleSpec { interval: (1..=120_000).map(interval).collect(), ..excluded(None) }
}

/// The next wake-up is decided, at its time; how long it was waited for.
fn wake(env: &mut Env) -> i64 {
    let row = env.wakes()[0].clone();
    let due = row.due.as_ref().map(Time::from).unwrap();
    let waited = due.millis() - env.now().millis();
    env.pass(waited);
    env.accept(wake_body(&row));
    waited
}

#[allow(deprecated, reason = "it says why a spec cannot be used")]
fn shown(env: &Env) -> (usize, String) {
    let described = view::describe(ID, &env.definition(), &env.progress(), env.now(), &mut Steps::new(STEPS_MAX));
    let info = described.info.unwrap();
    (info.future_action_times.len(), info.invalid_schedule_error)
}

#[test]
fn a_search_goes_on_with_each_command_until_it_finds() {
    let mut env = Env::created(|schedule| schedule.spec = Some(excluded(Some((1, 2)))));
    let mut searched = vec![env.progress().search.unwrap()];
    while env.progress().search.unwrap().count > 0 {
        assert_eq!(wake(&mut env), PAUSE);
        searched.push(env.progress().search.unwrap());
        assert!(searched.len() < 40, "{searched:?}");
    }
    assert!(searched.len() > 5, "{searched:?}");
    assert!(searched.is_sorted_by_key(|search| Time::or_epoch(search.none_until)), "{searched:?}");
    let march = START + 59 * 86_400_000;
    assert_eq!(env.wakes()[0].due.as_ref().map(Time::from), Some(Time::from_millis(march)));
    assert_eq!(shown(&env), (10, String::new()));
    // It is not searched for again.
    let search = env.progress().search;
    env.trigger(Policy::AllowAll);
    assert_eq!(env.progress().search, search);
    env.advance(march - env.now().millis() + 4_000);
    assert_eq!((env.progress().action_count + env.progress().overlap_skipped, env.progress().search), (4, None));
    env.check_replay();
}

#[test]
fn a_search_without_end_is_given_up_until_the_next_update() {
    let mut env = Env::new();
    for spec in [excluded(None), many_intervals()] {
        // Folding compares all rows each time.
        env.checks_folds = spec.interval.len() == 1;
        if env.exists() {
            env.update(|schedule| schedule.spec = Some(spec));
        } else {
            env.create(|schedule| schedule.spec = Some(spec));
        }
        let mut count = 1;
        while env.progress().search.unwrap().count < 40 {
            assert_eq!(env.progress().idle_close_time, None);
            assert_eq!(wake(&mut env), PAUSE);
            count += 1;
        }
        assert_eq!(count, 40);
        wake(&mut env);
        assert!(env.progress().idle_close_time.is_some());
        assert_eq!(shown(&env), (0, view::TOO_MANY_EXCLUSIONS.to_owned()));
        // It is still a schedule.
        env.trigger(Policy::AllowAll);
        assert!(env.sent().contains("start"));
    }
    env.update(|schedule| *schedule = minutely());
    assert_eq!(env.progress().search, None);
    assert_eq!(shown(&env), (10, String::new()));
}

#[test]
fn a_backfill_of_a_hundred_years_ends_with_a_word_where_all_is_excluded() {
    let mut env = Env::created(|schedule| {
        schedule.spec = Some(excluded(None));
        schedule.state.get_or_insert_default().paused = true;
    });
    let years = 100 * 365 * 86_400;
    env.patch(|patch| patch.backfill_request = vec![backfill(-years / 2, years / 2, Policy::AllowAll), backfill(0, 9, Policy::AllowAll)]);
    assert_eq!(env.progress().backfills.len(), 2);
    let mut count = 1;
    while !env.progress().backfills.is_empty() {
        assert_eq!(wake(&mut env), PAUSE);
        count += 1;
        assert!(count <= 41, "{:?}", env.progress().backfills);
    }
    let audit = env.audit();
    assert!(
        audit.starts_with("1 SEARCH_GIVEN_UP ") && audit.ends_with(" manual ALLOW_ALL (too many times in a row are excluded)"),
        "{audit}"
    );
    env.check_replay();
}

#[test]
fn a_backfill_finds_what_lies_beyond_many_exclusions() {
    let mut env = Env::created(|schedule| {
        schedule.spec = Some(excluded(Some((1, 2))));
        schedule.state.get_or_insert_default().paused = true;
    });
    let march = 59 * 86_400;
    env.patch(|patch| patch.backfill_request = vec![backfill(1, march + 4, Policy::AllowAll)]);
    while !env.progress().backfills.is_empty() {
        assert_eq!(wake(&mut env), PAUSE);
    }
    insta::assert_snapshot!(env.sent(), @r"
    start w-2026-03-01T00:00:00Z ALLOW_DUPLICATE
    start w-2026-03-01T00:00:02Z ALLOW_DUPLICATE
    start w-2026-03-01T00:00:04Z ALLOW_DUPLICATE
    ");
}

#[test]
fn a_spec_has_a_size_and_its_calendars_are_counted_written_out() {
    let mut env = Env::new();
    let calendars = ScheduleSpec { calendar: vec![Default::default(); 200_000], ..ScheduleSpec::default() };
    let crons = ScheduleSpec { cron_string: vec!["@daily".to_owned(); 200_000], ..ScheduleSpec::default() };
    let empty = ScheduleSpec { structured_calendar: vec![Default::default(); 400_000], ..ScheduleSpec::default() };
    let mut ranges = even_seconds(None);
    ranges.second = vec![Range { start: 1, end: 0, step: 0 }; 500_000];
    let ranges = ScheduleSpec { structured_calendar: vec![ranges], ..ScheduleSpec::default() };
    for spec in [calendars, crons, empty, ranges] {
        let mut schedule = minutely();
        schedule.spec = Some(spec);
        let refusal = env.refuse(crate::env::create_body(schedule, "r", None));
        assert_eq!(
            refusal,
            "InvalidArgument: Invalid schedule spec: its calendars and intervals, written out, take more than 2097152 bytes"
        );
    }
}
