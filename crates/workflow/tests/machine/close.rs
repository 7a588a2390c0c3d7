//! Ends of runs by the workflow's own commands.

use klamm_messages::temporal::enums::v1::{CommandType, WorkflowExecutionStatus};

use crate::{
    activity, cancel, complete,
    env::{Env, complete_body},
    fail, timer,
};

#[test]
fn completing_failing_and_cancelling_close_the_run() {
    for (command, status) in [
        (complete("r"), WorkflowExecutionStatus::Completed),
        (fail("boom"), WorkflowExecutionStatus::Failed),
        (cancel(), WorkflowExecutionStatus::Canceled),
    ] {
        let mut env = Env::started();
        env.work(vec![activity("a"), timer("t", 600), command]);
        assert_eq!(env.state().status, status as i32);
        assert!(crate::env::tasks(&env.rows).is_empty() && env.state().timers.is_empty(), "nothing of a closed run waits");
        assert_eq!(env.state().activities.len(), 1, "what was pending stays to be shown");
    }
}

#[test]
fn a_failure_is_told_with_its_retry_state() {
    let mut env = Env::started();
    env.work(vec![fail("boom")]);
    insta::assert_snapshot!(env.history_from(4), @r"
    4 WorkflowTaskCompleted {scheduled: 2, started: 3}
    5 WorkflowExecutionFailed {completed: 4, message: boom, retry_state: RETRY_POLICY_NOT_SET}
    ");
}

#[test]
fn a_closing_command_must_be_the_last() {
    let mut env = Env::started();
    let task = env.poll();
    let at = env.log.len();
    insta::assert_snapshot!(env.complete_refused(&task, vec![complete(""), timer("t", 1)]), @"InvalidArgument: invalid command sequence: [CompleteWorkflowExecution, StartTimer], command CompleteWorkflowExecution must be the last command.");
    assert_eq!(env.log.len(), at, "the task goes on");
    env.complete(&task, vec![timer("t", 1)]);
}

#[test]
fn an_unknown_command_is_refused() {
    let mut env = Env::started();
    let task = env.poll();
    let body = complete_body(&task, vec![complete("")], |request| {
        request.commands[0].command_type = CommandType::Unspecified as i32;
    });
    insta::assert_snapshot!(env.refuse(body), @"InvalidArgument: unknown command type: Unspecified");
}

#[test]
fn a_failure_without_a_failure_fails_the_task() {
    let mut env = Env::started();
    let task = env.poll();
    let failure = crate::Attributes::FailWorkflowExecutionCommandAttributes(Default::default());
    insta::assert_snapshot!(env.complete_refused(&task, vec![failure]), @"InvalidArgument: BadFailWorkflowExecutionAttributes: Failure is not set on FailWorkflowExecutionCommand.");
}
