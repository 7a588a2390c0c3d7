//! What a schedule does by time alone.

use super::{Action, Schedule, Verdict, overlap::BUFFER_MAX};
use crate::Millis;

const WEEK: Millis = 7 * 86_400_000;

impl Schedule {
    /// Decides the times that are due by now.
    pub fn take_times(&mut self) {
        while let Some((nominal, actual)) = self.next_undecided().filter(|(_, actual)| *actual <= self.now) {
            let action = Action { nominal, actual, ..Action::default() };
            self.decided = actual;
            match self.barred() {
                Some(verdict) => self.decide(verdict, &action, ""),
                None if self.now - actual > self.definition.window() => self.decide(Verdict::MissedCatchupWindow, &action, ""),
                None => self.buffer.push(action),
            }
        }
    }

    /// Does what follows [`Schedule::take_times`]: backfills and the buffer.
    pub fn take_rest(&mut self) {
        self.take_backfills();
        while self.take_buffer() {}
        if !self.backfills.is_empty() && self.buffer.len() < BUFFER_MAX / 2 {
            return self.take_rest();
        }
        self.closes = self.closing_time();
    }

    /// Takes times of backfills, until half of the buffer is full.
    fn take_backfills(&mut self) {
        while let Some(backfill) = self.backfills.first_mut().filter(|_| self.buffer.len() < BUFFER_MAX / 2) {
            let next = self.definition.times.next(backfill.first - 1, self.jitter);
            match next.filter(|(_, actual)| *actual <= backfill.last) {
                None => _ = self.backfills.remove(0),
                Some((nominal, actual)) => {
                    self.buffer.push(Action { nominal, actual, manual: true, overlap: backfill.overlap, ..Action::default() });
                    backfill.first = actual + 1;
                }
            }
        }
    }

    /// Times that are not decided, and whose actions are due from then on. The search for each begins where the one before is due.
    fn undecided(&self, from: Millis) -> impl Iterator<Item = (Millis, Millis)> {
        let next = |after| self.definition.times.next(after, self.jitter);
        // Earlier times are due before `from`, because no jitter is longer.
        let after = self.decided.max(from - self.definition.times.jitter - 1);
        std::iter::successors(next(after), move |(_, actual)| next(*actual)).filter(move |(_, actual)| *actual >= from)
    }

    fn next_undecided(&self) -> Option<(Millis, Millis)> {
        self.undecided(self.valid_from).next()
    }

    /// When the next actions are due: ten at most, and as many as remain. A paused schedule shows only what is to come.
    pub fn future_times(&self) -> Vec<Millis> {
        let from = if self.definition.paused { self.valid_from.max(self.now) } else { self.valid_from };
        let count = self.definition.remaining.unwrap_or(10).min(10) as usize;
        self.undecided(from).map(|(_, actual)| actual).take(count).collect()
    }

    /// When something is due next, unless something else happens before.
    pub fn next_due(&self) -> Option<Millis> {
        let next = self.next_undecided().filter(|_| self.barred().is_none()).map(|(_, actual)| actual);
        next.into_iter().chain(self.closes).min().filter(|_| self.exists)
    }

    /// A schedule that has nothing more to do goes a week after the last thing that happened to it. A paused one stays.
    fn closing_time(&self) -> Option<Millis> {
        let is_busy = !self.backfills.is_empty() || !self.buffer.is_empty() || !self.starting.is_empty();
        if is_busy || self.definition.paused || (self.barred().is_none() && self.next_undecided().is_some()) {
            return None;
        }
        let last = self.recent.iter().map(|action| action.began).chain(self.updated).fold(self.created, Millis::max);
        Some(self.closes.unwrap_or(self.now + WEEK).max(last + WEEK))
    }

    /// Lets time pass. Whatever is due meanwhile happens at its own time.
    pub fn pass(&mut self, until: Millis) {
        while let Some(due) = self.next_due().filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.take_times();
            self.take_rest();
            if self.closes.is_some_and(|closes| closes <= self.now) {
                self.go();
            }
        }
        self.now = until;
    }

    /// The schedule goes. Its runs go on, and its decisions stay. Answers to its starts will still be noted.
    pub fn go(&mut self) {
        for action in std::mem::take(&mut self.buffer) {
            self.decide(Verdict::DroppedByDelete, &action, "");
        }
        self.exists = false;
    }
}
