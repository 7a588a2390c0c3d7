//! Whether another attempt follows a run that has failed. Temporal: service/history/workflow/retry.go (getBackoffInterval).

use std::time::Duration;

use klamm_machine::Time;
use klamm_messages::{
    klamm::v1::RunState,
    temporal::{common::v1::RetryPolicy, enums::v1::RetryState, failure::v1::Failure},
};

use crate::activity::retry::{exponential, is_retryable, nanos, next_retry_delay};

/// How long the next attempt waits after this one, which ended at `now` with `failure`.
///
/// # Errors
/// Why there is none; never `IN_PROGRESS`.
pub(super) fn retry(state: &RunState, failure: Option<&Failure>, now: Time) -> Result<Duration, RetryState> {
    let started = state.started.as_ref();
    let policy = started.and_then(|started| started.retry_policy.as_ref()).ok_or(RetryState::RetryPolicyNotSet)?;
    if !is_retryable(failure, &policy.non_retryable_error_types) {
        return Err(RetryState::NonRetryableFailure);
    }
    let attempt = started.map_or(1, |started| started.attempt.max(1));
    if policy.maximum_attempts > 0 && attempt >= policy.maximum_attempts {
        return Err(RetryState::MaximumAttemptsReached);
    }
    let interval = interval(policy, attempt, failure).ok_or(RetryState::Timeout)?;
    match state.execution_expiration_time.as_ref().map(Time::from) {
        Some(expiration) if now.after(interval) > expiration => Err(RetryState::Timeout),
        _ => Ok(interval),
    }
}

/// The interval that the failure asks for, or else the policy's. Neither is longer than the policy's maximum, which also stands for an
/// interval of nothing. (Of activities the failure's interval is not bounded.) `None`: there is none at all.
fn interval(policy: &RetryPolicy, attempt: i32, failure: Option<&Failure>) -> Option<Duration> {
    let interval = failure.and_then(next_retry_delay).map_or_else(|| exponential(policy, attempt), nanos);
    let maximum = policy.maximum_interval.as_ref().map_or(0, nanos);
    let interval = match (interval, maximum) {
        (..=0, 0) => return None,
        (interval, 0) => interval,
        (..=0, maximum) => maximum,
        (interval, maximum) => interval.min(maximum),
    };
    Some(Duration::from_nanos(u64::try_from(interval).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use klamm_messages::temporal::{
        failure::v1::{ApplicationFailureInfo, failure::FailureInfo},
        history::v1::WorkflowExecutionStartedEventAttributes,
    };

    use super::*;

    fn seconds(seconds: i64) -> Option<prost_types::Duration> {
        Some(prost_types::Duration { seconds, nanos: 0 })
    }

    fn policy() -> RetryPolicy {
        RetryPolicy {
            initial_interval: seconds(2),
            maximum_interval: seconds(10),
            backoff_coefficient: 2.0,
            maximum_attempts: 5,
            non_retryable_error_types: vec!["Bad".to_owned(), "TemporalTimeout:StartToClose".to_owned()],
        }
    }

    fn failure(kind: &str, non_retryable: bool, next_retry_delay: Option<prost_types::Duration>) -> Failure {
        let info = ApplicationFailureInfo { r#type: kind.to_owned(), non_retryable, next_retry_delay, ..ApplicationFailureInfo::default() };
        Failure { failure_info: Some(FailureInfo::ApplicationFailureInfo(info)), ..Failure::default() }
    }

    fn asked(policy: Option<RetryPolicy>, attempt: i32, failure: &Failure, expires: Option<i64>) -> Result<u64, RetryState> {
        let state = RunState {
            started: Some(WorkflowExecutionStartedEventAttributes {
                retry_policy: policy,
                attempt,
                ..WorkflowExecutionStartedEventAttributes::default()
            }),
            execution_expiration_time: expires.map(|seconds| prost_types::Timestamp { seconds, nanos: 0 }),
            ..RunState::default()
        };
        retry(&state, Some(failure), Time::from_millis(100_000)).map(|interval| interval.as_secs())
    }

    #[test]
    fn intervals_grow_up_to_the_maximum() {
        let good = failure("Good", false, None);
        assert_eq!([1, 2, 3, 4].map(|attempt| asked(Some(policy()), attempt, &good, None)), [Ok(2), Ok(4), Ok(8), Ok(10)]);
    }

    #[test]
    fn each_end_has_its_reason() {
        let good = failure("Good", false, None);
        assert_eq!(asked(None, 1, &good, None), Err(RetryState::RetryPolicyNotSet));
        assert_eq!(asked(Some(policy()), 5, &good, None), Err(RetryState::MaximumAttemptsReached));
        assert_eq!(asked(Some(policy()), 5, &failure("Bad", false, None), None), Err(RetryState::NonRetryableFailure));
        assert_eq!(asked(Some(policy()), 1, &failure("Good", true, None), None), Err(RetryState::NonRetryableFailure));
        assert_eq!(asked(Some(policy()), 1, &good, Some(102)), Ok(2));
        assert_eq!(asked(Some(policy()), 1, &good, Some(101)), Err(RetryState::Timeout));
        let endless = RetryPolicy { maximum_interval: None, ..policy() };
        assert_eq!(asked(Some(endless), 1, &failure("Good", false, seconds(0)), None), Err(RetryState::Timeout));
    }

    #[test]
    fn the_failure_may_ask_for_an_interval_within_the_maximum() {
        for (asked_for, given) in [(3, 3), (30, 10), (0, 10), (-1, 10)] {
            assert_eq!(asked(Some(policy()), 1, &failure("Good", false, seconds(asked_for)), None), Ok(given));
        }
    }
}
