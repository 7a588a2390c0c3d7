//! Records that triggers cannot use, as records of the triggers' topics of dead letters.

use klamm_engine::{Encoded, Topics};
use klamm_machine::DeadLetterRecord;

/// The record as it came, with the headers that say what is wrong. Records of one key keep their order: they go to the same partition.
pub(super) fn encode(record: &DeadLetterRecord) -> Encoded {
    let DeadLetterRecord { trigger, key, value, headers } = record;
    let place = key.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
    let topic = Topics::dead_letters(trigger);
    let value = value.as_ref().map(|value| value.to_vec());
    Encoded { headers: headers.clone(), foreign_key: Some(key.clone()), ..Encoded::new(topic, place.into_owned(), value) }
}
