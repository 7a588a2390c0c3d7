//! What becomes of the actions in the buffer: they start, wait, or are left out. Earlier runs may be ended for their sake.

use super::{Action, Overlap, Schedule, Sent, Verdict, times};

/// Most actions that may wait.
pub const BUFFER_MAX: usize = 1000;

impl Schedule {
    /// Goes through the buffer, and once more when an action may not start, because that makes room for others.
    pub fn take_buffer(&mut self) {
        while !self.buffer.is_empty() && self.take_buffer_once() {}
    }

    /// True when an action should have started that may not.
    fn take_buffer_once(&mut self) -> bool {
        let in_the_way = self.in_the_way();
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
            self.skipped += 1;
            self.decide(Verdict::SkippedOverlap, &action, &format!("in the way: {in_the_way}"));
        }
        let mut why = "a newer action took its place";
        if ended_by.is_some() {
            superseded.append(&mut at_once);
            why = "what runs is being ended";
        }
        for action in superseded {
            self.decide(Verdict::Superseded, &action, why);
        }
        let mut is_refused = false;
        for action in at_once.into_iter().chain(first) {
            is_refused |= !self.start(action);
        }
        for mut action in waiting {
            if action.number == 0 && self.buffer.len() >= BUFFER_MAX {
                self.dropped += 1;
                self.decide(Verdict::BufferFull, &action, "");
                continue;
            }
            if self.give_number(&mut action) {
                self.decide(Verdict::Buffered, &action, "");
            }
            self.buffer.push(action);
        }
        // Each run is asked once to cancel itself, and terminated once.
        for action in self.running.iter_mut().filter(|action| action.ended_by < ended_by) {
            action.ended_by = ended_by;
            let is_terminated = ended_by == Some(Overlap::TerminateOther);
            self.sent.push(if is_terminated { Sent::Terminate(action.clone()) } else { Sent::Cancel(action.clone()) });
        }
        is_refused
    }

    /// The workflow that is open or about to start, if there is one. Those of [`Overlap::AllowAll`] do not count.
    fn in_the_way(&self) -> Option<String> {
        let starting = self.starting.iter().filter(|action| action.overlap != Some(Overlap::AllowAll));
        self.running.iter().chain(starting).map(|action| action.workflow_id.clone()).next()
    }

    fn workflow_id(&self, action: &Action) -> String {
        format!("{}-{}", self.definition.workflow_id, times::text(action.nominal))
    }

    /// Starts an action, unless the schedule may not act.
    fn start(&mut self, mut action: Action) -> bool {
        if !action.manual && !self.can_act() {
            self.refuse(&action);
            return false;
        }
        if !action.manual
            && let Some(remaining) = &mut self.definition.remaining
        {
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
