//! ScheduleActivityTask.

use klamm_messages::{
    klamm::v1::{ActivityPhase, TerminateWorkflow, command::Body},
    temporal::{
        common::v1::{Payload, Payloads, Priority, RetryPolicy, WorkflowExecution},
        enums::v1::TaskQueueKind,
        history::v1::history_event::Attributes,
        workflowservice::v1::TerminateWorkflowExecutionRequest,
    },
};

use super::env::{Env, START, millis, schedule, schedule_with};

#[test]
fn a_scheduled_activity_stands_in_the_history_with_the_servers_defaults_and_waits_on_its_queue() {
    let mut env = Env::new();
    env.workflow(vec![schedule("a")]);
    assert_eq!(env.history_from(4), ["4 WorkflowTaskCompleted", "5 ActivityTaskScheduled a"]);
    let Attributes::ActivityTaskScheduledEventAttributes(scheduled) = env.last_attributes() else { panic!() };
    assert_eq!(scheduled.workflow_task_completed_event_id, 4);
    assert_eq!(scheduled.schedule_to_close_timeout, millis(0));
    assert_eq!(scheduled.schedule_to_start_timeout, millis(0));
    assert_eq!(scheduled.start_to_close_timeout, millis(10_000));
    assert_eq!(scheduled.heartbeat_timeout, millis(0));
    assert_eq!(scheduled.task_queue.unwrap().kind(), TaskQueueKind::Normal);
    let policy = RetryPolicy {
        initial_interval: millis(1_000),
        backoff_coefficient: 2.0,
        maximum_interval: millis(100_000),
        ..RetryPolicy::default()
    };
    assert_eq!(scheduled.retry_policy, Some(policy));
    let [task] = &env.tasks()[..] else { panic!("{:?}", env.tasks()) };
    assert_eq!((task.task_queue.as_str(), task.scheduled_event_id, task.stamp, task.attempt), ("activities", 5, 1, 1));
    assert_eq!((task.priority, task.scheduled_time.unwrap().seconds), (3, START / 1000));
    let state = env.state();
    let activity = state.activities[&5].state.as_ref().unwrap();
    assert_eq!((activity.phase(), activity.attempt, activity.stamp), (ActivityPhase::Scheduled, 1, 1));
}

#[test]
fn timeouts_follow_from_the_runs_where_left_out() {
    let mut env = Env::with_start(|start| start.workflow_run_timeout = millis(60_000));
    env.workflow(vec![schedule("a")]);
    let Attributes::ActivityTaskScheduledEventAttributes(scheduled) = env.last_attributes() else { panic!() };
    assert_eq!(scheduled.schedule_to_close_timeout, millis(60_000));
    assert_eq!(scheduled.schedule_to_start_timeout, millis(60_000));
}

#[test]
fn an_activity_without_any_timeout_fails_the_workflow_task() {
    let mut env = Env::new();
    let message = env.workflow_refused(vec![schedule_with("a", |a| a.start_to_close_timeout = None)]);
    assert_eq!(
        message,
        "BadScheduleActivityAttributes: a valid StartToCloseTimeout or ScheduleToCloseTimeout must be set on the activity. \
         ActivityId=a ActivityType=A"
    );
    assert_eq!(env.history_from(4)[0], "4 WorkflowTaskFailed BAD_SCHEDULE_ACTIVITY_ATTRIBUTES");
}

#[test]
fn an_id_that_is_pending_cannot_be_scheduled_again() {
    let mut env = Env::new();
    let message = env.workflow_refused(vec![schedule("a"), schedule("a")]);
    assert_eq!(
        message,
        "ScheduleActivityDuplicateId: invalid history builder state for action: add-activitytask-scheduled-event, ActivityID: a"
    );
    assert_eq!(env.history_from(4)[0], "4 WorkflowTaskFailed SCHEDULE_ACTIVITY_DUPLICATE_ID");
    assert!(env.tasks().is_empty(), "nothing of the refused completion may stay");
}

#[test]
fn at_most_2000_activities_may_be_pending() {
    let mut env = Env::new();
    let commands = (0..2001).map(|n| schedule(&format!("a{n}"))).collect();
    let message = env.workflow_refused(commands);
    assert_eq!(
        message,
        "PendingActivitiesLimitExceeded: the number of pending activities, 2000, has reached the per-workflow limit of 2000"
    );
}

#[test]
fn an_input_larger_than_a_payload_may_be_terminates_the_workflow() {
    let mut env = Env::new();
    let input = Payloads { payloads: vec![Payload { data: vec![0; 2 * 1024 * 1024 + 1].into(), ..Payload::default() }] };
    let message = env.workflow_refused(vec![schedule_with("a", |a| a.input = Some(input))]);
    assert_eq!(message, "BadScheduleActivityAttributes: ScheduleActivityTaskCommandAttributes.Input exceeds size limit.");
    assert_eq!(env.history_from(4), ["4 WorkflowTaskFailed BAD_SCHEDULE_ACTIVITY_ATTRIBUTES", "5 WorkflowExecutionTerminated",]);
}

#[test]
fn an_activitys_priority_is_over_its_workflows_field_by_field() {
    let mut env = Env::with_start(|start| {
        start.priority = Some(Priority { priority_key: 2, fairness_key: "tenant".to_owned(), fairness_weight: 0.5 });
    });
    let own = Priority { priority_key: 5, ..Priority::default() };
    env.workflow(vec![schedule("a"), schedule_with("b", |b| b.priority = Some(own.clone()))]);
    let Attributes::ActivityTaskScheduledEventAttributes(scheduled) = env.last_attributes() else { panic!() };
    assert_eq!(scheduled.priority, Some(own), "the event states what the command told");
    let priorities: Vec<_> = env.tasks().iter().map(|task| (task.scheduled_event_id, task.priority)).collect();
    assert_eq!(priorities, [(5, 2), (6, 5)]);
    let started = env.start_activity(6);
    assert_eq!(started.scheduled.priority, Some(Priority { priority_key: 5, fairness_key: "tenant".to_owned(), fairness_weight: 0.5 }));
}

#[test]
fn no_task_of_a_closed_workflow_waits() {
    let mut env = Env::new();
    env.workflow(vec![schedule("a"), schedule("b")]);
    env.start_activity(5);
    let request = TerminateWorkflowExecutionRequest {
        workflow_execution: Some(WorkflowExecution { workflow_id: "w".to_owned(), run_id: String::new() }),
        ..TerminateWorkflowExecutionRequest::default()
    };
    env.accept(Body::TerminateWorkflow(TerminateWorkflow { request: Some(request) }));
    assert!(env.tasks().is_empty());
    assert!(env.state().activity_ids.is_empty());
    assert_eq!(env.state().activities.len(), 2, "what was pending stays to be shown");
}
