//! Which callbacks a run may have, and which it hands on.

use klamm_machine::Rejection;
use klamm_messages::{
    klamm::v1::{CommandSettings, RunState},
    temporal::{
        common::v1::Callback,
        enums::v1::{CallbackState, ContinueAsNewInitiator},
        history::v1::history_event::Attributes,
    },
};

use crate::decide::limits::limit;

/// Checks that the run may have `count` more callbacks.
///
/// # Errors
/// FailedPrecondition when it would have too many.
pub(crate) fn check_limit(run: &RunState, count: usize, settings: &CommandSettings) -> Result<(), Rejection> {
    let max = limit(settings, |limits| limits.callbacks);
    let attached = run.callbacks.len() + waiting(run);
    if attached + count <= max {
        return Ok(());
    }
    Err(Rejection::FailedPrecondition(format!(
        "cannot attach more than {max} callbacks to a workflow ({attached} callbacks already attached)"
    )))
}

/// Callbacks of events that wait for the running workflow task.
fn waiting(run: &RunState) -> usize {
    let counts = run.buffered_events.iter().map(|event| match &event.attributes {
        Some(Attributes::WorkflowExecutionOptionsUpdatedEventAttributes(options)) => options.attached_completion_callbacks.len(),
        _ => 0,
    });
    counts.sum()
}

/// The callbacks that the next run of the chain gets. A cron's next run gets none: they are called when the run before it closes.
///
/// Temporal: workflow/retry.go (SetupNewWorkflowForRetryOrCron).
pub(crate) fn handed_on(run: &RunState, initiator: ContinueAsNewInitiator) -> Vec<Callback> {
    if initiator == ContinueAsNewInitiator::CronSchedule {
        return Vec::new();
    }
    let stand_by = run.callbacks.values().filter(|callback| {
        let state = callback.attempts.as_ref().map_or(CallbackState::Standby, |attempts| attempts.state());
        state == CallbackState::Standby
    });
    stand_by.filter_map(|callback| callback.callback.clone()).collect()
}
