//! Compaction by key.
//!
//! It works as Kafka's log cleaner does. First it reads the part that wasn't compacted yet into a map from key to newest offset. Then it
//! goes through everything from the start to the end of that part. It deletes the records that the map supersedes, and the tombstones that
//! are old enough. The map is bounded; what doesn't fit takes another pass. Records are deleted in the order of their offsets. So after a
//! crash in between, the newest record of each key is still there, and where a tombstone is gone, all older records of its key are gone
//! too.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
};

use rocksdb::WriteBatch;

use super::{codec, core::Core, errors, keys, partition::Partition};
use crate::{Error, Offset};

/// Keys of one pass: about 40 MiB of memory while it lasts.
const PASS_KEYS_MAX: usize = 1 << 20;

/// Deletions of one write.
const CHUNK_DELETIONS: usize = 1000;

impl Core {
    /// See [`crate::Log::compact`].
    pub(super) fn compact(&self, topic: &str, partition: u32) -> Result<(), Error> {
        self.compact_in_passes(topic, partition, PASS_KEYS_MAX)
    }

    /// [`Core::compact`] with at most `pass_keys_max` keys in a pass.
    pub(super) fn compact_in_passes(&self, topic: &str, partition: u32, pass_keys_max: usize) -> Result<(), Error> {
        let known = self.topic(topic)?;
        let place = known.partition(partition)?;
        let (lag_ms, delete_retention_ms) = known.topic.compaction_ms()?;
        let young_ms = self.clock.now_ms().saturating_sub(lag_ms);
        let dead_ms = young_ms.saturating_sub(delete_retention_ms);
        let mut cleaner = place.cleaner.lock();
        let end = place.view.lock().end;
        loop {
            let pass = self.survey(place, cleaner.bounds.compacted_to, end, young_ms, pass_keys_max)?;
            // Saved before anything is deleted: the end must not go back when the last record is deleted.
            self.save_bounds(place, &mut cleaner, |_| ())?;
            let (deleted, kept) = self.delete_superseded(place, cleaner.bounds.start, &pass, dead_ms)?;
            self.save_bounds(place, &mut cleaner, |bounds| bounds.compacted_to = pass.to)?;
            if deleted > 0 {
                place.view.lock().tail.forget_below(pass.to);
            }
            // Giving the space back rewrites the records that stay. That is worth it only when many were deleted.
            if deleted > kept / 4 {
                self.db.compact_range(Some(place.place.record(0)), Some(place.place.record(pass.to)));
            }
            if pass.is_last {
                return Ok(());
            }
        }
    }

    /// Reads keys from `from` on, until a record is too young or the map is full.
    fn survey(&self, place: &Partition, from: Offset, end: Offset, young_ms: i64, keys_max: usize) -> Result<Pass, Error> {
        let mut pass = Pass { newest: HashMap::new(), hash: [RandomState::new(), RandomState::new()], to: from, is_last: true };
        for row in self.range(&place.place.record(from), &place.place.record(end)) {
            let (offset, value) = parts(row)?;
            let head = head(offset, &value)?;
            if head.timestamp_ms > young_ms {
                return Ok(pass);
            }
            let key = pass.key(head.key);
            if pass.newest.len() >= keys_max && !pass.newest.contains_key(&key) {
                pass.is_last = false;
                return Ok(pass);
            }
            pass.newest.insert(key, offset);
            pass.to = offset + 1;
        }
        Ok(pass)
    }

    /// Deletes what the pass supersedes. Gives how many records were deleted and how many stay.
    fn delete_superseded(&self, place: &Partition, start: Offset, pass: &Pass, dead_ms: i64) -> Result<(u64, u64), Error> {
        let mut batch = WriteBatch::default();
        let (mut deleted, mut kept) = (0, 0);
        for row in self.range(&place.place.record(start), &place.place.record(pass.to)) {
            let (offset, value) = parts(row)?;
            let head = head(offset, &value)?;
            let superseded = pass.newest.get(&pass.key(head.key)).is_some_and(|newest| *newest > offset);
            if superseded || (head.is_tombstone && head.timestamp_ms <= dead_ms) {
                batch.delete(place.place.record(offset));
                deleted += 1;
            } else {
                kept += 1;
            }
            if batch.len() >= CHUNK_DELETIONS {
                self.write(std::mem::take(&mut batch))?;
            }
        }
        if !batch.is_empty() {
            self.write(batch)?;
        }
        Ok((deleted, kept))
    }
}

/// What one pass knows.
struct Pass {
    /// Newest offset of each key below `to`, by the key's hash of 128 bits. Two keys with the same hash are too unlikely to matter.
    newest: HashMap<u128, Offset>,
    hash: [RandomState; 2],
    to: Offset,
    is_last: bool,
}

impl Pass {
    fn key(&self, key: &[u8]) -> u128 {
        let [first, second] = &self.hash;
        u128::from(first.hash_one(key)) << 64 | u128::from(second.hash_one(key))
    }
}

type Row = Result<(Box<[u8]>, Box<[u8]>), rocksdb::Error>;

fn parts(row: Row) -> Result<(Offset, Box<[u8]>), Error> {
    let (key, value) = row.map_err(errors::reading)?;
    let offset = keys::offset_of(&key).ok_or_else(|| Error::Corrupt { reason: "a record's key is too short".to_owned() })?;
    Ok((offset, value))
}

fn head(offset: Offset, value: &[u8]) -> Result<codec::Head<'_>, Error> {
    codec::head(value).ok_or_else(|| Error::Corrupt { reason: format!("the record at offset {offset} can't be decoded") })
}
