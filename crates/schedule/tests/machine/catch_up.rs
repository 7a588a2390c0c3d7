//! Outages: what was due meanwhile is decided afterwards, inside the catch-up window, in pieces.

use klamm_messages::temporal::{
    enums::v1::ScheduleOverlapPolicy as Policy,
    schedule::v1::{Schedule, SchedulePolicies},
};

use crate::env::{Env, every, overlap, seconds};

/// Policies with a catch-up window.
fn window(policy: Policy, window: i64) -> impl FnOnce(&mut Schedule) {
    move |schedule| {
        schedule.policies =
            Some(SchedulePolicies { overlap_policy: policy as i32, catchup_window: Some(seconds(window)), ..SchedulePolicies::default() });
    }
}

/// A minutely schedule after an hour in which nobody looked.
fn after_an_hour(change: impl FnOnce(&mut Schedule)) -> Env {
    let mut env = Env::created(change);
    env.pass(3_600_000);
    env.settle();
    env
}

#[test]
fn an_hours_outage_with_skip_starts_one_and_skips_the_others() {
    let mut env = after_an_hour(overlap(Policy::Skip));
    insta::assert_snapshot!(env.sent(), @"start 00:01:00 REJECT_DUPLICATE");
    insta::assert_snapshot!(env.stands(), @"1 actions, 59 skipped, running 00:01:00, token 1, wakes 01:01:00");
    insta::assert_snapshot!(env.audit(), @r"
    1 SKIPPED_OVERLAP 00:02:00 to 01:00:00 x59 (in the way: 00:01:00Z)
    2 FIRED 00:01:00 #1 00:01:00
    ");
    env.check_replay();
}

#[test]
fn an_hours_outage_with_buffer_one_starts_two() {
    let mut env = after_an_hour(overlap(Policy::BufferOne));
    insta::assert_snapshot!(env.stands(), @"1 actions, 58 skipped, running 00:01:00, waiting 00:02:00, token 1, wakes 01:01:00");
    env.complete();
    insta::assert_snapshot!(env.sent(), @r"
    start 00:01:00 REJECT_DUPLICATE
    start 00:02:00 REJECT_DUPLICATE
    ");
}

#[test]
fn an_hours_outage_with_buffer_all_starts_all_one_after_the_other() {
    let mut env = after_an_hour(overlap(Policy::BufferAll));
    for _ in 0..60 {
        env.complete();
    }
    assert_eq!((env.sent().lines().count(), env.progress().action_count), (60, 60));
    insta::assert_snapshot!(env.stands(), @"60 actions, token 1, wakes 01:01:00");
}

#[test]
fn an_hours_outage_with_allow_all_starts_all_at_once() {
    let mut env = after_an_hour(overlap(Policy::AllowAll));
    assert_eq!(env.sent().lines().count(), 60);
    insta::assert_snapshot!(env.stands(), @"60 actions, 60 overlapping, token 1, wakes 01:01:00");
}

#[test]
fn an_hours_outage_with_cancel_or_terminate_other_starts_the_newest() {
    for policy in [Policy::CancelOther, Policy::TerminateOther] {
        let mut env = after_an_hour(overlap(policy));
        insta::allow_duplicates! {
            insta::assert_snapshot!(env.sent(), @"start 01:00:00 REJECT_DUPLICATE");
            insta::assert_snapshot!(env.stands(), @"1 actions, running 01:00:00, token 1, wakes 01:01:00");
        }
    }
}

#[test]
fn times_older_than_the_window_are_missed() {
    let mut env = after_an_hour(window(Policy::BufferAll, 180));
    insta::assert_snapshot!(env.sent(), @"start 00:57:00 REJECT_DUPLICATE");
    insta::assert_snapshot!(env.stands(), @"1 actions, 56 missed, running 00:57:00, waiting 00:58:00 00:59:00 01:00:00, token 1, wakes 01:01:00");
    insta::assert_snapshot!(env.audit(), @r"
    1 MISSED_CATCHUP_WINDOW 00:01:00 to 00:56:00 x56 BUFFER_ALL
    2 BUFFERED 00:58:00 BUFFER_ALL #2
    3 BUFFERED 00:59:00 BUFFER_ALL #3
    4 BUFFERED 01:00:00 BUFFER_ALL #4
    5 FIRED 00:57:00 BUFFER_ALL #1 00:57:00
    ");
}

#[test]
fn the_window_is_at_least_ten_seconds() {
    let mut env = Env::created(window(Policy::Skip, 1));
    env.pass(70_000);
    env.settle();
    insta::assert_snapshot!(env.stands(), @"1 actions, running 00:01:00, token 1, wakes 00:02:00");
    env.pass(51_000 + 10_001 - 1_000);
    env.settle();
    insta::assert_snapshot!(env.audit(), @r"
    1 FIRED 00:01:00 #1 00:01:00
    2 MISSED_CATCHUP_WINDOW 00:02:00
    ");
    assert_eq!(env.definition().schedule.clone().unwrap().policies.unwrap().catchup_window, Some(seconds(10)));
}

#[test]
fn a_day_of_seconds_is_caught_up_in_pieces_and_few_records() {
    let mut env = Env::created(|schedule| schedule.spec = Some(every(1)));
    env.checks_folds = false;
    env.pass(86_400_000);
    let commands = env.log.len();
    env.settle();
    assert!(env.log.len() - commands < 600, "{} events", env.log.len() - commands);
    insta::assert_snapshot!(env.sent(), @"start 00:00:01 REJECT_DUPLICATE");
    insta::assert_snapshot!(env.stands(), @"1 actions, 86399 skipped, running 00:00:01, token 1, wakes 1d 00:00:01");
    insta::assert_snapshot!(env.audit(), @r"
    1 SKIPPED_OVERLAP 00:00:02 to 00:08:20 x499 (in the way: 00:00:01Z)
    2 FIRED 00:00:01 #1 00:00:01
    3 SKIPPED_OVERLAP 00:08:21 to 1d 00:00:00 x85900 (in the way: 00:00:01Z)
    ");
    env.check_replay();
}

#[test]
fn of_a_day_of_seconds_the_newest_starts_where_newer_ones_replace_others() {
    for policy in [Policy::CancelOther, Policy::TerminateOther] {
        let mut env = Env::created(|schedule| {
            schedule.spec = Some(every(1));
            overlap(policy)(schedule);
        });
        env.checks_folds = false;
        env.pass(86_400_000);
        env.settle();
        assert_eq!(env.sent(), "start w-2026-01-02T00:00:00Z REJECT_DUPLICATE");
        let total: i64 = env.decisions().iter().map(|decision| decision.count).sum();
        assert_eq!(total, 86_400);
    }
}

#[test]
fn of_a_day_of_seconds_all_start_where_all_are_allowed() {
    let mut env = Env::created(|schedule| {
        schedule.spec = Some(every(10));
        overlap(Policy::AllowAll)(schedule);
    });
    env.checks_folds = false;
    env.pass(86_400_000);
    env.settle();
    assert_eq!(env.sent().lines().count(), 8_640);
    insta::assert_snapshot!(env.stands(), @"8640 actions, 8640 overlapping, token 1, wakes 1d 00:00:10");
}

#[test]
fn large_starts_are_sent_few_at_a_time() {
    let mut env = Env::created(|schedule| {
        overlap(Policy::AllowAll)(schedule);
        let action = schedule.action.as_mut().and_then(|action| action.action.as_mut()).unwrap();
        let klamm_messages::temporal::schedule::v1::schedule_action::Action::StartWorkflow(info) = action;
        info.input = Some(crate::env::payloads(&"x".repeat(2 << 20)));
    });
    env.answers = false;
    env.pass(600_000);
    let row = env.wakes()[0].clone();
    env.accept(crate::env::wake_body(&row));
    assert_eq!(env.sent().lines().count(), 3);
    env.settle();
    assert_eq!(env.sent(), "");
    env.answers = true;
    let (workflow_id, start) = env.starts.first_key_value().map(|(id, start)| (id.clone(), start.clone())).unwrap();
    env.accept(crate::env::answered(&workflow_id, &start));
    assert_eq!(env.sent().lines().count(), 7);
}

#[test]
fn early_doubled_and_stale_wake_ups_change_nothing() {
    let mut env = Env::created(|_| ());
    let row = env.wakes()[0].clone();
    env.ignores(crate::env::wake_body(&row));
    env.advance(60_000);
    env.ignores(crate::env::wake_body(&row));
    env.accept(crate::env::delete_body());
    env.ignores(crate::env::wake_body(&row));
}
