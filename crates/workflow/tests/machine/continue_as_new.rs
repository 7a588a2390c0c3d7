//! Continue-as-new: the next run in the same decision.

use klamm_machine::TablesExt;
use klamm_messages::temporal::{
    common::v1::{Link, Memo, Priority, RetryPolicy, SearchAttributes, WorkflowType},
    enums::v1::{ContinueAsNewInitiator, WorkflowExecutionStatus},
    failure::v1::Failure,
    history::v1::history_event,
};
use klamm_workflow::tables::Runs;

use crate::{
    Attributes, complete, continue_as_new,
    env::{Env, queue, seconds},
    payload, payloads,
};

#[test]
fn the_next_run_begins_where_the_last_one_ended() {
    let mut env = Env::new();
    env.start(|request| request.workflow_execution_timeout = Some(seconds(100)));
    let old = env.current();
    env.advance(2_000);
    let mut command = continue_as_new();
    command.input = Some(payloads(b"more"));
    command.memo = Some(Memo { fields: [("m".to_owned(), payload(b"1"))].into() });
    command.search_attributes = Some(SearchAttributes { indexed_fields: [("s".to_owned(), payload(b"2"))].into() });
    env.work(vec![Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(command)]);

    let closed = env.rows.get::<Runs>(&old).unwrap();
    assert_eq!(closed.status, WorkflowExecutionStatus::ContinuedAsNew as i32);
    let last = crate::text::line(env.events(&old).last().unwrap());
    insta::assert_snapshot!(crate::text::with_plain_run_ids(&last, &env.log), @"5 WorkflowExecutionContinuedAsNew {new: next-1, type: W, queue: q, completed: 4, initiator: UNSPECIFIED}");
    insta::assert_snapshot!(env.history(), @r"
    1 WorkflowExecutionStarted {type: W, queue: q, run_timeout: 100s, execution_timeout: 100s, task_timeout: 10s, continued: run-1, first: run-1, original: next-1}
    2 WorkflowTaskScheduled {queue: q, timeout: 10s, attempt: 1}
    ");
    let next = env.state();
    assert_eq!(next.execution_expiration_time, closed.execution_expiration_time, "the execution's time goes on");
    let Some(history_event::Attributes::WorkflowExecutionStartedEventAttributes(started)) = env.events(&env.current()).remove(0).attributes
    else {
        unreachable!()
    };
    assert_eq!((started.input, started.memo.unwrap().fields.len()), (Some(payloads(b"more")), 1));
    assert_eq!(started.search_attributes.unwrap().indexed_fields.len(), 1);
    let points = started.prev_auto_reset_points.unwrap().points;
    assert_eq!((points.len(), points[0].run_id.as_str(), points[0].expire_time.is_some()), (1, "run-1", true));
}

#[test]
fn what_the_command_tells_is_taken() {
    let mut env = Env::started();
    env.advance(2_000);
    let mut command = continue_as_new();
    command.workflow_type = Some(WorkflowType { name: "V".to_owned() });
    command.task_queue = Some(queue("other"));
    command.workflow_run_timeout = Some(seconds(50));
    command.workflow_task_timeout = Some(seconds(20));
    command.backoff_start_interval = Some(seconds(30));
    env.work(vec![Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(command)]);
    insta::assert_snapshot!(env.history(), @"1 WorkflowExecutionStarted {type: V, queue: other, run_timeout: 50s, task_timeout: 20s, backoff: 30s, continued: run-1, first: run-1, original: next-1}");
    env.run_to(32_000);
    insta::assert_snapshot!(env.history_from(2), @"2 WorkflowTaskScheduled {queue: other, timeout: 20s, attempt: 1}");
}

#[test]
fn runs_of_a_chain_begin_a_second_apart() {
    let mut env = Env::started();
    env.advance(300);
    env.work(vec![Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(continue_as_new())]);
    assert!(env.waiting_workflow_task().is_none());
    env.run_to(999);
    assert!(env.waiting_workflow_task().is_none());
    env.run_to(1_000);
    assert!(env.waiting_workflow_task().is_some());
    env.run_to(1_500);
    env.work(vec![Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(continue_as_new())]);
    insta::assert_snapshot!(env.history(), @"1 WorkflowExecutionStarted {type: W, queue: q, task_timeout: 10s, backoff: 500ms, continued: next-1, first: run-1, original: next-2}");
}

#[test]
fn a_chain_is_named_by_its_first_run() {
    let mut env = Env::started();
    env.advance(2_000);
    env.work(vec![Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(continue_as_new())]);
    env.accept(crate::env::cancel_body("run-1"));
    assert!(env.state().cancel_requested);
    env.work(vec![complete("")]);
    assert_eq!(env.state().status, WorkflowExecutionStatus::Completed as i32);
}

#[test]
fn the_same_command_gives_the_same_run_id() {
    let run_id = || {
        let mut env = Env::started();
        env.work(vec![Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(continue_as_new())]);
        env.current().run_id
    };
    assert_eq!(run_id(), run_id());
}

#[test]
fn only_the_command_tells_the_retry_policy_and_the_cron_schedule() {
    let mut env = Env::new();
    env.start(|request| request.retry_policy = Some(RetryPolicy { maximum_attempts: 7, ..RetryPolicy::default() }));
    env.advance(2_000);
    let mut command = continue_as_new();
    command.cron_schedule = "@every 3s".to_owned();
    env.work(vec![Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(command)]);
    let started = env.state().started.clone().unwrap();
    assert_eq!((started.retry_policy, started.cron_schedule.as_str()), (None, "@every 3s"));
    assert_eq!(env.state().first_workflow_task_time, None, "the command says when it begins, not the schedule");

    let mut command = continue_as_new();
    command.retry_policy = Some(RetryPolicy { maximum_attempts: 2, ..RetryPolicy::default() });
    env.advance(2_000);
    env.work(vec![Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(command)]);
    let started = env.state().started.clone().unwrap();
    let policy = started.retry_policy.unwrap();
    assert_eq!((policy.maximum_attempts, policy.backoff_coefficient, policy.maximum_interval), (2, 2.0, Some(seconds(100))));
    assert_eq!(started.cron_schedule, "");
}

#[test]
fn a_retry_policy_that_is_wrong_fails_the_task() {
    let mut env = Env::started();
    let task = env.poll();
    let mut command = continue_as_new();
    command.retry_policy = Some(RetryPolicy { maximum_attempts: -1, ..RetryPolicy::default() });
    insta::assert_snapshot!(env.complete_refused(&task, vec![Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(command)]), @"InvalidArgument: BadContinueAsNewAttributes: invalid WorkflowRetryPolicy on ContinueAsNewWorkflowExecutionCommand: MaximumAttempts cannot be negative on retry policy.");
}

#[test]
fn the_chain_hands_on_what_belongs_to_it() {
    let mut env = Env::new();
    env.start(|request| {
        request.priority = Some(Priority { priority_key: 2, ..Priority::default() });
        request.links = vec![Link::default()];
        request.last_completion_result = Some(payloads(b"earlier"));
        request.memo = Some(Memo { fields: [("m".to_owned(), payload(b"1"))].into() });
    });
    env.advance(2_000);
    let mut command = continue_as_new();
    command.initiator = ContinueAsNewInitiator::CronSchedule as i32;
    command.failure = Some(Failure { message: "boom".to_owned(), ..Failure::default() });
    env.work(vec![Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(command)]);
    let event = env.events(&env.current()).remove(0);
    assert_eq!(event.links.len(), 1);
    let Some(history_event::Attributes::WorkflowExecutionStartedEventAttributes(started)) = event.attributes else { unreachable!() };
    assert_eq!(started.initiator(), ContinueAsNewInitiator::CronSchedule);
    assert_eq!(started.priority.unwrap().priority_key, 2);
    assert_eq!(started.continued_failure.unwrap().message, "boom");
    assert_eq!((started.last_completion_result, started.memo), (None, None), "only the command tells these");
    assert_eq!((started.attempt, started.identity.as_str()), (1, ""));
    let requests = env.state().execution.clone().unwrap().request_ids;
    assert!(requests.len() == 1 && requests[0] != "start-1", "the next run has a request id of its own: {requests:?}");
}

#[test]
fn only_a_retry_counts_attempts() {
    let mut env = Env::started();
    let attempts = [ContinueAsNewInitiator::Retry, ContinueAsNewInitiator::Retry, ContinueAsNewInitiator::Workflow].map(|initiator| {
        env.advance(2_000);
        let mut command = continue_as_new();
        command.initiator = initiator as i32;
        env.work(vec![Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(command)]);
        env.state().started.clone().unwrap().attempt
    });
    assert_eq!(attempts, [2, 3, 1]);
}
