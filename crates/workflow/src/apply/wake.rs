//! When a run wants to be looked at again.

use klamm_machine::{Time, time};
use klamm_messages::klamm::v1::{RunState, WorkflowTaskPhase};

use crate::{activity, callback, external, run, timer};

/// The earliest time at which something is due about the run; `None` when only events from outside concern it.
pub(super) fn next(state: &RunState) -> Option<Time> {
    if run::is_being_built(state) {
        return None;
    }
    if !run::is_open(state) {
        let delete = state.execution.as_ref().and_then(|execution| execution.delete_time.as_ref()).map(Time::from);
        return delete.into_iter().chain(callback::next_wake(state)).min();
    }
    // A paused run gets no workflow task, and its activities no attempts.
    let paused = run::is_paused(state);
    let first_task = if paused { &None } else { &state.first_workflow_task_time };
    let own = [first_task, &state.run_expiration_time, &state.execution_expiration_time];
    own.into_iter()
        .flatten()
        .map(Time::from)
        .chain(workflow_task_deadline(state))
        .chain(state.activities.values().filter_map(|activity| activity::next_wake(activity, paused)))
        .chain(state.timers.values().filter_map(timer::next_wake))
        .chain(state.externals.values().filter_map(external::next_wake))
        .min()
}

/// When the pending workflow task times out. For a started task this is its start-to-close time-out. For a scheduled one it is its
/// schedule-to-start time-out, which only sticky tasks have.
pub(crate) fn workflow_task_deadline(state: &RunState) -> Option<Time> {
    let task = state.workflow_task.as_ref()?;
    let (from, timeout) = match task.phase() {
        WorkflowTaskPhase::Scheduled => (task.scheduled_time.as_ref()?, task.schedule_to_start_timeout.as_ref()),
        WorkflowTaskPhase::Started => (task.started_time.as_ref()?, task.start_to_close_timeout.as_ref()),
        WorkflowTaskPhase::Unspecified | WorkflowTaskPhase::None => return None,
    };
    Some(Time::from(from).after(time::duration_or_none(timeout)?))
}
