//! What a schedule is told about the runs that it starts: what came of a start, and that the run's chain has ended.
//!
//! The schedule waits for both, so each is told exactly once: a start that is refused becomes an accepted command that says so, and the last run
//! of a chain knows by its state ([`ExecutionState::scheduled_by`]) whom to tell.
//!
//! Temporal: service/worker/scheduler/activities.go (a result or failure that is too large is left out).
//!
//! [`ExecutionState::scheduled_by`]: klamm_messages::klamm::v1::ExecutionState::scheduled_by

use klamm_machine::{Decision, Outcome, Rejection, Tx};
use klamm_messages::{
    klamm::v1::{Command, CommandSettings, ScheduledBy, ScheduledRunClosed, ScheduledStartAnswered, command::Body},
    temporal::history::v1::{HistoryEvent, history_event::Attributes},
};

use crate::{
    Answer, Workflow,
    commands::check::encoded_len,
    decide::limits::blob_size_limit,
    run::{Run, first_run_id},
};

/// Room that a result or failure leaves below the limit of one field, bytes.
const OVERHEAD_BYTES: u64 = 1024;

/// Decides a start that the schedule has sent, by `start`, and tells it what came of that.
///
/// # Errors
/// None of `start`'s: a rejection is told, and leaves nothing else.
pub(crate) fn start(
    tx: &mut Tx<'_, Workflow>,
    command: &Command,
    by: &ScheduledBy,
    start: impl FnOnce(&mut Tx<'_, Workflow>) -> Decision<Answer>,
) -> Decision<Answer> {
    let (outcome, run_id, rejection) = match tx.attempt(start) {
        Ok(Outcome::Answer(Answer::Started(started))) => (Answer::Started(started.clone()), started.run_id, None),
        Ok(Outcome::Answer(answer)) => (answer, String::new(), None),
        Ok(Outcome::Refused(rejection)) | Err(rejection) => (Answer::Empty, String::new(), Some(rejection)),
    };
    let answered = ScheduledStartAnswered {
        scheduled_by: Some(by.clone()),
        workflow_id: command.workflow_id.clone(),
        run_id,
        rejection: rejection.as_ref().map(ToString::to_string).unwrap_or_default(),
        already_started: matches!(rejection, Some(Rejection::WorkflowExecutionAlreadyStarted { .. })),
    };
    tell(tx, &command.namespace, by, Body::ScheduledStartAnswered(answered));
    Ok(Outcome::Answer(outcome))
}

/// What the schedule that started the run's chain is to be told once this event has closed the run; `None` when no schedule did, or another run
/// follows. The status is filled in by [`tell_closed`].
pub(crate) fn closing(run: &Run<'_, '_>, event: &HistoryEvent, settings: &CommandSettings) -> Option<ScheduledRunClosed> {
    let state = run.state();
    let by = state.execution.as_ref()?.scheduled_by.clone()?;
    let (result, failure) = match &event.attributes {
        Some(Attributes::WorkflowExecutionContinuedAsNewEventAttributes(_)) => return None,
        Some(Attributes::WorkflowExecutionCompletedEventAttributes(completed)) => (completed.result.clone(), None),
        Some(Attributes::WorkflowExecutionFailedEventAttributes(failed)) => (None, failed.failure.clone()),
        _ => (None, None),
    };
    let limit = blob_size_limit(settings).saturating_sub(OVERHEAD_BYTES);
    let fits = |bytes: usize| u64::try_from(bytes).is_ok_and(|bytes| bytes <= limit);
    Some(ScheduledRunClosed {
        scheduled_by: Some(by),
        workflow_id: run.key.workflow_id.clone(),
        first_run_id: first_run_id(&state),
        run_id: run.key.run_id.clone(),
        result: result.filter(|result| fits(encoded_len(Some(result)))),
        failure: failure.filter(|failure| fits(encoded_len(Some(failure)))),
        ..ScheduledRunClosed::default()
    })
}

/// The run has closed: the schedule is told so.
pub(crate) fn tell_closed(run: &mut Run<'_, '_>, closed: ScheduledRunClosed) {
    let by = closed.scheduled_by.clone().unwrap_or_default();
    let namespace = run.key.namespace.clone();
    let status = run.state().status;
    tell(run.tx, &namespace, &by, Body::ScheduledRunClosed(ScheduledRunClosed { status, ..closed }));
}

/// Sends word to the schedule's partition.
fn tell(tx: &mut Tx<'_, Workflow>, namespace: &str, by: &ScheduledBy, body: Body) {
    tx.send(Command {
        version: 1,
        namespace: namespace.to_owned(),
        workflow_id: by.schedule_id.clone(),
        body: Some(body),
        ..Command::default()
    });
}
