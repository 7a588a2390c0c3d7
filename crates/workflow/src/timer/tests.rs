//! Histories of timers, one rule per test.

use klamm_messages::temporal::command::v1::{CompleteWorkflowExecutionCommandAttributes, command::Attributes as CommandAttributes};

use crate::activity::tests::env::{Env, cancel_timer, millis, start_timer};

#[test]
fn a_timer_fires_at_its_time_and_not_before() {
    let mut env = Env::new();
    env.advance(7);
    env.workflow(vec![start_timer("t", millis(1_000))]);
    assert_eq!(env.history_from(5), ["5 TimerStarted t"]);
    assert_eq!(env.next_wake(), Some(1_007));
    env.advance(999);
    env.wake();
    assert_eq!(env.history_from(6), [""; 0]);
    env.advance(1);
    env.wake();
    assert_eq!(env.history_from(6), ["6 TimerFired t/5", "7 WorkflowTaskScheduled"]);
    env.wake();
    assert_eq!(env.history_from(8), [""; 0]);
}

#[test]
fn parts_of_a_millisecond_are_waited_for() {
    let mut env = Env::new();
    env.workflow(vec![start_timer("t", Some(prost_types::Duration { seconds: 0, nanos: 1_000_001 }))]);
    assert_eq!(env.next_wake(), Some(2));
}

#[test]
fn a_timer_of_no_duration_is_due_at_once() {
    let mut env = Env::new();
    env.workflow(vec![start_timer("t", None), start_timer("u", millis(0))]);
    env.wake();
    assert_eq!(env.history_from(7), ["7 TimerFired t/5", "8 TimerFired u/6", "9 WorkflowTaskScheduled"]);
}

#[test]
fn timers_that_are_due_together_fire_by_time_then_by_start_before_one_workflow_task() {
    let mut env = Env::new();
    env.workflow(vec![start_timer("z", millis(20)), start_timer("y", millis(10)), start_timer("x", millis(20))]);
    env.advance(500);
    env.wake();
    assert_eq!(env.history_from(8), ["8 TimerFired y/6", "9 TimerFired z/5", "10 TimerFired x/7", "11 WorkflowTaskScheduled",]);
}

#[test]
fn a_timer_that_fires_while_a_workflow_task_runs_waits_for_its_end() {
    let mut env = Env::new();
    env.workflow(vec![start_timer("t", millis(10)), start_timer("u", millis(20))]);
    env.run_to(10);
    let token = env.start_workflow_task();
    env.run_to(20);
    assert_eq!(env.history_from(7), ["7 TimerFired t/5", "8 WorkflowTaskScheduled", "9 WorkflowTaskStarted"]);
    env.complete_workflow_task(token, vec![]).unwrap();
    assert_eq!(env.history_from(10), ["10 WorkflowTaskCompleted", "11 TimerFired u/6", "12 WorkflowTaskScheduled"]);
}

#[test]
fn a_cancelled_timer_does_not_fire() {
    let mut env = Env::new();
    env.workflow(vec![start_timer("t", millis(10)), cancel_timer("t")]);
    assert_eq!(env.history_from(5), ["5 TimerStarted t", "6 TimerCanceled t/5"]);
    assert_eq!(env.next_wake(), None);
    env.run_to(1_000);
    assert_eq!(env.history_from(7), [""; 0]);
}

#[test]
fn a_fired_timer_that_the_workflow_has_not_heard_of_can_still_be_cancelled() {
    let mut env = Env::new();
    env.workflow(vec![start_timer("t", millis(10)), start_timer("u", millis(20))]);
    env.run_to(10);
    let token = env.start_workflow_task();
    env.run_to(20);
    env.complete_workflow_task(token, vec![cancel_timer("u")]).unwrap();
    assert_eq!(env.history_from(10), ["10 WorkflowTaskCompleted", "11 TimerCanceled u/6"]);
}

#[test]
fn with_that_timer_cancelled_the_workflow_may_complete() {
    let mut env = Env::new();
    env.workflow(vec![start_timer("t", millis(10)), start_timer("u", millis(20))]);
    env.run_to(10);
    let token = env.start_workflow_task();
    env.run_to(20);
    let complete = CommandAttributes::CompleteWorkflowExecutionCommandAttributes(CompleteWorkflowExecutionCommandAttributes::default());
    env.complete_workflow_task(token, vec![cancel_timer("u"), complete]).unwrap();
    assert_eq!(env.history_from(11), ["11 TimerCanceled u/6", "12 WorkflowExecutionCompleted"]);
}

#[test]
fn an_id_that_is_running_cannot_be_started_again_but_one_that_has_fired_can() {
    let mut env = Env::new();
    env.workflow(vec![start_timer("t", millis(10))]);
    env.run_to(10);
    env.workflow(vec![start_timer("t", millis(10))]);
    assert_eq!(env.history_from(10), ["10 TimerStarted t"]);
    env.run_to(20);
    let message = env.workflow_refused(vec![start_timer("u", millis(10)), start_timer("u", millis(10))]);
    assert_eq!(message, "StartTimerDuplicateId: invalid history builder state for action: add-timer-started-event, TimerID: u");
}

#[test]
fn a_timer_may_be_started_anew_while_the_firing_of_its_namesake_waits() {
    let mut env = Env::new();
    env.workflow(vec![start_timer("t", millis(10)), start_timer("u", millis(20))]);
    env.run_to(10);
    let token = env.start_workflow_task();
    env.run_to(20);
    env.complete_workflow_task(token, vec![start_timer("u", millis(100))]).unwrap();
    assert_eq!(env.history_from(11), ["11 TimerStarted u", "12 TimerFired u/6", "13 WorkflowTaskScheduled"]);
    assert_eq!(env.state().timers["u"].started_event_id, 11, "the new one runs on");
}

#[test]
fn wrong_timers_fail_the_workflow_task_in_temporals_words() {
    for (command, cause, message) in [
        (start_timer("", millis(1)), "BAD_START_TIMER_ATTRIBUTES", "TimerId is not set on StartTimerCommand."),
        (
            start_timer("t", Some(prost_types::Duration { seconds: -1, nanos: 0 })),
            "BAD_START_TIMER_ATTRIBUTES",
            "An invalid StartToFireTimeout is set on StartTimerCommand: negative duration. TimerId=t",
        ),
        (cancel_timer(""), "BAD_CANCEL_TIMER_ATTRIBUTES", "TimerId is not set on CancelTimerCommand."),
        (
            cancel_timer("t"),
            "BAD_CANCEL_TIMER_ATTRIBUTES",
            "invalid history builder state for action: add-timer-canceled-event, TimerID: t",
        ),
    ] {
        let mut env = Env::new();
        let told = env.workflow_refused(vec![command]);
        assert!(told.ends_with(&format!(": {message}")), "{told}");
        assert_eq!(env.history_from(4)[0], format!("4 WorkflowTaskFailed {cause}"));
    }
}

#[test]
fn an_id_longer_than_1000_bytes_is_told_with_its_length() {
    let mut env = Env::new();
    let id = "t".repeat(1001);
    let told = env.workflow_refused(vec![start_timer(&id, millis(1))]);
    assert!(told.ends_with(&format!("TimerId on StartTimerCommand exceeds length limit. TimerId={id} Length=1001 Limit=1000")));
}
