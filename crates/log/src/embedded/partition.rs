//! One partition's state in memory.

use std::task::Waker;

use parking_lot::Mutex;

use super::{bounds::Bounds, keys::Place, queue::Queue};
use crate::{Offset, Stored, tail::Tail, wakers::Wakers};

/// Locks are taken in this order: cleaner, lead of the queue, writer, view. The view is locked for moments only.
pub(super) struct Partition {
    pub(super) place: Place,
    /// Locked while records of this partition are written.
    pub(super) writer: Mutex<Writer>,
    /// Appends on their way to the writer.
    pub(super) queue: Queue,
    /// What readers see.
    pub(super) view: Mutex<View>,
    /// Locked while records are taken away.
    pub(super) cleaner: Mutex<Cleaner>,
}

pub(super) struct Writer {
    /// Offset of the next record.
    pub(super) next: Offset,
    pub(super) last_append_ms: i64,
    /// Above `next` when a failed write may have left records in the WAL below this offset. The next write deletes them.
    pub(super) litter_to: Offset,
    /// Reused for encoding.
    pub(super) scratch: Vec<u8>,
}

pub(super) struct View {
    pub(super) start: Offset,
    pub(super) end: Offset,
    pub(super) tail: Tail,
    pub(super) wakers: Wakers,
}

pub(super) struct Cleaner {
    pub(super) bounds: Bounds,
    /// Below this offset, trimmed records are gone from RocksDB too.
    pub(super) reclaimed_to: Offset,
    /// When housekeeping last compacted the partition.
    pub(super) looked_ms: i64,
}

impl Partition {
    /// A partition whose records end at `end`.
    pub(super) fn new(place: Place, bounds: Bounds, end: Offset, last_append_ms: i64, looked_ms: i64, tail_bytes: usize) -> Self {
        let view = View { start: bounds.start, end, tail: Tail::new(end, tail_bytes), wakers: Wakers::default() };
        Self {
            place,
            writer: Mutex::new(Writer { next: end, last_append_ms, litter_to: 0, scratch: Vec::new() }),
            queue: Queue::default(),
            view: Mutex::new(view),
            cleaner: Mutex::new(Cleaner { bounds, reclaimed_to: 0, looked_ms }),
        }
    }

    /// Shows written records to the readers. Gives the wakers to wake.
    pub(super) fn publish(&self, end: Offset, records: Vec<Stored>) -> Vec<Waker> {
        let mut view = self.view.lock();
        view.end = end;
        for stored in records {
            view.tail.push(stored);
        }
        view.wakers.take(end)
    }
}
