//! State = fold(history): applies the records of the output topics to a store.

mod rows;

use std::{sync::Arc, time::Duration};

use klamm_log::{Error as LogError, Log, Offset, ReadLimit, Stored, read_onward};
use klamm_machine::{Machine, Table, Time};
use klamm_messages::klamm::v1::{PartitionRecord, PositionRow};
use klamm_store::{Error as StoreError, Snapshot, Store};
use prost::Message;

use self::rows::Rows;
use crate::{Codec, Error, Folded, Topics, identity, outputs::sequence_number, positions::Positions, topic};

/// How much a fold reads and writes at a time.
#[derive(Debug, Clone)]
pub struct Pace {
    /// Rows that one write of a fold holds at most, about.
    pub rows_per_write: usize,
    /// What one read of a topic gives at most.
    pub read: ReadLimit,
}

impl Default for Pace {
    /// 3,000 rows and 1,000 records a read. What the folds of all partitions work on should stay in the processor's caches: with 10,000 rows a
    /// record cost a tenth more CPU, and a restore twice the memory.
    fn default() -> Self {
        Self { rows_per_write: 3_000, read: ReadLimit { records: 1_000, ..ReadLimit::default() } }
    }
}

/// What a fold came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// How far the store has come.
    pub position: PositionRow,
    /// True when the partition's rows were thrown away first, because they were of another log, or an earlier klamm had written them.
    pub thrown_away: bool,
    /// Records that were read.
    pub records: u64,
}

/// How far the store of a partition has come; `None` when it holds nothing.
///
/// # Errors
/// The store's own. A row that cannot be decoded counts as damage.
pub fn position(store: &Store, partition: u32) -> Result<Option<PositionRow>, Error> {
    position_of(store.get(partition as u16, &Positions::key(&()))?, partition)
}

/// How far a snapshot of the store has come; `None` when it holds nothing.
///
/// # Errors
/// As [`position`].
pub fn position_in(snapshot: &Snapshot<'_>, partition: u32) -> Result<Option<PositionRow>, Error> {
    position_of(snapshot.get(partition as u16, &Positions::key(&()))?, partition)
}

fn position_of(bytes: Option<Vec<u8>>, partition: u32) -> Result<Option<PositionRow>, Error> {
    let row = bytes.map(|bytes| PositionRow::decode(&bytes[..])).transpose();
    row.map_err(|error| StoreError::Corrupt { reason: format!("where partition {partition} stands: {error}") }.into())
}

/// Folds the topics of a partition, from where the store has come to, up to their ends. Rows of another log are thrown away before anything
/// is folded.
///
/// A record that cannot be read or applied is reported and passed over: one damaged record must not hold up the others.
///
/// # Errors
/// The store's and the log's. [`LogError::PastEnd`] means that the store has seen more of the log than is left: clear it and fold again.
/// What was written before the error stays, and the next fold goes on from there.
pub fn fold<M: Machine, C: Codec<M::Event>>(
    machine: &M,
    codec: &C,
    log: &dyn Log,
    topics: &Topics,
    store: &Arc<Store>,
    partition: u32,
) -> Result<Outcome, Error> {
    Folding { machine, codec, log, topics, pace: &Pace::default() }.fold(store, partition)
}

/// What a fold works with.
pub struct Folding<'a, M, C> {
    /// Applies the events.
    pub machine: &'a M,
    /// Decodes the records.
    pub codec: &'a C,
    /// Holds the records.
    pub log: &'a dyn Log,
    /// Names of the topics.
    pub topics: &'a Topics,
    /// How much to read and write at a time.
    pub pace: &'a Pace,
}

impl<M: Machine, C: Codec<M::Event>> Folding<'_, M, C> {
    /// See [`fold`].
    ///
    /// # Errors
    /// As [`fold`].
    pub fn fold(&self, store: &Arc<Store>, partition: u32) -> Result<Outcome, Error> {
        self.fold_to(store, partition, None)
    }

    /// As [`fold`], but only up to where the store at `other` has come, so that the two can be compared. `None`: to the ends.
    ///
    /// # Errors
    /// As [`fold`].
    pub fn fold_to(&self, store: &Arc<Store>, partition: u32, other: Option<&PositionRow>) -> Result<Outcome, Error> {
        let names = Topics::folded(partition);
        let identity = identity::of(self.log, self.topics, &names)?;
        let stands = position(store, partition)?;
        let problem = stands.as_ref().and_then(|stands| identity::difference(stands, &identity));
        if let Some(problem) = &problem {
            tracing::warn!(partition, problem, "the store's rows are not of this log: they are thrown away and folded anew");
            metrics::counter!("klamm_stores_thrown_away_total").increment(1);
            store.clear(partition as u16)?;
        }
        let stands = stands.filter(|_| problem.is_none());
        let mut folder = Folder {
            folding: self,
            partition,
            rows: Rows::new(partition, store.clone(), stands.is_none()),
            position: PositionRow { log: Some(identity), ..stands.unwrap_or_default() },
            records: 0,
        };
        for name in names {
            let to = other.map(|other| other.next_offsets.get(name).copied().unwrap_or_default());
            folder.fold_topic(name, to)?;
        }
        folder.write()?;
        Ok(Outcome { position: folder.position, thrown_away: problem.is_some(), records: folder.records })
    }
}

/// Half of the time for which tombstones stay readable (`delete.retention.ms`). A store that has not caught up for longer may have missed
/// some.
const STALE_AFTER: Duration = Duration::from_secs(7 * 24 * 3600 / 2);

/// Clears a partition of the store when the store caught up with its topics too long ago. Returns whether it was cleared.
///
/// # Errors
/// The store's.
pub fn forget_if_stale(store: &Store, partition: u32, now: Time) -> Result<bool, Error> {
    let Some(position) = position(store, partition)? else { return Ok(false) };
    let stale = position.caught_up_at.as_ref().is_some_and(|caught_up| now > Time::from(caught_up).after(STALE_AFTER));
    if stale {
        store.clear(partition as u16)?;
    }
    Ok(stale)
}

struct Folder<'a, M, C> {
    folding: &'a Folding<'a, M, C>,
    partition: u32,
    rows: Rows,
    /// How far the fold has come, for each topic separately: a fold that is interrupted has come further on one topic than on another.
    position: PositionRow,
    records: u64,
}

impl<M: Machine, C: Codec<M::Event>> Folder<'_, M, C> {
    fn fold_topic(&mut self, name: &'static str, to: Option<Offset>) -> Result<(), Error> {
        let Folding { log, topics, pace, .. } = *self.folding;
        let full = topics.full(name);
        let partition = Topics::output_partition(name, self.partition);
        let mut offset = self.position.next_offsets.get(name).copied().unwrap_or_default();
        // A read may not know yet of the newest records that other processes wrote. The end that the log is asked for here includes them.
        let end = log.end_offset(&full, partition)?;
        while to.is_none_or(|to| offset < to) {
            let batch = read_onward(log, &full, partition, offset, pace.read)?;
            let before = self.records;
            for stored in batch.records.into_iter().take_while(|stored| to.is_none_or(|to| stored.offset < to)) {
                self.fold_record(name, &stored, stored.offset == offset)?;
                offset = stored.offset + 1;
                self.records += 1;
            }
            metrics::counter!("klamm_folded_records_total").increment(self.records - before);
            offset = batch.next_offset;
            self.position.next_offsets.insert(name.to_owned(), offset);
            if self.rows.changed() >= pace.rows_per_write {
                self.write()?;
            }
            if offset >= end.max(batch.end_offset) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// `adjacent`: no offset lies between this record and the one before.
    fn fold_record(&mut self, name: &'static str, stored: &Stored, adjacent: bool) -> Result<(), Error> {
        if let Some(number) = sequence_number(&stored.record) {
            match self.position.folded_numbers.get(name) {
                Some(&last) if number <= last => return Ok(()),
                // Where offsets are missing too, compaction took the records. Where none is missing, a missing number is a hole.
                Some(&last) if number > last + 1 && adjacent => self.report(name, stored, &format!("output {} is missing", last + 1)),
                _ => {}
            }
            self.position.folded_numbers.insert(name.to_owned(), number);
        }
        let key = stored.record.key.as_deref().unwrap_or_default();
        match self.folding.codec.decode_event(name, key, stored.record.value.as_deref()) {
            Ok(Folded::Event(event)) => {
                self.folding.machine.apply(&mut self.rows, &event);
                if let Some(error) = self.rows.damage() {
                    return Err(error.clone().into());
                }
            }
            Ok(Folded::Partition(record)) if name == topic::HISTORY => self.stands_at(*record),
            Ok(_) => {}
            Err(error) => self.report(name, stored, &error),
        }
        Ok(())
    }

    fn stands_at(&mut self, record: PartitionRecord) {
        self.position.caught_up_at = record.now;
        self.position.partition = Some(record);
    }

    fn report(&self, name: &str, stored: &Stored, problem: &str) {
        tracing::error!(partition = self.partition, topic = name, offset = stored.offset, problem, "record passed over in the fold");
        metrics::counter!("klamm_fold_problems_total", "topic" => name.to_owned()).increment(1);
    }

    fn write(&mut self) -> Result<(), Error> {
        Ok(self.rows.write((Positions::key(&()), self.position.encode_to_vec()))?)
    }
}

/// True for the error by which the log says that a store has seen another log, or more of this log than is left.
pub fn is_ahead_of_log(error: &Error) -> bool {
    matches!(error, Error::Log(LogError::PastEnd { .. }))
}

#[cfg(test)]
mod tests {
    use klamm_store::Settings;

    use super::*;

    #[test]
    fn a_store_that_was_away_for_longer_than_half_of_what_tombstones_stay_is_thrown_away() {
        let store = Store::in_maps(&Settings::default());
        let caught_up = Time::from_millis(1_700_000_000_000);
        let position = PositionRow { caught_up_at: Some(caught_up.into()), ..PositionRow::default() };
        store.write(3, vec![(Positions::key(&()), Some(position.encode_to_vec()))]).unwrap();
        assert!(!forget_if_stale(&store, 3, caught_up.after(STALE_AFTER)).unwrap());
        assert!(super::position(&store, 3).unwrap().is_some());
        assert!(forget_if_stale(&store, 3, caught_up.after(STALE_AFTER + Duration::from_millis(1))).unwrap());
        assert_eq!(super::position(&store, 3).unwrap(), None);
        assert!(!forget_if_stale(&store, 3, caught_up).unwrap(), "an empty one is as good as new");
    }
}
