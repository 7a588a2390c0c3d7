//! What tasks of stream task queues say in either format.

use klamm_messages::temporal::{
    enums::v1::TimeoutType,
    failure::v1::{Failure, failure::FailureInfo},
};

/// What is left out of a record that would be too large, in this order.
pub(super) const LEFT_OUT: [&str; 3] = ["heartbeat_details", "headers", "input"];

/// A time-out in milliseconds; 0: none.
pub(super) fn milliseconds(timeout: Option<&prost_types::Duration>) -> i64 {
    timeout.map_or(0, |it| it.seconds * 1000 + i64::from(it.nanos) / 1_000_000)
}

/// The type of an application failure, or which time-out it was.
pub(super) fn type_of(failure: &Failure) -> &str {
    match &failure.failure_info {
        Some(FailureInfo::ApplicationFailureInfo(info)) => &info.r#type,
        Some(FailureInfo::TimeoutFailureInfo(info)) => {
            TimeoutType::try_from(info.timeout_type).unwrap_or_default().as_str_name().trim_start_matches("TIMEOUT_TYPE_")
        }
        _ => "",
    }
}
