//! UpdateSchedule: spec, action, policies and state are replaced. Runs go on. Actions that wait stay, and the new policies hold for them.

use std::sync::Arc;

use klamm_machine::{Decision, Rejection, Tx};
use klamm_messages::klamm::v1::{Command, ScheduleDecisionKind as Kind, UpdateSchedule};

use crate::{Answer, Schedule, answer::DONE, check, view, work::Work};

/// Decides the command.
pub(super) fn decide(tx: &mut Tx<'_, Schedule>, command: &Command, body: &UpdateSchedule) -> Decision<Answer> {
    let request = body.request.clone().unwrap_or_default();
    let mut work = Work::load(tx, command)?;
    if work.is_repeated(&request.request_id) {
        return DONE;
    }
    if !request.conflict_token.is_empty() && request.conflict_token != view::token(&work.progress) {
        return Err(Rejection::FailedPrecondition("mismatched conflict token".to_owned()));
    }
    let schedule = request.schedule.unwrap_or_default();
    let mut definition = Arc::clone(&work.definition);
    check::define(&mut definition, &schedule)?;
    // Times up to now belong to the old spec. Those that one command cannot decide are left behind.
    work.take_times();
    work.leave_behind(Kind::DroppedByUpdate);
    let changed = Arc::make_mut(&mut definition);
    changed.update_time = Some(work.now.into());
    if request.search_attributes.is_some() {
        changed.search_attributes = request.search_attributes;
    }
    if request.memo.is_some() {
        changed.memo = request.memo;
    }
    work.definition = definition;
    work.compile();
    work.forget_search();
    work.take_settings(command);
    work.progress.state = Some(schedule.state.unwrap_or_default());
    work.change_token();
    work.take_rest();
    work.write();
    DONE
}
