//! Feeds the visibility topic's records into the index. The process runs the loop, sets its pace and provides the topic.

use std::collections::BTreeMap;

use crate::{Change, ChangeBody, Error, Index, Result};

/// Most records of one partition that are read at a time.
const BATCH_RECORDS_MAX: usize = 2_000;

/// An index that last caught up longer ago than this may have missed tombstones. It is half of delete.retention.ms (7 days).
const STALE_AFTER_MS: i64 = 7 * 24 * 60 * 60 * 1000 / 2;

/// Least time between two notes that the index has caught up.
const NOTE_INTERVAL_MS: i64 = 60_000;

/// The visibility topic, as the feeder reads it.
pub trait VisibilitySource {
    /// Id of the topic. Another topic of the same name has another id.
    fn topic_id(&self) -> String;

    /// Number of its partitions.
    fn partition_count(&self) -> u32;

    /// Committed records of `partition` at or after `from`, at most `limit`, in order. The call does not wait: when there are none, it
    /// gives none.
    ///
    /// # Errors
    /// Why nothing could be read. The feeder tries the same offset again when it is called again.
    fn read(&self, partition: u32, from: i64, limit: usize) -> std::result::Result<Batch, SourceError>;

    /// Offset after the last committed record of `partition`, as it is now.
    ///
    /// # Errors
    /// As [`VisibilitySource::read`].
    fn end(&self, partition: u32) -> std::result::Result<i64, SourceError>;
}

/// Why a source gives no records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceError {
    /// The topic ends before the offset asked for, and always will. So the offset is of another topic, or of records that are gone.
    PastEnd,
    /// The source fails for now. The text is for people.
    Unavailable(String),
}

/// The result of reading a partition.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    /// The records. The source leaves out and reports those that cannot be decoded.
    pub records: Vec<Record>,
    /// Where to read next: above the last record, and above offsets without records.
    pub next_offset: i64,
    /// Offset after the last committed record of the partition.
    pub end_offset: i64,
}

/// A record of the topic.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The record's offset.
    pub offset: i64,
    /// The record's timestamp, milliseconds since the epoch.
    pub timestamp_ms: i64,
    /// What the record says.
    pub body: ChangeBody,
}

/// The result of one step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fed {
    /// Number of records that were taken.
    pub records: usize,
    /// Number of records on the topic that are not taken yet.
    pub lag_records: i64,
}

/// Feeds an index from a source, step by step.
///
/// Metrics: `klamm_visibility_lag_records{partition}` is the number of records not taken yet. `klamm_visibility_lag_seconds{partition}` is
/// the age of the last record taken while there are more, else 0.
pub struct Feeder<S> {
    index: Index,
    source: S,
    noted_at_ms: Option<i64>,
}

impl<S: VisibilitySource> Feeder<S> {
    /// A feeder that goes on where the index is. Two kinds of index are emptied first: one of another topic, and one that has not caught up
    /// for so long that tombstones may be gone. `now_ms`: milliseconds since the epoch.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub fn new(index: Index, source: S, now_ms: i64) -> Result<Self> {
        let mut feeder = Self { index, source, noted_at_ms: None };
        if let Err(error) = feeder.prepare(now_ms) {
            if !error.is_damage() {
                return Err(error);
            }
            feeder.rebuild()?;
        }
        Ok(feeder)
    }

    /// Empties the index if it cannot be used.
    fn prepare(&self, now_ms: i64) -> Result<()> {
        let Self { index, source, .. } = self;
        if index.bind(&source.topic_id())? {
            tracing::warn!("the visibility index was made from another topic, it is built anew");
        }
        let caught_up_at = index.caught_up_at()?;
        if caught_up_at.is_some_and(|then| now_ms.saturating_sub(then) > STALE_AFTER_MS) {
            tracing::warn!(caught_up_at, "the visibility index is too old, it is built anew");
            index.reset()?;
        }
        for (partition, offset) in index.next_offsets() {
            // If the source fails here, a later read finds out whether the index is ahead.
            if partition < source.partition_count() && source.end(partition).is_ok_and(|end| offset > end) {
                self.is_ahead(partition, offset)?;
                break;
            }
        }
        Ok(())
    }

    fn is_ahead(&self, partition: u32, offset: i64) -> Result<()> {
        tracing::error!(partition, offset, "the visibility index has read more than its topic holds, it is built anew");
        self.index.reset()
    }

    fn rebuild(&mut self) -> Result<()> {
        self.index.rebuild()?;
        self.noted_at_ms = None;
        self.index.bind(&self.source.topic_id())?;
        Ok(())
    }

    /// Reads the records that are there, at most a batch of each partition, and takes them in one transaction. Call this again at once
    /// while `lag_records` is above 0.
    ///
    /// A damaged index is thrown away first, and an index that is ahead of its topic is emptied.
    ///
    /// # Errors
    /// [`Error::Source`], [`Error::Ahead`], [`Error::Unavailable`]: nothing was taken, and the next step tries again.
    pub fn step(&mut self, now_ms: i64) -> Result<Fed> {
        if self.index.is_damaged() {
            self.rebuild()?;
        }
        let positions = self.index.next_offsets();
        let mut changes = Vec::new();
        let mut next_offsets = BTreeMap::new();
        let mut lags = Vec::new();
        for partition in 0..self.source.partition_count() {
            let from = positions.get(&partition).copied().unwrap_or(0);
            let batch = match self.source.read(partition, from, BATCH_RECORDS_MAX) {
                Ok(batch) => batch,
                Err(SourceError::PastEnd) => {
                    self.is_ahead(partition, from)?;
                    return Err(Error::Ahead { partition, offset: from });
                }
                Err(SourceError::Unavailable(message)) => return Err(Error::Source { partition, offset: from, message }),
            };
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

    use klamm_filters::Scope;
    use klamm_messages::klamm::v1::VisibilityDocument;

    use super::*;
    use crate::Location;

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

        fn end(&self, partition: u32) -> std::result::Result<i64, SourceError> {
            let state = self.0.borrow();
            Ok(state.partitions[partition as usize].len() as i64 + state.markers)
        }

        fn read(&self, partition: u32, from: i64, limit: usize) -> std::result::Result<Batch, SourceError> {
            let state = self.0.borrow();
            if state.is_broken {
                return Err(SourceError::Unavailable("the log is away".to_owned()));
            }
            let all = &state.partitions[partition as usize];
            if from > all.len() as i64 + state.markers {
                return Err(SourceError::PastEnd);
            }
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

    #[test]
    fn an_index_that_is_ahead_of_its_topic_is_built_anew() {
        let topic = Topic::default();
        (0..5).for_each(|n| topic.append(0, n));
        let index = Index::open(Location::Memory).expect("an index");
        let feed = |feeder: &mut Feeder<Topic>| while feeder.step(0).expect("a step").lag_records > 0 {};
        let mut feeder = Feeder::new(index.clone(), topic.clone(), 0).expect("a feeder");
        feed(&mut feeder);
        // The topic loses its end while the feeder runs. Later it loses its end before the feeder starts, and grows again with other
        // records.
        topic.0.borrow_mut().partitions[0].truncate(2);
        assert!(matches!(feeder.step(0), Err(Error::Ahead { partition: 0, offset: 5 })));
        feed(&mut feeder);
        assert_eq!((total(&index), index.next_offsets()), (2, [(0, 2), (1, 0)].into()));
        topic.0.borrow_mut().partitions[0].truncate(1);
        let mut feeder = Feeder::new(index.clone(), topic.clone(), 0).expect("a feeder");
        topic.append(0, 7);
        topic.append(0, 8);
        feed(&mut feeder);
        assert_eq!((total(&index), index.next_offsets()), (3, [(0, 3), (1, 0)].into()));
    }

    /// Pages of the file are damaged while the index is fed and asked.
    #[test]
    fn a_damaged_index_is_built_anew_while_it_is_used() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("visibility.sqlite");
        let topic = Topic::default();
        (0..3_000).for_each(|n| topic.append((n % 2) as usize, n));
        let feed = |feeder: &mut Feeder<Topic>| while feeder.step(0).is_ok_and(|fed| fed.lag_records > 0) {};
        drop({
            let index = Index::open(Location::File(path.clone())).expect("an index");
            let mut feeder = Feeder::new(index.clone(), topic.clone(), 0).expect("a feeder");
            feed(&mut feeder);
            feeder
        });
        let whole = std::fs::read(&path).expect("the file");
        let pages = whole.len() / 4096;
        assert!(pages > 50, "{pages} pages");
        let mut rebuilt = 0;
        for page in (0..pages).step_by(pages / 40) {
            let mut damaged = whole.clone();
            damaged[page * 4096..page * 4096 + 64].fill(0xA5);
            std::fs::write(&path, damaged).expect("the file");
            let index = Index::open(Location::File(path.clone())).expect("an index");
            let mut feeder = Feeder::new(index.clone(), topic.clone(), 0).expect("a feeder");
            topic.append(0, 10_000 + page as i64);
            let expected = topic.0.borrow().partitions.iter().map(Vec::len).sum::<usize>() as i64;
            let mut lists = || {
                feed(&mut feeder);
                let mut token = Vec::new();
                let mut found = 0;
                loop {
                    let page = index.list(Scope::Workflows, "default", "", &Default::default(), 500, &token)?;
                    found += page.documents.len() as i64;
                    token = page.next_page_token;
                    if token.is_empty() {
                        let counted = index.count(Scope::Workflows, "default", "", &Default::default())?.total;
                        return Ok::<_, Error>((found, counted));
                    }
                }
            };
            let mut seen = lists();
            // Damage that the feeder has found shows only afterwards.
            for _ in 0..2 {
                if seen.is_err() || index.is_damaged() {
                    rebuilt += 1;
                    seen = lists();
                }
            }
            assert_eq!(seen.expect("it is whole again"), (expected, expected), "page {page}");
        }
        assert!(rebuilt > 5, "{rebuilt} pages were found damaged while the index was used");
    }
}
