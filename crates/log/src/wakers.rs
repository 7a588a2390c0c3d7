//! The wakers of those who wait for a partition's end to move.

use std::task::Waker;

use crate::Offset;

/// Wakers, each with the offset that the end must be above.
#[derive(Debug, Default)]
pub(crate) struct Wakers(Vec<(Offset, Waker)>);

impl Wakers {
    /// Adds a waker. A waker that is added twice counts once, with the lower offset.
    pub(crate) fn add(&mut self, offset: Offset, waker: &Waker) {
        match self.0.iter_mut().find(|(_, known)| known.will_wake(waker)) {
            Some((known, _)) => *known = offset.min(*known),
            None => self.0.push((offset, waker.clone())),
        }
    }

    /// Whether nobody waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes out the wakers to wake when the end is at `end`. The caller wakes them without holding locks.
    pub(crate) fn take(&mut self, end: Offset) -> Vec<Waker> {
        if self.0.is_empty() {
            return Vec::new();
        }
        self.0.extract_if(.., |(offset, _)| *offset < end).map(|(_, waker)| waker).collect()
    }
}

/// Wakes them all.
pub(crate) fn wake(wakers: Vec<Waker>) {
    wakers.into_iter().for_each(Waker::wake);
}
