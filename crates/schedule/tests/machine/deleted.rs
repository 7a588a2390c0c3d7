//! What a schedule decided outlives it.

use klamm_machine::Time;
use klamm_messages::temporal::{
    enums::v1::ScheduleOverlapPolicy as Policy,
    schedule::v1::{IntervalSpec, ScheduleSpec},
};

use crate::env::{Env, answered, backfill, delete_body, every, overlap, rejected, seconds};

const HOUR: i64 = 3_600_000;

#[test]
fn decisions_stay_for_their_time_and_then_all_goes() {
    let mut env = Env::new();
    env.settings.schedule_audit_retention = Some(seconds(6 * 3600));
    env.create(|schedule| {
        schedule.spec = Some(every(3600));
        overlap(Policy::AllowAll)(schedule);
    });
    env.advance(3 * HOUR);
    env.accept(delete_body());
    assert!(!env.exists());
    let audit = env.audit();
    insta::assert_snapshot!(audit, @r"
    1 FIRED 01:00:00 ALLOW_ALL #1 01:00:00
    2 FIRED 02:00:00 ALLOW_ALL #2 02:00:00
    3 FIRED 03:00:00 ALLOW_ALL #3 03:00:00
    ");
    let remains = env.remains().unwrap();
    assert_eq!(remains.delete_time.as_ref().map(Time::from), Some(env.now()));
    let definition = remains.definition.clone().unwrap();
    assert!(definition.schedule.unwrap().action.is_none(), "no inputs are kept");
    // Each is kept for six hours, and a sixth of that longer at most.
    env.advance(4 * HOUR);
    assert_eq!(env.audit(), audit);
    env.advance(HOUR);
    assert_eq!(env.decisions().len(), 1, "those that are due go along");
    env.advance(HOUR);
    assert_eq!(env.decisions().len(), 1);
    env.advance(HOUR);
    assert!(env.rows.0.is_empty(), "{:?}", env.rows.0.keys());
    env.check_folds();
    env.check_replay();
}

#[test]
fn a_schedule_that_decided_nothing_is_told_of_as_long() {
    let mut env = Env::new();
    env.settings.schedule_audit_retention = Some(seconds(6 * 3600));
    env.create(|_| ());
    env.accept(delete_body());
    env.advance(6 * HOUR - 1);
    assert!(env.remains().is_some());
    env.advance(1);
    assert!(env.rows.0.is_empty(), "{:?}", env.rows.0.keys());
}

#[test]
fn what_waits_is_dropped_with_a_word() {
    let mut env = Env::created(overlap(Policy::BufferAll));
    env.advance(180_000);
    env.patch(|patch| patch.backfill_request = vec![backfill(-86_400, -1, Policy::BufferAll)]);
    let from = env.progress().next_audit;
    env.accept(delete_body());
    let audit = env.audit_from(from);
    let (first, last) = (audit.lines().next().unwrap(), audit.lines().last().unwrap());
    insta::assert_snapshot!(format!("{first}\n{last}"), @r"
    502 DROPPED_BY_DELETE 00:02:00 BUFFER_ALL #2
    1002 DROPPED_BY_DELETE -1d 08:17:00 to -1d 23:59:59 x1 manual BUFFER_ALL (the rest of a backfill)
    ");
    env.check_folds();
}

#[test]
fn a_start_that_is_answered_later_is_told_too() {
    for is_accepted in [true, false] {
        let mut env = Env::new();
        env.answers = false;
        env.create(|_| ());
        env.advance(60_000);
        env.accept(delete_body());
        assert_eq!(env.audit(), "");
        env.advance(5);
        let id = "w-2026-01-01T00:01:00Z";
        let start = env.starts[id].clone();
        env.accept(if is_accepted { answered(id, &start) } else { rejected(id, &start, "no", false) });
        if is_accepted {
            insta::assert_snapshot!(env.audit(), @"1 FIRED 00:01:00 #1 00:01:00");
        } else {
            insta::assert_snapshot!(env.audit(), @"1 START_REJECTED 00:01:00 #1 00:01:00 (no)");
        }
        env.ignores(answered(id, &start));
        env.advance(8 * 24 * HOUR + 4 * HOUR);
        assert!(env.rows.0.is_empty(), "{:?}", env.rows.0.keys());
        env.check_replay();
    }
}

#[test]
fn another_schedule_of_the_id_goes_on_with_the_numbers() {
    let mut env = Env::created(overlap(Policy::AllowAll));
    env.advance(120_000);
    env.accept(delete_body());
    env.advance(30_000);
    env.create(overlap(Policy::AllowAll));
    env.advance(60_000);
    insta::assert_snapshot!(env.audit(), @r"
    1 FIRED 00:01:00 ALLOW_ALL #1 00:01:00
    2 FIRED 00:02:00 ALLOW_ALL #2 00:02:00
    3 FIRED 00:03:00 ALLOW_ALL #3 00:03:00
    ");
    assert_eq!((env.progress().first_audit, env.progress().own_audit, env.progress().next_audit), (1, 3, 4));
    // The earlier one's go in their time.
    env.patch(|patch| patch.pause = "p".to_owned());
    env.advance(7 * 24 * HOUR - 60_000);
    env.advance(28 * HOUR);
    assert_eq!(env.decisions().first().map(|decision| decision.n), Some(4));
    env.check_folds();
    env.check_replay();
}

#[test]
fn many_decisions_go_few_at_a_time() {
    let mut env = Env::new();
    env.checks_folds = false;
    env.settings.schedule_audit_retention = Some(seconds(3600));
    let interval = Some(seconds(1));
    env.create(|schedule| {
        schedule.spec = Some(ScheduleSpec { interval: vec![IntervalSpec { interval, phase: None }], ..ScheduleSpec::default() });
        overlap(Policy::AllowAll)(schedule);
    });
    env.advance(1_200_000);
    env.accept(delete_body());
    assert_eq!(env.decisions().len(), 1_200);
    env.pass(2 * HOUR);
    let mut left = vec![env.decisions().len()];
    while let Some(row) = env.wakes().first().cloned() {
        env.accept(crate::env::wake_body(&row));
        left.push(env.decisions().len());
    }
    assert_eq!(left, [1_200, 700, 200, 0]);
    assert!(env.rows.0.is_empty());
    env.check_folds();
}
