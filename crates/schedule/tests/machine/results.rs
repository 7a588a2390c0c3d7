//! What runs leave behind: results, failures, pauses.

use klamm_messages::{
    klamm::v1::{ScheduleOutcome, command::Body},
    temporal::{
        enums::v1::{ScheduleOverlapPolicy as Policy, WorkflowExecutionStatus as Status},
        schedule::v1::{Schedule, SchedulePolicies},
    },
};

use crate::{
    env::{Env, answered, closed, overlap},
    text::{short, status, time},
};

/// What the newest start was given.
fn given(env: &Env) -> String {
    let Some(Body::StartWorkflow(start)) = env.sent.last().and_then(|command| command.body.clone()) else { panic!("no start") };
    let request = start.request.unwrap();
    told(&ScheduleOutcome { last_completion_result: request.last_completion_result, continued_failure: request.continued_failure })
}

fn told(outcome: &ScheduleOutcome) -> String {
    let result = outcome.last_completion_result.as_ref().map(|result| String::from_utf8_lossy(&result.payloads[0].data).into_owned());
    let failure = outcome.continued_failure.as_ref().map(|failure| failure.message.clone());
    format!("result {result:?}, failure {failure:?}")
}

/// The recent actions, a line each.
fn recent(env: &Env) -> String {
    let progress = env.progress();
    let line = |action: &klamm_messages::temporal::schedule::v1::ScheduleActionResult| {
        let run = action.start_workflow_result.as_ref().unwrap();
        let (due, started) = (time(&action.schedule_time), time(&action.actual_time));
        format!("{} due {due} started {started} {}", short(&run.workflow_id), status(action.start_workflow_status))
    };
    progress.recent_actions.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_next_run_is_given_what_the_last_one_left() {
    let mut env = Env::created(|_| ());
    env.advance(60_000);
    insta::assert_snapshot!(given(&env), @"result None, failure None");
    env.close("w-2026-01-01T00:01:00Z", Status::Completed, "one");
    env.advance(60_000);
    insta::assert_snapshot!(given(&env), @r#"result Some("one"), failure None"#);
    env.close("w-2026-01-01T00:02:00Z", Status::Failed, "boom");
    env.advance(60_000);
    insta::assert_snapshot!(given(&env), @r#"result Some("one"), failure Some("boom")"#);
    for (minute, how) in [(3, Status::TimedOut), (4, Status::Canceled), (5, Status::Terminated)] {
        env.close(&format!("w-2026-01-01T00:0{minute}:00Z"), how, "");
        env.advance(60_000);
        insta::allow_duplicates! { insta::assert_snapshot!(given(&env), @r#"result Some("one"), failure Some("boom")"#); }
    }
    env.close("w-2026-01-01T00:06:00Z", Status::Completed, "");
    insta::assert_snapshot!(told(&env.outcome()), @r#"result Some("one"), failure None"#);
    env.advance(60_000);
    env.close("w-2026-01-01T00:07:00Z", Status::Completed, "two");
    insta::assert_snapshot!(told(&env.outcome()), @r#"result Some("two"), failure None"#);
    insta::assert_snapshot!(recent(&env), @r"
    00:01:00 due 00:01:00 started 00:01:00 completed
    00:02:00 due 00:02:00 started 00:02:00 failed
    00:03:00 due 00:03:00 started 00:03:00 timed_out
    00:04:00 due 00:04:00 started 00:04:00 canceled
    00:05:00 due 00:05:00 started 00:05:00 terminated
    00:06:00 due 00:06:00 started 00:06:00 completed
    00:07:00 due 00:07:00 started 00:07:00 completed
    ");
    env.check_replay();
}

#[test]
fn runs_that_may_overlap_are_given_the_latest_result() {
    let mut env = Env::created(overlap(Policy::AllowAll));
    env.advance(120_000);
    env.close("w-2026-01-01T00:02:00Z", Status::Completed, "two");
    env.advance(60_000);
    insta::assert_snapshot!(given(&env), @r#"result Some("two"), failure None"#);
    env.close("w-2026-01-01T00:01:00Z", Status::Completed, "one");
    env.advance(60_000);
    insta::assert_snapshot!(given(&env), @r#"result Some("one"), failure None"#);
}

#[test]
fn recent_actions_are_the_last_ten() {
    let mut env = Env::created(overlap(Policy::AllowAll));
    env.advance(720_000);
    env.close("w-2026-01-01T00:04:00Z", Status::Failed, "x");
    // One that is not shown any more.
    env.close("w-2026-01-01T00:01:00Z", Status::Completed, "one");
    insta::assert_snapshot!(recent(&env), @r"
    00:03:00 due 00:03:00 started 00:03:00 running
    00:04:00 due 00:04:00 started 00:04:00 failed
    00:05:00 due 00:05:00 started 00:05:00 running
    00:06:00 due 00:06:00 started 00:06:00 running
    00:07:00 due 00:07:00 started 00:07:00 running
    00:08:00 due 00:08:00 started 00:08:00 running
    00:09:00 due 00:09:00 started 00:09:00 running
    00:10:00 due 00:10:00 started 00:10:00 running
    00:11:00 due 00:11:00 started 00:11:00 running
    00:12:00 due 00:12:00 started 00:12:00 running
    ");
    insta::assert_snapshot!(env.stands(), @"12 actions, 10 overlapping, token 1, wakes 00:13:00");
    let start = env.starts["w-2026-01-01T00:04:00Z"].clone();
    env.ignores(closed("w-2026-01-01T00:04:00Z", &start, Status::Failed, "x"));
}

#[test]
fn recent_actions_stand_in_their_order_whichever_start_is_answered_first() {
    let mut env = Env::created(overlap(Policy::AllowAll));
    env.answers = false;
    env.advance(180_000);
    for minute in [2, 3, 1] {
        let id = format!("w-2026-01-01T00:0{minute}:00Z");
        let start = env.starts[&id].clone();
        env.accept(answered(&id, &start));
    }
    insta::assert_snapshot!(recent(&env), @r"
    00:01:00 due 00:01:00 started 00:03:00 running
    00:02:00 due 00:02:00 started 00:03:00 running
    00:03:00 due 00:03:00 started 00:03:00 running
    ");
    env.check_replay();
}

#[test]
fn the_time_that_lists_show_is_the_one_with_jitter_and_the_id_has_none() {
    let mut env = Env::created(|schedule| schedule.spec.as_mut().unwrap().jitter = Some(crate::env::seconds(50)));
    env.answers = false;
    env.advance(98_000);
    let start = env.starts["w-2026-01-01T00:01:00Z"].clone();
    env.pass(2_000);
    env.accept(answered("w-2026-01-01T00:01:00Z", &start));
    insta::assert_snapshot!(recent(&env), @"00:01:00 due 00:01:37.784 started 00:01:40 running");
}

#[test]
fn a_run_may_have_ended_before_its_start_is_answered() {
    let mut env = Env::created(overlap(Policy::BufferAll));
    env.answers = false;
    env.advance(120_000);
    env.sent();
    let start = env.starts["w-2026-01-01T00:01:00Z"].clone();
    env.accept(closed("w-2026-01-01T00:01:00Z", &start, Status::Completed, "quick"));
    insta::assert_snapshot!(env.sent(), @"start 00:02:00 REJECT_DUPLICATE");
    insta::assert_snapshot!(env.audit(), @r"
    1 BUFFERED 00:02:00 BUFFER_ALL #2
    2 FIRED 00:01:00 BUFFER_ALL #1 00:01:00
    ");
    insta::assert_snapshot!(recent(&env), @"00:01:00 due 00:01:00 started 00:02:00 completed");
    env.ignores(answered("w-2026-01-01T00:01:00Z", &start));
    env.ignores(closed("w-2026-01-01T00:01:00Z", &start, Status::Completed, "quick"));
}

/// A schedule that pauses when a run fails.
fn pausing(policy: Policy) -> impl FnOnce(&mut Schedule) {
    move |schedule| {
        schedule.policies = Some(SchedulePolicies { overlap_policy: policy as i32, pause_on_failure: true, ..SchedulePolicies::default() });
    }
}

#[test]
fn a_failure_pauses_where_that_is_the_policy() {
    let mut env = Env::created(pausing(Policy::BufferAll));
    env.advance(120_000);
    env.close("w-2026-01-01T00:01:00Z", Status::Failed, "boom");
    insta::assert_snapshot!(env.stands(), @r#"1 actions, paused, "paused due to workflow failure: w-2026-01-01T00:01:00Z: boom", token 2, wakes 8d 04:01:00"#);
    insta::assert_snapshot!(env.audit(), @r"
    1 FIRED 00:01:00 BUFFER_ALL #1 00:01:00
    2 BUFFERED 00:02:00 BUFFER_ALL #2
    3 PAUSED 00:02:00 BUFFER_ALL #2
    ");
    env.patch(|patch| patch.unpause = "again".to_owned());
    env.advance(60_000);
    env.close("w-2026-01-01T00:03:00Z", Status::TimedOut, "");
    insta::assert_snapshot!(env.stands(), @r#"2 actions, paused, "paused due to workflow timeout: w-2026-01-01T00:03:00Z", token 4, wakes 8d 04:01:00"#);
    env.check_replay();
}

#[test]
fn other_ends_and_other_policies_pause_nothing() {
    for how in [Status::Completed, Status::Canceled, Status::Terminated] {
        let mut env = Env::created(pausing(Policy::Skip));
        env.advance(60_000);
        env.close("w-2026-01-01T00:01:00Z", how, "");
        assert!(!env.progress().state.as_ref().unwrap().paused, "{how:?}");
    }
    let mut env = Env::created(|_| ());
    env.advance(60_000);
    env.close("w-2026-01-01T00:01:00Z", Status::Failed, "");
    assert!(!env.progress().state.as_ref().unwrap().paused);
}

#[test]
fn runs_that_may_overlap_pause_too_and_a_pause_keeps_its_notes() {
    let mut env = Env::created(pausing(Policy::AllowAll));
    env.advance(120_000);
    env.close("w-2026-01-01T00:01:00Z", Status::Failed, "first");
    env.close("w-2026-01-01T00:02:00Z", Status::Failed, "second");
    insta::assert_snapshot!(env.stands(), @r#"2 actions, paused, "paused due to workflow failure: w-2026-01-01T00:01:00Z: first", token 2, wakes 8d 04:01:00"#);
}
