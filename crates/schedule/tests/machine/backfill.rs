//! Triggers and backfills.

use klamm_messages::temporal::{
    enums::v1::ScheduleOverlapPolicy as Policy,
    schedule::v1::{ScheduleState, TriggerImmediatelyRequest},
};

use crate::env::{Env, at, backfill, create_body, every, minutely, overlap, patch_body, trigger};

#[test]
fn a_trigger_starts_one_now() {
    let mut env = Env::created(|_| ());
    env.advance(1_500);
    env.trigger(Policy::Unspecified);
    insta::assert_snapshot!(env.sent(), @"start 00:00:01 ALLOW_DUPLICATE");
    insta::assert_snapshot!(env.stands(), @"1 actions, running 00:00:01, token 1, wakes 00:01:00");
    insta::assert_snapshot!(env.audit(), @"1 FIRED 00:00:01.500 manual #1 00:00:01");
}

#[test]
fn a_trigger_follows_the_schedules_policy_or_its_own() {
    let mut env = Env::created(|_| ());
    env.trigger(Policy::Unspecified);
    env.advance(1_000);
    env.trigger(Policy::Unspecified);
    env.advance(1_000);
    env.trigger(Policy::AllowAll);
    env.advance(1_000);
    env.trigger(Policy::BufferOne);
    insta::assert_snapshot!(env.audit(), @r"
    1 FIRED 00:00:00 manual #1 00:00:00
    2 SKIPPED_OVERLAP 00:00:01 manual (in the way: 00:00:00Z)
    3 FIRED 00:00:02 manual ALLOW_ALL #2 00:00:02
    4 BUFFERED 00:00:03 manual BUFFER_ONE #3
    ");
}

#[test]
fn a_trigger_may_tell_its_time() {
    let mut env = Env::created(|_| ());
    env.patch(|patch| {
        patch.trigger_immediately =
            Some(TriggerImmediatelyRequest { overlap_policy: Policy::Unspecified as i32, scheduled_time: Some(at(3661)) });
    });
    insta::assert_snapshot!(env.sent(), @"start 01:01:01 ALLOW_DUPLICATE");
    let absurd = [prost_types::Timestamp { seconds: i64::MAX, nanos: 0 }, prost_types::Timestamp { seconds: 0, nanos: -1 }];
    for time in absurd {
        let refusal = env.refuse(patch_body("", |patch| {
            patch.trigger_immediately =
                Some(TriggerImmediatelyRequest { overlap_policy: Policy::Unspecified as i32, scheduled_time: Some(time) });
        }));
        assert_eq!(refusal, "InvalidArgument: A time of the patch is out of range.");
    }
}

#[test]
fn a_paused_schedule_is_triggered_and_backfilled_and_keeps_its_limit() {
    let mut env = Env::created(|schedule| {
        schedule.state = Some(ScheduleState { paused: true, limited_actions: true, remaining_actions: 3, ..ScheduleState::default() });
    });
    env.trigger(Policy::AllowAll);
    env.patch(|patch| patch.backfill_request = vec![backfill(-120, -60, Policy::AllowAll)]);
    insta::assert_snapshot!(env.sent(), @r"
    start 00:00:00 ALLOW_DUPLICATE
    start w-2025-12-31T23:58:00Z ALLOW_DUPLICATE
    start w-2025-12-31T23:59:00Z ALLOW_DUPLICATE
    ");
    insta::assert_snapshot!(env.stands(), @"3 actions, 3 overlapping, 3 remaining, paused, token 1, wakes 8d 04:00:00");
}

#[test]
fn the_initial_patch_takes_effect_at_once() {
    let mut env = Env::new();
    let mut patch = klamm_messages::temporal::schedule::v1::SchedulePatch {
        trigger_immediately: Some(trigger(Policy::Unspecified)),
        pause: "not yet".to_owned(),
        ..Default::default()
    };
    patch.backfill_request = vec![backfill(-120, -60, Policy::AllowAll)];
    let answer = env.accept(create_body(minutely(), "r", Some(patch)));
    assert_eq!(answer, klamm_schedule::Answer::Token(2_i64.to_be_bytes().to_vec()));
    insta::assert_snapshot!(env.sent(), @r"
    start w-2025-12-31T23:58:00Z ALLOW_DUPLICATE
    start w-2025-12-31T23:59:00Z ALLOW_DUPLICATE
    start 00:00:00 ALLOW_DUPLICATE
    ");
    insta::assert_snapshot!(env.stands(), @r#"3 actions, 2 overlapping, running 00:00:00, paused, "not yet", token 2, wakes 8d 04:00:00"#);
}

#[test]
fn a_backfill_takes_all_times_of_its_range_both_ends_included() {
    let mut env = Env::created(|_| ());
    env.patch(|patch| patch.backfill_request = vec![backfill(-180, -60, Policy::AllowAll)]);
    insta::assert_snapshot!(env.sent(), @r"
    start w-2025-12-31T23:57:00Z ALLOW_DUPLICATE
    start w-2025-12-31T23:58:00Z ALLOW_DUPLICATE
    start w-2025-12-31T23:59:00Z ALLOW_DUPLICATE
    ");
    insta::assert_snapshot!(env.stands(), @"3 actions, 3 overlapping, token 1, wakes 00:01:00");
    insta::assert_snapshot!(env.audit(), @r"
    1 FIRED -1d 23:57:00 manual ALLOW_ALL #1 w-2025-12-31T23:57:00Z
    2 FIRED -1d 23:58:00 manual ALLOW_ALL #2 w-2025-12-31T23:58:00Z
    3 FIRED -1d 23:59:00 manual ALLOW_ALL #3 w-2025-12-31T23:59:00Z
    ");
    env.check_replay();
}

#[test]
fn a_backfill_may_run_one_after_the_other() {
    let mut env = Env::created(|_| ());
    env.patch(|patch| patch.backfill_request = vec![backfill(-180, -60, Policy::BufferAll)]);
    insta::assert_snapshot!(env.stands(), @"1 actions, running w-2025-12-31T23:57:00Z, waiting -1d 23:58:00 -1d 23:59:00, token 1, wakes 00:01:00");
    env.complete();
    env.complete();
    env.complete();
    insta::assert_snapshot!(env.sent(), @r"
    start w-2025-12-31T23:57:00Z ALLOW_DUPLICATE
    start w-2025-12-31T23:58:00Z ALLOW_DUPLICATE
    start w-2025-12-31T23:59:00Z ALLOW_DUPLICATE
    ");
}

#[test]
fn a_backfill_takes_times_whatever_the_catch_up_window() {
    let mut env = Env::created(overlap(Policy::AllowAll));
    env.patch(|patch| patch.backfill_request = vec![backfill(-366 * 2 * 86_400, -366 * 2 * 86_400 + 60, Policy::Unspecified)]);
    insta::assert_snapshot!(env.sent(), @r"
    start w-2023-12-31T00:00:00Z ALLOW_DUPLICATE
    start w-2023-12-31T00:01:00Z ALLOW_DUPLICATE
    ");
}

#[test]
fn a_large_backfill_starts_all_in_pieces() {
    let mut env = Env::created(|_| ());
    env.checks_folds = false;
    env.answers = false;
    env.patch(|patch| patch.backfill_request = vec![backfill(-60_000, -1, Policy::AllowAll)]);
    env.settle();
    let waits = |env: &Env| (env.progress().starting.len(), env.progress().backfills.len(), env.progress().action_count);
    assert_eq!((env.sent().lines().count(), waits(&env)), (100, (100, 1, 0)));
    insta::assert_snapshot!(env.wakes().iter().map(|row| crate::text::time(&row.due)).collect::<String>(), @"00:00:10");
    // Each answer makes room for another.
    env.answers = true;
    let (workflow_id, start) = env.starts.first_key_value().map(|(id, start)| (id.clone(), start.clone())).unwrap();
    env.accept(crate::env::answered(&workflow_id, &start));
    assert_eq!((env.sent().lines().count(), waits(&env)), (900, (99, 0, 901)));
    env.settle();
    env.check_replay();
}

#[test]
fn a_large_backfill_fills_half_of_the_buffer_and_goes_on_as_it_empties() {
    let mut env = Env::created(|schedule| schedule.spec = Some(every(3600)));
    env.checks_folds = false;
    env.patch(|patch| patch.backfill_request = vec![backfill(-3600 * 700, -1, Policy::BufferAll)]);
    env.settle();
    let waits = |env: &Env| (env.progress().buffer.len(), env.progress().backfills.len(), env.progress().running.len());
    assert_eq!(waits(&env), (500, 1, 1));
    for _ in 0..100 {
        env.complete();
        env.settle();
    }
    assert_eq!(waits(&env), (500, 1, 1));
    for _ in 0..600 {
        env.complete();
        env.settle();
    }
    assert_eq!(waits(&env), (0, 0, 0));
    assert_eq!((env.progress().action_count, env.progress().buffer_dropped), (700, 0));
}

#[test]
fn skipping_backfills_come_to_an_end() {
    let mut env = Env::created(|schedule| schedule.spec = Some(every(1)));
    env.checks_folds = false;
    env.patch(|patch| patch.backfill_request = vec![backfill(-5_000, -1, Policy::Skip)]);
    env.settle();
    insta::assert_snapshot!(env.stands(), @"1 actions, 4999 skipped, running w-2025-12-31T22:36:40Z, token 1, wakes 00:00:01");
    insta::assert_snapshot!(env.audit(), @r"
    1 SKIPPED_OVERLAP -1d 22:36:41 to -1d 22:44:59 x499 manual (in the way: w-2025-12-31T22:36:40Z)
    2 FIRED -1d 22:36:40 manual #1 w-2025-12-31T22:36:40Z
    3 SKIPPED_OVERLAP -1d 22:45:00 to -1d 23:59:59 x4500 manual (in the way: w-2025-12-31T22:36:40Z)
    ");
}

#[test]
fn no_more_than_a_thousand_backfills_are_under_way() {
    let mut env = Env::created(|schedule| schedule.spec = Some(every(3600)));
    env.checks_folds = false;
    let year = 3600 * 8760;
    env.patch(|patch| patch.backfill_request = vec![backfill(-year, -1, Policy::BufferAll); 1003]);
    insta::assert_snapshot!(env.stands().split(", waiting").next().unwrap(), @"1 actions, 3 dropped, 1000 backfills, running w-2025-01-01T00:00:00Z");
    insta::assert_snapshot!(env.audit().lines().next().unwrap(), @"1 BUFFER_FULL -365d 00:00:00 manual BUFFER_ALL (too many backfills are under way)");
}

#[test]
fn empty_and_reversed_ranges_take_nothing() {
    let mut env = Env::created(|_| ());
    env.patch(|patch| {
        patch.backfill_request = vec![backfill(-59, -1, Policy::AllowAll), backfill(0, -600, Policy::AllowAll), Default::default()];
    });
    assert_eq!(env.sent(), "");
    insta::assert_snapshot!(env.stands(), @"0 actions, token 1, wakes 00:01:00");
}
