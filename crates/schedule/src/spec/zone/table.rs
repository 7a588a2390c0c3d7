//! A zone's changes, in order of time.

use super::span::Span;

/// The offsets of a zone. Each holds from one moment to the next.
#[derive(Debug)]
pub(in crate::spec) struct Table {
    /// The offset before the first change.
    first: i64,
    /// Each change: its time (UTC, increasing), and the offset from then on.
    changes: Vec<(i64, i64)>,
    offset_min: i64,
    offset_max: i64,
}

impl Table {
    /// The table with the offset before any change, and the changes in order of time.
    pub(super) fn new(first: i64, changes: Vec<(i64, i64)>) -> Self {
        let offsets = || changes.iter().map(|(_, offset)| *offset).chain([first]);
        let (offset_min, offset_max) = (offsets().min().unwrap_or(first), offsets().max().unwrap_or(first));
        Self { first, changes, offset_min, offset_max }
    }

    /// The span that contains `time`.
    pub(super) fn span(&self, time: i64) -> Span {
        let next = self.changes.partition_point(|(at, _)| *at <= time);
        let offset = if next == 0 { self.first } else { self.changes[next - 1].1 };
        Span { offset, end: self.changes.get(next).map_or(i64::MAX, |(at, _)| *at) }
    }

    /// When the last change was.
    pub(super) fn last_change(&self) -> Option<i64> {
        self.changes.last().map(|(at, _)| *at)
    }

    /// Least and greatest offset.
    pub(super) fn offsets(&self) -> (i64, i64) {
        (self.offset_min, self.offset_max)
    }
}
