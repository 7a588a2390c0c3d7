//! An eager start: whoever starts the workflow has a worker for it, and gets the first workflow task with the answer.
//!
//! Temporal: service/history/api/startworkflow/api.go.

use klamm_machine::time;
use klamm_messages::{
    klamm::v1::{CommandSettings, RunState},
    temporal::{history::v1::WorkflowExecutionStartedEventAttributes, workflowservice::v1::StartWorkflowExecutionRequest},
};

use crate::{
    answer::StartedWorkflowTask,
    run::{
        Run,
        workflow_task::{Poll, started_workflow_task},
    },
};

/// Id of the first workflow task's WorkflowTaskStarted, where nothing has come before the task.
const FIRST_STARTED_EVENT_ID: i64 = 3;

/// Whether the caller gets the first workflow task of the run that begins so. A run that waits for its time has none to give.
pub(super) fn accepts(request: &StartWorkflowExecutionRequest, attributes: &WorkflowExecutionStartedEventAttributes) -> bool {
    request.request_eager_execution && time::duration_or_none(attributes.first_workflow_task_backoff.as_ref()).is_none()
}

/// Starts the first workflow task for the caller, if the start was accepted as eager.
pub(super) fn start(
    run: &mut Run<'_, '_>,
    request: &StartWorkflowExecutionRequest,
    settings: &CommandSettings,
) -> Option<Box<StartedWorkflowTask>> {
    if !run.state().started.as_ref().is_some_and(|started| started.eager_execution_accepted) {
        return None;
    }
    let poll = Poll { poll_id: &request.request_id, identity: &request.identity, worker_version: None, settings, repeats_updates: true };
    // The run has no history before this decision.
    run.start_workflow_task_after(0, &poll).map(Box::new)
}

/// The first workflow task again, for a caller who repeats the start: while the task's first attempt is in a worker's hands.
pub(super) fn again(request: &StartWorkflowExecutionRequest, state: &RunState) -> Option<Box<StartedWorkflowTask>> {
    let task = started_workflow_task(state).filter(|_| request.request_eager_execution && state.close_time.is_none())?;
    Some(Box::new(task)).filter(|task| task.attempt == 1 && task.started_event_id == FIRST_STARTED_EVENT_ID)
}
