//! Records of the command log that are passed over instead of decided. Each is noted in the history topic and kept as a dead letter.
//!
//! There are three kinds: a record that is no command, a command of another partition, and a command whose outputs the log does not take
//! ([`crate::refused`]).

use std::collections::BTreeMap;

use klamm_log::{Offset, Record, Stored};
use klamm_messages::klamm::v1::CommandFailed;

use crate::{
    Codec, Encoded, LARGE_MESSAGE_BYTES, Topics,
    outputs::{Cause, Outputs},
    topic,
};

/// Headers of a dead letter: where the record stood and what was wrong with it.
pub const DEAD_LETTER_HEADERS: [&str; 4] = ["klamm-source-topic", "klamm-source-partition", "klamm-source-offset", "klamm-error"];
/// Header of a cut dead letter: how many bytes are missing. Such a letter has no value, because it would be too large with the record's
/// value.
pub const CUT_HEADER: &str = "klamm-cut-bytes";

/// A dead letter with more bytes than this is cut. The log's own limit is higher, because it also counts what the log adds to a record.
const LETTER_BYTES_MAX: usize = LARGE_MESSAGE_BYTES - (64 << 10);
/// A cut letter still has so many bytes of the error's text and of the key.
const TEXT_BYTES_MAX: usize = 1 << 10;

/// Commands whose outputs the log has refused, by offset, and how much of their dead letter is left out.
pub(crate) type Condemned = BTreeMap<Offset, Letter>;

/// What becomes of a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Letter {
    /// The whole record, if that is not too large.
    Whole,
    /// Only where the record stands, without its value.
    Cut,
    /// No dead letter, because the log refuses even a cut one.
    Missing,
}

/// Adds an output that says that the command at `cause` was skipped.
pub(crate) fn record_failure<E>(outputs: &mut Outputs, topics: &Topics, codec: &impl Codec<E>, cause: Cause, error: &str) {
    let failed = CommandFailed { partition: cause.partition as i32, offset: cause.offset, error: cut_text(error).to_owned() };
    outputs.push(topics, cause, 0, codec.encode_failed(&failed));
}

/// Adds two outputs for `stored`, the record of the command log at `cause`: one says that the record was passed over, the other is its dead
/// letter.
pub(crate) fn pass_over<E>(
    outputs: &mut Outputs,
    topics: &Topics,
    codec: &impl Codec<E>,
    cause: Cause,
    letter: Letter,
    stored: &Stored,
    error: &str,
) {
    tracing::error!(
        partition = cause.partition,
        offset = stored.offset,
        error,
        "a record of the command log is passed over: dead-lettered"
    );
    metrics::counter!("klamm_commands_failed_total").increment(1);
    record_failure(outputs, topics, codec, cause, error);
    if letter == Letter::Missing {
        return;
    }
    let record = &stored.record;
    // Bytes that are not UTF-8 get longer when they are turned into text, so the length is counted afterwards.
    let key = String::from_utf8_lossy(record.key.as_deref().unwrap_or_default());
    let whole = letter == Letter::Whole && record.size() + key.len() + TEXT_BYTES_MAX <= LETTER_BYTES_MAX;
    let key = if whole { key.into_owned() } else { cut_text(&key).to_owned() };
    let value = record.value.as_ref().filter(|_| whole).map(|value| value.to_vec());
    outputs.push(topics, cause, 1, Encoded::new(topic::COMMANDS_DEAD_LETTERS, key, value));
    let commands = topics.full(topic::COMMANDS).to_string();
    let source = [commands, cause.partition.to_string(), stored.offset.to_string(), cut_text(error).to_owned()];
    outputs.add_headers(DEAD_LETTER_HEADERS.into_iter().zip(source), if whole { &record.headers } else { &[] });
    if !whole {
        outputs.add_headers([(CUT_HEADER, missing(record).to_string())], &[]);
    }
}

/// How many bytes of a record its cut letter leaves out.
fn missing(record: &Record) -> usize {
    record.value.as_ref().map_or(0, |value| value.len())
}

/// The beginning of a text.
fn cut_text(text: &str) -> &str {
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
