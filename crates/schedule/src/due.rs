//! What is due: times of the spec, then backfills, then the buffer.

use klamm_machine::Time;
use klamm_messages::{
    klamm::v1::{BufferedAction, ScheduleDecision, ScheduleDecisionKind as Kind},
    temporal::enums::v1::ScheduleOverlapPolicy as Policy,
};
use prost::Message;

use crate::{
    limits::{BUFFER_MAX, STARTS_BYTES_MAX, STARTS_MAX, TIMES_MAX},
    policies,
    spec::Due,
    work::Work,
};

/// What is said of times that were too many to look at each.
const UNCOUNTED: &str = "and others up to then, not counted";

impl Work<'_, '_> {
    /// Does all that is due by now, as much of it as one command does.
    pub(crate) fn take_what_is_due(&mut self) {
        self.take_times();
        self.take_rest();
    }

    /// The same after [`Work::take_times`]: backfills and the buffer.
    pub(crate) fn take_rest(&mut self) {
        self.take_backfills();
        // Of many times in a row only the newest is to replace what runs: not known before all have been looked at.
        if self.has_more && matches!(self.resolve(0), Policy::CancelOther | Policy::TerminateOther) {
            self.keep_newest();
        } else {
            self.take_buffer();
        }
        self.has_more |= !self.progress.backfills.is_empty() && self.progress.buffer.len() < BUFFER_MAX / 2;
    }

    /// Decides every nominal time whose start is due, at most so many of them.
    pub(crate) fn take_times(&mut self) {
        let Some(times) = self.times.clone() else { return };
        let window = policies::catchup_window(self.policies());
        let can_act = self.can_act();
        let limit = if can_act && self.resolve(0) == Policy::AllowAll { self.starts_left() } else { TIMES_MAX };
        let mut next = self.next_due();
        let mut count = 0;
        while let Some(due) = next.filter(|due| due.actual <= self.now) {
            if count == limit {
                // While the schedule cannot act there is no hurry, and may never be.
                self.has_more |= can_act;
                return;
            }
            count += 1;
            let action = scheduled(due);
            if !can_act {
                self.decided(self.why_not(), &action, "");
            } else if self.now.since(due.actual) > window {
                self.progress.missed_catchup_window += 1;
                self.decided(Kind::MissedCatchupWindow, &action, "");
            } else {
                self.progress.buffer.push(action);
            }
            self.progress.last_processed_time = Some(due.actual.into());
            next = times.next(due.actual);
        }
    }

    /// The first time that is not decided yet.
    pub(crate) fn next_due(&self) -> Option<Due> {
        self.times.as_ref()?.first(Time::or_epoch(self.progress.last_processed_time), Time::or_epoch(self.progress.valid_from))
    }

    /// From here on times before now are no business of the schedule's any more; if some are due and not decided yet, that is written down.
    pub(crate) fn leave_behind(&mut self, kind: Kind) {
        if let Some(due) = self.next_due().filter(|due| due.actual < self.now) {
            self.note(ScheduleDecision {
                last_nominal_time: Some(self.now.into()),
                reason: UNCOUNTED.to_owned(),
                ..self.decision(kind, &scheduled(due))
            });
        }
        self.progress.valid_from = Some(self.now.into());
        self.has_more = false;
    }

    /// Why the schedule cannot act by itself.
    pub(crate) fn why_not(&self) -> Kind {
        if self.state().paused { Kind::Paused } else { Kind::LimitReached }
    }

    /// How many more starts that nothing else holds back may be sent: no more than so many are unanswered, at least one.
    pub(crate) fn starts_left(&self) -> usize {
        let new = self.progress.buffer.iter().filter(|action| action.action == 0).count();
        self.unanswered_max().saturating_sub(self.progress.starting.len()).saturating_sub(new)
    }

    /// Whether starts are held back until others are answered: the answers will go on.
    pub(crate) fn waits_for_answers(&self) -> bool {
        self.progress.starting.len() >= self.unanswered_max()
    }

    /// Most starts that may be unanswered.
    fn unanswered_max(&self) -> usize {
        let bytes = self.action().map_or(0, Message::encoded_len) + self.outcome().encoded_len();
        (STARTS_BYTES_MAX / bytes.max(1)).clamp(1, STARTS_MAX)
    }

    /// Of the actions just added, the newest takes the place of those before it.
    fn keep_newest(&mut self) {
        let buffer = std::mem::take(&mut self.progress.buffer);
        let newest = buffer.iter().rposition(is_new_scheduled);
        for (index, action) in buffer.into_iter().enumerate() {
            if is_new_scheduled(&action) && Some(index) != newest {
                self.decided(Kind::Superseded, &action, "a newer action took its place");
            } else {
                self.progress.buffer.push(action);
            }
        }
    }
}

/// An action of the spec that nobody has looked at yet.
fn is_new_scheduled(action: &BufferedAction) -> bool {
    action.action == 0 && !action.manual
}

/// An action of the spec; its overlap policy is the schedule's, as it is when it is looked at.
fn scheduled(due: Due) -> BufferedAction {
    BufferedAction {
        nominal_time: Some(due.nominal.into()),
        actual_time: Some(due.actual.into()),
        overlap_policy: Policy::Unspecified as i32,
        manual: false,
        action: 0,
    }
}
