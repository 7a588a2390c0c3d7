//! Reads: from the tail in memory, else from RocksDB.

use std::task::Waker;

use bytes::Bytes;

use super::{
    codec,
    core::Core,
    errors, keys,
    partition::{Partition, View},
};
use crate::{Error, Offset, ReadBatch, ReadLimit, tail::Batch};

impl Core {
    /// See [`crate::Log::read`].
    pub(super) fn read(&self, topic: &str, partition: u32, from: Offset, limit: ReadLimit) -> Result<ReadBatch, Error> {
        let known = self.topic(topic)?;
        let place = known.partition(partition)?;
        let end = {
            let view = place.view.lock();
            check(topic, partition, &view, from)?;
            if let Some(batch) = view.tail.read(from, view.end, limit) {
                return Ok(batch);
            }
            view.end
        };
        let batch = self.read_stored(place, from, end, limit)?;
        // A trim during the read may have taken records away that belong into the batch.
        check(topic, partition, &place.view.lock(), from)?;
        Ok(batch)
    }

    fn read_stored(&self, place: &Partition, from: Offset, end_offset: Offset, limit: ReadLimit) -> Result<ReadBatch, Error> {
        let mut batch = Batch::new(limit);
        for row in self.range(&place.place.record(from), &place.place.record(end_offset)) {
            let (key, value) = row.map_err(errors::reading)?;
            let offset = keys::offset_of(&key).ok_or_else(|| Error::Corrupt { reason: "a record's key is too short".to_owned() })?;
            let stored = codec::decode(offset, &Bytes::from(value))?;
            if !batch.takes(stored.record.size()) {
                return Ok(ReadBatch { records: batch.records, next_offset: offset, end_offset });
            }
            batch.records.push(stored);
        }
        Ok(ReadBatch { records: batch.records, next_offset: end_offset, end_offset })
    }

    /// See [`crate::Log::readable`].
    pub(super) fn readable(&self, topic: &str, partition: u32, offset: Offset, waker: &Waker) -> Result<bool, Error> {
        let known = self.topic(topic)?;
        let mut view = known.partition(partition)?.view.lock();
        if view.end > offset {
            return Ok(true);
        }
        view.wakers.add(offset, waker);
        Ok(false)
    }
}

fn check(topic: &str, partition: u32, view: &View, from: Offset) -> Result<(), Error> {
    if from < view.start {
        return Err(Error::Trimmed { topic: topic.to_owned(), partition, start: view.start });
    }
    if from > view.end {
        return Err(Error::PastEnd { topic: topic.to_owned(), partition, end: view.end });
    }
    Ok(())
}
