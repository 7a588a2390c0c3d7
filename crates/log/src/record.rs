//! Records: what goes in, what comes out.

use std::sync::Arc;

use bytes::Bytes;

use crate::Offset;

/// A record as its producer gives it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record {
    /// The key. Compaction keeps the newest record of each key.
    pub key: Option<Bytes>,
    /// The content; `None` is a tombstone: the key is gone.
    pub value: Option<Bytes>,
    /// Names and bytes, in order; a name may come twice.
    pub headers: Vec<(String, Bytes)>,
    /// Milliseconds since the Unix epoch, by the producer. A topic with log-append time replaces it by its own.
    pub timestamp_ms: i64,
}

impl Record {
    /// Bytes that a record costs beyond its key, value and headers, at most: Kafka's batch header (61) and the varints and
    /// null marks of a record.
    pub const OVERHEAD_BYTES: usize = 96;

    /// A record of a key and a value.
    pub fn new(key: impl Into<Bytes>, value: impl Into<Bytes>) -> Self {
        Self { key: Some(key.into()), value: Some(value.into()), ..Self::default() }
    }

    /// A tombstone of a key.
    pub fn tombstone(key: impl Into<Bytes>) -> Self {
        Self { key: Some(key.into()), ..Self::default() }
    }

    /// The record with one more header.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<Bytes>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Value of the first header of that name.
    pub fn header(&self, name: &str) -> Option<&Bytes> {
        self.headers.iter().find(|(of, _)| of == name).map(|(_, value)| value)
    }

    /// Upper bound of the bytes that the record takes in a batch. `max_message_bytes` limits this size.
    pub fn size(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len() + 10).sum();
        self.key.as_ref().map_or(0, Bytes::len) + self.value.as_ref().map_or(0, Bytes::len) + headers + Self::OVERHEAD_BYTES
    }
}

/// A record as the log holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The record's place in its partition. It never changes.
    pub offset: Offset,
    /// Milliseconds since the Unix epoch: the log-append time where the topic has it, else the producer's time. [`Record::timestamp_ms`] is
    /// the same.
    pub timestamp_ms: i64,
    /// The record.
    pub record: Record,
}

/// One record of a transaction and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: u32,
    /// The record.
    pub record: Record,
}

/// How much one read gives at most. When there is a record, a read gives at least one, however large it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimit {
    /// Number of records.
    pub records: usize,
    /// Sum of [`Record::size`].
    pub bytes: usize,
}

impl Default for ReadLimit {
    /// 1,000 records, 1 MiB.
    fn default() -> Self {
        Self { records: 1_000, bytes: 1 << 20 }
    }
}

/// What a read gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadBatch {
    /// Records in ascending order of their offsets, which may have gaps.
    pub records: Vec<Stored>,
    /// Where the next read goes on: above all offsets of this batch, and above holes that are already known.
    pub next_offset: Offset,
    /// The partition's end as far as this log object knows it (see [`crate::Log::read`]). When `next_offset == end_offset`, the reader has
    /// reached that end.
    pub end_offset: Offset,
}
