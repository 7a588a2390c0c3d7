//! Resets: a new run begins with the first events of another one.

use klamm_machine::TablesExt;
use klamm_messages::{
    klamm::v1::{Command, OptionPaths, ResetPhase, ResetWorkflow, RunState, TaskKind, UpdateWorkflowOptions, command::Body},
    temporal::{
        common::v1::Priority,
        enums::v1::{EventType, WorkflowExecutionStatus},
        history::v1::history_event::Attributes,
        workflow::v1::WorkflowExecutionOptions,
    },
};
use klamm_workflow::{
    Answer,
    tables::{RunKey, Runs},
};

use crate::{
    activity, complete, continue_as_new,
    env::{self, Env, execution, signal_body},
    scheduled, timer,
};

/// A reset of a run (the newest where none is named) to the events before `finish`. The new run is `run_id`.
pub fn reset(base: &str, finish: i64, run_id: &str, change: impl FnOnce(&mut ResetWorkflow)) -> Body {
    let mut body = ResetWorkflow {
        execution: Some(execution(base)),
        reason: "wrong".to_owned(),
        workflow_task_finish_event_id: finish,
        request_id: format!("request of {run_id}"),
        run_id: run_id.to_owned(),
        ..ResetWorkflow::default()
    };
    change(&mut body);
    Body::ResetWorkflow(body)
}

fn run(env: &Env, run_id: &str) -> RunState {
    env.rows.get::<Runs>(&RunKey::new("default", env::ID, run_id)).map(|state| (*state).clone()).unwrap_or_default()
}

fn history_of(env: &Env, run_id: &str, from: i64) -> String {
    let events = env.events(&RunKey::new("default", env::ID, run_id));
    let lines: Vec<_> = events.iter().filter(|event| event.event_id >= from).map(crate::text::line).collect();
    lines.join("\n")
}

/// A workflow with one completed task, two signals, and a second task under way.
fn signaled() -> Env {
    let mut env = Env::started();
    env.work(vec![]);
    env.signal("one");
    env.work(vec![]);
    env.accept(signal_body("two", "r"));
    env.poll();
    env
}

#[test]
fn the_new_run_begins_with_the_same_events_and_the_later_signals() {
    let mut env = signaled();
    let base = env.current();
    let answer = env.accept(reset("", 4, "new", |_| ()));
    assert_eq!(answer, Answer::Reset { run_id: "new".to_owned(), is_done: true });
    insta::assert_snapshot!(env.history(), @r"
    1 WorkflowExecutionStarted {type: W, queue: q, task_timeout: 10s, first: run-1, original: run-1}
    2 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    3 WorkflowTaskStarted {scheduled: 2, request: poll}
    4 WorkflowTaskFailed {scheduled: 2, started: 3, cause: RESET_WORKFLOW, message: wrong, identity: history-service}
    5 WorkflowExecutionSignaled {name: one}
    6 WorkflowExecutionSignaled {name: two, request: r}
    7 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
    let events = env.events(&env.current());
    assert_eq!(events[..3], env.events(&base)[..3], "verbatim");
    let Some(Attributes::WorkflowTaskFailedEventAttributes(failed)) = &events[3].attributes else { panic!() };
    assert_eq!((failed.base_run_id.as_str(), failed.new_run_id.as_str()), ("run-1", "new"));
    insta::assert_snapshot!(history_of(&env, "run-1", 12), @r"
    12 WorkflowTaskFailed {scheduled: 10, started: 11, cause: FORCE_CLOSE_COMMAND, identity: history-service}
    13 WorkflowExecutionTerminated {reason: wrong, identity: history-resetter}
    ");
    assert_eq!(run(&env, "run-1").reset_base.unwrap().reset_run_id, "new");
    env.work(vec![complete("")]);
    assert_eq!(env.state().status(), WorkflowExecutionStatus::Completed);
}

#[test]
fn a_scheduled_task_is_started_first() {
    let mut env = Env::started();
    env.signal("one");
    env.accept(reset("", 3, "new", |_| ()));
    insta::assert_snapshot!(env.history_from(3), @r"
    3 WorkflowTaskStarted {scheduled: 2, request: emptyUuid}
    4 WorkflowTaskFailed {scheduled: 2, started: 3, cause: RESET_WORKFLOW, message: wrong, identity: history-service}
    5 WorkflowExecutionSignaled {name: one}
    6 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
}

#[test]
fn points_without_a_pending_task_are_refused() {
    let mut env = signaled();
    for finish in [0, 1, 12, 100] {
        let refused = env.refuse(reset("", finish, "new", |_| ()));
        assert_eq!(refused, "InvalidArgument: Workflow task finish ID must be > 1 && <= workflow last event ID.");
    }
    for finish in [2, 5, 6] {
        let refused = env.refuse(reset("", finish, "new", |_| ()));
        let text = "Can only reset workflow to event ID in range [WorkflowTaskScheduled +1, WorkflowTaskStarted + 1]";
        assert_eq!(refused, format!("InvalidArgument: {text}: {finish}"));
    }
    insta::assert_snapshot!(env.refuse(reset("nobody", 4, "new", |_| ())), @r#"NotFound: workflow execution not found for workflow ID "w" and run ID "nobody""#);
    assert_eq!(env.current().run_id, "run-1");
    assert!(run(&env, "new").started.is_none());
}

#[test]
fn two_runs_do_not_become_one() {
    let mut env = signaled();
    let before = env.history();
    let change = |body: &mut ResetWorkflow| body.request_id.clear();
    assert_eq!(env.refuse(reset("", 4, "run-1", change)), "InvalidArgument: The run ID of the new run is in use.");
    assert_eq!(env.history(), before);
}

#[test]
fn what_happens_again_can_be_left_out() {
    let mut env = signaled();
    env.accept(reset("", 4, "new", |body| body.exclude_signals = true));
    insta::assert_snapshot!(env.history_from(4), @r"
    4 WorkflowTaskFailed {scheduled: 2, started: 3, cause: RESET_WORKFLOW, message: wrong, identity: history-service}
    5 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
}

#[test]
fn signals_that_waited_for_the_terminated_task_happen_again() {
    let mut env = signaled();
    env.signal("three");
    env.accept(reset("", 8, "new", |_| ()));
    insta::assert_snapshot!(env.history_from(8), @r"
    8 WorkflowTaskFailed {scheduled: 6, started: 7, cause: RESET_WORKFLOW, message: wrong, identity: history-service}
    9 WorkflowExecutionSignaled {name: two, request: r}
    10 WorkflowExecutionSignaled {name: three}
    11 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
}

#[test]
fn activities_begin_anew_and_timers_keep_their_time() {
    let mut env = Env::started();
    env.work(vec![activity("a"), timer("t", 60)]);
    env.signal("one");
    env.run_to(5_000);
    env.work(vec![]);
    env.accept(reset("", 9, "new", |_| ()));
    let state = env.state();
    assert_eq!(state.activities[&5].scheduled_time, state.start_time);
    let rows: Vec<_> = env::tasks(&env.rows).into_iter().filter(|row| row.kind == TaskKind::Activity as i32).collect();
    assert_eq!((rows.len(), rows[0].run_id.as_str(), rows[0].scheduled_time), (1, "new", state.start_time));
    env.work(vec![]);
    env.run_to(60_000);
    assert!(env.history().contains("TimerFired"));
    assert_ne!(state.start_time, run(&env, "run-1").start_time);
}

#[test]
fn time_outs_count_from_the_reset() {
    let mut env = Env::new();
    env.start(|request| {
        request.workflow_run_timeout = Some(env::seconds(10));
        request.workflow_execution_timeout = Some(env::seconds(15));
    });
    env.work(vec![]);
    env.run_to(10_000);
    assert_eq!(env.state().status(), WorkflowExecutionStatus::TimedOut);
    env.run_to(20_000);
    env.accept(reset("", 4, "new", |_| ()));
    env.work(vec![]);
    env.run_to(29_999);
    assert_eq!(env.state().status(), WorkflowExecutionStatus::Running);
    env.run_to(30_000);
    assert_eq!(env.state().status(), WorkflowExecutionStatus::TimedOut);
}

#[test]
fn a_closed_run_is_reset_while_another_one_is_the_newest() {
    let mut env = signaled();
    env.accept(env::terminate_body(""));
    env.start(|_| ());
    env.accept(reset("run-1", 4, "new", |_| ()));
    assert_eq!(run(&env, "run-2").status(), WorkflowExecutionStatus::Terminated);
    assert_eq!((env.current().run_id.as_str(), env.state().status()), ("new", WorkflowExecutionStatus::Running));
}

#[test]
fn the_chain_by_continue_as_new_is_followed() {
    let mut env = Env::started();
    env.work(vec![]);
    env.signal("one");
    let continued =
        klamm_messages::temporal::command::v1::command::Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(continue_as_new());
    env.work(vec![continued]);
    env.advance(2_000);
    env.signal("two");
    let second = env.current();
    env.accept(reset("run-1", 4, "new", |_| ()));
    assert_eq!(env.rows.get::<Runs>(&second).unwrap().status(), WorkflowExecutionStatus::Terminated);
    insta::assert_snapshot!(env.history_from(5), @r"
    5 WorkflowExecutionSignaled {name: one}
    6 WorkflowExecutionSignaled {name: two}
    7 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
}

#[test]
fn a_reset_run_is_reset_again() {
    let mut env = signaled();
    env.accept(reset("", 4, "second", |_| ()));
    env.work(vec![]);
    env.signal("three");
    env.accept(reset("", 9, "third", |_| ()));
    insta::assert_snapshot!(env.history_from(4), @r"
    4 WorkflowTaskFailed {scheduled: 2, started: 3, cause: RESET_WORKFLOW, message: wrong, identity: history-service}
    5 WorkflowExecutionSignaled {name: one}
    6 WorkflowExecutionSignaled {name: two, request: r}
    7 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    8 WorkflowTaskStarted {scheduled: 7, request: poll}
    9 WorkflowTaskFailed {scheduled: 7, started: 8, cause: RESET_WORKFLOW, message: wrong, identity: history-service}
    10 WorkflowExecutionSignaled {name: three}
    11 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
    let started = env.state().started.clone().unwrap();
    assert_eq!((started.original_execution_run_id.as_str(), started.first_execution_run_id.as_str()), ("run-1", "run-1"));
}

#[test]
fn the_same_request_gets_the_same_run_while_that_is_the_newest() {
    let mut env = signaled();
    let again = |env: &mut Env, run_id: &str| env.accept(reset("run-1", 4, run_id, |body| body.request_id = "r".to_owned()));
    again(&mut env, "new");
    assert_eq!(again(&mut env, "other"), Answer::Reset { run_id: "new".to_owned(), is_done: true });
    env.accept(env::terminate_body(""));
    env.start(|_| ());
    assert_eq!(again(&mut env, "other"), Answer::Reset { run_id: "other".to_owned(), is_done: true });
}

#[test]
fn options_are_put_into_force() {
    let mut env = signaled();
    env.accept(reset("", 4, "new", |body| {
        body.operations = vec![UpdateWorkflowOptions {
            options: Some(WorkflowExecutionOptions {
                priority: Some(Priority { priority_key: 1, ..Priority::default() }),
                ..WorkflowExecutionOptions::default()
            }),
            paths: Some(OptionPaths { paths: vec!["priority".to_owned()] }),
            ..UpdateWorkflowOptions::default()
        }];
    }));
    assert!(env.history_from(7).starts_with("7 WorkflowExecutionOptionsUpdated"));
    assert_eq!(env.waiting_workflow_task().map(|task| task.priority), Some(1));
}

#[test]
fn a_schedule_hears_of_the_end_of_the_run_that_took_the_place() {
    let mut env = Env::new();
    let body = scheduled::body(&mut env, 1, |_| ());
    env.accept(body);
    env.work(vec![]);
    env.accept(reset("", 4, "new", |_| ()));
    let closed = |command: &&Command| matches!(command.body, Some(Body::ScheduledRunClosed(_)));
    assert_eq!(env.sent.iter().filter(closed).count(), 0, "it is not over");
    env.work(vec![complete("")]);
    assert_eq!(env.sent.iter().filter(closed).count(), 1);
}

/// Decides what the machine has sent to itself, once each and in order; how many commands that were.
fn deliver(env: &mut Env) -> usize {
    let mut count = 0;
    while let Some(at) = env.sent.iter().position(|command| matches!(command.body, Some(Body::ContinueReset(_)))) {
        let command = env.sent.remove(at);
        env.accept(command.body.unwrap());
        count += 1;
        assert!(count < 1000, "it never ends");
    }
    count
}

#[test]
fn a_long_history_is_copied_by_several_commands_and_nobody_sees_the_run_before_its_time() {
    let mut env = Env::started();
    env.checks_folds = false;
    for _ in 0..2_500 {
        env.signal("go");
    }
    let task = env.poll();
    env.complete(&task, vec![activity("a")]);
    for _ in 0..1_500 {
        env.signal("later");
    }
    let finish = task.started_event_id + 1;
    assert_eq!(env.accept(reset("", finish, "new", |_| ())), Answer::Reset { run_id: "new".to_owned(), is_done: false });
    assert_eq!(env.current().run_id, "run-1");
    assert!(env::tasks(&env.rows).iter().all(|row| row.run_id == "run-1"));
    assert_eq!(run(&env, "new").wake_time, None);
    env.check_folds();

    // The base goes on meanwhile, the same request finds the run that is being built, and a doubled command changes nothing.
    env.signal("last");
    let again = env.accept(reset("", finish, "other", |body| body.request_id = "request of new".to_owned()));
    assert_eq!(again, Answer::Reset { run_id: "new".to_owned(), is_done: false });
    let doubled = env.sent.iter().find(|command| matches!(command.body, Some(Body::ContinueReset(_)))).cloned().unwrap();
    let count = deliver(&mut env);
    assert!((3..=6).contains(&count), "{count} commands");
    let before = env.log.len();
    env.accept(doubled.body.unwrap());
    assert_eq!(env.log.len(), before);

    assert_eq!(env.current().run_id, "new");
    assert_eq!(env.state().reset.as_ref().map(|reset| reset.phase()), Some(ResetPhase::Done));
    let events = env.events(&env.current());
    let base = env.events(&RunKey::new("default", env::ID, "run-1"));
    let prefix = usize::try_from(finish - 1).unwrap();
    assert_eq!(events[..prefix], base[..prefix]);
    let signals = events.iter().filter(|event| event.event_type() == EventType::WorkflowExecutionSignaled).count();
    assert_eq!(signals, 4_001);
    env.check_folds();
}

#[test]
fn a_run_whose_base_is_deleted_meanwhile_is_given_up() {
    let mut env = Env::started();
    env.checks_folds = false;
    for _ in 0..1_500 {
        env.signal("go");
    }
    let task = env.poll();
    env.complete(&task, vec![complete("")]);
    env.accept(reset("", task.started_event_id + 1, "new", |_| ()));
    env.run_to(2 * 86_400_000);
    assert!(run(&env, "run-1").started.is_none(), "its retention is over");
    deliver(&mut env);
    assert!(run(&env, "new").started.is_none());
    env.check_folds();
}
