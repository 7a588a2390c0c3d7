//! Retry policies (Temporal: common/retrypolicy).

use klamm_messages::temporal::common::v1::RetryPolicy;
use prost_types::Duration;

use super::durations;
use crate::fault::{Fault, Result};

/// Prefix of the names of non-retryable error types that mean a time-out.
const TIMEOUT_TYPE_PREFIX: &str = "TemporalTimeout:";

/// Fills in Temporal's defaults, and checks the whole policy. `None` is fine and means no retries.
pub fn check_and_fill(policy: Option<&mut RetryPolicy>) -> Result<()> {
    let Some(policy) = policy else { return Ok(()) };
    fill(policy);
    if policy.maximum_attempts == 1 {
        return Ok(());
    }
    durations::check_and_cap(policy.initial_interval.as_mut())
        .map_err(|cause| Fault::invalid(format!("invalid InitialInterval set on retry policy: {cause}")))?;
    if policy.backoff_coefficient < 1.0 {
        return Err(Fault::invalid("BackoffCoefficient cannot be less than 1 on retry policy."));
    }
    durations::check_and_cap(policy.maximum_interval.as_mut())
        .map_err(|cause| Fault::invalid(format!("invalid MaximumInterval set on retry policy: {cause}")))?;
    let maximum = durations::nanos(policy.maximum_interval.as_ref());
    if maximum > 0 && maximum < durations::nanos(policy.initial_interval.as_ref()) {
        return Err(Fault::invalid("MaximumInterval cannot be less than InitialInterval on retry policy."));
    }
    if policy.maximum_attempts < 0 {
        return Err(Fault::invalid("MaximumAttempts cannot be negative on retry policy."));
    }
    for name in policy.non_retryable_error_types.iter().filter_map(|name| name.strip_prefix(TIMEOUT_TYPE_PREFIX)) {
        if !matches!(
            name,
            "StartToClose"
                | "ScheduleToStart"
                | "ScheduleToClose"
                | "Heartbeat"
                | "TIMEOUT_TYPE_START_TO_CLOSE"
                | "TIMEOUT_TYPE_SCHEDULE_TO_START"
                | "TIMEOUT_TYPE_SCHEDULE_TO_CLOSE"
                | "TIMEOUT_TYPE_HEARTBEAT"
        ) {
            return Err(Fault::invalid(format!("Invalid timeout type value: {name}.")));
        }
    }
    Ok(())
}

/// Initial interval 1 s, coefficient 2, maximum interval 100 times the initial one.
fn fill(policy: &mut RetryPolicy) {
    if durations::nanos(policy.initial_interval.as_ref()) == 0 {
        policy.initial_interval = Some(Duration { seconds: 1, nanos: 0 });
    }
    if durations::nanos(policy.maximum_interval.as_ref()) == 0 {
        let nanos = durations::nanos(policy.initial_interval.as_ref()) * 100;
        policy.maximum_interval =
            Some(Duration { seconds: i64::try_from(nanos / 1_000_000_000).unwrap_or(i64::MAX), nanos: (nanos % 1_000_000_000) as i32 });
    }
    if policy.backoff_coefficient == 0.0 {
        policy.backoff_coefficient = 2.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: i64) -> Option<Duration> {
        Some(Duration { seconds, nanos: 0 })
    }

    #[test]
    fn defaults_are_filled() {
        let mut policy = RetryPolicy { initial_interval: seconds(2), ..RetryPolicy::default() };
        check_and_fill(Some(&mut policy)).unwrap();
        assert_eq!(policy.maximum_interval, seconds(200));
        assert_eq!(policy.backoff_coefficient, 2.0);
        assert_eq!(policy.maximum_attempts, 0);
    }

    #[test]
    fn each_fault_is_named() {
        let good = RetryPolicy { backoff_coefficient: 2.0, ..RetryPolicy::default() };
        for (mut policy, message) in [
            (
                RetryPolicy { initial_interval: seconds(-22), ..good.clone() },
                "invalid InitialInterval set on retry policy: negative duration",
            ),
            (RetryPolicy { backoff_coefficient: 0.8, ..good.clone() }, "BackoffCoefficient cannot be less than 1 on retry policy."),
            (
                RetryPolicy { maximum_interval: seconds(-2), ..good.clone() },
                "invalid MaximumInterval set on retry policy: negative duration",
            ),
            (
                RetryPolicy { maximum_interval: seconds(5), initial_interval: seconds(10), ..good.clone() },
                "MaximumInterval cannot be less than InitialInterval on retry policy.",
            ),
            (RetryPolicy { maximum_attempts: -3, ..good.clone() }, "MaximumAttempts cannot be negative on retry policy."),
            (
                RetryPolicy { non_retryable_error_types: vec!["TemporalTimeout:unknown".to_owned()], ..good.clone() },
                "Invalid timeout type value: unknown.",
            ),
        ] {
            assert_eq!(check_and_fill(Some(&mut policy)), Err(Fault::invalid(message)));
        }
        let mut once = RetryPolicy { maximum_attempts: 1, backoff_coefficient: 0.5, ..RetryPolicy::default() };
        assert_eq!(check_and_fill(Some(&mut once)), Ok(()));
    }
}
