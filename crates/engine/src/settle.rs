//! Finds out whether a commit in doubt took place, by looking at the topics.

use std::sync::Arc;

use klamm_log::{Error as LogError, Log, Offset, Output, ReadLimit, Stored, read_onward};
use klamm_store::Store;

use crate::{Batch, Error, Topics, fold, outputs::sequence_number, topic};

/// Offset given for a record that compaction has taken away meanwhile, or that was not looked for. It moves no resume position.
const GONE: Offset = -1;

/// The offsets of a batch whose commit is in doubt; `None` when the batch did not commit and never will.
///
/// Call this only after [`Log::transactional`] has made a new holder of the partition's transactional id, because that settles open
/// transactions. The batch did commit if its last record, `~partition`, is on the topic: no other record has its number. Topics of
/// namespaces and of others are not read. Whole transactions commit or none of them does, so the other topics tell; and nobody knows from where on such a
/// topic would have to be read.
///
/// # Errors
/// The log's: try again. [`LogError::Fenced`] when another owner has written outputs where the batch should be: this process must not
/// commit any more.
pub fn standing(log: &dyn Log, topics: &Topics, store: &Arc<Store>, number: u32, batch: &Batch) -> Result<Option<Vec<Offset>>, Error> {
    let next_offsets = fold::position(store, number)?.unwrap_or_default().next_offsets;
    let history = topics.full(topic::HISTORY);
    let first = batch.outputs.iter().filter(|output| output.topic == history).filter_map(|output| sequence_number(&output.record)).min();
    let mut offsets = vec![GONE; batch.outputs.len()];
    let is_shared = |output: &&Output| topics.is_shared(&output.topic);
    let mut places: Vec<_> =
        batch.outputs.iter().filter(|output| !is_shared(output)).map(|output| (&output.topic, output.partition)).collect();
    places.sort();
    places.dedup();
    for (topic, partition) in places {
        let known = topics.short(topic).and_then(|short| next_offsets.get(short)).copied().unwrap_or_default();
        let mut from = known;
        let end = log.end_offset(topic, partition)?;
        loop {
            let read = read_onward(log, topic, partition, from, ReadLimit::default())?;
            for stored in &read.records {
                match batch.outputs.iter().position(|output| is_same(output, topic, partition, stored)) {
                    Some(index) => offsets[index] = stored.offset,
                    None if **topic == *history && sequence_number(&stored.record) >= first => {
                        return Err(LogError::Fenced { transactional_id: topics.transactional_id(number) }.into());
                    }
                    None => {}
                }
            }
            from = read.next_offset;
            if from >= end.max(read.end_offset) {
                break;
            }
        }
    }
    Ok(offsets.last().is_some_and(|last| *last != GONE).then_some(offsets))
}

/// Whether a stored record is this output. The headers hold the record's number, the key tells an event from the `~partition` record.
fn is_same(output: &Output, topic: &str, partition: u32, stored: &Stored) -> bool {
    *output.topic == *topic
        && output.partition == partition
        && output.record.headers == stored.record.headers
        && output.record.key == stored.record.key
}
