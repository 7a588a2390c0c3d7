//! Checks that several commands share.

use klamm_messages::{
    klamm::v1::CommandSettings,
    temporal::{common::v1::Payload, enums::v1::EventType, history::v1::history_event::Attributes},
};
use prost::Message;

use super::CommandContext;
use crate::{
    activity::nanos,
    decide::limits::limit,
    run::{Run, new_event},
};

/// Longest duration, seconds: 100 years (common/primitives/timestamp, maxAllowedDuration).
const DURATION_SECONDS_MAX: i64 = 100 * 365 * 24 * 3600;

/// Longest id or name, bytes.
pub(crate) fn id_bytes_max(settings: &CommandSettings) -> usize {
    limit(settings, |limits| limits.id_bytes)
}

/// A duration that a command carries, capped at 100 years. The error says what is wrong with it.
pub(crate) fn duration_of(duration: Option<&prost_types::Duration>) -> Result<Option<prost_types::Duration>, &'static str> {
    let Some(duration) = duration else { return Ok(None) };
    if (duration.seconds > 0 && duration.nanos < 0) || (duration.seconds < 0 && duration.nanos > 0) {
        return Err("duration has seconds and nanos with different signs");
    }
    let nanos = nanos(duration);
    if nanos < 0 {
        return Err("negative duration");
    }
    let capped = prost_types::Duration { seconds: DURATION_SECONDS_MAX, nanos: 0 };
    Ok(Some(if nanos > self::nanos(&capped) { capped } else { *duration }))
}

/// A duration of so many nanoseconds.
pub(crate) fn of_nanos(nanos: i64) -> prost_types::Duration {
    prost_types::Duration { seconds: nanos / 1_000_000_000, nanos: (nanos % 1_000_000_000) as i32 }
}

/// Encoded size of a field, bytes; 0 when it is not set.
pub(crate) fn encoded_len(message: Option<&impl Message>) -> usize {
    message.map_or(0, Message::encoded_len)
}

/// Whether a payload says that there is no value (common/payload, isNilPayload): an upsert of it removes the key.
pub(crate) fn is_nil(payload: &Payload) -> bool {
    matches!(&payload.data[..], b"" | b"null" | b"[]")
}

/// "invalid history builder state for action …": Temporal's text for an id that is already used or unknown.
pub(crate) fn invalid_action(action: &str, details: impl std::fmt::Display) -> String {
    format!("invalid history builder state for action: {action}, {details}")
}

/// Appends the event of a command, with what the command carried besides its attributes. Gives the event's id.
pub(crate) fn add_event(run: &mut Run<'_, '_>, cx: &CommandContext<'_>, event_type: EventType, attributes: Attributes) -> i64 {
    let mut event = new_event(event_type, attributes, run.now());
    event.user_metadata = cx.user_metadata.cloned().map(Box::new);
    run.add_whole_event(event)
}
