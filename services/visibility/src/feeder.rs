//! Feeding: from the visibility topic into the index. The loop, its pace and the topic itself are the process's.

use std::collections::BTreeMap;

use crate::{Change, ChangeBody, Error, Index, Result};

/// Records that are read of one partition at a time, at most.
const BATCH_RECORDS_MAX: usize = 5_000;

/// An index that was last caught up longer ago than this may have missed tombstones: half of delete.retention.ms (7 days).
const STALE_AFTER_MS: i64 = 7 * 24 * 60 * 60 * 1000 / 2;

/// "Caught up" is written down no more often than this.
const NOTE_INTERVAL_MS: i64 = 60_000;

/// The visibility topic, as the feeder reads it.
pub trait VisibilitySource {
    /// Id of the topic (another topic of the same name has another).
    fn topic_id(&self) -> String;

    /// Number of its partitions.
    fn partition_count(&self) -> u32;

    /// Committed records of `partition` at or after `from`, at most `limit`, in order. It does not wait: none there, none given.
    ///
    /// # Errors
    /// A message for people; the feeder tries again from the same offset when it is called again.
    fn read(&self, partition: u32, from: i64, limit: usize) -> std::result::Result<Batch, String>;
}

/// What was read of a partition.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    /// The records. Ones that cannot be decoded are left out by the source, which reports them.
    pub records: Vec<Record>,
    /// Where to read next; above the last record, and above offsets that hold none.
    pub next_offset: i64,
    /// Offset after the last committed record of the partition.
    pub end_offset: i64,
}

/// A record of the topic.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Its offset.
    pub offset: i64,
    /// Its timestamp, milliseconds since the epoch.
    pub timestamp_ms: i64,
    /// What it says.
    pub body: ChangeBody,
}

/// What one step did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fed {
    /// Records taken.
    pub records: usize,
    /// Records that stand on the topic and are not taken yet.
    pub lag_records: i64,
}

/// Feeds an index from a source, step by step.
///
/// Metrics: `klamm_visibility_lag_records{partition}`, records not taken yet; `klamm_visibility_lag_seconds{partition}`, age of the
/// last record taken while there are more, else 0.
pub struct Feeder<S> {
    index: Index,
    source: S,
    noted_at_ms: Option<i64>,
}

impl<S: VisibilitySource> Feeder<S> {
    /// A feeder that goes on where the index stands. An index of another topic, or one that has not been caught up for so long
    /// that tombstones may be gone, is emptied first. `now_ms`: milliseconds since the epoch.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub fn new(index: Index, source: S, now_ms: i64) -> Result<Self> {
        metrics::describe_gauge!("klamm_visibility_lag_records", "Records of the visibility topic that the index has not taken yet");
        metrics::describe_gauge!("klamm_visibility_lag_seconds", "Age of the last record that the index took, while there are more");
        if index.bind(&source.topic_id())? {
            tracing::warn!("the visibility index was made from another topic, it is built anew");
        }
        let caught_up_at = index.caught_up_at()?;
        if caught_up_at.is_some_and(|then| now_ms.saturating_sub(then) > STALE_AFTER_MS) {
            tracing::warn!(caught_up_at, "the visibility index is too old, it is built anew");
            index.reset()?;
        }
        Ok(Self { index, source, noted_at_ms: None })
    }

    /// Reads what is there, at most a batch of each partition, and takes it in one transaction. Call it again at once while
    /// `lag_records` is above 0.
    ///
    /// # Errors
    /// [`Error::Source`], [`Error::Unavailable`]: nothing was taken, the next step tries again.
    pub fn step(&mut self, now_ms: i64) -> Result<Fed> {
        let positions = self.index.next_offsets();
        let mut changes = Vec::new();
        let mut next_offsets = BTreeMap::new();
        let mut lags = Vec::new();
        for partition in 0..self.source.partition_count() {
            let from = positions.get(&partition).copied().unwrap_or(0);
            let batch = self.source.read(partition, from, BATCH_RECORDS_MAX).map_err(|message| Error::Source {
                partition,
                offset: from,
                message,
            })?;
            let lag = batch.end_offset.saturating_sub(batch.next_offset).max(0);
            let last = batch.records.last().map_or(now_ms, |record| record.timestamp_ms);
            lags.push((partition, lag, if lag > 0 { now_ms.saturating_sub(last) } else { 0 }));
            next_offsets.insert(partition, batch.next_offset);
            changes.extend(batch.records.into_iter().map(|Record { offset, body, .. }| Change { partition, offset, body }));
        }
        let is_new = next_offsets.iter().any(|(partition, next)| positions.get(partition).is_none_or(|position| next > position));
        let records = if changes.is_empty() && !is_new { 0 } else { self.index.apply_until(&changes, &next_offsets)? };
        let lag_records = lags.iter().map(|(_, lag, _)| lag).sum();
        for (partition, lag, age_ms) in lags {
            let label = partition.to_string();
            metrics::gauge!("klamm_visibility_lag_records", "partition" => label.clone()).set(lag as f64);
            metrics::gauge!("klamm_visibility_lag_seconds", "partition" => label).set(age_ms as f64 / 1000.0);
        }
        if lag_records == 0 && self.noted_at_ms.is_none_or(|then| now_ms.saturating_sub(then) >= NOTE_INTERVAL_MS) {
            self.index.mark_caught_up(now_ms)?;
            self.noted_at_ms = Some(now_ms);
        }
        Ok(Fed { records, lag_records })
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, rc::Rc};

    use klamm_messages::klamm::v1::VisibilityDocument;

    use super::*;
    use crate::{Location, Scope};

    /// A topic of two partitions, as a list of records each.
    #[derive(Clone, Default)]
    struct Topic(Rc<RefCell<State>>);

    #[derive(Default)]
    struct State {
        id: String,
        partitions: [Vec<Record>; 2],
        /// Offsets after the last record that hold no record.
        markers: i64,
        is_broken: bool,
    }

    impl Topic {
        fn append(&self, partition: usize, n: i64) {
            let document = VisibilityDocument {
                namespace: "default".to_owned(),
                workflow_id: format!("w{n}"),
                run_id: format!("r{n}"),
                ..VisibilityDocument::default()
            };
            let records = &mut self.0.borrow_mut().partitions[partition];
            let offset = records.len() as i64;
            records.push(Record { offset, timestamp_ms: n, body: ChangeBody::Document(Box::new(document)) });
        }
    }

    impl VisibilitySource for Topic {
        fn topic_id(&self) -> String {
            self.0.borrow().id.clone()
        }

        fn partition_count(&self) -> u32 {
            2
        }

        fn read(&self, partition: u32, from: i64, limit: usize) -> std::result::Result<Batch, String> {
            let state = self.0.borrow();
            if state.is_broken {
                return Err("the log is away".to_owned());
            }
            let all = &state.partitions[partition as usize];
            let records: Vec<_> = all.iter().filter(|record| record.offset >= from).take(limit.min(3)).cloned().collect();
            let end_offset = all.len() as i64 + state.markers;
            let read = records.last().map_or(from, |record| record.offset + 1);
            let next_offset = if read >= all.len() as i64 { end_offset } else { read };
            Ok(Batch { records, next_offset, end_offset })
        }
    }

    fn total(index: &Index) -> i64 {
        index.count(Scope::Workflows, "default", "", &Default::default()).expect("a count").total
    }

    #[test]
    fn steps_follow_the_topic_and_faults_lose_nothing() {
        let topic = Topic::default();
        let index = Index::open(Location::Memory).expect("an index");
        let mut feeder = Feeder::new(index.clone(), topic.clone(), 0).expect("a feeder");
        assert_eq!(feeder.step(0).expect("a step"), Fed { records: 0, lag_records: 0 });
        (0..5).for_each(|n| topic.append(0, n));
        topic.append(1, 9);
        topic.0.borrow_mut().markers = 1;
        assert_eq!(feeder.step(1).expect("a step"), Fed { records: 4, lag_records: 3 });
        topic.0.borrow_mut().is_broken = true;
        let error = feeder.step(2).expect_err("away");
        assert_eq!(error.to_string(), "reading the visibility topic, partition 0 from offset 3: the log is away");
        topic.0.borrow_mut().is_broken = false;
        assert_eq!(feeder.step(3).expect("a step"), Fed { records: 2, lag_records: 0 });
        assert_eq!((total(&index), index.next_offsets()), (6, [(0, 6), (1, 2)].into()));
        assert_eq!(feeder.step(4).expect("a step"), Fed::default());
    }

    #[test]
    fn an_index_that_missed_tombstones_or_stems_from_another_topic_is_built_anew() {
        let topic = Topic::default();
        (0..3).for_each(|n| topic.append(0, n));
        let index = Index::open(Location::Memory).expect("an index");
        let feed = |now_ms: i64| {
            let mut feeder = Feeder::new(index.clone(), topic.clone(), now_ms).expect("a feeder");
            let fed = feeder.step(now_ms).expect("a step");
            assert_eq!((total(&index), fed.lag_records), (3, 0));
            fed.records
        };
        assert_eq!(feed(1000), 3);
        assert_eq!(feed(1000 + STALE_AFTER_MS), 0, "it is just in time");
        assert_eq!(feed(1001 + 2 * STALE_AFTER_MS), 3, "it is too late");
        topic.0.borrow_mut().id = "made anew".to_owned();
        assert_eq!(feed(1002 + 2 * STALE_AFTER_MS), 3, "another topic");
    }
}
