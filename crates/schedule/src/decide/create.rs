//! CreateSchedule: a schedule begins, and at once does what its initial patch asks for.

use std::sync::Arc;

use klamm_machine::{Decision, Outcome, Rejection, Tx};
use klamm_messages::klamm::v1::{Command, CreateSchedule, ScheduleDefinition, ScheduleProgress};

use super::patch;
use crate::{
    Answer, Schedule, check, remains,
    tables::{Definitions, Progresses, ScheduleKey},
    view,
    work::{Work, kept_settings},
};

/// The first conflict token (Temporal: InitialConflictToken).
const FIRST_TOKEN: i64 = 1;

/// Decides the command.
pub(super) fn decide(tx: &mut Tx<'_, Schedule>, command: &Command, body: &CreateSchedule) -> Decision<Answer> {
    let request = body.request.clone().unwrap_or_default();
    let key = ScheduleKey::new(&command.namespace, &command.workflow_id);
    if let Some(existing) = tx.get::<Definitions>(&key) {
        if existing.create_request_id == request.request_id && !request.request_id.is_empty() {
            return Ok(Outcome::Answer(token(tx, &key)));
        }
        return Err(Rejection::WorkflowExecutionAlreadyStarted {
            message: format!("schedule \"{}\" is already registered", key.schedule_id),
            // These fields are about runs. Temporal leaves them empty for a schedule.
            start_request_id: String::new(),
            run_id: String::new(),
            first_execution_run_id: String::new(),
        });
    }
    let initial_patch = request.initial_patch.unwrap_or_default();
    check::patch(&initial_patch)?;
    let now = tx.context.now;
    let schedule = request.schedule.unwrap_or_default();
    let mut definition = Arc::new(ScheduleDefinition {
        memo: request.memo,
        search_attributes: request.search_attributes,
        create_time: Some(now.into()),
        create_request_id: request.request_id,
        namespace_id: body.namespace_id.clone(),
        settings: kept_settings(command),
        ..ScheduleDefinition::default()
    });
    check::define(&mut definition, &schedule)?;
    let incarnation = tx.context.derive_id();
    Arc::make_mut(&mut definition).incarnation.clone_from(&incarnation);
    let mut progress = ScheduleProgress {
        incarnation,
        state: Some(schedule.state.unwrap_or_default()),
        last_processed_time: Some(now.into()),
        valid_from: Some(now.into()),
        conflict_token: FIRST_TOKEN,
        next_action: 1,
        first_audit: 1,
        next_audit: 1,
        own_audit: 1,
        ..ScheduleProgress::default()
    };
    remains::succeed(tx, &key, &mut progress);
    let mut work = Work::new(tx, key.clone(), definition, progress);
    patch::take(&mut work, &initial_patch);
    work.advance();
    Ok(Outcome::Answer(token(tx, &key)))
}

/// The schedule's present conflict token.
fn token(tx: &Tx<'_, Schedule>, key: &ScheduleKey) -> Answer {
    Answer::Token(view::token(&tx.get::<Progresses>(key).unwrap_or_default()))
}
