//! Overlap policies, each on its own and together.

use klamm_messages::temporal::{
    enums::v1::{ScheduleOverlapPolicy as Policy, WorkflowExecutionStatus as Status},
    schedule::v1::{SchedulePolicies, ScheduleState},
};

use crate::env::{Env, answered, backfill, every, overlap};

/// A schedule of this policy, three minutes on, its first run still running.
fn three_minutes(policy: Policy) -> Env {
    let mut env = Env::created(overlap(policy));
    env.advance(180_000);
    env
}

#[test]
fn skip_leaves_out_what_overlaps() {
    let mut env = three_minutes(Policy::Skip);
    insta::assert_snapshot!(env.stands(), @"1 actions, 2 skipped, running 00:01:00, token 1, wakes 00:04:00");
    env.complete();
    env.advance(60_000);
    insta::assert_snapshot!(env.sent(), @r"
    start 00:01:00 REJECT_DUPLICATE
    start 00:04:00 REJECT_DUPLICATE
    ");
    insta::assert_snapshot!(env.audit(), @r"
    1 FIRED 00:01:00 #1 00:01:00
    2 SKIPPED_OVERLAP 00:02:00 (in the way: 00:01:00Z)
    3 SKIPPED_OVERLAP 00:03:00 (in the way: 00:01:00Z)
    4 FIRED 00:04:00 #2 00:04:00
    ");
    env.check_replay();
}

#[test]
fn buffer_one_keeps_the_first_that_waits() {
    let mut env = three_minutes(Policy::BufferOne);
    insta::assert_snapshot!(env.stands(), @"1 actions, 1 skipped, running 00:01:00, waiting 00:02:00, token 1, wakes 00:04:00");
    env.complete();
    insta::assert_snapshot!(env.sent(), @r"
    start 00:01:00 REJECT_DUPLICATE
    start 00:02:00 REJECT_DUPLICATE
    ");
    insta::assert_snapshot!(env.stands(), @"2 actions, 1 skipped, running 00:02:00, token 1, wakes 00:04:00");
    insta::assert_snapshot!(env.audit(), @r"
    1 FIRED 00:01:00 BUFFER_ONE #1 00:01:00
    2 BUFFERED 00:02:00 BUFFER_ONE #2
    3 SKIPPED_OVERLAP 00:03:00 BUFFER_ONE (in the way: 00:01:00Z)
    4 FIRED 00:02:00 BUFFER_ONE #2 00:02:00
    ");
}

#[test]
fn buffer_all_starts_one_after_the_other() {
    let mut env = three_minutes(Policy::BufferAll);
    insta::assert_snapshot!(env.stands(), @"1 actions, running 00:01:00, waiting 00:02:00 00:03:00, token 1, wakes 00:04:00");
    env.complete();
    env.complete();
    env.complete();
    insta::assert_snapshot!(env.sent(), @r"
    start 00:01:00 REJECT_DUPLICATE
    start 00:02:00 REJECT_DUPLICATE
    start 00:03:00 REJECT_DUPLICATE
    ");
    insta::assert_snapshot!(env.stands(), @"3 actions, token 1, wakes 00:04:00");
    insta::assert_snapshot!(env.audit(), @r"
    1 FIRED 00:01:00 BUFFER_ALL #1 00:01:00
    2 BUFFERED 00:02:00 BUFFER_ALL #2
    3 BUFFERED 00:03:00 BUFFER_ALL #3
    4 FIRED 00:02:00 BUFFER_ALL #2 00:02:00
    5 FIRED 00:03:00 BUFFER_ALL #3 00:03:00
    ");
}

#[test]
fn cancel_other_cancels_once_and_starts_the_newest() {
    let mut env = three_minutes(Policy::CancelOther);
    insta::assert_snapshot!(env.sent(), @r"
    start 00:01:00 REJECT_DUPLICATE
    cancel 00:01:00: cancelled by schedule overlap policy
    ");
    insta::assert_snapshot!(env.stands(), @"1 actions, running 00:01:00, waiting 00:02:00 00:03:00, token 1, wakes 00:04:00");
    env.close("w-2026-01-01T00:01:00Z", Status::Canceled, "");
    insta::assert_snapshot!(env.sent(), @"start 00:03:00 REJECT_DUPLICATE");
    insta::assert_snapshot!(env.stands(), @"2 actions, running 00:03:00, token 1, wakes 00:04:00");
    insta::assert_snapshot!(env.audit(), @r"
    1 FIRED 00:01:00 CANCEL_OTHER #1 00:01:00
    2 BUFFERED 00:02:00 CANCEL_OTHER #2
    3 BUFFERED 00:03:00 CANCEL_OTHER #3
    4 SUPERSEDED 00:02:00 CANCEL_OTHER #2 (a newer action took its place)
    5 FIRED 00:03:00 CANCEL_OTHER #3 00:03:00
    ");
    env.check_replay();
}

#[test]
fn terminate_other_terminates_once_and_starts_the_newest() {
    let mut env = three_minutes(Policy::TerminateOther);
    insta::assert_snapshot!(env.sent(), @r"
    start 00:01:00 REJECT_DUPLICATE
    terminate 00:01:00: terminated by schedule overlap policy
    ");
    env.close("w-2026-01-01T00:01:00Z", Status::Terminated, "");
    insta::assert_snapshot!(env.sent(), @"start 00:03:00 REJECT_DUPLICATE");
    insta::assert_snapshot!(env.audit(), @r"
    1 FIRED 00:01:00 TERMINATE_OTHER #1 00:01:00
    2 BUFFERED 00:02:00 TERMINATE_OTHER #2
    3 BUFFERED 00:03:00 TERMINATE_OTHER #3
    4 SUPERSEDED 00:02:00 TERMINATE_OTHER #2 (a newer action took its place)
    5 FIRED 00:03:00 TERMINATE_OTHER #3 00:03:00
    ");
}

#[test]
fn a_run_that_is_asked_to_end_is_named_by_its_chain() {
    use klamm_messages::klamm::v1::command::Body;
    for policy in [Policy::CancelOther, Policy::TerminateOther] {
        let mut env = three_minutes(policy);
        let run_id = env.starts["w-2026-01-01T00:01:00Z"].run_id.clone();
        let (execution, first, identity) = match env.sent.pop().unwrap().body.unwrap() {
            Body::RequestCancelWorkflow(body) => {
                let request = body.request.unwrap();
                (request.workflow_execution.unwrap(), request.first_execution_run_id, request.identity)
            }
            Body::TerminateWorkflow(body) => {
                let request = body.request.unwrap();
                (request.workflow_execution.unwrap(), request.first_execution_run_id, request.identity)
            }
            other => panic!("{other:?}"),
        };
        assert_eq!((execution.workflow_id.as_str(), execution.run_id.as_str()), ("w-2026-01-01T00:01:00Z", ""));
        assert_eq!((first, identity.as_str()), (run_id, "temporal-scheduler-default-s"));
    }
}

#[test]
fn terminate_goes_before_cancel_and_comes_after_it() {
    let mut env = Env::created(overlap(Policy::CancelOther));
    env.advance(120_000);
    env.trigger(Policy::TerminateOther);
    env.advance(60_000);
    insta::assert_snapshot!(env.sent(), @r"
    start 00:01:00 REJECT_DUPLICATE
    cancel 00:01:00: cancelled by schedule overlap policy
    terminate 00:01:00: terminated by schedule overlap policy
    ");
    insta::assert_snapshot!(env.stands(), @"1 actions, running 00:01:00, waiting 00:02:00 00:02:00 00:03:00, token 1, wakes 00:04:00");
}

#[test]
fn a_start_under_way_is_ended_when_it_is_answered() {
    let mut env = Env::created(overlap(Policy::CancelOther));
    env.answers = false;
    env.advance(120_000);
    insta::assert_snapshot!(env.sent(), @"start 00:01:00 REJECT_DUPLICATE");
    let start = env.starts["w-2026-01-01T00:01:00Z"].clone();
    env.accept(answered("w-2026-01-01T00:01:00Z", &start));
    insta::assert_snapshot!(env.sent(), @"cancel 00:01:00: cancelled by schedule overlap policy");
}

#[test]
fn allow_all_starts_at_once_and_is_in_nobodys_way() {
    let mut env = three_minutes(Policy::AllowAll);
    insta::assert_snapshot!(env.sent(), @r"
    start 00:01:00 REJECT_DUPLICATE
    start 00:02:00 REJECT_DUPLICATE
    start 00:03:00 REJECT_DUPLICATE
    ");
    insta::assert_snapshot!(env.stands(), @"3 actions, 3 overlapping, token 1, wakes 00:04:00");
    env.trigger(Policy::Skip);
    insta::assert_snapshot!(env.stands(), @"4 actions, 3 overlapping, running 00:03:00, token 1, wakes 00:04:00");
    env.close("w-2026-01-01T00:02:00Z", Status::Completed, "");
    insta::assert_snapshot!(env.stands(), @"4 actions, 2 overlapping, running 00:03:00, token 1, wakes 00:04:00");
}

#[test]
fn allow_all_is_dropped_while_something_is_ended() {
    let mut env = three_minutes(Policy::CancelOther);
    env.sent();
    env.trigger(Policy::AllowAll);
    insta::assert_snapshot!(env.sent(), @"");
    insta::assert_snapshot!(env.audit_from(4), @"4 SUPERSEDED 00:03:00 manual ALLOW_ALL (what runs is being ended)");
}

#[test]
fn with_nothing_running_the_first_starts_whatever_its_policy() {
    let mut env = Env::created(|schedule| {
        schedule.spec = Some(every(3600));
        overlap(Policy::Skip)(schedule);
    });
    env.patch(|patch| {
        patch.backfill_request = vec![backfill(-7200, -7200, Policy::BufferAll), backfill(-3600, 0, Policy::Skip)];
    });
    insta::assert_snapshot!(env.sent(), @"start w-2025-12-31T22:00:00Z ALLOW_DUPLICATE");
    insta::assert_snapshot!(env.audit(), @r"
    1 SKIPPED_OVERLAP -1d 23:00:00 to 00:00:00 x2 manual (in the way: w-2025-12-31T22:00:00Z)
    2 FIRED -1d 22:00:00 manual BUFFER_ALL #1 w-2025-12-31T22:00:00Z
    ");
}

#[test]
fn a_newer_cancelling_action_replaces_the_one_about_to_start() {
    let mut env = Env::created(|schedule| schedule.spec = Some(every(3600)));
    env.patch(|patch| {
        patch.backfill_request = vec![
            backfill(-14400, -14400, Policy::Skip),
            backfill(-10800, -10800, Policy::BufferAll),
            backfill(-7200, -3600, Policy::TerminateOther),
        ];
    });
    insta::assert_snapshot!(env.sent(), @"start w-2025-12-31T23:00:00Z ALLOW_DUPLICATE");
    insta::assert_snapshot!(env.stands(), @"1 actions, running w-2025-12-31T23:00:00Z, waiting -1d 21:00:00, token 1, wakes 01:00:00");
    insta::assert_snapshot!(env.audit(), @r"
    1 SUPERSEDED -1d 20:00:00 manual (a newer action took its place)
    2 SUPERSEDED -1d 22:00:00 manual TERMINATE_OTHER (a newer action took its place)
    3 BUFFERED -1d 21:00:00 manual BUFFER_ALL #2
    4 FIRED -1d 23:00:00 manual TERMINATE_OTHER #1 w-2025-12-31T23:00:00Z
    ");
}

#[test]
fn an_update_of_the_policy_holds_for_what_waits() {
    let mut env = three_minutes(Policy::BufferAll);
    env.sent();
    env.update(overlap(Policy::Skip));
    insta::assert_snapshot!(env.stands(), @"1 actions, 2 skipped, running 00:01:00, token 2, wakes 00:04:00");
    insta::assert_snapshot!(env.audit(), @r"
    1 FIRED 00:01:00 BUFFER_ALL #1 00:01:00
    2 BUFFERED 00:02:00 BUFFER_ALL #2
    3 BUFFERED 00:03:00 BUFFER_ALL #3
    4 SKIPPED_OVERLAP 00:02:00 #2 (in the way: 00:01:00Z)
    5 SKIPPED_OVERLAP 00:03:00 #3 (in the way: 00:01:00Z)
    ");
}

#[test]
fn an_update_that_allows_all_lets_what_waits_go_as_answers_come() {
    let mut env = Env::created(overlap(Policy::BufferAll));
    env.advance(151 * 60_000);
    env.sent();
    env.answers = false;
    env.update(overlap(Policy::AllowAll));
    let sent = env.sent();
    assert_eq!((sent.lines().count(), sent.lines().next()), (100, Some("start 00:02:00 REJECT_DUPLICATE")));
    env.settle();
    assert_eq!((env.sent().lines().count(), env.progress().buffer.len()), (0, 50));
    let (workflow_id, start) = env.starts.iter().nth(1).map(|(id, start)| (id.clone(), start.clone())).unwrap();
    env.answers = true;
    env.accept(answered(&workflow_id, &start));
    let sent = env.sent();
    assert_eq!((sent.lines().count(), sent.lines().last()), (50, Some("start 02:31:00 REJECT_DUPLICATE")));
    assert!(env.progress().buffer.is_empty());
}

#[test]
fn no_more_than_a_thousand_wait() {
    let mut env = Env::created(|schedule| {
        schedule.spec = Some(every(1));
        overlap(Policy::BufferAll)(schedule);
    });
    env.checks_folds = false;
    env.advance(1_010_000);
    let progress = env.progress();
    assert_eq!((progress.buffer.len(), progress.buffer_dropped, progress.action_count), (1000, 9, 1));
    insta::assert_snapshot!(env.audit_from(1009), @r"
    1009 BUFFER_FULL 00:16:49 BUFFER_ALL
    1010 BUFFER_FULL 00:16:50 BUFFER_ALL
    ");
    env.complete();
    env.advance(2_000);
    let progress = env.progress();
    assert_eq!((progress.buffer.len(), progress.buffer_dropped, progress.action_count), (1000, 10, 2));
}

#[test]
fn what_waits_is_dropped_when_the_schedule_may_not_act_any_more() {
    let mut env = three_minutes(Policy::BufferAll);
    env.patch(|patch| {
        patch.pause = "stop".to_owned();
        patch.trigger_immediately = Some(crate::env::trigger(Policy::Unspecified));
    });
    env.sent();
    env.complete();
    insta::assert_snapshot!(env.sent(), @"start 00:03:00 ALLOW_DUPLICATE");
    insta::assert_snapshot!(env.stands(), @r#"2 actions, running 00:03:00, paused, "stop", token 2, wakes 8d 04:01:00"#);
    insta::assert_snapshot!(env.audit_from(4), @r"
    4 BUFFERED 00:03:00 manual BUFFER_ALL #4
    5 PAUSED 00:02:00 BUFFER_ALL #2
    6 PAUSED 00:03:00 BUFFER_ALL #3
    7 FIRED 00:03:00 manual BUFFER_ALL #4 00:03:00
    ");
}

#[test]
fn remaining_actions_are_used_up_from_the_buffer() {
    let mut env = Env::created(|schedule| {
        schedule.policies = Some(SchedulePolicies { overlap_policy: Policy::AllowAll as i32, ..SchedulePolicies::default() });
        schedule.state = Some(ScheduleState { limited_actions: true, remaining_actions: 2, ..ScheduleState::default() });
    });
    env.pass(240_000);
    env.settle();
    insta::assert_snapshot!(env.sent(), @r"
    start 00:01:00 REJECT_DUPLICATE
    start 00:02:00 REJECT_DUPLICATE
    ");
    insta::assert_snapshot!(env.stands(), @"2 actions, 2 overlapping, 0 remaining, token 3, closes 7d 00:04:00, wakes 7d 00:04:00");
    insta::assert_snapshot!(env.audit(), @r"
    1 LIMIT_REACHED 00:03:00 to 00:04:00 x2 ALLOW_ALL
    2 FIRED 00:01:00 ALLOW_ALL #1 00:01:00
    3 FIRED 00:02:00 ALLOW_ALL #2 00:02:00
    ");
}
