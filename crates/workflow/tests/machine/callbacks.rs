//! Completion callbacks: attached, handed on, called until somebody takes them.

use klamm_machine::TablesExt;
use klamm_messages::{
    klamm::v1::{CallbackRow, RecordCallbackAttempt, RunState, command::Body},
    temporal::{
        common::v1::{
            Callback,
            callback::{Nexus, Variant},
        },
        enums::v1::{CallbackState, WorkflowIdConflictPolicy},
        failure::v1::{ApplicationFailureInfo, Failure, failure::FailureInfo},
        workflow::v1::OnConflictOptions,
        workflowservice::v1::StartWorkflowExecutionRequest,
    },
};
use klamm_workflow::tables::{Callbacks, RunKey, Runs};

use crate::{
    Attributes, complete, continue_as_new,
    env::{Env, seconds, terminate_body},
    fail,
    reset::reset,
};

/// A callback to this path.
pub fn callback(path: &str) -> Callback {
    let nexus = Nexus { url: format!("http://host:80/{path}"), header: [("token".to_owned(), path.to_owned())].into() };
    Callback { variant: Some(Variant::Nexus(nexus)), links: Vec::new() }
}

fn started_with(paths: &[&str]) -> Env {
    let mut env = Env::new();
    env.start(|request| request.completion_callbacks = paths.iter().map(|path| callback(path)).collect());
    env
}

/// The rows of callbacks that are to be called.
pub fn due(env: &Env) -> Vec<CallbackRow> {
    let (from, to) = Callbacks::all();
    env.rows.range::<Callbacks>(&from, &to, usize::MAX).into_iter().map(|(_, row)| CallbackRow::clone(&row)).collect()
}

/// What came of an attempt.
pub fn attempt_body(row: &CallbackRow, failure: Option<bool>) -> Body {
    let failure = failure.map(|non_retryable| Failure {
        message: "no".to_owned(),
        failure_info: Some(FailureInfo::ApplicationFailureInfo(ApplicationFailureInfo { non_retryable, ..Default::default() })),
        ..Failure::default()
    });
    let CallbackRow { run_id, callback, attempt, .. } = row.clone();
    Body::RecordCallbackAttempt(RecordCallbackAttempt { run_id, callback, attempt, failure })
}

/// The callbacks of a run, one line each.
fn lines(env: &Env, key: &RunKey) -> String {
    let state = env.rows.get::<Runs>(key).unwrap();
    let line = |(number, callback): (&i32, &klamm_messages::klamm::v1::AttachedCallback)| {
        let attempts = callback.attempts.clone().unwrap();
        let Some(Variant::Nexus(nexus)) = callback.callback.clone().unwrap().variant else { unreachable!() };
        let name = attempts.state().as_str_name().trim_start_matches("CALLBACK_STATE_").to_lowercase();
        let next = attempts.next_attempt_schedule_time.map(|time| format!(" next {}", time.seconds)).unwrap_or_default();
        let said = attempts.last_attempt_failure.map(|failure| format!(" {}", failure.message)).unwrap_or_default();
        let by = if callback.request_id.is_empty() { String::new() } else { format!(" by {}", callback.request_id) };
        format!("{number} {}{by}: {name} attempt {}{next}{said}", nexus.url, attempts.attempt)
    };
    state.callbacks.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Makes the start use the open run and attach these callbacks.
pub fn attaching(request: &mut StartWorkflowExecutionRequest, request_id: &str, paths: &[&str]) {
    request.workflow_id_conflict_policy = WorkflowIdConflictPolicy::UseExisting as i32;
    request.request_id = request_id.to_owned();
    request.completion_callbacks = paths.iter().map(|path| callback(path)).collect();
    request.on_conflict_options =
        Some(OnConflictOptions { attach_request_id: true, attach_completion_callbacks: true, attach_links: true });
}

#[test]
fn a_callback_stands_by_until_the_run_has_closed() {
    let mut env = started_with(&["a", "b"]);
    let key = env.current();
    assert!(due(&env).is_empty());
    env.work(vec![complete("done")]);
    assert_eq!(due(&env).len(), 2);
    assert_eq!(due(&env)[0].destination, "http://host:80");
    insta::assert_snapshot!(lines(&env, &key), @r"
    1 http://host:80/a: scheduled attempt 0
    2 http://host:80/b: scheduled attempt 0
    ");
    let row = due(&env).remove(0);
    env.accept(attempt_body(&row, None));
    insta::assert_snapshot!(lines(&env, &key), @r"
    1 http://host:80/a: succeeded attempt 1
    2 http://host:80/b: scheduled attempt 0
    ");
    assert_eq!(due(&env).iter().map(|row| row.callback).collect::<Vec<_>>(), [2]);
    assert!(env.state().started.as_ref().unwrap().completion_callbacks.is_empty(), "they stand in one place of the row");
}

#[test]
fn an_attempt_that_fails_is_followed_by_others_later_and_later() {
    let mut env = started_with(&["a"]);
    let key = env.current();
    env.accept(terminate_body(""));
    for interval in [1000, 2000, 4000] {
        let row = due(&env).remove(0);
        env.accept(attempt_body(&row, Some(false)));
        assert!(due(&env).is_empty());
        env.accept(attempt_body(&row, None));
        let next = env.next_wake().unwrap();
        assert!((interval * 4 / 5..interval).contains(&(next - env.elapsed())), "{next}");
        let shown = format!("backing_off attempt {} next {} no", row.attempt + 1, 1000 + next / 1000);
        assert!(lines(&env, &key).contains(&shown), "{}", lines(&env, &key));
        env.run_to(next);
    }
    let row = due(&env).remove(0);
    env.accept(attempt_body(&row, Some(true)));
    insta::assert_snapshot!(lines(&env, &key), @"1 http://host:80/a: failed attempt 4 no");
    assert!(due(&env).is_empty());
    assert!(env.next_wake().unwrap() > 86_000_000, "only the deletion is waited for");
}

#[test]
fn only_the_present_attempt_counts() {
    let mut env = started_with(&["a"]);
    env.accept(terminate_body(""));
    let row = due(&env).remove(0);
    let at = env.log.len();
    for stale in [
        CallbackRow { attempt: 1, ..row.clone() },
        CallbackRow { callback: 2, ..row.clone() },
        CallbackRow { run_id: "other".to_owned(), ..row.clone() },
    ] {
        env.accept(attempt_body(&stale, None));
    }
    assert_eq!(env.log.len(), at);
    env.accept(attempt_body(&row, None));
    let at = env.log.len();
    env.accept(attempt_body(&row, Some(false)));
    assert_eq!(env.log.len(), at, "it has succeeded");
}

#[test]
fn the_next_run_of_the_chain_gets_them() {
    let mut env = started_with(&["a"]);
    let first = env.current();
    env.start(|request| attaching(request, "more", &["b"]));
    env.advance(2_000);
    env.work(vec![Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(continue_as_new())]);
    assert!(due(&env).is_empty());
    insta::assert_snapshot!(lines(&env, &first), @r"
    1 http://host:80/a: standby attempt 0
    2 http://host:80/b by more: standby attempt 0
    ");
    let second = env.current();
    insta::assert_snapshot!(lines(&env, &second), @r"
    1 http://host:80/a: standby attempt 0
    2 http://host:80/b: standby attempt 0
    ");
    env.work(vec![fail("boom")]);
    assert_eq!(due(&env).iter().map(|row| row.run_id.clone()).collect::<Vec<_>>(), [second.run_id.clone(), second.run_id]);
}

#[test]
fn a_start_that_finds_the_run_attaches_its_callbacks_once() {
    let mut env = started_with(&["a"]);
    env.start(|request| attaching(request, "more", &["b"]));
    env.start(|request| attaching(request, "more", &["b"]));
    insta::assert_snapshot!(env.history_from(3), @"3 WorkflowExecutionOptionsUpdated {attached_request: more}");
    insta::assert_snapshot!(lines(&env, &env.current()), @r"
    1 http://host:80/a: standby attempt 0
    2 http://host:80/b by more: standby attempt 0
    ");
    let known = env.state().attached_requests.clone();
    assert_eq!(known.iter().map(|(id, info)| (id.as_str(), info.event_id)).collect::<Vec<_>>(), [("more", 3)]);
}

#[test]
fn what_is_not_to_be_attached_is_not() {
    let mut env = started_with(&[]);
    env.start(|request| {
        attaching(request, "more", &["b"]);
        request.on_conflict_options = Some(OnConflictOptions { attach_request_id: true, ..OnConflictOptions::default() });
    });
    assert!(env.state().callbacks.is_empty());
    let mut env = started_with(&[]);
    env.start(|request| {
        attaching(request, "more", &["b"]);
        request.on_conflict_options = None;
    });
    assert_eq!(env.history_from(3), "");
}

#[test]
fn while_a_task_runs_the_attachment_waits() {
    let mut env = started_with(&["a"]);
    let task = env.poll();
    env.start(|request| attaching(request, "more", &["b"]));
    assert_eq!((env.state().callbacks.len(), env.state().buffered_events.len()), (1, 1));
    let paths = vec!["x"; 31];
    assert!(env.start_refused(|request| attaching(request, "many", &paths)).contains("(2 callbacks already attached)"));
    env.complete(&task, Vec::new());
    insta::assert_snapshot!(lines(&env, &env.current()), @r"
    1 http://host:80/a: standby attempt 0
    2 http://host:80/b by more: standby attempt 0
    ");
}

#[test]
fn a_run_has_at_most_32() {
    let mut env = Env::new();
    let paths = |count| vec!["x"; count];
    let many = paths(33);
    let said = env.start_refused(|request| request.completion_callbacks = many.iter().map(|path| callback(path)).collect());
    insta::assert_snapshot!(said, @"FailedPrecondition: cannot attach more than 32 callbacks to a workflow (0 callbacks already attached)");
    let mut env = started_with(&paths(31));
    let two = paths(2);
    let at = env.log.len();
    let said = env.start_refused(|request| attaching(request, "more", &two));
    insta::assert_snapshot!(said, @"FailedPrecondition: cannot attach more than 32 callbacks to a workflow (31 callbacks already attached)");
    assert_eq!(env.log.len(), at);
    env.start(|request| attaching(request, "one", &["b"]));
    assert_eq!(env.state().callbacks.len(), 32);
}

#[test]
fn a_run_that_is_replaced_calls_its_own() {
    let mut env = started_with(&["a"]);
    let first = env.current();
    env.start(|request| {
        request.workflow_id_conflict_policy = WorkflowIdConflictPolicy::TerminateExisting as i32;
        request.completion_callbacks = vec![callback("b")];
    });
    assert_eq!(due(&env).iter().map(|row| row.run_id.clone()).collect::<Vec<_>>(), [first.run_id]);
}

#[test]
fn a_run_that_a_reset_terminates_calls_none_and_the_new_run_has_them() {
    let mut env = started_with(&["a"]);
    let first = env.current();
    env.work(vec![]);
    env.signal("go on");
    env.poll();
    // This one waits for the task, and is appended before the run is terminated.
    env.start(|request| attaching(request, "more", &["b"]));
    env.accept(reset("", 4, "run-2", |_| {}));
    assert!(due(&env).is_empty());
    insta::assert_snapshot!(lines(&env, &first), @r"
    1 http://host:80/a: standby attempt 0
    2 http://host:80/b by more: standby attempt 0
    ");
    let second = env.current();
    assert_eq!(second.run_id, "run-2");
    insta::assert_snapshot!(lines(&env, &second), @r"
    1 http://host:80/a: standby attempt 0
    2 http://host:80/b by more: standby attempt 0
    ");
    env.work(vec![complete("done")]);
    assert_eq!(due(&env).iter().map(|row| (row.run_id.as_str(), row.callback)).collect::<Vec<_>>(), [("run-2", 1), ("run-2", 2)]);
}

#[test]
fn with_the_run_its_callbacks_go() {
    let mut env = Env::new();
    env.settings.retention = Some(seconds(600));
    env.start(|request| request.completion_callbacks = vec![callback("a"), callback("b")]);
    env.accept(terminate_body(""));
    let row = due(&env).remove(0);
    env.accept(attempt_body(&row, Some(false)));
    let at = env.log.len();
    env.run_to(600_000);
    assert!(env.rows.0.is_empty(), "nothing is left");
    assert!(env.records_from(at).contains("~callback/1 ~callback/2"));
    assert_eq!(env.rows.get::<Runs>(&env_key()), None);
}

fn env_key() -> RunKey {
    RunKey::new("default", "w", "run-1")
}

/// In every state of random lives: rows stand for exactly those callbacks that are to be called, and only closed runs have some.
pub fn check(env: &Env, run: &RunState) {
    let scheduled = |callback: &&klamm_messages::klamm::v1::AttachedCallback| {
        callback.attempts.as_ref().is_some_and(|attempts| attempts.state() == CallbackState::Scheduled)
    };
    let expected = run.callbacks.values().filter(scheduled).count();
    let rows = due(env).into_iter().filter(|row| row.run_id == run.run_id).count();
    assert_eq!(rows, expected);
    assert!(run.close_time.is_some() || expected == 0);
}
