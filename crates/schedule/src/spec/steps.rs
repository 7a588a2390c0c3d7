//! Steps: the cost of a search. Steps are counted, not timed, so that a search that is repeated ends at the same place.

/// Cost of looking at one interval. All other costs are multiples of it. A million of them take some milliseconds.
pub(super) const INTERVAL: u64 = 1;
/// Cost of looking at one calendar within one span of constant offset, and of asking whether a time is one of the calendar's.
pub(super) const CALENDAR: u64 = 8;

/// Steps that a search may still take.
#[derive(Debug, Clone, Copy)]
pub struct Steps {
    left: u64,
    taken: u64,
}

/// The steps did not suffice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfSteps;

impl Steps {
    /// So many steps.
    pub const fn new(count: u64) -> Self {
        Self { left: count, taken: 0 }
    }

    /// No step is left.
    pub fn are_out(&self) -> bool {
        self.left == 0
    }

    /// The steps taken so far. They may be more than there were, because the last look is counted as a whole.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// Half of the steps that are left, for a part of the search. [`Steps::take_back`] returns what the part did not use.
    pub(crate) fn half(&self) -> Self {
        Self::new(self.left / 2)
    }

    /// Counts the steps that a part has taken.
    pub(crate) fn take_back(&mut self, part: &Self) {
        self.count(part.taken);
    }

    /// Takes steps, even if they are not there. [`Steps::check`] asks for that, at places where a search can stop.
    pub(super) fn count(&mut self, steps: u64) {
        self.left = self.left.saturating_sub(steps);
        self.taken = self.taken.saturating_add(steps);
    }

    /// # Errors
    /// No step is left.
    pub(super) fn check(&self) -> Result<(), OutOfSteps> {
        if self.are_out() { Err(OutOfSteps) } else { Ok(()) }
    }
}
