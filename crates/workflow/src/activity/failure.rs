//! Failures that the server itself makes of an activity.

use klamm_messages::temporal::{
    common::v1::Payloads,
    enums::v1::TimeoutType,
    failure::v1::{ApplicationFailureInfo, Failure, ServerFailureInfo, TimeoutFailureInfo, failure::FailureInfo},
};
use prost::Message;

/// A result is larger than a payload may be (common.FailureReasonCompleteResultExceedsLimit).
pub(crate) const RESULT_TOO_LARGE: &str = "Complete result exceeds size limit.";
/// Message for details of a cancellation that are too large.
pub(crate) const CANCEL_DETAILS_TOO_LARGE: &str = "Cancel details exceed size limit.";
/// Message for details of a heartbeat that are too large.
pub(crate) const HEARTBEAT_TOO_LARGE: &str = "Heartbeat details exceed size limit.";
/// Message for a failure that is too large.
const FAILURE_TOO_LARGE: &str = "Failure exceeds size limit.";
/// Message when no time is left for another attempt (common.FailureReasonActivityRetryScheduleToCloseTimeout).
const NO_TIME_LEFT: &str = "Not enough time to schedule next retry before activity ScheduleToClose timeout, giving up retrying";

/// Largest failure kept between attempts, bytes (limit.mutableStateActivityFailureSize.error).
const KEPT_FAILURE_BYTES_MAX: usize = 4 * 1024;
/// Bytes to which a failure is cut that is too large for any event (limit.blobSize.warn).
const OVERSIZED_FAILURE_BYTES_LEFT: usize = 512 * 1024;
/// Deepest chain of causes that truncation keeps.
const TRUNCATED_DEPTH_MAX: usize = 20;

/// A failure that the server itself states.
pub(crate) fn server(message: &str, non_retryable: bool) -> Failure {
    Failure {
        message: message.to_owned(),
        failure_info: Some(FailureInfo::ServerFailureInfo(ServerFailureInfo { non_retryable })),
        ..Failure::default()
    }
}

/// A time-out's name, as it stands in messages and in a policy's non-retryable types.
pub(crate) fn timeout_name(timeout_type: TimeoutType) -> &'static str {
    match timeout_type {
        TimeoutType::Unspecified => "Unspecified",
        TimeoutType::StartToClose => "StartToClose",
        TimeoutType::ScheduleToStart => "ScheduleToStart",
        TimeoutType::ScheduleToClose => "ScheduleToClose",
        TimeoutType::Heartbeat => "Heartbeat",
    }
}

/// "activity StartToClose timeout" and the like.
pub(crate) fn timeout(timeout_type: TimeoutType) -> Failure {
    timeout_with_message(format!("activity {} timeout", timeout_name(timeout_type)), timeout_type)
}

/// The retries end because the next one would begin after the schedule-to-close timeout.
pub(crate) fn no_time_left() -> Failure {
    timeout_with_message(NO_TIME_LEFT.to_owned(), TimeoutType::ScheduleToClose)
}

fn timeout_with_message(message: String, timeout_type: TimeoutType) -> Failure {
    let info = TimeoutFailureInfo { timeout_type: timeout_type as i32, last_heartbeat_details: None };
    Failure { message, source: "Server".to_owned(), failure_info: Some(FailureInfo::TimeoutFailureInfo(info)), ..Failure::default() }
}

/// Puts the details of the last heartbeat into a time-out's failure.
pub(crate) fn set_last_heartbeat_details(failure: &mut Failure, details: Option<Payloads>) {
    if let Some(FailureInfo::TimeoutFailureInfo(info)) = &mut failure.failure_info {
        info.last_heartbeat_details = details;
    }
}

/// The failure as it is kept between attempts: cut down when it is large (mutable_state_impl.go, truncateRetryableActivityFailure).
pub(crate) fn kept(failure: &Failure) -> Failure {
    if failure.encoded_len() <= KEPT_FAILURE_BYTES_MAX {
        return failure.clone();
    }
    let cause = truncated(failure, KEPT_FAILURE_BYTES_MAX);
    Failure { cause: Some(Box::new(cause)), ..server(FAILURE_TOO_LARGE, false) }
}

/// The failure that takes the place of one larger than a payload may be. It ends the activity.
pub(crate) fn oversized(failure: &Failure) -> Failure {
    let cause = truncated(failure, OVERSIZED_FAILURE_BYTES_LEFT);
    Failure { cause: Some(Box::new(cause)), ..server(FAILURE_TOO_LARGE, true) }
}

/// The failure, cut to about `bytes`. Type, source, message and stack trace come first, then as many of the causes as fit
/// (common/failure/failure.go, TruncateWithDepth).
fn truncated(failure: &Failure, bytes: usize) -> Failure {
    truncated_to_depth(failure, i64::try_from(bytes).unwrap_or(i64::MAX), TRUNCATED_DEPTH_MAX)
}

fn truncated_to_depth(failure: &Failure, mut left: i64, depth: usize) -> Failure {
    let failure_info = match &failure.failure_info {
        Some(FailureInfo::ApplicationFailureInfo(info)) => {
            let r#type = cut(&info.r#type, &mut left);
            left -= 8;
            Some(FailureInfo::ApplicationFailureInfo(ApplicationFailureInfo {
                r#type,
                non_retryable: info.non_retryable,
                ..ApplicationFailureInfo::default()
            }))
        }
        Some(FailureInfo::ServerFailureInfo(info)) => {
            left -= 4;
            Some(FailureInfo::ServerFailureInfo(ServerFailureInfo { non_retryable: info.non_retryable }))
        }
        _ => None,
    };
    let source = cut(&failure.source, &mut left);
    let message = cut(&failure.message, &mut left);
    let stack_trace = cut(&failure.stack_trace, &mut left);
    let cause = match &failure.cause {
        Some(cause) if left > 4 && depth > 0 => Some(Box::new(truncated_to_depth(cause, left - 4, depth - 1))),
        _ => None,
    };
    Failure { source, message, stack_trace, cause, failure_info, ..Failure::default() }
}

/// The beginning of `text` that fits into `left` bytes, in whole characters. Its bytes and those of its encoding are taken from `left`.
fn cut(text: &str, left: &mut i64) -> String {
    let mut end = text.len().min(usize::try_from(*left).unwrap_or(0));
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    if end > 0 {
        *left -= end as i64 + 4;
    }
    text[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn application(message: String, cause: Option<Failure>) -> Failure {
        let info = ApplicationFailureInfo { r#type: "Broken".to_owned(), ..ApplicationFailureInfo::default() };
        Failure {
            message,
            stack_trace: "at line 1".to_owned(),
            cause: cause.map(Box::new),
            failure_info: Some(FailureInfo::ApplicationFailureInfo(info)),
            ..Failure::default()
        }
    }

    #[test]
    fn a_small_failure_is_kept_whole() {
        let failure = application("small".to_owned(), Some(application("cause".to_owned(), None)));
        assert_eq!(kept(&failure), failure);
    }

    #[test]
    fn a_large_failure_is_kept_as_the_cause_of_a_server_failure_cut_to_4_kib() {
        let failure = application("ü".repeat(10_000), Some(application("cause".to_owned(), None)));
        let kept = kept(&failure);
        assert_eq!(kept.message, "Failure exceeds size limit.");
        assert_eq!(kept.failure_info, Some(FailureInfo::ServerFailureInfo(ServerFailureInfo { non_retryable: false })));
        let cut = kept.cause.as_deref().unwrap();
        assert!(kept.encoded_len() <= KEPT_FAILURE_BYTES_MAX + 64, "{}", kept.encoded_len());
        assert!(cut.message.len() > 4_000 && failure.message.starts_with(&cut.message));
        assert!(cut.cause.is_none());
        let Some(FailureInfo::ApplicationFailureInfo(info)) = &cut.failure_info else { panic!("{cut:?}") };
        assert_eq!(info.r#type, "Broken");
    }

    #[test]
    fn a_long_chain_of_causes_is_cut_where_the_bytes_end() {
        let mut failure = application("innermost".to_owned(), None);
        for _ in 0..200 {
            failure = application("m".repeat(40), Some(failure));
        }
        let kept = kept(&failure);
        assert!(kept.encoded_len() <= KEPT_FAILURE_BYTES_MAX + 512, "{}", kept.encoded_len());
        let mut depth = 0;
        let mut next = kept.cause.as_deref();
        while let Some(failure) = next {
            depth += 1;
            next = failure.cause.as_deref();
        }
        assert!((10..=22).contains(&depth), "{depth}");
    }
}
