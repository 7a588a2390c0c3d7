//! What this process knows of one partition: its bounds, the newest records of this process, who waits, which appends are unacknowledged.
//!
//! ```text
//!    start          tail.first     end      tail_end   suspect
//!      │ ask the broker │ in memory │ in memory │         │
//!      └────────────────┴───────────┴───────────┴─────────┘
//!                                   └ not known to be readable: others' records or open transactions may stand below
//! ```

use std::{
    collections::VecDeque,
    sync::{Arc, atomic::AtomicBool},
    task::Waker,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use crate::{Error, Offset, ReadBatch, ReadLimit, Stored, appending::Promise, tail::Tail, wakers::Wakers};

/// For so long after somebody has read a partition, the partition is watched and its newest records are kept.
const FOLLOWED_FOR: Duration = Duration::from_secs(10);

/// When the tail is larger than this, the records that a reader has passed are forgotten.
const PASSED_BYTES_MAX: usize = 64 << 10;

/// One partition.
pub(super) struct Partition {
    pub(super) topic: Arc<str>,
    pub(super) number: u32,
    pub(super) view: Mutex<View>,
    /// A client stays on the partition, and gets what comes ([`crate::Log::listen_to`]).
    pub(super) is_listened_to: AtomicBool,
}

/// The partition's state. It is locked for moments only.
pub(super) struct View {
    /// Records below this offset are gone.
    start: Offset,
    /// Readers' end; `None` until it has been asked for.
    end: Option<Offset>,
    /// A record stands right below this offset. While `end` is lower, nobody knows whether that record can be read.
    suspect: Offset,
    /// Records of this process: every readable record in `tail.first()..tail_end`.
    tail: Tail,
    tail_end: Offset,
    /// From the first to the second offset nothing is readable.
    hole: (Offset, Offset),
    wakers: Wakers,
    waits: bool,
    read_at: Option<Instant>,
    /// Appends that are not acknowledged yet, oldest first.
    pending: VecDeque<Pending>,
    next_number: u64,
    /// The oldest append has waited too long. No more are taken until the broker answers.
    pub(super) stalled: bool,
}

struct Pending {
    number: u64,
    since: Instant,
    /// `None` when the caller has already got [`Error::InDoubt`].
    promise: Option<Promise>,
}

/// What a view tells a reader.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// The records are in memory.
    Batch(ReadBatch),
    /// The reader has to ask the broker for the bounds first.
    Ask,
    /// The broker has it: `from` (holes skipped) up to `stop`, of a partition that ends at `end`.
    Fetch { from: Offset, stop: Offset, end: Offset },
    /// The position is below the start.
    Trimmed { start: Offset },
    /// The position is above the end.
    PastEnd { end: Offset },
}

impl Partition {
    pub(super) fn new(topic: Arc<str>, number: u32, tail_bytes: usize) -> Self {
        let view = View {
            start: 0,
            end: None,
            suspect: 0,
            tail: Tail::new(0, tail_bytes),
            tail_end: 0,
            hole: (0, 0),
            wakers: Wakers::default(),
            waits: false,
            read_at: None,
            pending: VecDeque::new(),
            next_number: 0,
            stalled: false,
        };
        Self { topic, number, view: Mutex::new(view), is_listened_to: AtomicBool::new(false) }
    }

    /// The error for a position below the start.
    pub(super) fn trimmed(&self, start: Offset) -> Error {
        Error::Trimmed { topic: self.topic.to_string(), partition: self.number, start }
    }

    /// The error for a position above the end.
    pub(super) fn past_end(&self, end: Offset) -> Error {
        Error::PastEnd { topic: self.topic.to_string(), partition: self.number, end }
    }
}

impl View {
    /// What a read from `from` gets. `asked`: the broker has just been asked for the end.
    pub(super) fn look(&mut self, from: Offset, limit: ReadLimit, asked: bool) -> Look {
        self.read_at = Some(Instant::now());
        let Some(end) = self.end else { return Look::Ask };
        if from < self.start {
            return Look::Trimmed { start: self.start };
        }
        let from = if (self.hole.0..self.hole.1).contains(&from) { self.hole.1 } else { from };
        if from >= end {
            return match (self.suspect > end || from > end, asked) {
                (true, false) => Look::Ask,
                (_, _) if from > end => Look::PastEnd { end },
                (_, _) => Look::Batch(ReadBatch { records: Vec::new(), next_offset: from, end_offset: end }),
            };
        }
        let tail_to = self.tail_end.min(end);
        if from >= self.tail.first() && from < tail_to {
            if self.tail.bytes() > PASSED_BYTES_MAX {
                self.tail.forget_below(from);
            }
            if let Some(batch) = self.tail.read_below(from, tail_to, limit) {
                return Look::Batch(ReadBatch { end_offset: end, ..batch });
            }
        }
        let stop = if self.tail.first() > from && self.tail.first() < tail_to { self.tail.first() } else { end };
        Look::Fetch { from, stop, end }
    }

    /// Whether the record at `from` would be the next one of those that come by themselves: all before it are known here.
    pub(super) fn is_next(&self, from: Offset) -> bool {
        self.tail_end == from && from > 0
    }

    /// Notes that nothing readable stands between the two offsets.
    pub(super) fn is_hole(&mut self, from: Offset, to: Offset) {
        // A hole that begins where the known hole ends makes that one longer.
        self.hole = if self.hole.1 == from && self.hole.0 < from { (self.hole.0, to) } else { (from, to) };
    }

    /// The broker said where the partition ends. Gives the wakers to wake.
    pub(super) fn ends_at(&mut self, end: Offset) -> Vec<Waker> {
        let end = self.end.map_or(end, |known| known.max(end));
        self.end = Some(end);
        self.woken(end)
    }

    /// The broker said where the partition begins.
    pub(super) fn starts_at(&mut self, start: Offset) {
        self.start = self.start.max(start);
        self.tail.forget_below(self.start.min(self.tail_end));
    }

    pub(super) fn start(&self) -> Offset {
        self.start
    }

    pub(super) fn end(&self) -> Option<Offset> {
        self.end
    }

    /// Whether the end is above `offset`. If not, the waker is kept.
    pub(super) fn is_above(&mut self, offset: Offset, waker: &Waker) -> bool {
        if self.end.is_some_and(|end| end > offset) {
            return true;
        }
        self.wakers.add(offset, waker);
        self.waits = true;
        false
    }

    /// Whether somebody reads the partition or waits for it.
    pub(super) fn is_followed(&self) -> bool {
        self.waits || self.read_at.is_some_and(|at| at.elapsed() < FOLLOWED_FOR)
    }

    /// Whether the broker has to be asked for the end at once.
    pub(super) fn is_suspect(&self) -> bool {
        self.is_followed() && self.end.is_none_or(|end| self.suspect > end)
    }

    /// Forgets the tail of a partition that nobody reads any more.
    pub(super) fn sweep(&mut self) {
        if !self.is_followed() && self.tail.bytes() > 0 {
            self.tail.reset(self.tail_end);
        }
    }

    /// The broker has acknowledged a record of this process that is no part of a transaction. Gives the wakers to wake, and whether the
    /// broker has to be asked for the end.
    pub(super) fn acknowledged(&mut self, stored: Stored) -> (Vec<Waker>, bool) {
        self.stalled = false;
        self.heard(stored)
    }

    /// Somebody has written a record that can be read. Gives the same as [`View::acknowledged`].
    pub(super) fn heard(&mut self, stored: Stored) -> (Vec<Waker>, bool) {
        let offset = stored.offset;
        self.keep(stored);
        match self.end {
            // Everything below this record is readable, so the record is readable too.
            Some(end) if end == offset => {
                self.end = Some(offset + 1);
                (self.woken(offset + 1), false)
            }
            Some(end) if end > offset => (Vec::new(), false),
            _ => (Vec::new(), self.suspects(offset + 1)),
        }
    }

    /// A record stands right below `offset`. Gives whether the broker has to be asked for the end.
    pub(super) fn suspects(&mut self, offset: Offset) -> bool {
        self.suspect = self.suspect.max(offset);
        self.is_suspect()
    }

    /// A transaction of this process has written these records, and the partition then ended at `end`. Gives the wakers to wake.
    pub(super) fn committed(&mut self, records: Vec<Stored>, end: Offset) -> Vec<Waker> {
        // The transaction's mark comes behind these records, but other records may stand between. So a reader asks the broker about that
        // part.
        for stored in records {
            self.keep(stored);
        }
        self.ends_at(end)
    }

    fn keep(&mut self, stored: Stored) {
        let next = stored.offset + 1;
        if stored.offset < self.tail_end {
            return;
        }
        if !self.is_followed() {
            self.tail.reset(next);
        } else {
            if stored.offset > self.tail_end {
                self.tail.reset(stored.offset);
            }
            self.tail.push(stored);
        }
        self.tail_end = next;
    }

    /// The partition is there no more. Gives the wakers to wake.
    pub(super) fn give_up(&mut self) -> Vec<Waker> {
        self.woken(Offset::MAX)
    }

    fn woken(&mut self, end: Offset) -> Vec<Waker> {
        let woken = self.wakers.take(end);
        self.waits = !self.wakers.is_empty();
        woken
    }

    /// Notes an append that is under way. Gives its number.
    pub(super) fn appending(&mut self, promise: Promise) -> u64 {
        let number = self.next_number;
        self.next_number += 1;
        self.pending.push_back(Pending { number, since: Instant::now(), promise: Some(promise) });
        number
    }

    /// An append has ended. Gives the promise to keep and how long the append took. `None`: no such append is pending.
    pub(super) fn settled(&mut self, number: u64) -> Option<(Option<Promise>, Duration)> {
        let index = self.pending.binary_search_by_key(&number, |pending| pending.number).ok()?;
        let pending = self.pending.remove(index)?;
        if self.pending.is_empty() {
            self.stalled = false;
        }
        Some((pending.promise, pending.since.elapsed()))
    }

    /// The appends that have waited longer than `limit`. When there are any, no more are taken until the broker answers.
    pub(super) fn overdue(&mut self, limit: Duration) -> Vec<Promise> {
        let overdue: Vec<_> = self
            .pending
            .iter_mut()
            .take_while(|pending| pending.since.elapsed() > limit)
            .filter_map(|pending| pending.promise.take())
            .collect();
        self.stalled |= !overdue.is_empty();
        overdue
    }

    /// Whether any append is under way.
    pub(super) fn is_appending(&self) -> bool {
        !self.pending.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Record;

    fn stored(offset: Offset) -> Stored {
        Stored { offset, timestamp_ms: 0, record: Record::new("k", "v") }
    }

    fn view() -> Partition {
        Partition::new("t".into(), 0, 1 << 20)
    }

    fn offsets(look: Look) -> (Vec<Offset>, Offset, Offset) {
        match look {
            Look::Batch(batch) => (batch.records.iter().map(|stored| stored.offset).collect(), batch.next_offset, batch.end_offset),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn own_records_behind_a_known_end_are_read_from_memory() {
        let partition = view();
        let view = &mut partition.view.lock();
        assert_eq!(view.look(5, ReadLimit::default(), false), Look::Ask);
        view.ends_at(5);
        assert_eq!(offsets(view.look(5, ReadLimit::default(), false)), (vec![], 5, 5));
        for offset in 5..8 {
            assert!(!view.acknowledged(stored(offset)).1);
        }
        assert_eq!(offsets(view.look(5, ReadLimit::default(), false)), (vec![5, 6, 7], 8, 8));
        assert_eq!(offsets(view.look(6, ReadLimit { records: 1, bytes: usize::MAX }, false)), (vec![6], 7, 8));
        assert_eq!(view.look(2, ReadLimit::default(), false), Look::Fetch { from: 2, stop: 5, end: 8 });
    }

    #[test]
    fn a_gap_is_asked_about_and_fetched() {
        let partition = view();
        let view = &mut partition.view.lock();
        view.look(0, ReadLimit::default(), false);
        view.ends_at(3);
        view.look(3, ReadLimit::default(), false);
        // Offset 3 belongs to another process, or to a transaction.
        assert!(view.acknowledged(stored(4)).1);
        assert_eq!(view.end(), Some(3));
        assert_eq!(view.look(3, ReadLimit::default(), false), Look::Ask);
        assert_eq!(offsets(view.look(3, ReadLimit::default(), true)), (vec![], 3, 3));
        view.ends_at(5);
        assert_eq!(view.look(3, ReadLimit::default(), false), Look::Fetch { from: 3, stop: 4, end: 5 });
        assert_eq!(offsets(view.look(4, ReadLimit::default(), false)), (vec![4], 5, 5));
    }

    #[test]
    fn an_end_that_is_known_before_the_acknowledgement_loses_nothing() {
        let partition = view();
        let view = &mut partition.view.lock();
        view.look(0, ReadLimit::default(), false);
        view.ends_at(0);
        view.look(0, ReadLimit::default(), false);
        view.ends_at(1);
        assert_eq!(view.look(0, ReadLimit::default(), false), Look::Fetch { from: 0, stop: 1, end: 1 });
        assert!(!view.acknowledged(stored(0)).1);
        assert_eq!(offsets(view.look(0, ReadLimit::default(), false)), (vec![0], 1, 1));
    }

    #[test]
    fn what_stands_behind_a_commit_is_asked_for_and_holes_are_stepped_over() {
        let partition = view();
        let view = &mut partition.view.lock();
        view.look(0, ReadLimit::default(), false);
        view.ends_at(0);
        view.look(0, ReadLimit::default(), false);
        view.committed(vec![stored(0), stored(1)], 3);
        assert_eq!(offsets(view.look(0, ReadLimit::default(), false)), (vec![0, 1], 2, 3));
        assert_eq!(view.look(2, ReadLimit::default(), false), Look::Fetch { from: 2, stop: 3, end: 3 });
        view.is_hole(2, 3);
        assert_eq!(offsets(view.look(2, ReadLimit::default(), false)), (vec![], 3, 3));
        view.committed(vec![stored(3)], 5);
        assert_eq!(offsets(view.look(2, ReadLimit::default(), false)), (vec![3], 4, 5));
        view.ends_at(9);
        view.is_hole(3, 6);
        view.is_hole(6, 8);
        assert_eq!(view.look(4, ReadLimit::default(), false), Look::Fetch { from: 8, stop: 9, end: 9 });
    }

    #[test]
    fn bounds_are_kept() {
        let partition = view();
        let view = &mut partition.view.lock();
        view.starts_at(4);
        view.ends_at(6);
        assert_eq!(view.look(3, ReadLimit::default(), false), Look::Trimmed { start: 4 });
        assert_eq!(view.look(7, ReadLimit::default(), false), Look::Ask);
        assert_eq!(view.look(7, ReadLimit::default(), true), Look::PastEnd { end: 6 });
        view.ends_at(5);
        assert_eq!(view.end(), Some(6));
    }

    #[test]
    fn what_is_overdue_is_told_and_stalls_the_partition() {
        let partition = view();
        let view = &mut partition.view.lock();
        let (promise, appending) = crate::Appending::promised();
        let number = view.appending(promise);
        assert!(view.overdue(Duration::from_secs(60)).is_empty() && !view.stalled);
        std::thread::sleep(Duration::from_millis(2));
        let overdue = view.overdue(Duration::from_millis(1));
        assert_eq!(overdue.len(), 1);
        assert!(view.stalled && view.is_appending());
        drop(overdue);
        assert!(matches!(appending.wait(), Err(Error::InDoubt { .. })));
        assert!(view.settled(number).is_some_and(|(promise, _)| promise.is_none()));
        view.acknowledged(stored(0));
        assert!(!view.stalled && !view.is_appending());
    }

    #[test]
    fn the_next_record_is_the_one_behind_those_that_have_come() {
        let partition = view();
        let mut view = partition.view.lock();
        view.look(5, ReadLimit::default(), false);
        assert!(!view.is_next(0) && !view.is_next(5), "nothing has come yet");
        view.ends_at(5);
        view.heard(stored(5));
        assert_eq!([5, 6, 7].map(|from| view.is_next(from)), [false, true, false]);
        // The broker tells of a record before it has come.
        view.ends_at(7);
        assert!(matches!(view.look(6, ReadLimit::default(), false), Look::Fetch { from: 6, .. }) && view.is_next(6));
        view.heard(stored(6));
        assert!(matches!(view.look(6, ReadLimit::default(), false), Look::Batch(_)) && !view.is_next(6));
    }
}
