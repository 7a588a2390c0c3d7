//! Commands of operators: pause, unpause, reset, other options.

use klamm_machine::Rejection;
use klamm_messages::{
    klamm::v1::{
        ActivityPhase, ActivitySelector, ActivityState, CompleteActivityTask, FailActivityTask, HeartbeatActivityTask, OptionPaths,
        PauseActivity, ResetActivity, UnpauseActivity, UpdateActivityOptions, command::Body,
    },
    temporal::{
        activity::v1::ActivityOptions,
        common::v1::{RetryPolicy, WorkflowExecution},
        failure::v1::{ApplicationFailureInfo, Failure, failure::FailureInfo},
    },
};

use super::env::{Env, jsons, millis, queue, request_cancel, schedule, schedule_with, token};
use crate::{Answer, answer::StartedActivityTask};

fn execution() -> Option<WorkflowExecution> {
    Some(WorkflowExecution { workflow_id: "w".to_owned(), run_id: String::new() })
}

fn by_id(activity_id: &str) -> Option<ActivitySelector> {
    Some(ActivitySelector { activity_id: activity_id.to_owned(), ..ActivitySelector::default() })
}

fn by_type(activity_type: &str) -> Option<ActivitySelector> {
    Some(ActivitySelector { activity_type: activity_type.to_owned(), ..ActivitySelector::default() })
}

fn all() -> Option<ActivitySelector> {
    Some(ActivitySelector { all: true, ..ActivitySelector::default() })
}

fn pause(activities: Option<ActivitySelector>, request_id: &str) -> Body {
    let (reason, request_id) = ("because".to_owned(), request_id.to_owned());
    Body::PauseActivity(PauseActivity { execution: execution(), activities, reason, request_id })
}

fn unpause(activities: Option<ActivitySelector>, change: impl FnOnce(&mut UnpauseActivity)) -> Body {
    let mut body = UnpauseActivity { execution: execution(), activities, ..UnpauseActivity::default() };
    change(&mut body);
    Body::UnpauseActivity(body)
}

fn reset(activities: Option<ActivitySelector>, change: impl FnOnce(&mut ResetActivity)) -> Body {
    let mut body = ResetActivity { execution: execution(), activities, ..ResetActivity::default() };
    change(&mut body);
    Body::ResetActivity(body)
}

fn update(activities: Option<ActivitySelector>, paths: &[&str], options: ActivityOptions) -> Body {
    let paths = Some(OptionPaths { paths: paths.iter().map(|path| (*path).to_owned()).collect() });
    Body::UpdateActivityOptions(UpdateActivityOptions {
        execution: execution(),
        activities,
        options: Some(options),
        paths,
        restore_original: false,
    })
}

fn restore(activities: Option<ActivitySelector>) -> Body {
    Body::UpdateActivityOptions(UpdateActivityOptions {
        execution: execution(),
        activities,
        restore_original: true,
        ..UpdateActivityOptions::default()
    })
}

fn fail(task: &StartedActivityTask) -> Body {
    let info = FailureInfo::ApplicationFailureInfo(ApplicationFailureInfo::default());
    let failure = Failure { message: "broken".to_owned(), failure_info: Some(info), ..Failure::default() };
    Body::FailActivityTask(FailActivityTask { token: token(task), failure: Some(failure), ..FailActivityTask::default() })
}

fn complete(task: &StartedActivityTask) -> Body {
    Body::CompleteActivityTask(CompleteActivityTask { token: token(task), ..CompleteActivityTask::default() })
}

fn beat(task: &StartedActivityTask) -> Body {
    Body::HeartbeatActivityTask(HeartbeatActivityTask { token: token(task), details: jsons("7") })
}

/// A workflow with activity 5, "a" of type A.
fn one() -> Env {
    let mut env = Env::new();
    env.workflow(vec![schedule("a")]);
    env
}

fn state(env: &Env) -> ActivityState {
    env.state().activities[&5].state.clone().unwrap()
}

fn pauses(env: &Env) -> String {
    let shown = crate::visibility::search_attributes(&env.state()).unwrap_or_default();
    shown.indexed_fields.get("TemporalPauseInfo").map(|value| String::from_utf8(value.data.to_vec()).unwrap()).unwrap_or_default()
}

fn not_found() -> Rejection {
    Rejection::not_found("Can't find pending activity with such ID. Invalid activityID or activity already completed")
}

#[test]
fn a_waiting_activity_is_held_back_until_it_is_unpaused() {
    let mut env = one();
    let queued = env.start_activity_body(5, "poll");
    env.accept(pause(by_id("a"), "r"));
    assert_eq!((env.tasks(), pauses(&env).as_str()), (vec![], r#"["property:activityType=A"]"#));
    assert_eq!(env.accept(queued), Answer::TaskObsolete, "the task that was queued before");
    env.accept(unpause(by_id("a"), |_| ()));
    assert_eq!(pauses(&env), "");
    let task = env.start_activity(5);
    assert_eq!(task.attempt, 1);
    env.accept(complete(&task));
    assert_eq!(env.history_from(6), ["6 ActivityTaskStarted 5 attempt=1", "7 ActivityTaskCompleted 5/6", "8 WorkflowTaskScheduled"]);
}

#[test]
fn the_same_pause_again_is_no_error_and_another_one_is() {
    let mut env = one();
    env.accept(pause(by_id("a"), "r"));
    env.advance(1000);
    env.accept(pause(by_id("a"), "r"));
    let state = state(&env);
    assert_eq!((state.stamp, state.pause.unwrap().reason.as_str()), (2, "because"));
    assert_eq!(env.refuse(pause(by_id("a"), "other")), Rejection::FailedPrecondition("activity is already paused".to_owned()));
}

#[test]
fn activities_are_meant_by_id_by_type_or_all() {
    let mut env = Env::new();
    let other = schedule_with("c", |attributes| attributes.activity_type.get_or_insert_default().name = "B".to_owned());
    env.workflow(vec![schedule("a"), schedule("b"), other]);
    env.accept(pause(by_type("A"), "r"));
    assert_eq!(env.tasks().iter().map(|task| task.scheduled_event_id).collect::<Vec<_>>(), [7]);
    env.accept(pause(by_id("c"), "r"));
    assert_eq!(pauses(&env), r#"["property:activityType=A","property:activityType=B"]"#);
    env.accept(unpause(all(), |_| ()));
    assert_eq!(env.tasks().len(), 3);
    env.accept(unpause(all(), |_| ()));
    for selector in [by_id("d"), by_type("C"), None] {
        assert_eq!(env.refuse(pause(selector.clone(), "r")), not_found());
        assert_eq!(env.refuse(unpause(selector.clone(), |_| ())), not_found());
        assert_eq!(env.refuse(reset(selector.clone(), |_| ())), not_found());
        assert_eq!(env.refuse(restore(selector)), not_found());
    }
}

#[test]
fn an_attempt_under_way_goes_on_and_its_failure_waits() {
    let mut env = one();
    let task = env.start_activity(5);
    env.accept(pause(by_id("a"), "r"));
    assert_eq!(env.accept(beat(&task)), Answer::Heartbeat { cancel_requested: false, paused: true, reset: false });
    env.accept(fail(&task));
    let waiting = state(&env);
    assert_eq!((waiting.phase(), waiting.attempt, env.tasks()), (ActivityPhase::Scheduled, 2, vec![]));
    assert_eq!(waiting.last_failure.map(|failure| failure.message), Some("broken".to_owned()));
    assert_eq!(env.next_wake(), None, "nothing comes by time");
    env.accept(unpause(by_id("a"), |body| body.reset_heartbeat = true));
    let task = env.start_activity(5);
    assert_eq!((task.attempt, task.last_failure.clone(), task.heartbeat_details.clone()), (2, None, None));
}

#[test]
fn a_paused_attempt_may_complete() {
    let mut env = one();
    let task = env.start_activity(5);
    env.accept(pause(by_id("a"), "r"));
    env.accept(complete(&task));
    assert_eq!(env.history_from(7), ["7 ActivityTaskCompleted 5/6", "8 WorkflowTaskScheduled"]);
    assert_eq!(pauses(&env), "");
}

#[test]
fn no_timeout_of_a_paused_activity_takes_effect_before_it_is_unpaused() {
    let mut env = Env::new();
    env.workflow(vec![schedule_with("a", |attributes| {
        attributes.schedule_to_close_timeout = millis(20_000);
        attributes.schedule_to_start_timeout = millis(5_000);
    })]);
    let task = env.start_activity(5);
    env.accept(fail(&task));
    env.accept(pause(by_id("a"), "r"));
    assert_eq!(env.next_wake(), None);
    env.run_to(30_000);
    assert_eq!((state(&env).attempt, env.tasks()), (2, vec![]));
    env.accept(unpause(by_id("a"), |_| ()));
    env.run_to(30_000);
    let history = env.history_from(6);
    assert!(history[0].starts_with("6 ActivityTaskTimedOut 5/0 TIMEOUT"), "{history:?}");
}

#[test]
fn unpausing_may_reset_the_attempts_and_spread_the_starts() {
    let mut env = one();
    let task = env.start_activity(5);
    env.accept(fail(&task));
    env.accept(pause(by_id("a"), "r"));
    let jitter = millis(10_000);
    env.accept(unpause(by_id("a"), |body| (body.reset_attempts, body.jitter) = (true, jitter)));
    let due = env.next_wake().expect("it is due later");
    assert!((1..10_000).contains(&due), "{due}");
    assert_eq!((state(&env).phase(), env.tasks()), (ActivityPhase::BackingOff, vec![]));
    env.run_to(10_000);
    assert_eq!(env.start_activity(5).attempt, 1);
}

#[test]
fn unpausing_an_attempt_under_way_lets_it_go_on() {
    let mut env = one();
    let task = env.start_activity(5);
    env.accept(pause(by_id("a"), "r"));
    env.accept(unpause(by_id("a"), |_| ()));
    assert_eq!(env.accept(beat(&task)), Answer::Heartbeat { cancel_requested: false, paused: false, reset: false });
    env.accept(complete(&task));
}

#[test]
fn a_waiting_activity_that_is_reset_begins_again_at_once() {
    let mut env = one();
    let task = env.start_activity(5);
    env.accept(beat(&task));
    env.accept(fail(&task));
    env.accept(reset(by_id("a"), |body| body.reset_heartbeat = true));
    let again = env.start_activity(5);
    assert_eq!((again.attempt, again.heartbeat_details.clone()), (1, None));
    assert_eq!(env.accept(beat(&again)), Answer::Heartbeat { cancel_requested: false, paused: false, reset: false });
}

#[test]
fn an_attempt_under_way_learns_of_its_reset_and_the_next_one_counts_from_there() {
    let mut env = one();
    let task = env.start_activity(5);
    env.accept(reset(by_id("a"), |body| body.reset_heartbeat = true));
    assert_eq!(env.accept(beat(&task)), Answer::Heartbeat { cancel_requested: false, paused: false, reset: true });
    env.accept(fail(&task));
    env.run_to(1000);
    let next = env.start_activity(5);
    assert_eq!((next.attempt, next.heartbeat_details.clone()), (2, None));
    assert_eq!(env.accept(beat(&next)), Answer::Heartbeat { cancel_requested: false, paused: false, reset: false });
}

#[test]
fn a_reset_keeps_a_pause_only_where_it_is_told_to() {
    let mut env = one();
    env.accept(pause(by_id("a"), "r"));
    env.accept(reset(by_id("a"), |body| body.keep_paused = true));
    assert_eq!((env.tasks(), state(&env).pause.is_some()), (vec![], true));
    env.accept(reset(by_id("a"), |_| ()));
    assert_eq!((env.tasks().len(), state(&env).pause), (1, None));
}

#[test]
fn new_options_are_in_force_at_once() {
    let mut env = one();
    let queued = env.start_activity_body(5, "poll");
    let told = ActivityOptions {
        task_queue: Some(queue("elsewhere")),
        start_to_close_timeout: millis(3_000),
        schedule_to_close_timeout: millis(60_000),
        ..ActivityOptions::default()
    };
    let paths = ["taskQueue.name", "startToCloseTimeout", "scheduleToCloseTimeout"];
    let Answer::ActivityOptions(options) = env.accept(update(by_id("a"), &paths, told)) else { panic!("no options") };
    assert_eq!(options.task_queue.as_ref().map(|queue| queue.name.as_str()), Some("elsewhere"));
    assert_eq!(options.schedule_to_start_timeout, millis(60_000), "what is left out follows from the others");
    assert_eq!(env.accept(queued), Answer::TaskObsolete);
    assert_eq!(env.tasks()[0].task_queue, "elsewhere");
    let task = env.start_activity(5);
    assert_eq!(task.scheduled.start_to_close_timeout, millis(3_000));
    env.run_to(3_000);
    assert_eq!(state(&env).attempt, 2, "the attempt has timed out");
    env.accept(restore(all()));
    env.run_to(10_000);
    assert_eq!(env.start_activity(5).scheduled.start_to_close_timeout, millis(10_000));
}

#[test]
fn an_attempt_under_way_goes_on_with_new_options() {
    let mut env = one();
    let task = env.start_activity(5);
    let told = ActivityOptions { start_to_close_timeout: millis(30_000), ..ActivityOptions::default() };
    env.accept(update(by_id("a"), &["startToCloseTimeout"], told));
    env.run_to(20_000);
    env.accept(complete(&task));
}

#[test]
fn a_new_policy_gives_the_waiting_attempt_another_time() {
    let mut env = one();
    let task = env.start_activity(5);
    env.accept(fail(&task));
    let policy = RetryPolicy { initial_interval: millis(60_000), ..RetryPolicy::default() };
    let told = ActivityOptions { retry_policy: Some(policy), ..ActivityOptions::default() };
    env.accept(update(by_type("A"), &["retryPolicy.initialInterval"], told));
    assert_eq!(env.next_wake(), Some(100_000), "an interval of the second attempt, at most the maximum");
}

#[test]
fn wrong_options_are_refused_and_change_nothing() {
    let mut env = one();
    let before = env.state();
    let policy = RetryPolicy { backoff_coefficient: 0.5, ..RetryPolicy::default() };
    let told = ActivityOptions { retry_policy: Some(policy), start_to_close_timeout: millis(0), ..ActivityOptions::default() };
    for (paths, message) in [
        (&["taskQueue.name"][..], "TaskQueue is not provided"),
        (&["priority.priorityKey"], "Priority is not provided"),
        (&["retryPolicy.backoffCoefficient"], "BackoffCoefficient cannot be less than 1 on retry policy."),
        (
            &["startToCloseTimeout"],
            "a valid StartToCloseTimeout or ScheduleToCloseTimeout must be set on the activity. ActivityId=a ActivityType=A",
        ),
    ] {
        assert_eq!(env.refuse(update(by_id("a"), paths, told.clone())), Rejection::invalid(message));
    }
    let nothing = UpdateActivityOptions { execution: execution(), activities: by_id("a"), ..UpdateActivityOptions::default() };
    assert_eq!(env.refuse(Body::UpdateActivityOptions(nothing.clone())), Rejection::invalid("ActivityOptions are not provided"));
    let no_mask = UpdateActivityOptions { options: Some(told), ..nothing };
    assert_eq!(env.refuse(Body::UpdateActivityOptions(no_mask)), Rejection::invalid("UpdateMask is not provided"));
    assert_eq!(env.state(), before);
}

#[test]
fn a_paused_activity_is_cancelled_at_once() {
    let mut env = Env::new();
    env.workflow(vec![schedule("a"), schedule("b")]);
    let b = env.start_activity(6);
    env.accept(pause(by_id("a"), "r"));
    env.accept(complete(&b));
    env.workflow(vec![request_cancel(5)]);
    assert!(env.history_from(12).iter().any(|line| line.contains("ActivityTaskCanceled 5/0")));
}
