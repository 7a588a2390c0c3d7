//! One partition in memory.

use std::{
    collections::{BTreeMap, HashMap},
    task::Waker,
};

use crate::{Error, Offset, ReadBatch, ReadLimit, Record, Stored, Topic, wakers::Wakers};

/// Records by offset, with the partition's bounds and open transactions.
#[derive(Debug, Default)]
pub(super) struct Partition {
    records: BTreeMap<Offset, Stored>,
    /// First offset of each open transaction, by its number.
    open: BTreeMap<u64, Offset>,
    start: Offset,
    /// Offset of the next record.
    next: Offset,
    last_append_ms: i64,
    wakers: Wakers,
}

impl Partition {
    /// An independent copy, without the wakers.
    pub(super) fn fork(&self) -> Self {
        Self { records: self.records.clone(), open: self.open.clone(), wakers: Wakers::default(), ..*self }
    }

    /// The newest append time; 0 on a topic where producers give the times.
    pub(super) fn last_append_ms(&self) -> i64 {
        self.last_append_ms
    }

    pub(super) fn start(&self) -> Offset {
        self.start
    }

    /// Readers' end: the first undecided offset, else the next one.
    pub(super) fn end(&self) -> Offset {
        self.open.values().copied().min().unwrap_or(self.next)
    }

    /// Adds a record. It is readable at once unless a transaction is open below it.
    pub(super) fn push(&mut self, topic: &Topic, mut record: Record, now_ms: i64) -> Stored {
        if topic.spec.log_append_time {
            self.last_append_ms = self.last_append_ms.max(now_ms);
            record.timestamp_ms = self.last_append_ms;
        }
        let stored = Stored { offset: self.next, timestamp_ms: record.timestamp_ms, record };
        self.records.insert(self.next, stored.clone());
        self.next += 1;
        stored
    }

    /// Leaves an offset without record, as Kafka's transaction marks do.
    pub(super) fn push_hole(&mut self) {
        self.next += 1;
    }

    /// From here on nothing is readable until [`Partition::close`].
    pub(super) fn open(&mut self, transaction: u64) {
        self.open.entry(transaction).or_insert(self.next);
    }

    /// The transaction is decided. `aborted` are the offsets of records that are removed.
    pub(super) fn close(&mut self, transaction: u64, aborted: &[Offset]) {
        self.open.remove(&transaction);
        for offset in aborted {
            self.records.remove(offset);
        }
    }

    pub(super) fn wait(&mut self, offset: Offset, waker: &Waker) -> bool {
        if self.end() > offset {
            return true;
        }
        self.wakers.add(offset, waker);
        false
    }

    /// Whom to wake now.
    pub(super) fn woken(&mut self) -> Vec<Waker> {
        let end = self.end();
        self.wakers.take(end)
    }

    pub(super) fn read(&self, topic: &str, partition: u32, from: Offset, limit: ReadLimit) -> Result<ReadBatch, Error> {
        let end_offset = self.end();
        if from < self.start {
            return Err(Error::Trimmed { topic: topic.to_owned(), partition, start: self.start });
        }
        if from > end_offset {
            return Err(Error::PastEnd { topic: topic.to_owned(), partition, end: end_offset });
        }
        let mut records = Vec::new();
        let mut bytes = 0_usize;
        for stored in self.records.range(from..end_offset).map(|(_, stored)| stored) {
            let size = stored.record.size();
            if !records.is_empty() && (records.len() >= limit.records || bytes.saturating_add(size) > limit.bytes) {
                return Ok(ReadBatch { records, next_offset: stored.offset, end_offset });
            }
            bytes = bytes.saturating_add(size);
            records.push(stored.clone());
        }
        Ok(ReadBatch { records, next_offset: end_offset, end_offset })
    }

    pub(super) fn trim(&mut self, topic: &str, partition: u32, before: Offset) -> Result<(), Error> {
        if before > self.end() {
            return Err(Error::PastEnd { topic: topic.to_owned(), partition, end: self.end() });
        }
        if before > self.start {
            self.start = before;
            self.records = self.records.split_off(&before);
        }
        Ok(())
    }

    /// See [`crate::Log::compact`].
    pub(super) fn compact(&mut self, now_ms: i64, lag_ms: i64, delete_retention_ms: i64) {
        let young_ms = now_ms.saturating_sub(lag_ms);
        let dead_ms = young_ms.saturating_sub(delete_retention_ms);
        let end = self.end();
        let old = || self.records.range(..end).take_while(|(_, stored)| stored.timestamp_ms <= young_ms);
        let newest: HashMap<_, _> = old().map(|(offset, stored)| (stored.record.key.clone(), *offset)).collect();
        let gone: Vec<Offset> = old()
            .filter(|(offset, stored)| {
                newest.get(&stored.record.key) != Some(offset) || (stored.record.value.is_none() && stored.timestamp_ms <= dead_ms)
            })
            .map(|(offset, _)| *offset)
            .collect();
        for offset in gone {
            self.records.remove(&offset);
        }
    }
}
