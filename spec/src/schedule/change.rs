//! What clients ask for: create, update, patch, delete.

use super::{Action, Definition, Patch, Schedule};
use crate::{Refusal, ensure};

impl Schedule {
    /// Creates the schedule, and does what the patch asks for. Gives the version.
    pub fn create(&mut self, request: &str, definition: Definition, patch: Patch) -> Result<i64, Refusal> {
        if self.exists {
            let is_same = !request.is_empty() && self.created_by == request;
            return ensure(is_same, Refusal::AlreadyStarted).map(|()| self.version);
        }
        let Self { now, jitter, decisions, sent, last_number, .. } = std::mem::take(self);
        *self = Self { now, jitter, decisions, sent, last_number, exists: true, definition, version: 1, ..Self::default() };
        (self.created_by, self.created, self.decided, self.valid_from) = (request.to_owned(), now, now, now);
        self.follow(patch);
        self.take_rest();
        Ok(self.version)
    }

    /// Replaces the definition, if its version is still the given one. Times up to now are still decided by the old one. Runs go on, and
    /// actions that wait go on waiting.
    pub fn update(&mut self, request: &str, version: Option<i64>, definition: Definition) -> Result<(), Refusal> {
        if self.takes(request, version)? {
            self.take_times();
            (self.definition, self.valid_from, self.updated) = (definition, self.now, Some(self.now));
            self.version += 1;
            self.take_rest();
        }
        Ok(())
    }

    /// Does what the patch asks for. Times up to now are decided without it.
    pub fn patch(&mut self, request: &str, patch: Patch) -> Result<(), Refusal> {
        if self.takes(request, None)? {
            self.take_times();
            self.follow(patch);
            self.take_rest();
        }
        Ok(())
    }

    /// Deletes the schedule.
    pub fn delete(&mut self) -> Result<(), Refusal> {
        ensure(self.exists, Refusal::NotFound)?;
        self.go();
        Ok(())
    }

    /// Does what a patch asks for.
    pub fn follow(&mut self, patch: Patch) {
        let trigger = |(time, overlap)| Action { nominal: time, actual: time, manual: true, overlap, ..Action::default() };
        self.buffer.extend(patch.trigger.map(trigger));
        self.backfills.extend(patch.backfills);
        for (notes, paused) in [(patch.pause, true), (patch.unpause, false)].into_iter().filter(|(notes, _)| !notes.is_empty()) {
            (self.definition.paused, self.definition.notes) = (paused, notes);
            self.version += 1;
        }
    }

    /// Whether this request takes effect: not when it has before. One without an id is always new.
    fn takes(&mut self, request: &str, version: Option<i64>) -> Result<bool, Refusal> {
        ensure(self.exists, Refusal::NotFound)?;
        let is_new = !self.requests.iter().any(|taken| taken == request);
        ensure(!is_new || version.is_none_or(|version| version == self.version), Refusal::Invalid)?;
        self.requests.extend((is_new && !request.is_empty()).then(|| request.to_owned()));
        self.requests.drain(..self.requests.len().saturating_sub(10));
        Ok(is_new)
    }
}
