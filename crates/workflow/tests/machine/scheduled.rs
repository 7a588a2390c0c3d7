//! Starts by a schedule: what it is told, and when.

use klamm_messages::{
    klamm::v1::{Command, ScheduledBy, command::Body},
    temporal::{enums::v1::WorkflowIdReusePolicy, workflow::v1::VersioningOverride, workflowservice::v1::StartWorkflowExecutionRequest},
};

use crate::{
    Attributes, cancel, complete, continue_as_new,
    env::{Env, cancel_body, seconds, terminate_body},
    fail, payloads, text,
};

/// A start by the schedule's action of this number.
pub fn body(env: &mut Env, action: i64, change: impl FnOnce(&mut StartWorkflowExecutionRequest)) -> Body {
    let Body::StartWorkflow(mut start) = env.start_body(change) else { unreachable!() };
    start.scheduled_by = Some(ScheduledBy { schedule_id: "s".to_owned(), incarnation: "i".to_owned(), action });
    Body::StartWorkflow(start)
}

/// A partition with one run started by a schedule, whose start it has been told of.
fn started(change: impl FnOnce(&mut StartWorkflowExecutionRequest)) -> Env {
    let mut env = Env::new();
    let body = body(&mut env, 1, change);
    env.accept(body);
    insta::allow_duplicates! { insta::assert_snapshot!(told(&mut env), @"s/i/1: started run-1 of w"); }
    env
}

/// What the schedule has been told since the last look, a line each.
fn told(env: &mut Env) -> String {
    let lines: Vec<_> = std::mem::take(&mut env.sent).iter().map(line).collect();
    text::with_plain_run_ids(&lines.join("\n"), &env.log)
}

fn line(command: &Command) -> String {
    assert_eq!((command.version, command.namespace.as_str(), command.workflow_id.as_str()), (1, "default", "s"));
    let by = |by: &Option<ScheduledBy>| by.as_ref().map(|by| format!("{}/{}/{}", by.schedule_id, by.incarnation, by.action)).unwrap();
    match command.body.as_ref().unwrap() {
        Body::ScheduledStartAnswered(a) if a.rejection.is_empty() => {
            format!("{}: started {} of {}", by(&a.scheduled_by), a.run_id, a.workflow_id)
        }
        Body::ScheduledStartAnswered(a) => {
            assert!(a.run_id.is_empty());
            format!("{}: rejected{}: {}", by(&a.scheduled_by), if a.already_started { " (taken)" } else { "" }, a.rejection)
        }
        Body::ScheduledRunClosed(c) => {
            let result: Vec<_> = c.result.iter().flat_map(|r| &r.payloads).map(|p| String::from_utf8_lossy(&p.data).into_owned()).collect();
            let failure = c.failure.as_ref().map(|failure| failure.message.clone()).unwrap_or_default();
            let status = c.status().as_str_name().trim_start_matches("WORKFLOW_EXECUTION_STATUS_").to_lowercase();
            let line = format!(
                "{}: {status} {} (last {}) of {} {}{failure}",
                by(&c.scheduled_by),
                c.first_run_id,
                c.run_id,
                c.workflow_id,
                result.concat()
            );
            line.trim_end().to_owned()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_run_is_told_when_it_starts_and_when_it_completes() {
    let mut env = started(|_| ());
    env.work(vec![complete("fine")]);
    insta::assert_snapshot!(told(&mut env), @"s/i/1: completed run-1 (last run-1) of w fine");
}

#[test]
fn a_start_by_nobody_tells_nobody() {
    let mut env = Env::started();
    env.work(vec![complete("fine")]);
    assert!(env.sent.is_empty());
}

#[test]
fn every_end_is_told() {
    let mut env = started(|_| ());
    env.work(vec![fail("boom")]);
    insta::assert_snapshot!(told(&mut env), @"s/i/1: failed run-1 (last run-1) of w boom");

    let mut env = started(|_| ());
    env.accept(cancel_body(""));
    env.work(vec![cancel()]);
    insta::assert_snapshot!(told(&mut env), @"s/i/1: canceled run-1 (last run-1) of w");

    let mut env = started(|_| ());
    env.poll();
    env.accept(terminate_body(""));
    insta::assert_snapshot!(told(&mut env), @"s/i/1: terminated run-1 (last run-1) of w");

    let mut env = started(|request| request.workflow_run_timeout = Some(seconds(30)));
    env.run_to(30_000);
    insta::assert_snapshot!(told(&mut env), @"s/i/1: timed_out run-1 (last run-1) of w");

    let mut env = started(|_| ());
    env.settings.history_count_limit = 3;
    let task = env.poll();
    env.complete_refused(&task, Vec::new());
    insta::assert_snapshot!(told(&mut env), @"s/i/1: terminated run-1 (last run-1) of w");
}

#[test]
fn a_chain_ends_with_its_last_run() {
    let mut env = started(|request| request.workflow_execution_timeout = Some(seconds(100)));
    for _ in 0..2 {
        env.advance(2_000);
        env.work(vec![Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(continue_as_new())]);
        assert!(env.sent.is_empty());
    }
    env.advance(2_000);
    env.work(vec![complete("at last")]);
    insta::assert_snapshot!(told(&mut env), @"s/i/1: completed run-1 (last next-2) of w at last");
}

/// A run that has continued as new, once, two seconds after its start.
fn continued(change: impl FnOnce(&mut StartWorkflowExecutionRequest)) -> Env {
    let mut env = started(change);
    env.advance(2_000);
    env.work(vec![Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(continue_as_new())]);
    assert!(env.sent.is_empty());
    env
}

#[test]
fn every_end_of_a_later_run_is_told() {
    let mut env = continued(|_| ());
    env.work(vec![fail("boom")]);
    insta::assert_snapshot!(told(&mut env), @"s/i/1: failed run-1 (last next-1) of w boom");

    let mut env = continued(|_| ());
    env.accept(cancel_body("run-1"));
    env.work(vec![cancel()]);
    insta::assert_snapshot!(told(&mut env), @"s/i/1: canceled run-1 (last next-1) of w");

    let mut env = continued(|_| ());
    env.accept(terminate_body(""));
    insta::assert_snapshot!(told(&mut env), @"s/i/1: terminated run-1 (last next-1) of w");

    let mut env = continued(|request| request.workflow_run_timeout = Some(seconds(30)));
    env.run_to(31_999);
    assert!(env.sent.is_empty());
    env.run_to(32_000);
    insta::assert_snapshot!(told(&mut env), @"s/i/1: timed_out run-1 (last next-1) of w");

    let mut env = continued(|request| request.workflow_execution_timeout = Some(seconds(30)));
    env.run_to(30_000);
    insta::assert_snapshot!(told(&mut env), @"s/i/1: timed_out run-1 (last next-1) of w");

    let mut env = continued(|_| ());
    env.settings.history_count_limit = 3;
    let task = env.poll();
    env.complete_refused(&task, Vec::new());
    insta::assert_snapshot!(told(&mut env), @"s/i/1: terminated run-1 (last next-1) of w");
}

#[test]
fn a_continue_as_new_that_is_refused_tells_nothing_unless_it_ends_the_run() {
    let mut env = started(|_| ());
    let task = env.poll();
    let mut command = continue_as_new();
    command.workflow_run_timeout = Some(seconds(-1));
    env.complete_refused(&task, vec![Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(command)]);
    assert!(env.sent.is_empty());

    let mut env = started(|_| ());
    let task = env.poll();
    let mut command = continue_as_new();
    command.input = Some(payloads(&vec![b'x'; 3 * 1024 * 1024]));
    env.complete_refused(&task, vec![Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(command)]);
    insta::assert_snapshot!(told(&mut env), @"s/i/1: terminated run-1 (last run-1) of w");
}

#[test]
fn an_ended_chain_tells_nothing_more() {
    let mut env = continued(|request| request.workflow_execution_timeout = Some(seconds(100)));
    env.work(vec![complete("fine")]);
    insta::assert_snapshot!(told(&mut env), @"s/i/1: completed run-1 (last next-1) of w fine");
    env.refuse(terminate_body(""));
    env.accept(cancel_body(""));
    env.run_to(3 * 86_400_000);
    assert!(env.events(&env.current()).is_empty(), "both runs are deleted");
    assert!(env.sent.is_empty());
}

#[test]
fn a_refused_start_is_told_and_leaves_nothing_else() {
    let mut env = Env::started();
    let events = env.log.len();
    let running = body(&mut env, 2, |_| ());
    env.accept(running);
    insta::assert_snapshot!(told(&mut env), @"s/i/2: rejected (taken): Workflow execution is already running. WorkflowId: w, RunId: run-1.");
    let unbuilt = body(&mut env, 3, |request| request.versioning_override = Some(VersioningOverride::default()));
    env.accept(unbuilt);
    insta::assert_snapshot!(told(&mut env), @"s/i/3: rejected: versioning_override is not supported yet.");
    assert_eq!(env.log.len(), events);

    env.work(vec![complete("")]);
    let finished = body(&mut env, 4, |request| request.workflow_id_reuse_policy = WorkflowIdReusePolicy::RejectDuplicate as i32);
    env.accept(finished);
    insta::assert_snapshot!(told(&mut env), @"s/i/4: rejected (taken): Workflow execution already finished. WorkflowId: w, RunId: run-1. Workflow Id reuse policy: reject duplicate workflow Id.");
}

#[test]
fn a_repeated_start_is_answered_again_with_its_run() {
    let mut env = started(|_| ());
    let again = body(&mut env, 1, |request| request.request_id = "start-1".to_owned());
    env.accept(again);
    insta::assert_snapshot!(told(&mut env), @"s/i/1: started run-1 of w");
    env.work(vec![complete("once")]);
    insta::assert_snapshot!(told(&mut env), @"s/i/1: completed run-1 (last run-1) of w once");
}

#[test]
fn a_run_that_makes_room_is_told_before_the_one_that_takes_it() {
    let mut env = started(|_| ());
    let terminating = body(&mut env, 2, |request| {
        request.workflow_id_conflict_policy = klamm_messages::temporal::enums::v1::WorkflowIdConflictPolicy::TerminateExisting as i32;
    });
    env.accept(terminating);
    insta::assert_snapshot!(told(&mut env), @r"
    s/i/1: terminated run-1 (last run-1) of w
    s/i/2: started run-2 of w
    ");
}

#[test]
fn a_result_that_is_too_large_for_another_start_is_left_out() {
    let mut env = started(|_| ());
    let result = "x".repeat(2 * 1024 * 1024 - 1000);
    env.work(vec![complete(&result)]);
    insta::assert_snapshot!(told(&mut env), @"s/i/1: completed run-1 (last run-1) of w");
}

#[test]
fn so_is_a_failure() {
    let mut env = started(|_| ());
    let failure = "x".repeat(2 * 1024 * 1024 - 1000);
    env.work(vec![fail(&failure)]);
    insta::assert_snapshot!(told(&mut env), @"s/i/1: failed run-1 (last run-1) of w");
}
