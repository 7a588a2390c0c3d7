//! Taking the oldest records away: at once for readers, later on the disk.

use rocksdb::WriteBatch;

use super::{
    codec,
    core::{Core, TopicState},
    errors, keys,
    partition::{Cleaner, Partition},
};
use crate::{Cleanup, Error, Offset};

impl Core {
    /// See [`crate::Log::trim`].
    pub(super) fn trim(&self, topic: &str, partition: u32, before: Offset) -> Result<(), Error> {
        let known = self.topic(topic)?;
        let place = known.partition(partition)?;
        known.topic.check_trimmable()?;
        let mut cleaner = place.cleaner.lock();
        let (start, end) = {
            let view = place.view.lock();
            (view.start, view.end)
        };
        if before > end {
            return Err(Error::PastEnd { topic: topic.to_owned(), partition, end });
        }
        if before <= start {
            return Ok(());
        }
        self.save_bounds(place, &mut cleaner, |bounds| bounds.start = before)?;
        let mut view = place.view.lock();
        view.start = before;
        view.tail.forget_below(before);
        Ok(())
    }

    /// Changes the partition's bounds, durably. Also notes the end and the last append time, so that neither goes back.
    pub(super) fn save_bounds(
        &self,
        place: &Partition,
        cleaner: &mut Cleaner,
        change: impl FnOnce(&mut super::bounds::Bounds),
    ) -> Result<(), Error> {
        let mut bounds = cleaner.bounds;
        {
            let writer = place.writer.lock();
            bounds.end_min = writer.next;
            bounds.append_ms_min = writer.last_append_ms;
        }
        change(&mut bounds);
        let mut batch = WriteBatch::default();
        batch.put(place.place.bounds(), bounds.encode());
        self.write(batch)?;
        cleaner.bounds = bounds;
        Ok(())
    }

    /// Trims what is older than the topic keeps.
    pub(super) fn expire(&self, known: &TopicState, place: &Partition) -> Result<(), Error> {
        let Cleanup::Delete { retention: Some(retention) } = known.topic.spec.cleanup else { return Ok(()) };
        let oldest_ms = self.clock.now_ms().saturating_sub(i64::try_from(retention.as_millis()).unwrap_or(i64::MAX));
        let (start, end) = {
            let view = place.view.lock();
            (view.start, view.end)
        };
        let mut before = end;
        for row in self.range(&place.place.record(start), &place.place.record(end)) {
            let (key, value) = row.map_err(errors::reading)?;
            if codec::head(&value).is_some_and(|head| head.timestamp_ms >= oldest_ms) {
                before = keys::offset_of(&key).unwrap_or(start);
                break;
            }
        }
        self.trim(&known.topic.spec.name, place.place.partition, before)
    }

    /// Gives trimmed records' disk space back.
    pub(super) fn reclaim(&self, place: &Partition) -> Result<(), Error> {
        let mut cleaner = place.cleaner.lock();
        let start = cleaner.bounds.start;
        if start <= cleaner.reclaimed_to {
            return Ok(());
        }
        let (from, to) = (place.place.record(0), place.place.record(start));
        let mut batch = WriteBatch::default();
        batch.delete_range(from, to);
        self.write(batch)?;
        // Deleting whole files costs nothing. The rest is rewritten.
        self.db.delete_file_in_range(from, to).map_err(errors::reading)?;
        self.db.compact_range(Some(from), Some(to));
        cleaner.reclaimed_to = start;
        Ok(())
    }
}
