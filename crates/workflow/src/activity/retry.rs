//! Whether another attempt follows one that failed, and after how long.
//!
//! Temporal: service/history/workflow/mutable_state_impl.go (RetryActivity), retry.go (nextBackoffInterval), common/retrypolicy
//! (IsRetryableFailure), common/backoff (ExponentialBackoffAlgorithm).

use std::time::Duration;

use klamm_machine::{Time, time};
use klamm_messages::{
    klamm::v1::PendingActivity,
    temporal::{
        common::v1::RetryPolicy,
        enums::v1::{RetryState, TimeoutType},
        failure::v1::{Failure, failure::FailureInfo},
    },
};

use super::failure::timeout_name;

/// Prefix that marks the name of a time-out among a policy's non-retryable types.
pub(crate) const TIMEOUT_PREFIX: &str = "TemporalTimeout:";
/// The longest interval, as Go's time.Duration holds it: nanoseconds.
const INTERVAL_NANOS_MAX: f64 = i64::MAX as f64;

/// What follows an attempt that did not succeed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Next {
    /// Another attempt, after this time.
    Attempt(Duration),
    /// Another attempt, when the operator who holds the activity back lets it go on.
    Park,
    /// No attempt, for this reason; never `IN_PROGRESS`.
    End(RetryState),
}

/// Decides what follows the present attempt of `activity`, which ended at `now` with `failure`.
pub(crate) fn next(activity: &PendingActivity, failure: Option<&Failure>, now: Time) -> Next {
    let Some(policy) = activity.scheduled.as_ref().and_then(|scheduled| scheduled.retry_policy.as_ref()) else {
        return Next::End(RetryState::RetryPolicyNotSet);
    };
    let state = activity.state.clone().unwrap_or_default();
    if state.cancel_requested {
        return Next::End(RetryState::CancelRequested);
    }
    if let Some(TimeoutType::ScheduleToStart | TimeoutType::ScheduleToClose) = failure.and_then(timeout_type) {
        return Next::End(RetryState::Timeout);
    }
    if !is_retryable(failure, &policy.non_retryable_error_types) {
        return Next::End(RetryState::NonRetryableFailure);
    }
    if state.pause.is_some() {
        return Next::Park;
    }
    let attempt = state.attempt.max(1);
    if policy.maximum_attempts > 0 && attempt >= policy.maximum_attempts {
        return Next::End(RetryState::MaximumAttemptsReached);
    }
    let Some(interval) = interval(policy, attempt, failure.and_then(next_retry_delay)) else {
        return Next::End(RetryState::Timeout);
    };
    match expiration_time(activity) {
        Some(expiration) if now.after(interval) > expiration => Next::End(RetryState::Timeout),
        _ => Next::Attempt(interval),
    }
}

/// When the run time of all attempts ends: first scheduling plus schedule-to-close timeout.
pub(crate) fn expiration_time(activity: &PendingActivity) -> Option<Time> {
    let timeout = time::duration_or_none(activity.scheduled.as_ref()?.schedule_to_close_timeout.as_ref())?;
    Some(Time::from(activity.scheduled_time.as_ref()?).after(timeout))
}

/// Interval between attempt `attempt` (from 1) and the next one; `requested` overrides the policy. `None`: there is none that makes sense (a
/// requested delay of zero, or an interval of zero without a maximum), which Temporal takes for "no time left".
pub(super) fn interval(policy: &RetryPolicy, attempt: i32, requested: Option<&prost_types::Duration>) -> Option<Duration> {
    if let Some(requested) = requested {
        return if nanos(requested) == 0 { None } else { Some(time::duration(requested)) };
    }
    let maximum = policy.maximum_interval.as_ref().map_or(0, nanos);
    let interval = match (exponential(policy, attempt), maximum) {
        (0, 0) => return None,
        (interval, 0) => interval,
        (0, maximum) => maximum,
        (interval, maximum) => interval.min(maximum),
    };
    Some(Duration::from_nanos(u64::try_from(interval).unwrap_or(0)))
}

/// The interval after attempt `attempt` (from 1) that has grown by the policy, without its maximum: nanoseconds, at least 0.
pub(crate) fn exponential(policy: &RetryPolicy, attempt: i32) -> i64 {
    let initial = policy.initial_interval.as_ref().map_or(0, nanos);
    let exponential = initial as f64 * policy.backoff_coefficient.powi(attempt.saturating_sub(1));
    // A float that is NaN or negative gives 0 here. One that is too large gives the maximum.
    if exponential >= INTERVAL_NANOS_MAX { i64::MAX } else { (exponential as i64).max(0) }
}

/// Whether the policy allows another attempt after this failure.
pub(crate) fn is_retryable(failure: Option<&Failure>, non_retryable_types: &[String]) -> bool {
    let is_named = |name: &str| non_retryable_types.iter().any(|named| named == name);
    match failure.and_then(|failure| failure.failure_info.as_ref()) {
        Some(FailureInfo::TerminatedFailureInfo(_) | FailureInfo::CanceledFailureInfo(_)) => false,
        Some(FailureInfo::TimeoutFailureInfo(info)) => {
            matches!(info.timeout_type(), TimeoutType::StartToClose | TimeoutType::Heartbeat)
                && !is_named(&format!("{TIMEOUT_PREFIX}{}", timeout_name(info.timeout_type())))
        }
        Some(FailureInfo::ServerFailureInfo(info)) => !info.non_retryable,
        Some(FailureInfo::ApplicationFailureInfo(info)) => !info.non_retryable && !is_named(&info.r#type),
        _ => true,
    }
}

/// Which time-out a failure stands for, if it is one.
fn timeout_type(failure: &Failure) -> Option<TimeoutType> {
    match &failure.failure_info {
        Some(FailureInfo::TimeoutFailureInfo(info)) => Some(info.timeout_type()),
        _ => None,
    }
}

/// The delay that the application asked for.
pub(crate) fn next_retry_delay(failure: &Failure) -> Option<&prost_types::Duration> {
    match &failure.failure_info {
        Some(FailureInfo::ApplicationFailureInfo(info)) => info.next_retry_delay.as_ref(),
        _ => None,
    }
}

/// A duration in nanoseconds, saturating (Go: Duration.AsDuration).
pub(crate) fn nanos(duration: &prost_types::Duration) -> i64 {
    let nanos = i128::from(duration.seconds) * 1_000_000_000 + i128::from(duration.nanos);
    i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use klamm_messages::temporal::failure::v1::{ApplicationFailureInfo, CanceledFailureInfo, ServerFailureInfo, TimeoutFailureInfo};
    use proptest::prelude::*;

    use super::*;

    fn seconds(seconds: i64) -> prost_types::Duration {
        prost_types::Duration { seconds, nanos: 0 }
    }

    fn policy(initial: i64, coefficient: f64, maximum: i64) -> RetryPolicy {
        RetryPolicy {
            initial_interval: Some(seconds(initial)),
            backoff_coefficient: coefficient,
            maximum_interval: Some(seconds(maximum)),
            ..RetryPolicy::default()
        }
    }

    fn application(r#type: &str, non_retryable: bool) -> Failure {
        let info = ApplicationFailureInfo { r#type: r#type.to_owned(), non_retryable, ..ApplicationFailureInfo::default() };
        Failure { failure_info: Some(FailureInfo::ApplicationFailureInfo(info)), ..Failure::default() }
    }

    fn timed_out(timeout_type: TimeoutType) -> Failure {
        let info = TimeoutFailureInfo { timeout_type: timeout_type as i32, ..TimeoutFailureInfo::default() };
        Failure { failure_info: Some(FailureInfo::TimeoutFailureInfo(info)), ..Failure::default() }
    }

    #[test]
    fn intervals_grow_by_the_coefficient_up_to_the_maximum() {
        let policy = policy(1, 2.0, 10);
        let intervals: Vec<_> = (1..=6).map(|attempt| interval(&policy, attempt, None).unwrap().as_secs()).collect();
        assert_eq!(intervals, [1, 2, 4, 8, 10, 10]);
    }

    #[test]
    fn a_requested_delay_overrides_the_policy_and_zero_ends_the_retries() {
        let policy = policy(1, 2.0, 10);
        assert_eq!(interval(&policy, 1, Some(&seconds(3600))), Some(Duration::from_secs(3600)));
        assert_eq!(interval(&policy, 1, Some(&seconds(0))), None);
        assert_eq!(interval(&policy, 1, Some(&seconds(-5))), Some(Duration::ZERO));
    }

    #[test]
    fn types_are_matched_exactly() {
        let types = ["Bad".to_owned(), "TemporalTimeout:Heartbeat".to_owned()];
        assert!(!is_retryable(Some(&application("Bad", false)), &types));
        assert!(is_retryable(Some(&application("BadLuck", false)), &types));
        assert!(is_retryable(Some(&application("bad", false)), &types));
        assert!(!is_retryable(Some(&application("Good", true)), &types));
        assert!(!is_retryable(Some(&timed_out(TimeoutType::Heartbeat)), &types));
        assert!(is_retryable(Some(&timed_out(TimeoutType::StartToClose)), &types));
        assert!(!is_retryable(Some(&timed_out(TimeoutType::ScheduleToClose)), &[]));
        assert!(is_retryable(None, &types));
        let server = |non_retryable| Failure {
            failure_info: Some(FailureInfo::ServerFailureInfo(ServerFailureInfo { non_retryable })),
            ..Failure::default()
        };
        assert!(is_retryable(Some(&server(false)), &types) && !is_retryable(Some(&server(true)), &types));
        let canceled = FailureInfo::CanceledFailureInfo(CanceledFailureInfo::default());
        assert!(!is_retryable(Some(&Failure { failure_info: Some(canceled), ..Failure::default() }), &types));
    }

    proptest! {
        /// Whatever stands in a policy, an interval is neither negative nor above the policy's maximum, and nothing overflows.
        #[test]
        fn an_interval_is_never_negative_and_never_above_the_maximum(
            initial in any::<(i64, i32)>(),
            maximum in any::<(i64, i32)>(),
            coefficient in prop_oneof![any::<f64>(), Just(f64::NAN), Just(f64::INFINITY), Just(f64::MAX), 1.0..3.0f64],
            attempt in any::<i32>(),
        ) {
            let policy = RetryPolicy {
                initial_interval: Some(prost_types::Duration { seconds: initial.0, nanos: initial.1 }),
                maximum_interval: Some(prost_types::Duration { seconds: maximum.0, nanos: maximum.1 }),
                backoff_coefficient: coefficient,
                ..RetryPolicy::default()
            };
            if let Some(interval) = interval(&policy, attempt, None) {
                let maximum = nanos(policy.maximum_interval.as_ref().unwrap());
                if maximum > 0 {
                    prop_assert!(interval <= Duration::from_nanos(maximum as u64));
                }
                prop_assert!(interval <= Duration::from_nanos(i64::MAX as u64));
                prop_assert!(Time::from_millis(i64::MAX - 1).after(interval) >= Time::from_millis(i64::MAX - 1));
            }
        }

        /// With a sane policy the intervals never shrink from attempt to attempt.
        #[test]
        fn intervals_never_shrink(initial in 1..1000i64, coefficient in 1.0..10.0f64, factor in 1..1000i64, attempt in 1..10_000i32) {
            let policy = policy(initial, coefficient, initial * factor);
            prop_assert!(interval(&policy, attempt, None) <= interval(&policy, attempt + 1, None));
        }
    }
}
