//! PatchSchedule: trigger, backfill, pause, unpause.

use klamm_machine::{Decision, Tx};
use klamm_messages::{
    klamm::v1::{BufferedAction, Command, PatchSchedule, ScheduleDecisionKind as Kind},
    temporal::schedule::v1::SchedulePatch,
};

use crate::{Answer, Schedule, answer::DONE, check, limits::REQUEST_IDS_MAX, work::Work};

/// Decides the command.
pub(super) fn decide(tx: &mut Tx<'_, Schedule>, command: &Command, body: &PatchSchedule) -> Decision<Answer> {
    let request = body.request.clone().unwrap_or_default();
    let patch = request.patch.unwrap_or_default();
    check::patch(&patch)?;
    let mut work = Work::load(tx, command)?;
    if work.is_repeated(&request.request_id) {
        return DONE;
    }
    work.take_settings(command);
    // Times that were due before the patch are decided without it.
    work.take_times();
    take(&mut work, &patch);
    work.take_rest();
    work.write();
    DONE
}

/// Does what the patch asks for, in Temporal's order.
pub(super) fn take(work: &mut Work<'_, '_>, patch: &SchedulePatch) {
    if let Some(trigger) = &patch.trigger_immediately {
        let time = Some(trigger.scheduled_time.unwrap_or_else(|| work.now.into()));
        let action =
            BufferedAction { nominal_time: time, actual_time: time, overlap_policy: trigger.overlap_policy, manual: true, action: 0 };
        work.progress.buffer.push(action);
    }
    for backfill in &patch.backfill_request {
        work.add_backfill(backfill);
    }
    for (notes, paused) in [(&patch.pause, true), (&patch.unpause, false)] {
        if notes.is_empty() {
            continue;
        }
        if work.state().paused && !paused {
            work.leave_behind(Kind::Paused);
        }
        let state = work.state_mut();
        state.paused = paused;
        state.notes.clone_from(notes);
        work.change_token();
    }
}

impl Work<'_, '_> {
    /// Whether the request has taken effect before. If not, it is remembered.
    pub(super) fn is_repeated(&mut self, request_id: &str) -> bool {
        if request_id.is_empty() {
            return false;
        }
        let ids = &mut self.progress.request_ids;
        if ids.iter().any(|id| id == request_id) {
            return true;
        }
        ids.push(request_id.to_owned());
        let excess = ids.len().saturating_sub(REQUEST_IDS_MAX);
        ids.drain(..excess);
        false
    }
}
