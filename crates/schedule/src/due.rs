//! Decides all that is due: times of the spec, then backfills, then the buffer.

use klamm_messages::{
    klamm::v1::{BufferedAction, ScheduleDecision, ScheduleDecisionKind as Kind},
    temporal::enums::v1::ScheduleOverlapPolicy as Policy,
};

use crate::{
    limits::{BUFFER_MAX, TIMES_MAX},
    policies,
    spec::{Due, Found},
    work::Work,
};

/// Reason in the decision about times that are too many to decide each.
const UNCOUNTED: &str = "and others up to then, not counted";

impl Work<'_, '_> {
    /// Does all that is due by now, as much as one command may do.
    pub(crate) fn take_what_is_due(&mut self) {
        self.take_times();
        self.take_rest();
    }

    /// Does what follows [`Work::take_times`]: backfills and the buffer.
    pub(crate) fn take_rest(&mut self) {
        self.take_backfills();
        // With these policies, only the newest of many times in a row is to replace the run. Which one that is shows only when all have
        // been looked at.
        if self.has_more && matches!(self.resolve(0), Policy::CancelOther | Policy::TerminateOther) {
            self.keep_newest();
        } else {
            self.take_buffer();
        }
        self.has_more |= !self.progress.backfills.is_empty() && self.progress.buffer.len() < BUFFER_MAX / 2;
    }

    /// Decides every nominal time whose start is due, as many as one command may, and as far as the steps last.
    pub(crate) fn take_times(&mut self) {
        let window = policies::catchup_window(self.policies());
        let can_act = self.can_act();
        // Looked up when a time is due: most commands find none, and this may have to read what the last run left.
        let mut limit = None;
        let mut count = 0;
        loop {
            let due = match self.next_due() {
                Found::At(due) if due.actual <= self.now && count < *limit.get_or_insert_with(|| self.times_max(can_act)) => due,
                found => {
                    let is_left = match found {
                        Found::At(due) => due.actual <= self.now,
                        Found::NotUpTo(time) => time < self.now,
                        Found::Never => false,
                    };
                    // While the schedule cannot act there is no need to hurry, and there may never be one.
                    self.has_more |= is_left && can_act;
                    return;
                }
            };
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
        }
    }

    /// How many times one command decides.
    fn times_max(&self, can_act: bool) -> usize {
        if can_act && self.resolve(0) == Policy::AllowAll { self.starts_left() } else { TIMES_MAX }
    }

    /// From here on times before now no longer concern the schedule. If some of them are due and not decided yet, that is written down.
    pub(crate) fn leave_behind(&mut self, kind: Kind) {
        if let Found::At(due) = self.next_due()
            && due.actual < self.now
        {
            self.note(ScheduleDecision {
                last_nominal_time: Some(self.now.into()),
                reason: UNCOUNTED.to_owned(),
                ..self.decision(kind, &scheduled(due))
            });
        }
        self.progress.valid_from = Some(self.now.into());
        self.has_more = false;
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

/// Whether the action comes from the spec and no policy has been applied to it yet.
fn is_new_scheduled(action: &BufferedAction) -> bool {
    action.action == 0 && !action.manual
}

/// An action of the spec. It has no overlap policy of its own: the schedule's policy counts, as it is when the action is looked at.
fn scheduled(due: Due) -> BufferedAction {
    BufferedAction {
        nominal_time: Some(due.nominal.into()),
        actual_time: Some(due.actual.into()),
        overlap_policy: Policy::Unspecified as i32,
        manual: false,
        action: 0,
    }
}
