//! Workflows that operators hold back, let go on, and give other options.

use klamm_messages::{
    klamm::v1::{OptionPaths, PauseWorkflow, StartActivityTask, TaskKind, TaskRow, UnpauseWorkflow, UpdateWorkflowOptions, command::Body},
    temporal::{
        common::v1::Priority,
        enums::v1::{WorkflowExecutionStatus, WorkflowTaskFailedCause},
        workflow::v1::WorkflowExecutionOptions,
    },
};
use klamm_workflow::Answer;

use crate::{
    activity, complete,
    env::{self, Env, cancel_body, complete_body, execution, signal_body, sticky, terminate_body},
    timer,
};

/// A pause of the newest run.
pub fn pause(request_id: &str) -> Body {
    let (reason, request_id) = ("because".to_owned(), request_id.to_owned());
    Body::PauseWorkflow(PauseWorkflow { execution: Some(execution("")), reason, request_id })
}

/// The newest run goes on.
pub fn unpause() -> Body {
    Body::UnpauseWorkflow(UnpauseWorkflow { execution: Some(execution("")), ..UnpauseWorkflow::default() })
}

/// Another priority for the newest run.
pub fn update_priority(priority_key: i32) -> Body {
    update(&["priority.priorityKey"], Some(Priority { priority_key, ..Priority::default() }))
}

fn update(paths: &[&str], priority: Option<Priority>) -> Body {
    let paths = Some(OptionPaths { paths: paths.iter().map(|path| (*path).to_owned()).collect() });
    let options = Some(WorkflowExecutionOptions { priority, ..WorkflowExecutionOptions::default() });
    Body::UpdateWorkflowOptions(UpdateWorkflowOptions { execution: Some(execution("")), options, paths })
}

fn activity_tasks(env: &Env) -> Vec<TaskRow> {
    env::tasks(&env.rows).into_iter().filter(|row| row.kind == TaskKind::Activity as i32).collect()
}

#[test]
fn a_scheduled_task_is_dropped_and_comes_back_with_the_unpausing() {
    let mut env = Env::started();
    env.accept(pause("r"));
    assert!(env.waiting_workflow_task().is_none());
    env.signal("go");
    env.accept(unpause());
    env.work(vec![complete("")]);
    insta::assert_snapshot!(env.history_from(3), @r"
    3 WorkflowTaskFailed {scheduled: 2, started: 0, cause: WORKFLOW_PAUSE_REQUESTED_BEFORE_TASK_STARTED, identity: history-service}
    4 WorkflowExecutionPaused
    5 WorkflowExecutionSignaled {name: go}
    6 WorkflowExecutionUnpaused
    7 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    8 WorkflowTaskStarted {scheduled: 7, request: poll}
    9 WorkflowTaskCompleted {scheduled: 7, started: 8}
    10 WorkflowExecutionCompleted {completed: 9}
    ");
}

#[test]
fn a_started_task_may_complete_and_its_activities_wait() {
    let mut env = Env::started();
    let task = env.poll();
    env.accept(pause("r"));
    assert_eq!(env.state().status(), WorkflowExecutionStatus::Paused, "although the event waits");
    env.complete(&task, vec![activity("a")]);
    assert_eq!((activity_tasks(&env), env.waiting_workflow_task()), (vec![], None));
    env.accept(unpause());
    assert_eq!(activity_tasks(&env).len(), 1);
    insta::assert_snapshot!(env.history_from(4), @r"
    4 WorkflowTaskCompleted {scheduled: 2, started: 3}
    5 ActivityTaskScheduled {id: a}
    6 WorkflowExecutionPaused
    7 WorkflowExecutionUnpaused
    8 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
}

#[test]
fn a_task_that_asks_for_another_one_is_refused() {
    let mut env = Env::started();
    let task = env.poll();
    env.accept(pause("r"));
    let body = complete_body(&task, vec![], |request| request.force_create_new_workflow_task = true);
    insta::assert_snapshot!(env.refuse(body), @"FailedPrecondition: Workflow is paused and force create new workflow task is not allowed.");
    // It cannot close the run either before it has seen the pause.
    insta::assert_snapshot!(env.complete_refused(&task, vec![complete("")]), @"InvalidArgument: UnhandledCommand");
    assert_eq!((env.state().status(), env.waiting_workflow_task()), (WorkflowExecutionStatus::Paused, None));
}

#[test]
fn a_failed_task_is_not_followed_by_another_one_before_the_unpausing() {
    let mut env = Env::started();
    let task = env.poll();
    env.accept(pause("r"));
    env.fail(&task, WorkflowTaskFailedCause::NonDeterministicError);
    assert!(env.waiting_workflow_task().is_none());
    env.accept(unpause());
    assert_eq!(env.poll().attempt, 1, "new events make it a first attempt");
}

#[test]
fn whatever_happens_meanwhile_is_kept_and_makes_no_task() {
    let mut env = Env::started();
    env.work(vec![timer("t", 5), activity("a")]);
    let queued = activity_tasks(&env).remove(0);
    let start = |poll: &str| {
        Body::StartActivityTask(StartActivityTask {
            run_id: queued.run_id.clone(),
            scheduled_event_id: queued.scheduled_event_id,
            stamp: queued.stamp,
            poll_id: poll.to_owned(),
            ..StartActivityTask::default()
        })
    };
    env.accept(pause("r"));
    assert_eq!(env.accept(start("early")), Answer::TaskObsolete);
    env.signal("go");
    env.accept(cancel_body(""));
    env.run_to(6_000);
    assert_eq!((activity_tasks(&env), env.waiting_workflow_task()), (vec![], None));
    env.accept(unpause());
    assert!(matches!(env.accept(start("late")), Answer::ActivityTaskStarted(_)));
    insta::assert_snapshot!(env.history_from(7), @r"
    7 WorkflowExecutionPaused
    8 WorkflowExecutionSignaled {name: go}
    9 WorkflowExecutionCancelRequested {cause: enough, identity: client}
    10 TimerFired {id: t, started: 5}
    11 WorkflowExecutionUnpaused
    12 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
}

#[test]
fn pausing_twice_and_unpausing_what_is_not_paused_is_refused() {
    let mut env = Env::started();
    insta::assert_snapshot!(env.refuse(unpause()), @"FailedPrecondition: workflow is not paused.");
    env.accept(pause("r"));
    env.accept(pause("r"));
    insta::assert_snapshot!(env.refuse(pause("other")), @"FailedPrecondition: workflow is already paused.");
    env.accept(terminate_body(""));
    insta::assert_snapshot!(env.refuse(pause("r")), @"NotFound: workflow execution already completed");
    insta::assert_snapshot!(env.refuse(unpause()), @"NotFound: workflow execution already completed");
}

#[test]
fn lists_show_that_it_is_paused() {
    let mut env = Env::started();
    env.documents();
    env.accept(pause("r"));
    let shown = env.documents().pop().unwrap();
    let info = shown.search_attributes.clone().unwrap_or_default().indexed_fields["TemporalPauseInfo"].data.clone();
    assert_eq!((shown.status(), &info[..]), (WorkflowExecutionStatus::Paused, &br#"["Workflow:w","Reason:because"]"#[..]));
    assert_eq!((shown.close_time, shown.history_length), (None, 0));
    env.accept(unpause());
    let shown = env.documents().pop().unwrap();
    assert_eq!((shown.status(), shown.search_attributes), (WorkflowExecutionStatus::Running, None));
}

#[test]
fn a_delayed_start_is_paused_too() {
    let mut env = Env::new();
    env.start(|request| request.workflow_start_delay = Some(env::seconds(5)));
    env.accept(pause("r"));
    env.run_to(10_000);
    assert!(env.waiting_workflow_task().is_none());
    env.accept(unpause());
    assert!(env.waiting_workflow_task().is_some());
}

#[test]
fn a_paused_run_ends_by_its_run_timeout() {
    let mut env = Env::new();
    env.start(|request| request.workflow_run_timeout = Some(env::seconds(5)));
    env.accept(pause("r"));
    env.run_to(5_000);
    assert_eq!(env.state().status(), WorkflowExecutionStatus::TimedOut);
}

#[test]
fn a_sticky_task_is_dropped_and_the_next_one_goes_to_the_normal_queue() {
    let mut env = Env::started();
    let task = env.poll();
    env.complete_with(&task, vec![], |request| request.sticky_attributes = sticky());
    env.signal("go");
    env.accept(pause("r"));
    env.run_to(20_000);
    env.accept(unpause());
    let task = env.waiting_workflow_task().unwrap();
    assert_eq!((task.task_queue.as_str(), task.sticky, task.attempt), ("q", false, 1));
}

#[test]
fn events_that_wait_are_appended_when_the_task_of_a_paused_run_ends() {
    let mut env = Env::started();
    let task = env.poll();
    env.accept(pause("r"));
    env.accept(signal_body("go", ""));
    env.accept(unpause());
    env.accept(pause("again"));
    env.complete(&task, vec![]);
    insta::assert_snapshot!(env.history_from(4), @r"
    4 WorkflowTaskCompleted {scheduled: 2, started: 3}
    5 WorkflowExecutionPaused
    6 WorkflowExecutionSignaled {name: go}
    7 WorkflowExecutionUnpaused
    8 WorkflowExecutionPaused
    ");
    assert_eq!(env.state().status(), WorkflowExecutionStatus::Paused);
}

#[test]
fn another_priority_moves_the_waiting_task() {
    let mut env = Env::started();
    env.accept(update_priority(1));
    assert_eq!(env.waiting_workflow_task().map(|task| task.priority), Some(1));
    let Answer::WorkflowOptions(options) = env.accept(update_priority(1)) else { panic!("no options") };
    assert_eq!(options.priority.map(|priority| priority.priority_key), Some(1));
    assert_eq!(env.history_from(3), "3 WorkflowExecutionOptionsUpdated", "what is in force already makes no event");
    insta::assert_snapshot!(
        env.refuse(update(&["versioningOverride.pinned"], None)),
        @"InvalidArgument: error applying update_options: versioning_override doesn't support partial updates"
    );
    env.accept(terminate_body(""));
    insta::assert_snapshot!(env.refuse(update_priority(2)), @"NotFound: workflow execution already completed");
}
