//! Completions whose commands cannot be done.

use klamm_messages::temporal::command::v1::{ScheduleActivityTaskCommandAttributes, ScheduleNexusOperationCommandAttributes};

use crate::{Attributes, activity, complete, env::Env, timer};

#[test]
fn one_bad_command_undoes_the_whole_completion() {
    let mut env = Env::started();
    let task = env.poll();
    env.signal("waits");
    let bad = Attributes::ScheduleActivityTaskCommandAttributes(ScheduleActivityTaskCommandAttributes::default());
    let refused = env.complete_refused(&task, vec![timer("t", 60), activity("a"), bad]);
    assert!(refused.starts_with("InvalidArgument: BadScheduleActivityAttributes: "), "{refused}");
    assert!(env.state().timers.is_empty() && env.state().activities.is_empty());
    let history = env.history_from(4);
    let lines: Vec<_> = history.lines().map(|line| line.split(", message").next().unwrap()).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    4 WorkflowTaskFailed {scheduled: 2, started: 3, cause: BAD_SCHEDULE_ACTIVITY_ATTRIBUTES
    5 WorkflowExecutionSignaled {name: waits}
    6 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
}

#[test]
fn a_later_attempt_with_bad_commands_is_left_to_its_timeout() {
    let mut env = Env::started();
    let bad = || Attributes::ScheduleActivityTaskCommandAttributes(ScheduleActivityTaskCommandAttributes::default());
    let task = env.poll();
    env.complete_refused(&task, vec![bad()]);
    let task = env.poll();
    assert_eq!(task.attempt, 2);
    let at = env.log.len();
    env.complete_refused(&task, vec![bad()]);
    assert_eq!(env.log.len(), at);
    env.run_to(10_000);
    assert_eq!(env.waiting_workflow_task().unwrap().attempt, 3);
}

#[test]
fn a_command_that_is_not_built_fails_the_task() {
    let mut env = Env::started();
    let task = env.poll();
    let nexus = Attributes::ScheduleNexusOperationCommandAttributes(ScheduleNexusOperationCommandAttributes::default());
    insta::assert_snapshot!(env.complete_refused(&task, vec![nexus]), @"InvalidArgument: FeatureDisabled: ScheduleNexusOperation commands are not supported yet.");
    insta::assert_snapshot!(env.history_from(4), @"4 WorkflowTaskFailed {scheduled: 2, started: 3, cause: FEATURE_DISABLED, message: FeatureDisabled: ScheduleNexusOperation commands are not supported yet., identity: worker}");
}

#[test]
fn an_oversized_result_terminates_the_workflow() {
    let mut env = Env::started();
    let task = env.poll();
    env.signal("waits");
    env.signal("too");
    let task_events = env.state().next_event_id;
    assert_eq!(task_events, 4);
    let huge = "x".repeat(2 * 1024 * 1024 + 1);
    // What waits makes the close impossible before its size is looked at.
    insta::assert_snapshot!(env.complete_refused(&task, vec![complete(&huge)]), @"InvalidArgument: UnhandledCommand");
    let task = env.poll();
    insta::assert_snapshot!(env.complete_refused(&task, vec![complete(&huge)]), @"InvalidArgument: BadScheduleActivityAttributes: CompleteWorkflowExecutionCommandAttributes.Result exceeds size limit.");
    insta::assert_snapshot!(env.history_from(9), @r"
    9 WorkflowTaskFailed {scheduled: 7, started: 8, cause: BAD_SCHEDULE_ACTIVITY_ATTRIBUTES, message: BadScheduleActivityAttributes: CompleteWorkflowExecutionCommandAttributes.Result exceeds size limit., identity: worker}
    10 WorkflowExecutionTerminated {reason: BadScheduleActivityAttributes: CompleteWorkflowExecutionCommandAttributes.Result exceeds size limit., identity: history-service}
    ");
}
