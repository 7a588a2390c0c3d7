//! What a test of the suite works with: a provider under test, and short helper functions.

use std::{sync::Arc, time::Duration};

use crate::{Cleanup, Log, Offset, Output, ReadLimit, Record, Stored, TopicSpec};

/// A provider under test.
pub trait Harness {
    /// The log. The caller drops it before it calls [`Harness::restart`].
    fn log(&self) -> Arc<dyn Log>;

    /// From now on the log is what a new process sees after this one was killed: everything acknowledged is there.
    fn restart(&mut self);

    /// Lets time go by, or with a negative number sets the log's wall clock back. False when this provider can't.
    fn advance_ms(&self, by: i64) -> bool;

    /// Whether [`Log::ensure_topics`] changes the times and limits of a topic that exists. On a broker only the operator changes them.
    fn changes_topics(&self) -> bool {
        true
    }

    /// A topic name that nobody has used.
    fn topic_name(&self, name: &str) -> String {
        name.to_owned()
    }
}

/// Makes a topic of `partitions` that keeps everything; gives its name.
pub(super) fn kept(harness: &dyn Harness, name: &str, partitions: u32) -> Arc<str> {
    make(harness, TopicSpec::kept(harness.topic_name(name), partitions))
}

/// Makes a compacted topic without lag; tombstones stay for `delete_retention`.
pub(super) fn compacted(harness: &dyn Harness, name: &str, lag: Duration, delete_retention: Duration) -> Arc<str> {
    let cleanup = Cleanup::Compact { min_compaction_lag: lag, delete_retention };
    let spec = TopicSpec { cleanup, log_append_time: true, ..TopicSpec::compacted(harness.topic_name(name), 1) };
    make(harness, spec)
}

/// Makes a topic; gives its name.
pub(super) fn make(harness: &dyn Harness, spec: TopicSpec) -> Arc<str> {
    let name = spec.name.clone();
    harness.log().ensure_topics(&[spec]).unwrap();
    name
}

/// A record of a key and a value.
pub(super) fn record(key: &str, value: &str) -> Record {
    Record::new(key.to_owned(), value.to_owned())
}

/// Appends one record; gives its offset.
pub(super) fn append(log: &dyn Log, topic: &str, partition: u32, record: Record) -> Offset {
    log.append(topic, partition, vec![record]).unwrap().first_offset
}

/// A record that a transaction writes.
pub(super) fn output(topic: &Arc<str>, partition: u32, record: Record) -> Output {
    Output { topic: topic.clone(), partition, record }
}

/// All records from `from` to the end, read in pages of `limit`. Checks on the way what every read promises.
pub(super) fn read_from(log: &dyn Log, topic: &str, partition: u32, from: Offset, limit: ReadLimit) -> Vec<Stored> {
    let mut all: Vec<Stored> = Vec::new();
    let mut next = from;
    loop {
        let batch = log.read(topic, partition, next, limit).unwrap();
        for stored in &batch.records {
            assert!(stored.offset >= next, "offset {} was asked for from {next} on", stored.offset);
            assert!(stored.offset < batch.next_offset);
            assert!(all.last().is_none_or(|last| last.offset < stored.offset), "offsets ascend");
            assert_eq!(stored.timestamp_ms, stored.record.timestamp_ms);
            all.push(stored.clone());
        }
        assert!(batch.next_offset <= batch.end_offset);
        if batch.next_offset == batch.end_offset {
            return all;
        }
        assert!(batch.next_offset > next, "a read that isn't at the end gets on");
        next = batch.next_offset;
    }
}

/// All records of a partition.
pub(super) fn read_all(log: &dyn Log, topic: &str, partition: u32) -> Vec<Stored> {
    let start = log.start_offset(topic, partition).unwrap();
    read_from(log, topic, partition, start, ReadLimit::default())
}

/// Offset, key and value of all records of a partition, as text.
pub(super) fn texts(log: &dyn Log, topic: &str, partition: u32) -> Vec<(Offset, String, Option<String>)> {
    let text = |bytes: &bytes::Bytes| String::from_utf8(bytes.to_vec()).unwrap();
    let row =
        |stored: Stored| (stored.offset, stored.record.key.as_ref().map(text).unwrap_or_default(), stored.record.value.as_ref().map(text));
    read_all(log, topic, partition).into_iter().map(row).collect()
}
