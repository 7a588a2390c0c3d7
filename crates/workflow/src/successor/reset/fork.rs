//! What follows the copied events: the pending workflow task fails, and pending activities begin anew.

use klamm_messages::{
    klamm::v1::{CommandSettings, ResetState, history_record::Record},
    temporal::{
        enums::v1::{EventType, WorkflowTaskFailedCause},
        failure::v1::{Failure, ResetWorkflowFailureInfo, failure::FailureInfo},
        history::v1::{WorkflowTaskFailedEventAttributes, history_event::Attributes},
    },
};

use crate::run::{
    Run,
    workflow_task::{Poll, SERVER_IDENTITY},
};

/// What stands for the id of the poll where a task is started for nobody (common.EmptyUUID).
const NO_POLL: &str = "emptyUuid";

/// Fails the workflow task that is pending after the copied events. A worker that replays the run finds in this event that the run is
/// another one from here on.
pub(super) fn fork(run: &mut Run<'_, '_>, reset: &ResetState, settings: &CommandSettings) {
    let poll = Poll { poll_id: NO_POLL, identity: SERVER_IDENTITY, worker_version: None, settings, repeats_updates: true };
    // A task that no worker had is started first.
    run.start_workflow_task(&poll);
    let task = run.state().workflow_task.clone().unwrap_or_default();
    let failure = Failure {
        message: reset.reason.clone(),
        failure_info: Some(FailureInfo::ResetWorkflowFailureInfo(ResetWorkflowFailureInfo::default())),
        ..Failure::default()
    };
    let attributes = WorkflowTaskFailedEventAttributes {
        scheduled_event_id: task.scheduled_event_id,
        started_event_id: task.started_event_id,
        cause: WorkflowTaskFailedCause::ResetWorkflow as i32,
        failure: Some(failure),
        identity: SERVER_IDENTITY.to_owned(),
        base_run_id: reset.base_run_id.clone(),
        new_run_id: run.key.run_id.clone(),
        ..WorkflowTaskFailedEventAttributes::default()
    };
    run.add_event(EventType::WorkflowTaskFailed, Attributes::WorkflowTaskFailedEventAttributes(Box::new(attributes)));
}

/// Schedules the pending activities anew: they begin with their first attempt, and their time-outs with it. (None of them is started in the
/// copied events: ActivityTaskStarted is written directly before the end of an activity.)
pub(super) fn begin_activities(run: &mut Run<'_, '_>) {
    let now = run.now();
    let pending: Vec<_> = run.state().activities.values().filter_map(|activity| activity.state.clone()).collect();
    for mut activity in pending {
        activity.attempt_scheduled_time = Some(now.into());
        activity.first_scheduled_time = Some(now.into());
        run.record(Record::Activity(Box::new(activity)));
    }
}
