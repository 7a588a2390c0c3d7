//! The newest records of a partition, kept in memory so that a reader right behind the writer asks neither disk nor broker.

use std::collections::VecDeque;

use crate::{Offset, ReadBatch, ReadLimit, Stored};

/// All records of the partition from some offset to its end.
#[derive(Debug)]
pub(crate) struct Tail {
    records: VecDeque<Stored>,
    /// Every readable record from this offset on is in the tail.
    first: Offset,
    bytes: usize,
    bytes_max: usize,
}

impl Tail {
    /// An empty tail of a partition that ends at `end`.
    pub(crate) fn new(end: Offset, bytes_max: usize) -> Self {
        Self { records: VecDeque::new(), first: end, bytes: 0, bytes_max }
    }

    /// Adds the partition's next record. When there are too many bytes, the oldest records are dropped.
    pub(crate) fn push(&mut self, stored: Stored) {
        self.bytes += stored.record.size();
        self.records.push_back(stored);
        while self.bytes > self.bytes_max
            && let Some(gone) = self.records.pop_front()
        {
            self.bytes -= gone.record.size();
            self.first = gone.offset + 1;
        }
        if self.records.is_empty() && self.records.capacity() > 64 {
            self.records = VecDeque::new();
        }
    }

    /// Forgets everything. The next record that is pushed stands at `offset` or above, with nothing readable between.
    pub(crate) fn reset(&mut self, offset: Offset) {
        self.records = VecDeque::new();
        self.bytes = 0;
        self.first = offset;
    }

    /// Every readable record from this offset on is in the tail.
    pub(crate) fn first(&self) -> Offset {
        self.first
    }

    /// Bytes of the records kept.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Forgets the records below `offset`.
    pub(crate) fn forget_below(&mut self, offset: Offset) {
        while self.records.front().is_some_and(|stored| stored.offset < offset)
            && let Some(gone) = self.records.pop_front()
        {
            self.bytes -= gone.record.size();
        }
        self.first = self.first.max(offset);
    }

    /// The records from `from` on, when all of them are in the tail.
    pub(crate) fn read(&self, from: Offset, end_offset: Offset, limit: ReadLimit) -> Option<ReadBatch> {
        if from < self.first {
            return None;
        }
        let at = self.records.partition_point(|stored| stored.offset < from);
        let mut batch = Batch::new(limit);
        for stored in self.records.range(at..) {
            if !batch.takes(stored.record.size()) {
                return Some(ReadBatch { records: batch.records, next_offset: stored.offset, end_offset });
            }
            batch.records.push(stored.clone());
        }
        Some(ReadBatch { records: batch.records, next_offset: end_offset, end_offset })
    }

    /// As [`Tail::read`], but only the records below `to`. All of these are in the tail.
    pub(crate) fn read_below(&self, from: Offset, to: Offset, limit: ReadLimit) -> Option<ReadBatch> {
        let mut batch = self.read(from, to, limit)?;
        let count = batch.records.partition_point(|stored| stored.offset < to);
        if count < batch.records.len() {
            batch.records.truncate(count);
        }
        batch.next_offset = batch.next_offset.min(to);
        Some(batch)
    }
}

/// A batch that is being filled. It counts records and bytes against the limit.
pub(crate) struct Batch {
    pub(crate) records: Vec<Stored>,
    bytes: usize,
    limit: ReadLimit,
}

impl Batch {
    pub(crate) fn new(limit: ReadLimit) -> Self {
        Self { records: Vec::new(), bytes: 0, limit }
    }

    /// Whether a record of `size` still fits; if so, counts it. The first record always fits.
    pub(crate) fn takes(&mut self, size: usize) -> bool {
        let fits =
            self.records.is_empty() || (self.records.len() < self.limit.records && self.bytes.saturating_add(size) <= self.limit.bytes);
        if fits {
            self.bytes = self.bytes.saturating_add(size);
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Record;

    fn stored(offset: Offset) -> Stored {
        Stored { offset, timestamp_ms: 0, record: Record::new("k", "v") }
    }

    #[test]
    fn gives_all_or_says_that_it_cannot() {
        let size = stored(0).record.size();
        let mut tail = Tail::new(10, size * 3);
        assert_eq!(tail.read(10, 10, ReadLimit::default()).map(|batch| batch.next_offset), Some(10));
        (10..15).for_each(|offset| tail.push(stored(offset)));
        assert_eq!(tail.read(11, 15, ReadLimit::default()), None);
        let batch = tail.read(12, 15, ReadLimit { records: 2, bytes: usize::MAX }).unwrap();
        assert_eq!((batch.records.len(), batch.next_offset), (2, 14));
        tail.forget_below(14);
        assert_eq!(tail.read(13, 15, ReadLimit::default()), None);
        assert_eq!(tail.read(14, 15, ReadLimit::default()).map(|batch| batch.records.len()), Some(1));
    }

    #[test]
    fn a_record_above_the_limit_is_not_kept() {
        let mut tail = Tail::new(0, 50);
        tail.push(stored(0));
        assert_eq!(tail.read(0, 1, ReadLimit::default()), None);
        assert_eq!(tail.read(1, 1, ReadLimit::default()).map(|batch| batch.records.len()), Some(0));
    }
}
