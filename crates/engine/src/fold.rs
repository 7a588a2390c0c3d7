//! State = fold(history): applies the records of the output topics to a store.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use klamm_log::{Error as LogError, Log, ReadLimit, Stored, read_onward};
use klamm_machine::{Machine, Table, Time};
use klamm_messages::klamm::v1::{PartitionRecord, PositionRow};
use klamm_store::Store;
use prost::Message;

use crate::{Codec, Error, Folded, Topics, outputs::sequence_number, overlay::Overlay, positions::Positions, scratch::Scratch, topic};

/// Rows that one write of a fold holds at most, about.
const ROWS_PER_WRITE: usize = 10_000;

/// Where the store of a partition stands; `None` when it holds nothing.
///
/// # Errors
/// The store's own; an unreadable row counts as nothing folded yet.
pub fn position(store: &Store, partition: u32) -> Result<Option<PositionRow>, Error> {
    let bytes = store.get(partition as u16, &Positions::key(&()))?;
    Ok(bytes.and_then(|bytes| PositionRow::decode(&bytes[..]).ok()))
}

/// Folds the topics of a partition, from where the store stands to their ends, and gives where it stands then.
///
/// Records that cannot be read or applied are reported and passed over: one damaged record must not hold up the others.
///
/// # Errors
/// The log's ([`LogError::PastEnd`]: the store has seen another log: clear it and fold again) and the store's.
pub fn fold<M: Machine, C: Codec<M::Event>>(
    machine: &M,
    codec: &C,
    log: &dyn Log,
    topics: &Topics,
    store: &Arc<Store>,
    partition: u32,
) -> Result<PositionRow, Error> {
    let mut folder = Folder {
        machine,
        codec,
        partition,
        overlay: Overlay::new(partition, store.clone()),
        store,
        position: position(store, partition)?.unwrap_or_default(),
        numbers: BTreeMap::new(),
    };
    folder.numbers = folder.position.partition.clone().unwrap_or_default().output_numbers;
    for name in codec.folded_topics(partition) {
        folder.fold_topic(log, topics, name)?;
    }
    folder.write()?;
    Ok(folder.position)
}

/// Half of what tombstones stay readable (`delete.retention.ms`): a store that has not caught up for longer may have missed some.
const STALE_AFTER: Duration = Duration::from_secs(7 * 24 * 3600 / 2);

/// Clears a partition of the store that caught up with its topics too long ago; whether it did.
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
    machine: &'a M,
    codec: &'a C,
    partition: u32,
    overlay: Overlay,
    store: &'a Arc<Store>,
    position: PositionRow,
    numbers: BTreeMap<String, i64>,
}

impl<M: Machine, C: Codec<M::Event>> Folder<'_, M, C> {
    fn fold_topic(&mut self, log: &dyn Log, topics: &Topics, name: &'static str) -> Result<(), Error> {
        let full = topics.full(name);
        let partition = Topics::output_partition(name, self.partition);
        let mut offset = self.position.next_offsets.get(name).copied().unwrap_or_default();
        // A read may not know of others' newest records; this end does.
        let end = log.end_offset(&full, partition)?;
        loop {
            let batch = read_onward(log, &full, partition, offset, ReadLimit::default())?;
            for stored in &batch.records {
                self.fold_record(name, stored, stored.offset == offset);
                offset = stored.offset + 1;
            }
            offset = batch.next_offset;
            self.position.next_offsets.insert(name.to_owned(), offset);
            if self.overlay.uncommitted_rows() >= ROWS_PER_WRITE {
                self.write()?;
            }
            if offset >= end.max(batch.end_offset) {
                return Ok(());
            }
        }
    }

    /// `adjacent`: no offset lies between this record and the one before.
    fn fold_record(&mut self, name: &'static str, stored: &Stored, adjacent: bool) {
        if let Some(number) = sequence_number(&stored.record) {
            match self.numbers.get(name) {
                Some(&last) if number <= last => return,
                // Compaction leaves offsets out too; a number left out between neighbours is a hole.
                Some(&last) if number > last + 1 && adjacent => self.report(name, stored, &format!("output {} is missing", last + 1)),
                _ => {}
            }
            self.numbers.insert(name.to_owned(), number);
        }
        let key = stored.record.key.as_deref().unwrap_or_default();
        match self.codec.decode_event(name, key, stored.record.value.as_deref()) {
            Ok(Folded::Event(event)) => {
                let mut scratch = Scratch::new(&self.overlay);
                self.machine.apply(&mut scratch, &event);
                let changes = scratch.into_changes();
                self.overlay.merge(changes);
            }
            Ok(Folded::Partition(record)) if name == topic::HISTORY => self.stands_at(*record),
            Ok(_) => {}
            Err(error) => self.report(name, stored, &error),
        }
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
        self.overlay.freeze();
        let mut writes = self.overlay.frozen_writes();
        writes.push((Positions::key(&()), Some(self.position.encode_to_vec())));
        self.store.write(self.partition as u16, writes)?;
        self.overlay.thaw();
        Ok(())
    }
}

/// True for the log's answer to a store that has seen another log, or more of it than is left.
pub fn is_ahead_of_log(error: &Error) -> bool {
    matches!(error, Error::Log(LogError::PastEnd { .. }))
}

#[cfg(test)]
mod tests {
    use klamm_store::Settings;

    use super::*;

    #[test]
    fn a_store_that_was_away_for_longer_than_half_of_what_tombstones_stay_is_thrown_away() {
        let store = Store::in_memory(&Settings::default()).unwrap();
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
