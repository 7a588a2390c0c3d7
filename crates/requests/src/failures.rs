//! Failures that the server itself makes in place of what is too large.

use klamm_messages::temporal::failure::v1::{Failure, ServerFailureInfo, failure::FailureInfo};
use prost::Message;

use crate::text;

/// A result of an activity was too large.
pub const RESULT_EXCEEDS_LIMIT: &str = "Complete result exceeds size limit.";
/// A failure was too large.
pub const FAILURE_EXCEEDS_LIMIT: &str = "Failure exceeds size limit.";
/// Details of a cancellation were too large.
pub const CANCEL_DETAILS_EXCEED_LIMIT: &str = "Cancel details exceed size limit.";
/// Details of a heartbeat were too large.
pub const HEARTBEAT_EXCEEDS_LIMIT: &str = "Heartbeat details exceed size limit.";

/// The message and the stack trace of a cut failure may each take one part in so many of the bytes that are left for the failure.
const TEXT_PART: usize = 4;

/// A failure that the server makes, and that must not be retried.
pub fn server(message: &str) -> Failure {
    Failure {
        message: message.to_owned(),
        failure_info: Some(FailureInfo::ServerFailureInfo(ServerFailureInfo { non_retryable: true })),
        ..Failure::default()
    }
}

/// The replacement for a failure that is too large: a failure of the server, with the original one, cut, as its cause.
pub fn too_large(failure: Option<Failure>, bytes_max: usize) -> Failure {
    Failure { cause: failure.map(|failure| Box::new(cut(failure, bytes_max))), ..server(FAILURE_EXCEEDS_LIMIT) }
}

/// Cuts a failure to about `bytes_max`. Texts are shortened, details and encoded attributes are left out, and causes stay as far as they
/// fit.
fn cut(mut failure: Failure, bytes_max: usize) -> Failure {
    if failure.encoded_len() <= bytes_max {
        return failure;
    }
    for text in [&mut failure.message, &mut failure.stack_trace] {
        text::cut(text, bytes_max / TEXT_PART);
    }
    failure.encoded_attributes = None;
    match &mut failure.failure_info {
        Some(FailureInfo::ApplicationFailureInfo(info)) => info.details = None,
        Some(FailureInfo::TimeoutFailureInfo(info)) => info.last_heartbeat_details = None,
        Some(FailureInfo::CanceledFailureInfo(info)) => info.details = None,
        Some(FailureInfo::ResetWorkflowFailureInfo(info)) => info.last_heartbeat_details = None,
        _ => {}
    }
    if let Some(cause) = failure.cause.take() {
        let left = bytes_max.saturating_sub(failure.encoded_len());
        if left > bytes_max / TEXT_PART {
            failure.cause = Some(Box::new(cut(*cause, left)));
        }
    }
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_failure_keeps_its_chain_and_fits() {
        let inner = Failure { message: "inner".repeat(1000), ..Failure::default() };
        let outer = Failure {
            message: "ä".repeat(5000),
            stack_trace: "at line 1\n".repeat(1000),
            cause: Some(Box::new(inner)),
            ..Failure::default()
        };
        let made = too_large(Some(outer), 4096);
        assert_eq!(made.message, FAILURE_EXCEEDS_LIMIT);
        let kept = made.cause.expect("the worker's own failure");
        assert!(kept.message.starts_with('ä'));
        assert!(kept.cause.as_ref().is_some_and(|cause| cause.message.starts_with("inner")));
        assert!(kept.encoded_len() <= 4096 + 64, "{} bytes", kept.encoded_len());
    }
}
