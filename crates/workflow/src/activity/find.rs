//! Finds the activity that a worker or client means.

use klamm_machine::{Rejection, Tx};
use klamm_messages::{
    klamm::v1::{ActivityTaskToken, Command, PendingActivity, RunState},
    temporal::common::v1::WorkflowExecution,
};

use super::transition::{Ending, WrongPhase};
use crate::{Workflow, decide::locate, run::Run};

/// How a report names its activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    /// By the task that the worker was given: only this attempt is meant.
    ByTask,
    /// By its id: any attempt is meant.
    ById,
}

/// The pending activity that `token` names, and how the token names it. `ending` gives, for that way of naming, the phases from which the
/// activity may end; the activity must be in one of them.
///
/// # Errors
/// NotFound (Temporal's texts) when the activity is not pending, the token is another attempt's, or the activity is in another phase.
/// InvalidArgument when the token names nothing.
pub(crate) fn find<'r>(
    run: &'r RunState,
    token: &ActivityTaskToken,
    ending: impl FnOnce(Named) -> &'static Ending,
) -> Result<&'r PendingActivity, Rejection> {
    let (scheduled_event_id, named) = if token.scheduled_event_id != 0 {
        (token.scheduled_event_id, Named::ByTask)
    } else {
        (id_to_scheduled_event_id(run, &token.activity_id)?, Named::ById)
    };
    let activity = run.activities.get(&scheduled_event_id).ok_or(WrongPhase)?;
    let state = activity.state.as_ref().ok_or(WrongPhase)?;
    if named == Named::ByTask && (token.attempt != state.attempt || token.stamp != state.stamp) {
        return Err(WrongPhase.into());
    }
    ending(named).check(state)?;
    Ok(activity)
}

/// The pending activity with this id (Temporal: service/history/api/activity_util.go, GetActivityScheduledEventID).
fn id_to_scheduled_event_id(run: &RunState, activity_id: &str) -> Result<i64, Rejection> {
    if activity_id.is_empty() {
        return Err(Rejection::invalid("activityID cannot be empty"));
    }
    run.activity_ids.get(activity_id).copied().ok_or_else(|| {
        Rejection::not_found(format!(
            "cannot find pending activity with ActivityID {activity_id}, check workflow execution history for more details"
        ))
    })
}

/// The open run whose activity a report names. This is the run of the token, or the newest run of the workflow id where the token names no
/// run.
///
/// # Errors
/// NotFound when there is no such run, or it has closed.
pub(crate) fn open_run<'t, 'a>(
    tx: &'t mut Tx<'a, Workflow>,
    command: &Command,
    token: &ActivityTaskToken,
) -> Result<Run<'t, 'a>, Rejection> {
    let execution = WorkflowExecution { workflow_id: command.workflow_id.clone(), run_id: token.run_id.clone() };
    let run = locate::run(tx, command, Some(&execution))?;
    if run.is_open() { Ok(run) } else { Err(Rejection::not_found(locate::COMPLETED)) }
}

/// The token of a report. An absent token names nothing.
pub(crate) fn token_of(token: Option<&ActivityTaskToken>) -> &ActivityTaskToken {
    static NONE: ActivityTaskToken = ActivityTaskToken {
        namespace: String::new(),
        workflow_id: String::new(),
        run_id: String::new(),
        scheduled_event_id: 0,
        attempt: 0,
        activity_id: String::new(),
        activity_type: String::new(),
        stamp: 0,
    };
    token.unwrap_or(&NONE)
}
