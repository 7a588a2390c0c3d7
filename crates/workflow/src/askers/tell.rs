//! When askers are told.

use klamm_machine::{Decision, Outcome, Tx};
use klamm_messages::{
    klamm::v1::{Command, CommandSettings},
    temporal::enums::v1::WorkflowExecutionStatus,
};

use super::{
    Asker,
    news::{Close, News, What},
};
use crate::{
    Answer, Workflow,
    decide::locate,
    run::{Run, first_run_id},
    successor::next_run_id,
    tables::History,
};

/// Runs `start` for a start that `asker` has sent, and tells the asker what came of it.
///
/// # Errors
/// None of `start`'s. The asker is told of a rejection, and the start leaves nothing else: a rejected command would tell nobody.
pub(crate) fn answer(
    tx: &mut Tx<'_, Workflow>,
    command: &Command,
    asker: &Asker,
    start: impl FnOnce(&mut Tx<'_, Workflow>) -> Decision<Answer>,
) -> Decision<Answer> {
    let decided = match tx.attempt(start) {
        Ok(Outcome::Answer(answer)) => Ok(answer),
        Ok(Outcome::Refused(rejection)) | Err(rejection) => Err(rejection),
    };
    let run_id = match &decided {
        Ok(Answer::Started(started)) => &started.run_id,
        _ => "",
    };
    let answered = decided.as_ref().map(|_| run_id);
    let (namespace, workflow_id) = (&*command.namespace, &*command.workflow_id);
    let settings = &locate::settings(command);
    let news = News { namespace, workflow_id, settings, what: What::Answered(answered) };
    tx.send(asker.command(&news));
    Ok(Outcome::Answer(decided.unwrap_or(Answer::Empty)))
}

/// Tells all who have asked for the run that its event `event_id` has closed it, unless another run follows: then the last run of the chain
/// tells them.
pub(crate) fn tell_closed(run: &mut Run<'_, '_>, event_id: i64, settings: &CommandSettings) {
    let state = run.state();
    let askers = state.execution.as_ref().map(Asker::of_run).unwrap_or_default();
    if askers.is_empty() {
        return;
    }
    let Some(event) = run.tx.get::<History>(&(run.key.clone(), event_id)) else { return };
    if next_run_id(&event).is_some() {
        return;
    }
    let first_run_id = first_run_id(&state);
    let key = run.key.clone();
    let status = WorkflowExecutionStatus::try_from(state.status).unwrap_or_default();
    let close = Close { first_run_id: &first_run_id, run_id: &key.run_id, status, event: &event };
    let news = News { namespace: &key.namespace, workflow_id: &key.workflow_id, settings, what: What::Closed(close) };
    for asker in askers {
        run.tx.send(asker.command(&news));
    }
}
