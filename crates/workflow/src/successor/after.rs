//! Which run follows one that has ended by itself: another attempt, the next of a cron workflow, or none.
//!
//! Temporal: workflow_task_completed_handler.go (handleCommandCompleteWorkflow, handleCommandFailWorkflow),
//! timer_queue_active_task_executor.go (executeWorkflowRunTimeoutTask).

use klamm_machine::{Time, time};
use klamm_messages::{
    klamm::v1::RunState,
    temporal::{
        common::v1::Payloads,
        enums::v1::{ContinueAsNewInitiator, RetryState, TimeoutType},
        failure::v1::{Failure, TimeoutFailureInfo, failure::FailureInfo},
    },
};

use super::{
    cron,
    inherit::{LastResult, Next},
    retry::retry,
};

/// What follows a run that has completed with `result`.
pub(crate) fn after_success(state: &RunState, result: Option<&Payloads>, now: Time) -> Option<Next> {
    next_of_cron(state, LastResult::Told(result.cloned()), None, now)
}

/// What follows a run that has failed, and what the closing event says of attempts.
pub(crate) fn after_failure(state: &RunState, failure: Option<&Failure>, now: Time) -> (RetryState, Option<Next>) {
    // Another attempt is not told the last result of the chain (handleRetry).
    after(state, LastResult::Told(None), failure, now)
}

/// What follows a run whose run time-out is over, and what the closing event says of attempts.
pub(crate) fn after_timeout(state: &RunState, now: Time) -> (RetryState, Option<Next>) {
    let info = TimeoutFailureInfo { timeout_type: TimeoutType::StartToClose as i32, last_heartbeat_details: None };
    let failure = Failure {
        message: "workflow timeout".to_owned(),
        source: "Server".to_owned(),
        failure_info: Some(FailureInfo::TimeoutFailureInfo(info)),
        ..Failure::default()
    };
    after(state, LastResult::Kept, Some(&failure), now)
}

/// Another attempt if the retry policy allows it, else the next run of a cron workflow.
fn after(state: &RunState, retried: LastResult, failure: Option<&Failure>, now: Time) -> (RetryState, Option<Next>) {
    match retry(state, failure, now) {
        Ok(interval) => {
            let next = Next {
                initiator: ContinueAsNewInitiator::Retry,
                backoff: Some(time::to_proto(interval)),
                last_result: retried,
                failure: failure.cloned(),
                work: None,
            };
            (RetryState::InProgress, Some(next))
        }
        Err(retry_state) => (retry_state, next_of_cron(state, LastResult::Kept, failure, now)),
    }
}

fn next_of_cron(state: &RunState, last_result: LastResult, failure: Option<&Failure>, now: Time) -> Option<Next> {
    let backoff = cron::next_backoff(state, now)?;
    Some(Next {
        initiator: ContinueAsNewInitiator::CronSchedule,
        backoff: Some(time::to_proto(backoff)),
        last_result,
        failure: failure.cloned(),
        work: None,
    })
}
