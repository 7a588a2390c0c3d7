//! Who waits for a partition's end to move.

use std::task::Waker;

use crate::Offset;

/// Wakers, each with the offset that the end must be above.
#[derive(Debug, Default)]
pub(crate) struct Wakers(Vec<(Offset, Waker)>);

impl Wakers {
    /// Adds one; the same waker twice counts once, for the lower offset.
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

    /// Takes out those whom an end at `end` wakes. They are to be woken without locks held.
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
