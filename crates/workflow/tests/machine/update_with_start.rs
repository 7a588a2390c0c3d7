//! Updates that come with a start: which run gets them, and what is refused.

use klamm_messages::{
    klamm::v1::{CommandLimits, StartWorkflow, UpdateWithStart, UpdateWorkflow, command::Body},
    temporal::{
        enums::v1::{WorkflowIdConflictPolicy as Conflict, WorkflowIdReusePolicy as Reuse},
        workflowservice::v1::StartWorkflowExecutionRequest,
    },
};
use klamm_workflow::{Answer, answer::UpdatedWithStart, update::Seen};

use crate::{
    complete, continue_as_new,
    env::{Env, refusal, terminate_body},
    fail,
    updates::{accepts, brought, idle, names, rejects, responds, update_body},
};

/// An update with a start of the usual workflow, with something told differently.
pub fn body(env: &mut Env, update: &str, change: impl FnOnce(&mut StartWorkflowExecutionRequest)) -> Body {
    let Body::StartWorkflow(start) = env.start_body(change) else { unreachable!() };
    let Body::UpdateWorkflow(update) = update_body(update) else { unreachable!() };
    Body::UpdateWithStart(Box::new(UpdateWithStart { start: Some(*start), update: Some(update) }))
}

impl Env {
    /// Asks for the update with a start; what came of it, in a line.
    fn update_with_start(&mut self, update: &str, change: impl FnOnce(&mut StartWorkflowExecutionRequest)) -> String {
        let before = self.log.len();
        let body = body(self, update, change);
        let answer = match self.accept(body) {
            Answer::UpdatedWithStart(answer) => *answer,
            other => panic!("not told: {other:?}"),
        };
        let told = match answer {
            UpdatedWithStart::Done { started, update, was_completed } => {
                assert_eq!(started.run_id, update.run_id);
                let is_new = if started.started { "new " } else { "" };
                let was = if was_completed { ", was completed" } else { "" };
                let status = started.status.as_str_name().trim_start_matches("WORKFLOW_EXECUTION_STATUS_").to_lowercase();
                return format!("{is_new}{} {status}: update {}{was}", started.run_id, update.number);
            }
            UpdatedWithStart::StartRefused(rejection) => format!("start refused: {}", refusal(&rejection)),
            UpdatedWithStart::UpdateRefused(rejection) => format!("update refused: {}", refusal(&rejection)),
            UpdatedWithStart::NotStarted => "not started".to_owned(),
        };
        assert_eq!(self.log.len(), before, "what is refused changes nothing");
        told
    }
}

fn conflict(policy: Conflict) -> impl FnOnce(&mut StartWorkflowExecutionRequest) {
    move |request| request.workflow_id_conflict_policy = policy as i32
}

fn reuse(policy: Reuse) -> impl FnOnce(&mut StartWorkflowExecutionRequest) {
    move |request| {
        request.workflow_id_reuse_policy = policy as i32;
        request.workflow_id_conflict_policy = Conflict::Fail as i32;
    }
}

/// A run that began for the update `u1`, which it has completed.
fn updated() -> Env {
    let mut env = Env::new();
    env.update_with_start("u1", conflict(Conflict::Fail));
    let task = env.poll();
    env.answer(&task, vec![names("u1/accept"), names("u1/complete")], vec![accepts("u1"), responds("u1")]);
    env
}

#[test]
fn a_run_begins_and_its_first_task_brings_the_update() {
    let mut env = Env::new();
    insta::assert_snapshot!(env.update_with_start("u1", conflict(Conflict::Fail)), @"new run-1 running: update 1");
    assert_eq!(env.seen("u1"), Seen::Waits { number: 1 });
    let task = env.poll();
    assert_eq!(brought(&task), ["u1"]);
    env.answer(&task, vec![names("u1/accept"), names("u1/complete")], vec![accepts("u1"), responds("u1")]);
    insta::assert_snapshot!(env.history(), @r"
    1 WorkflowExecutionStarted {type: W, queue: q, task_timeout: 10s, first: run-1, original: run-1}
    2 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    3 WorkflowTaskStarted {scheduled: 2, request: poll}
    4 WorkflowTaskCompleted {scheduled: 2, started: 3}
    5 WorkflowExecutionUpdateAccepted {update: u1, message: u1/request, sequencing: 5, request: true}
    6 WorkflowExecutionUpdateCompleted {update: u1, accepted: 5}
    ");
    assert!(matches!(env.seen("u1"), Seen::Completed(_)));
}

#[test]
fn an_update_that_the_new_run_rejects_leaves_an_ordinary_first_task() {
    let mut env = Env::new();
    env.update_with_start("u1", conflict(Conflict::Fail));
    let task = env.poll();
    env.answer(&task, vec![], vec![rejects("u1")]);
    insta::assert_snapshot!(env.history(), @r"
    1 WorkflowExecutionStarted {type: W, queue: q, task_timeout: 10s, first: run-1, original: run-1}
    2 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    3 WorkflowTaskStarted {scheduled: 2, request: poll}
    4 WorkflowTaskCompleted {scheduled: 2, started: 3}
    ");
    assert_eq!(env.seen("u1"), Seen::Unknown);
    // Whoever asks again asks anew.
    insta::assert_snapshot!(env.update_with_start("u1", conflict(Conflict::UseExisting)), @"run-1 running: update 2");
}

#[test]
fn an_open_run_gets_the_update_where_the_caller_wants_it() {
    let mut env = idle(false);
    insta::assert_snapshot!(env.update_with_start("u1", conflict(Conflict::UseExisting)), @"run-1 running: update 1");
    insta::assert_snapshot!(env.history_from(5), @"");
    let task = env.poll();
    assert_eq!((brought(&task), task.transient_events.len()), (vec!["u1"], 2));
    env.answer(&task, vec![], vec![accepts("u1"), responds("u1")]);
    insta::assert_snapshot!(env.history_from(5), @r"
    5 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    6 WorkflowTaskStarted {scheduled: 5, request: poll}
    7 WorkflowTaskCompleted {scheduled: 5, started: 6}
    8 WorkflowExecutionUpdateAccepted {update: u1, message: u1/request, sequencing: 5, request: true}
    9 WorkflowExecutionUpdateCompleted {update: u1, accepted: 8}
    ");
}

#[test]
fn an_open_run_is_not_updated_where_the_caller_wants_a_new_one() {
    let mut env = idle(false);
    insta::assert_snapshot!(env.update_with_start("u1", conflict(Conflict::Fail)), @"start refused: WorkflowExecutionAlreadyStarted: Workflow execution is already running. WorkflowId: w, RunId: run-1.");
    assert_eq!(env.seen("u1"), Seen::Unknown);
    insta::assert_snapshot!(env.update_with_start("u1", conflict(Conflict::TerminateExisting)), @"new run-3 running: update 1");
    insta::assert_snapshot!(env.history(), @r"
    1 WorkflowExecutionStarted {type: W, queue: q, task_timeout: 10s, first: run-3, original: run-3}
    2 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
}

#[test]
fn a_repeated_start_finds_its_run() {
    let mut env = Env::new();
    env.update_with_start("u1", conflict(Conflict::Fail));
    let again = |request: &mut StartWorkflowExecutionRequest| request.request_id = "start-1".to_owned();
    insta::assert_snapshot!(env.update_with_start("u1", again), @"run-1 running: update 1");
    insta::assert_snapshot!(env.update_with_start("u2", again), @"run-1 running: update 2");
    env.accept(terminate_body(""));
    insta::assert_snapshot!(env.update_with_start("u2", again), @"not started");
}

#[test]
fn an_update_that_the_open_run_knows_is_waited_for() {
    let mut env = idle(false);
    env.update("u1");
    insta::assert_snapshot!(env.update_with_start("u1", conflict(Conflict::Fail)), @"run-1 running: update 1");
    let task = env.poll();
    env.answer(&task, vec![], vec![accepts("u1")]);
    insta::assert_snapshot!(env.update_with_start("u1", conflict(Conflict::Fail)), @"run-1 running: update 0");
}

#[test]
fn an_outcome_is_given_again_whether_the_run_is_open_or_closed() {
    let mut env = updated();
    insta::assert_snapshot!(env.update_with_start("u1", conflict(Conflict::Fail)), @"run-1 running: update 0, was completed");
    env.signal("go");
    env.work(vec![complete("done")]);
    insta::assert_snapshot!(env.update_with_start("u1", conflict(Conflict::Fail)), @"run-1 completed: update 0, was completed");
    insta::assert_snapshot!(env.update_with_start("u2", conflict(Conflict::UseExisting)), @"new run-4 running: update 1");
}

#[test]
fn the_policy_says_whether_a_run_follows_a_closed_one() {
    let closed = |close| {
        let mut env = updated();
        env.signal("go");
        env.work(vec![close]);
        env
    };
    let mut env = closed(complete("done"));
    insta::assert_snapshot!(env.update_with_start("u2", reuse(Reuse::RejectDuplicate)), @"start refused: WorkflowExecutionAlreadyStarted: Workflow execution already finished. WorkflowId: w, RunId: run-1. Workflow Id reuse policy: reject duplicate workflow Id.");
    insta::assert_snapshot!(env.update_with_start("u2", reuse(Reuse::AllowDuplicateFailedOnly)), @"start refused: WorkflowExecutionAlreadyStarted: Workflow execution already finished successfully. WorkflowId: w, RunId: run-1. Workflow Id reuse policy: allow duplicate workflow Id if last run failed.");
    insta::assert_snapshot!(env.update_with_start("u2", reuse(Reuse::AllowDuplicate)), @"new run-4 running: update 1");
    let mut env = closed(fail("boom"));
    insta::assert_snapshot!(env.update_with_start("u2", reuse(Reuse::AllowDuplicateFailedOnly)), @"new run-2 running: update 1");
}

#[test]
fn an_update_that_is_refused_begins_no_run() {
    let mut env = Env::new();
    env.settings.limits = Some(CommandLimits { pending_update_bytes: 1, ..CommandLimits::default() });
    insta::assert_snapshot!(env.update_with_start("u1", conflict(Conflict::Fail)), @"update refused: ConcurrentLimit: limit on total payload size of in-flight updates has been reached (1 bytes)");
    let mut env = idle(false);
    env.settings.limits = Some(CommandLimits { pending_updates: 1, ..CommandLimits::default() });
    env.update("u1");
    insta::assert_snapshot!(env.update_with_start("u2", conflict(Conflict::UseExisting)), @"update refused: ConcurrentLimit: limit on number of concurrent in-flight updates has been reached (1)");
    env.settings.limits = Some(CommandLimits { pending_update_bytes: 1, ..CommandLimits::default() });
    insta::assert_snapshot!(env.update_with_start("u2", conflict(Conflict::TerminateExisting)), @"update refused: ConcurrentLimit: limit on total payload size of in-flight updates has been reached (1 bytes)");
}

#[test]
fn a_run_that_closes_aborts_the_update_and_the_next_one_takes_it() {
    let mut env = Env::new();
    env.update_with_start("u1", conflict(Conflict::UseExisting));
    env.work(vec![complete("done")]);
    assert_eq!(env.seen("u1"), Seen::Closed { continues: false });
    insta::assert_snapshot!(env.update_with_start("u1", conflict(Conflict::UseExisting)), @"new run-2 running: update 1");
    let task = env.poll();
    assert_eq!(brought(&task), ["u1"]);
    env.answer(&task, vec![crate::Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(continue_as_new())], vec![]);
    // The server asks the next run of the chain.
    let told = env.update_with_start("u1", conflict(Conflict::UseExisting));
    assert_eq!(told, format!("{} running: update 1", env.current().run_id));
    assert_eq!(env.seen("u1"), Seen::Waits { number: 1 });
}

#[test]
fn an_accepted_update_of_a_run_that_has_closed_is_not_waited_for() {
    let mut env = Env::new();
    env.update_with_start("u1", conflict(Conflict::UseExisting));
    let task = env.poll();
    env.answer(&task, vec![names("u1/accept"), complete("done")], vec![accepts("u1")]);
    assert!(matches!(env.seen("u1"), Seen::Completed(_)), "it has failed with its workflow");
    insta::assert_snapshot!(env.update_with_start("u1", conflict(Conflict::UseExisting)), @"new run-2 running: update 1");
}

#[test]
fn a_command_without_one_of_both_is_a_fault() {
    let mut env = Env::new();
    for (start, update) in [(Some(StartWorkflow::default()), None), (None, Some(UpdateWorkflow::default())), (None, None)] {
        assert!(env.refuse(Body::UpdateWithStart(Box::new(UpdateWithStart { start, update }))).starts_with("Internal"));
    }
}
