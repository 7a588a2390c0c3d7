//! What a decision writes: its records, and whether the log takes them.

use klamm_log::{Offset, Record};
use klamm_machine::{Publication, Rejection, Time, tx::Effects};

use crate::{Codec, Encoded, Topics, target::Target, topic};

/// Bytes that an output costs beyond its key, value and own headers: the header with its number, and the fixed cost of every record.
const OUTPUT_OVERHEAD_BYTES: usize = 128 + Record::OVERHEAD_BYTES;

/// The output records of a decision of partition `partition`.
pub(crate) fn encode<E>(codec: &impl Codec<E>, topics: &Topics, partition: u32, effects: &Effects<E>) -> Vec<Encoded> {
    let events = effects.events.iter().flat_map(|event| codec.encode_event(event));
    let published = effects.publications.iter().filter(|publication| !publication.is_at_once());
    let published = published.map(|publication: &Publication| codec.encode_publication(publication));
    events.chain(published.filter(|encoded| has_topic(topics, partition, encoded))).collect()
}

/// The records of a decision of partition `partition` that do not wait for the transaction, and where they go.
pub(crate) fn at_once<E>(codec: &impl Codec<E>, topics: &Topics, partition: u32, now: Time, effects: &Effects<E>) -> Vec<(Target, Record)> {
    let published = effects.publications.iter().filter(|publication| publication.is_at_once());
    let encoded = published.map(|publication: &Publication| codec.encode_publication(publication));
    let record = |encoded: Encoded| {
        let target = Target::Topic(topics.full(&encoded.topic), topics.place(&encoded, partition));
        let Encoded { key, value, headers, .. } = encoded;
        (target, Record { key: Some(key.into()), value: value.map(Into::into), headers, timestamp_ms: now.millis() })
    };
    encoded.filter(|encoded| has_topic(topics, partition, encoded)).map(record).collect()
}

/// Whether the topic of a record is declared. A command may ask for a record on a topic that was declared when it was made and is not
/// declared any more: then there is no such topic, and history must not wait for it.
fn has_topic(topics: &Topics, partition: u32, encoded: &Encoded) -> bool {
    let has = topics.has(encoded);
    if !has {
        tracing::warn!(partition, topic = &*encoded.topic, key = encoded.key, "record left out: its topic is not declared");
    }
    has
}

/// Rejects the decision of the command at `offset` of a partition if one of its records is too large for its topic, so that nothing of the
/// decision is kept. Otherwise the log would refuse an output later, and the partition would stop.
pub(crate) fn check_sizes(
    topics: &Topics,
    partition: u32,
    offset: Offset,
    outputs: &[Encoded],
    sent: &[(Target, Record)],
) -> Result<(), Rejection> {
    let written = outputs.iter().map(|encoded| (&*encoded.topic, size(encoded)));
    let sent =
        sent.iter().map(|(target, record)| (topics.short(target.place(topic::COMMANDS).0).unwrap_or(topic::COMMANDS), record.size()));
    for (topic, size) in written.chain(sent) {
        let limit = topics.record_bytes_max(topic);
        if size > limit {
            tracing::warn!(partition, offset, topic, size, limit, "command rejected: it writes too much");
            let message = format!("The request would write a record of {size} bytes to {topic}, which takes {limit} bytes at most.");
            return Err(Rejection::InvalidArgument(message));
        }
    }
    Ok(())
}

fn size(encoded: &Encoded) -> usize {
    let headers: usize = encoded.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    encoded.key.len() + encoded.value.as_ref().map_or(0, Vec::len) + headers + OUTPUT_OVERHEAD_BYTES
}
