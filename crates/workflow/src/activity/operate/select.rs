//! Which activities an operator means.

use klamm_machine::{Rejection, Tx};
use klamm_messages::{
    klamm::v1::{ActivitySelector, ActivityState, Command, PendingActivity},
    temporal::common::v1::WorkflowExecution,
};

use crate::{Workflow, decide::locate, run::Run};

/// The open run that the command means.
///
/// # Errors
/// NotFound when there is no such run, or it has closed.
pub(super) fn open_run<'t, 'a>(
    tx: &'t mut Tx<'a, Workflow>,
    command: &Command,
    execution: Option<&WorkflowExecution>,
) -> Result<Run<'t, 'a>, Rejection> {
    let run = locate::run(tx, command, execution)?;
    if run.is_open() { Ok(run) } else { Err(Rejection::not_found(locate::COMPLETED)) }
}

/// Scheduled ids of the pending activities that the selector means, in their order.
///
/// # Errors
/// NotFound when it means none.
pub(super) fn selected(run: &Run<'_, '_>, selector: Option<&ActivitySelector>) -> Result<Vec<i64>, Rejection> {
    let none = ActivitySelector::default();
    let selector = selector.unwrap_or(&none);
    let state = run.state();
    let ids: Vec<_> = if selector.all {
        state.activities.keys().copied().collect()
    } else if !selector.activity_type.is_empty() {
        let is_meant = |activity: &PendingActivity| {
            let scheduled = activity.scheduled.as_ref();
            scheduled.and_then(|scheduled| scheduled.activity_type.as_ref()).is_some_and(|kind| kind.name == selector.activity_type)
        };
        state.activities.iter().filter(|(_, activity)| is_meant(activity)).map(|(id, _)| *id).collect()
    } else {
        state.activity_ids.get(&selector.activity_id).copied().into_iter().collect()
    };
    if ids.is_empty() {
        return Err(Rejection::not_found("Can't find pending activity with such ID. Invalid activityID or activity already completed"));
    }
    Ok(ids)
}

/// The present state of the pending activity; a default one when it is gone.
pub(super) fn state_of(run: &Run<'_, '_>, scheduled_event_id: i64) -> ActivityState {
    let state = run.state();
    state.activities.get(&scheduled_event_id).and_then(|activity| activity.state.clone()).unwrap_or_default()
}
