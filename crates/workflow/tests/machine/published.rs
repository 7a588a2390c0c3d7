//! Outcomes of closed runs: one of each, whatever closes it, where the settings name its type.

use std::collections::BTreeMap;

use klamm_machine::{Publication, Table, TablesExt, key::KeyBytes, outcome_kind};
use klamm_messages::{
    klamm::v1::{CommandSettings, Outcome, OutcomeContent, RunState},
    temporal::{
        common::v1::{Header, Memo, Payload, Payloads, SearchAttributes},
        enums::v1::{ParentClosePolicy, TimeoutType, WorkflowExecutionStatus, WorkflowIdConflictPolicy},
        failure::v1::{ApplicationFailureInfo, Failure, TimeoutFailureInfo, failure::FailureInfo},
        workflowservice::v1::StartWorkflowExecutionRequest,
    },
};
use klamm_workflow::tables::{RunKey, Runs};

use crate::{
    Attributes, FailWorkflowExecutionCommandAttributes, cancel, children, complete, continue_as_new, deletion,
    env::{self, Env, ID, cancel_body, seconds, terminate_body},
    fail, payload, reset, scheduled, text,
};

/// What stands in the outcomes of these settings.
fn named(names: &[&str]) -> CommandSettings {
    CommandSettings { outcomes: names.iter().map(|name| (*name).to_owned()).collect(), ..Env::new().settings }
}

/// A partition whose commands bring settings that name all types.
fn publishing() -> Env {
    let mut env = Env::new();
    env.settings = named(&["*"]);
    env
}

/// A started workflow there.
fn started(change: impl FnOnce(&mut StartWorkflowExecutionRequest)) -> Env {
    let mut env = publishing();
    env.start(change);
    env
}

/// The outcomes published so far.
fn outcomes(env: &Env) -> Vec<&Outcome> {
    env.publications.iter().filter_map(outcome).collect()
}

fn outcome(publication: &Publication) -> Option<&Outcome> {
    match publication {
        Publication::Outcome { outcome, .. } => Some(outcome),
        _ => None,
    }
}

/// A line for each outcome since the last look.
fn told(env: &mut Env) -> String {
    let lines: Vec<_> = outcomes(env).into_iter().map(line).collect();
    env.publications.clear();
    text::with_plain_run_ids(&lines.join("\n"), &env.log)
}

fn line(outcome: &Outcome) -> String {
    assert_eq!((outcome.kind.as_str(), outcome.namespace.as_str()), (outcome_kind::RUN_CLOSED, "default"));
    assert_eq!((outcome.time, outcome.request.as_ref()), (outcome.close_time, None));
    assert_eq!(outcome.close_event_id, outcome.history_length);
    let mut line = format!("{}/{} {} by {}", outcome.workflow_id, outcome.run_id, outcome.status, outcome.close_event_id);
    for (name, value) in [("next", &outcome.new_run_id), ("reason", &outcome.reason), ("schedule", &outcome.schedule_id)] {
        if !value.is_empty() {
            line += &format!(" {name}: {value}");
        }
    }
    if let Some(failure) = &outcome.failure {
        line += &format!(" failure: {}", failure.message);
    }
    let bytes =
        outcome.result.iter().chain(&outcome.details).filter_map(|content| content.bytes.as_ref().filter(|bytes| !bytes.is_empty()));
    bytes.fold(line, |line, bytes| format!("{line} {}", String::from_utf8_lossy(bytes)))
}

/// What must hold of all that was published, whatever has happened: one outcome of each closed run, if the settings ask for them.
pub fn check(env: &Env) {
    let outcomes = outcomes(env);
    let by_run: BTreeMap<&str, &Outcome> = outcomes.iter().map(|outcome| (outcome.run_id.as_str(), *outcome)).collect();
    assert_eq!(by_run.len(), outcomes.len(), "a run has two outcomes");
    let from = KeyBytes::new(Runs::KIND).finish();
    for (_, run) in env.rows.range::<Runs>(&from, &klamm_machine::key::prefix_end(&from), usize::MAX) {
        let outcome = by_run.get(run.run_id.as_str());
        let is_published = run.close_time.is_some() && !env.settings.outcomes.is_empty();
        assert_eq!(outcome.is_some(), is_published, "the outcome of {}", run.run_id);
        if let Some(outcome) = outcome {
            check_outcome(outcome, &run);
        }
    }
}

fn check_outcome(outcome: &Outcome, run: &RunState) {
    let status = WorkflowExecutionStatus::try_from(run.status).unwrap_or_default().as_str_name();
    assert_eq!(format!("WORKFLOW_EXECUTION_STATUS_{}", outcome.status), status);
    assert_eq!((outcome.close_time, outcome.start_time), (run.close_time, run.start_time));
    assert_eq!((outcome.close_event_id, outcome.workflow_type.as_str()), (run.next_event_id - 1, "W"));
}

#[test]
fn every_end_is_published_once() {
    let mut env = started(|_| ());
    env.work(vec![complete("fine")]);
    insta::assert_snapshot!(told(&mut env), @"w/run-1 COMPLETED by 5 fine");

    let mut env = started(|_| ());
    env.work(vec![fail("boom")]);
    insta::assert_snapshot!(told(&mut env), @"w/run-1 FAILED by 5 failure: boom");

    let mut env = started(|_| ());
    env.accept(cancel_body(""));
    env.work(vec![cancel()]);
    insta::assert_snapshot!(told(&mut env), @"w/run-1 CANCELED by 6");

    let mut env = started(|_| ());
    env.poll();
    env.accept(terminate_body(""));
    insta::assert_snapshot!(told(&mut env), @"w/run-1 TERMINATED by 5 reason: because");

    let mut env = started(|request| request.workflow_run_timeout = Some(seconds(30)));
    env.run_to(30_000);
    insta::assert_snapshot!(told(&mut env), @"w/run-1 TIMED_OUT by 3");

    let mut env = started(|_| ());
    env.settings.history_count_limit = 3;
    let task = env.poll();
    env.complete_refused(&task, Vec::new());
    insta::assert_snapshot!(told(&mut env), @"w/run-1 TERMINATED by 5 reason: Workflow history count exceeds limit.");

    let mut env = started(|_| ());
    env.accept(deletion::delete_body(""));
    insta::assert_snapshot!(told(&mut env), @"w/run-1 TERMINATED by 3 reason: Delete workflow execution");
}

#[test]
fn a_run_that_another_one_follows_names_it() {
    let mut env = started(|_| ());
    env.advance(2_000);
    env.work(vec![Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(continue_as_new())]);
    insta::assert_snapshot!(told(&mut env), @"w/run-1 CONTINUED_AS_NEW by 5 next: next-1");
    env.advance(2_000);
    env.work(vec![complete("fine")]);
    insta::assert_snapshot!(told(&mut env), @"w/next-1 COMPLETED by 5 fine");

    let mut env = started(|request| {
        request.retry_policy = Some(klamm_messages::temporal::common::v1::RetryPolicy {
            initial_interval: Some(seconds(1)),
            maximum_attempts: 2,
            ..Default::default()
        });
    });
    env.work(vec![fail("once")]);
    insta::assert_snapshot!(told(&mut env), @"w/run-1 FAILED by 5 next: next-1 failure: once");
    env.run_to(2_000);
    env.work(vec![fail("twice")]);
    assert_eq!(outcomes(&env).last().map(|outcome| (outcome.attempt, outcome.first_run_id.as_str())), Some((2, "run-1")));
    insta::assert_snapshot!(told(&mut env), @"w/next-1 FAILED by 5 failure: twice");

    let mut env = started(|request| request.cron_schedule = "@every 1m".to_owned());
    env.run_to(60_000);
    env.work(vec![complete("one")]);
    insta::assert_snapshot!(told(&mut env), @"w/run-1 COMPLETED by 5 next: next-1 one");
}

#[test]
fn a_run_that_makes_room_for_another_one_is_published() {
    let mut env = started(|_| ());
    env.start(|request| request.workflow_id_conflict_policy = WorkflowIdConflictPolicy::TerminateExisting as i32);
    insta::assert_snapshot!(told(&mut env), @"w/run-1 TERMINATED by 3 reason: TerminateIfRunning WorkflowIdReusePolicy");

    let mut env = started(|_| ());
    env.work(vec![]);
    env.signal("s");
    env.accept(reset::reset("", 4, "new", |_| ()));
    insta::assert_snapshot!(told(&mut env), @"w/run-1 TERMINATED by 7 reason: wrong");
    env.work(vec![complete("fine")]);
    insta::assert_snapshot!(told(&mut env), @"w/next-1 COMPLETED by 9 fine");
}

#[test]
fn children_that_their_parents_close_are_published() {
    let mut env = publishing();
    env.start(|_| ());
    env.work(vec![children::child("c", ParentClosePolicy::Terminate)]);
    children::deliver(&mut env);
    children::work_of(&mut env, ID, vec![complete("")]);
    children::deliver(&mut env);
    let child = outcomes(&env).into_iter().find(|outcome| outcome.workflow_id == "c").expect("an outcome");
    assert_eq!((child.parent_workflow_id.as_str(), child.parent_run_id.as_str(), child.root_run_id.as_str()), (ID, "run-1", "run-1"));
    insta::assert_snapshot!(told(&mut env), @r"
    w/run-1 COMPLETED by 10
    c/next-1 TERMINATED by 3 reason: by parent close policy
    ");
}

#[test]
fn the_schedule_that_started_the_chain_is_named() {
    let mut env = publishing();
    let body = scheduled::body(&mut env, 1, |_| ());
    env.accept(body);
    env.work(vec![complete("fine")]);
    insta::assert_snapshot!(told(&mut env), @"w/run-1 COMPLETED by 5 schedule: s fine");
}

#[test]
fn only_named_types_are_published_and_the_newest_settings_count() {
    for (names, is_published) in [(&["W"][..], true), (&["V", "W*"], true), (&["*"], true), (&["Wx", "w"], false), (&[], false)] {
        let mut env = Env::started();
        env.settings = named(names);
        env.work(vec![complete("")]);
        assert_eq!(outcomes(&env).len(), usize::from(is_published), "{names:?}");
    }
    let mut env = started(|_| ());
    env.settings = named(&[]);
    env.work(vec![complete("")]);
    assert!(outcomes(&env).is_empty(), "not declared any more when the run closed");
    let mut env = started(|request| request.workflow_type.as_mut().expect("a type").name = "temporal-sys-batch".to_owned());
    env.work(vec![complete("")]);
    assert!(outcomes(&env).is_empty(), "klamm's own");
}

/// A payload with this encoding.
fn encoded(encoding: &str, data: &str) -> Payload {
    Payload { metadata: [("encoding".to_owned(), encoding.as_bytes().to_vec().into())].into(), ..payload(data.as_bytes()) }
}

fn json(content: &OutcomeContent) -> &str {
    content.json.as_deref().unwrap_or_default()
}

#[test]
fn what_the_run_was_given_and_gave_is_decoded() {
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let mut env = started(|request| {
        request.input = Some(Payloads { payloads: vec![encoded("json/plain", "{\"total\":5}"), encoded("binary/null", "")] });
        request.memo = Some(Memo { fields: [("m".to_owned(), encoded("json/plain", "\"memo\""))].into() });
        request.search_attributes =
            Some(SearchAttributes { indexed_fields: [("Region".to_owned(), encoded("json/plain", "\"eu\""))].into() });
        let tracer = encoded("json/plain", &format!("{{\"traceparent\":\"{trace}\"}}"));
        request.header = Some(Header { fields: [("_tracer-data".to_owned(), tracer)].into() });
    });
    let result = crate::CompleteWorkflowExecutionCommandAttributes {
        result: Some(Payloads { payloads: vec![encoded("json/protobuf", "{}"), encoded("binary/encrypted", "x")] }),
    };
    env.work(vec![Attributes::CompleteWorkflowExecutionCommandAttributes(result)]);
    let Some(Publication::Outcome { outcome, headers }) = env.publications.last() else { panic!("{:?}", env.publications) };
    assert_eq!(headers, &[("traceparent".to_owned(), trace.to_owned())]);
    assert_eq!(outcome.input.iter().map(json).collect::<Vec<_>>(), ["{\"total\":5}", ""]);
    assert_eq!(outcome.input[1].encoding, "binary/null");
    assert_eq!((json(&outcome.memo["m"]), outcome.search_attributes["Region"].as_str()), ("\"memo\"", "eu"));
    assert_eq!(outcome.result.as_ref().map(json), Some("{}"));
    assert_eq!(outcome.further_results[0].bytes.as_deref(), Some(&b"x"[..]));
    assert!(matches!(env.publications[env.publications.len() - 2], Publication::Visibility(_)), "the document comes first");
}

#[test]
fn a_failure_tells_its_causes() {
    let info = ApplicationFailureInfo {
        r#type: "OutOfStock".to_owned(),
        non_retryable: true,
        details: Some(Payloads { payloads: vec![encoded("json/plain", "7")] }),
        ..ApplicationFailureInfo::default()
    };
    let timeout = TimeoutFailureInfo { timeout_type: TimeoutType::StartToClose as i32, ..TimeoutFailureInfo::default() };
    let cause = Failure { message: "late".to_owned(), failure_info: Some(FailureInfo::TimeoutFailureInfo(timeout)), ..Failure::default() };
    let failure = Failure {
        message: "no".to_owned(),
        source: "PythonSDK".to_owned(),
        stack_trace: "at x".to_owned(),
        failure_info: Some(FailureInfo::ApplicationFailureInfo(info)),
        cause: Some(Box::new(cause)),
        ..Failure::default()
    };
    let mut env = started(|_| ());
    let command = FailWorkflowExecutionCommandAttributes { failure: Some(failure) };
    env.work(vec![Attributes::FailWorkflowExecutionCommandAttributes(command)]);
    let failure = outcomes(&env)[0].failure.clone().expect("a failure");
    assert_eq!((failure.kind.as_str(), failure.r#type.as_str(), failure.message.as_str()), ("application", "OutOfStock", "no"));
    assert_eq!((failure.source.as_str(), failure.stack_trace.as_str(), failure.non_retryable), ("PythonSDK", "at x", true));
    assert_eq!(failure.details.iter().map(json).collect::<Vec<_>>(), ["7"]);
    let causes: Vec<_> = failure.causes.iter().map(|cause| format!("{} {}: {}", cause.kind, cause.r#type, cause.message)).collect();
    assert_eq!(causes, ["timeout START_TO_CLOSE: late"]);
}

#[test]
fn what_would_be_too_large_is_left_out_and_the_run_closes() {
    let large = "x".repeat(3 << 19);
    // The limit of one field.
    assert!(large.len() < 2 << 20);
    let mut env = started(|request| {
        request.input = Some(Payloads { payloads: vec![encoded("text/plain", &large)] });
        request.memo = Some(Memo { fields: [("m".to_owned(), encoded("text/plain", &large))].into() });
    });
    let result = Some(Payloads { payloads: vec![encoded("text/plain", &large)] });
    let command = crate::CompleteWorkflowExecutionCommandAttributes { result };
    env.work(vec![Attributes::CompleteWorkflowExecutionCommandAttributes(command)]);
    let outcome = outcomes(&env)[0];
    assert_eq!(outcome.result.as_ref().and_then(|result| result.text.as_ref()).map(String::len), Some(large.len()));
    assert_eq!(outcome.input[0].text.as_ref().map(String::len), Some(large.len()));
    assert_eq!((outcome.memo["m"].text.as_ref(), outcome.memo["m"].omitted_bytes), (None, large.len() as i64));
}

#[test]
fn a_run_of_which_only_the_outcome_is_kept_is_published_as_any_other() {
    let mut env = started(|request| request.input = Some(Payloads { payloads: vec![encoded("json/plain", "1")] }));
    env.settings.outcome_only = vec!["*".to_owned()];
    env.work(vec![complete("fine")]);
    assert!(env.rows.get::<Runs>(&RunKey::new("default", env::ID, "run-1")).expect("the run").outcome_only);
    assert_eq!(json(&outcomes(&env)[0].input[0]), "1");
    insta::assert_snapshot!(told(&mut env), @"w/run-1 COMPLETED by 5 fine");
}
