//! What becomes of the actions in the buffer: they start, wait, or are left out. Earlier runs may be ended for their sake.

use super::{Action, Overlap, Schedule, Sent, Verdict, times};

/// Most actions that may wait.
pub const BUFFER_MAX: usize = 1000;

impl Schedule {
    /// Goes through the buffer. True when an action should have started that may not: this makes room for others, so it is to be done again.
    pub fn take_buffer(&mut self) -> bool {
        // Workflows that are open or about to start, except those of AllowAll, are in the way. There is one at most.
        let is_in_the_way = |action: &Action| action.overlap != Some(Overlap::AllowAll);
        let action_in_the_way = self.running.iter().chain(&self.starting).find(|action| is_in_the_way(action));
        let in_the_way = action_in_the_way.map(|action| action.workflow_id.clone());
        let is_free = in_the_way.is_none();
        let (mut at_once, mut first, mut waiting, mut skipped, mut superseded) = (vec![], None, vec![], vec![], vec![]);
        let mut ended_by = None;
        for action in std::mem::take(&mut self.buffer) {
            // When no run is in the way, the first action starts. Actions that would end a run take its place, so that the last of them starts.
            match self.overlap_of(&action) {
                Overlap::AllowAll => at_once.push(action),
                _ if is_free && first.is_none() => first = Some(action),
                Overlap::CancelOther | Overlap::TerminateOther if is_free => superseded.extend(first.replace(action)),
                overlap @ (Overlap::CancelOther | Overlap::TerminateOther) => {
                    ended_by = ended_by.max(Some(overlap));
                    waiting.push(action);
                }
                Overlap::BufferAll => waiting.push(action),
                Overlap::BufferOne if waiting.is_empty() => waiting.push(action),
                Overlap::BufferOne | Overlap::Skip => skipped.push(action),
            }
        }
        let in_the_way = in_the_way.or_else(|| first.as_ref().map(|action| self.workflow_id(action))).unwrap_or_default();
        for action in skipped {
            self.decide(Verdict::SkippedOverlap, &action, &format!("in the way: {in_the_way}"));
        }
        let why = if ended_by.is_some() { "what runs is being ended" } else { "a newer action took its place" };
        if ended_by.is_some() {
            superseded.append(&mut at_once);
        }
        for action in superseded {
            self.decide(Verdict::Superseded, &action, why);
        }
        let started: Vec<_> = at_once.into_iter().chain(first).map(|action| self.start(action)).collect();
        for mut action in waiting {
            if action.number == 0 && self.buffer.len() >= BUFFER_MAX {
                self.decide(Verdict::BufferFull, &action, "");
                continue;
            }
            if self.give_number(&mut action) {
                self.decide(Verdict::Buffered, &action, "");
            }
            self.buffer.push(action);
        }
        // Each run is asked once to cancel itself, and terminated once.
        for action in self.running.iter_mut().filter(|action| is_in_the_way(action) && action.ended_by < ended_by) {
            action.ended_by = ended_by;
            self.sent.push(Sent::End(action.clone()));
        }
        started.contains(&false)
    }

    fn workflow_id(&self, action: &Action) -> String {
        format!("{}-{}", self.definition.workflow_id, times::text(action.nominal))
    }

    /// Starts an action, unless the schedule may not act.
    fn start(&mut self, mut action: Action) -> bool {
        if let Some(verdict) = self.barred().filter(|_| !action.manual) {
            self.decide(verdict, &action, "");
            return false;
        }
        if let Some(remaining) = self.definition.remaining.as_mut().filter(|_| !action.manual) {
            *remaining -= 1;
            self.version += 1;
        }
        self.give_number(&mut action);
        (action.workflow_id, action.overlap) = (self.workflow_id(&action), Some(self.overlap_of(&action)));
        self.sent.push(Sent::Start(action.clone(), self.result.clone(), self.failure.clone()));
        self.starting.push(action);
        true
    }

    /// Gives a new action its number. True when it was new.
    fn give_number(&mut self, action: &mut Action) -> bool {
        let is_new = action.number == 0;
        self.last_number += i64::from(is_new);
        action.number = if is_new { self.last_number } else { action.number };
        is_new
    }
}
