//! Reads: from memory where it has the records, else from the broker.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use rdkafka::topic_partition_list::Offset as Place;

use super::{
    core::Core,
    errors::Doing,
    partition::{Look, Partition},
};
use crate::{Error, Offset, ReadBatch, ReadLimit};

/// How often a broker is asked again that contradicts itself (as when replicas change places).
const OUT_OF_RANGE_MAX: u32 = 3;

/// A record that comes by itself comes so soon, or has to be fetched.
const COMES_WITHIN: Duration = Duration::from_millis(50);
/// How often it is looked for.
const PAUSE: Duration = Duration::from_millis(1);

impl Core {
    /// See [`crate::Log::read`].
    pub(super) fn read(&self, topic: &str, partition: u32, from: Offset, limit: ReadLimit) -> Result<ReadBatch, Error> {
        let known = self.topic(topic)?;
        let partition = known.partition(partition)?;
        if from < 0 {
            return Err(partition.trimmed(self.ask_start(partition)?));
        }
        let mut position = from;
        let mut asked = false;
        let mut awaited = false;
        let mut out_of_range = 0;
        loop {
            let look = partition.view.lock().look(position, limit, asked);
            match look {
                Look::Batch(batch) => {
                    if batch.records.is_empty() {
                        self.signal.rouse();
                    }
                    return Ok(batch);
                }
                Look::Trimmed { start } => return Err(partition.trimmed(start)),
                Look::PastEnd { end } => return Err(partition.past_end(end)),
                Look::Ask => {
                    self.ask_end(partition)?;
                    asked = true;
                }
                Look::Fetch { from, .. } if !awaited && is_coming(partition, from) => awaited = true,
                Look::Fetch { from, stop, end } => match self.fetch(partition, from, stop, end, limit)? {
                    Some(fetched) => {
                        let mut view = partition.view.lock();
                        if fetched.records.is_empty() {
                            view.is_hole(from, fetched.next_offset);
                            position = fetched.next_offset;
                            continue;
                        }
                        let end_offset = view.end().unwrap_or(end).max(fetched.next_offset);
                        return Ok(ReadBatch { end_offset, ..fetched });
                    }
                    // The broker has no such offset: somebody has trimmed the partition, or this is another log.
                    None => {
                        let start = self.ask_start(partition)?;
                        let end = self.bound(partition, Place::End)?;
                        if position < start {
                            return Err(partition.trimmed(start));
                        }
                        if position > end {
                            return Err(partition.past_end(end));
                        }
                        out_of_range += 1;
                        if out_of_range > OUT_OF_RANGE_MAX {
                            let what = format!("offset {position} is between {start} and {end}, yet out of range");
                            return Err(self.errors().unavailable(Doing::Read(topic), &what));
                        }
                    }
                },
            }
        }
    }

    /// See [`crate::Log::read_at_hand`].
    pub(super) fn read_at_hand(&self, topic: &str, partition: u32, from: Offset, limit: ReadLimit) -> Result<Option<ReadBatch>, Error> {
        let Some(known) = self.topics.read().get(topic).cloned() else { return Ok(None) };
        let look = known.partition(partition)?.view.lock().look(from, limit, false);
        match look {
            Look::Batch(batch) => {
                if batch.records.is_empty() {
                    self.signal.rouse();
                }
                Ok(Some(batch))
            }
            _ => Ok(None),
        }
    }
}

/// Waits for a record that is about to come by itself: the broker has told that it is there, before whoever listens to the partition has got it.
/// A fetch may need a new client, which takes half a second. Gives whether the reader is to look again.
fn is_coming(partition: &Partition, from: Offset) -> bool {
    if !partition.is_listened_to.load(Ordering::Relaxed) {
        return false;
    }
    let deadline = Instant::now() + COMES_WITHIN;
    while partition.view.lock().is_next(from) {
        if Instant::now() >= deadline {
            return false;
        }
        std::thread::sleep(PAUSE);
    }
    true
}
