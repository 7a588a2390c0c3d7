//! Applies the overlap policies to the buffer: which actions start now, wait, or are left out, and which runs are to be ended.

use klamm_messages::{
    klamm::v1::{BufferedAction, ScheduleDecisionKind as Kind},
    temporal::enums::v1::ScheduleOverlapPolicy as Policy,
};

use crate::{
    buffer::{self, Sorted},
    limits::BUFFER_MAX,
    work::Work,
};

impl Work<'_, '_> {
    /// Applies the overlap policies to the buffer. Does so again when an action that was to start may not.
    pub(crate) fn take_buffer(&mut self) {
        while !self.progress.buffer.is_empty() && self.take_buffer_once() {}
    }

    /// Goes through the buffer once. True when going through it again may find something.
    fn take_buffer_once(&mut self) -> bool {
        let buffer = std::mem::take(&mut self.progress.buffer);
        let policies = self.policies().copied();
        let resolve = |own| crate::policies::overlap(own, policies.as_ref());
        let Sorted { overlapping, start, waiting, skipped, superseded, cancel, terminate } =
            buffer::sort(buffer, self.is_running(), resolve);
        self.leave_out(skipped, &superseded, start.as_ref());
        let mut not_yet = Vec::new();
        let mut may_find_more = false;
        let starts_max = self.starts_left();
        for (index, action) in overlapping.into_iter().enumerate() {
            if index < starts_max {
                may_find_more |= !self.start_or_drop(action);
            } else {
                not_yet.push(action);
            }
        }
        if let Some(action) = start {
            may_find_more |= !self.start_or_drop(action);
        }
        self.keep_waiting(waiting);
        if !not_yet.is_empty() {
            self.has_more = true;
            not_yet.append(&mut self.progress.buffer);
            self.progress.buffer = not_yet;
            return false;
        }
        if terminate {
            self.terminate_running();
        } else if cancel {
            self.cancel_running();
        }
        may_find_more
    }

    /// Whether a run that overlap policies look at is open or being started.
    fn is_running(&self) -> bool {
        !self.progress.running.is_empty() || self.progress.starting.iter().any(|starting| starting.overlap_policy() != Policy::AllowAll)
    }

    /// Starts the action. If the schedule may not act (any more), drops the action and returns false.
    fn start_or_drop(&mut self, action: BufferedAction) -> bool {
        if !action.manual {
            if !self.can_act() {
                self.decided(self.why_not(), &action, "");
                return false;
            }
            if self.state().limited_actions {
                self.state_mut().remaining_actions -= 1;
                self.change_token();
            }
        }
        self.start(action);
        true
    }

    /// Writes down and counts the actions that are left out.
    fn leave_out(&mut self, skipped: Vec<BufferedAction>, superseded: &[BufferedAction], start: Option<&BufferedAction>) {
        if skipped.is_empty() && superseded.is_empty() {
            return;
        }
        let in_the_way = self.in_the_way(start);
        self.progress.overlap_skipped += skipped.len() as i64;
        for action in &skipped {
            self.decided(Kind::SkippedOverlap, action, &in_the_way);
        }
        for action in superseded {
            let is_overlapping = self.resolve(action.overlap_policy) == Policy::AllowAll;
            let reason = if is_overlapping { "what runs is being ended" } else { "a newer action took its place" };
            self.decided(Kind::Superseded, action, reason);
        }
    }

    /// Names the workflow that is in the way of others.
    fn in_the_way(&self, start: Option<&BufferedAction>) -> String {
        let running = self.progress.running.first().map(|running| running.workflow_id.clone());
        let starting = || self.progress.starting.iter().find(|starting| starting.overlap_policy() != Policy::AllowAll);
        let running = running.or_else(|| starting().map(|starting| starting.workflow_id.clone()));
        let workflow_id = running.or_else(|| Some(self.workflow_id(start?))).unwrap_or_default();
        format!("in the way: {workflow_id}")
    }

    /// Puts the actions that wait back into the buffer, as far as it has room. New ones that find none are dropped and counted.
    fn keep_waiting(&mut self, waiting: Vec<BufferedAction>) {
        for mut action in waiting {
            if action.action == 0 {
                if self.progress.buffer.len() >= BUFFER_MAX {
                    self.progress.buffer_dropped += 1;
                    self.decided(Kind::BufferFull, &action, "");
                    continue;
                }
                action.action = self.take_action_number();
                self.decided(Kind::Buffered, &action, "");
            }
            self.progress.buffer.push(action);
        }
    }
}
