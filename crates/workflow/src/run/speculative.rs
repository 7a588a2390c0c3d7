//! Speculative workflow tasks: tasks that are made for updates alone.
//!
//! If the workflow rejects all updates of such a task, nothing of it stays in the history. Until then only internal events tell of it. As
//! soon as anything public happens to the run, the task becomes an ordinary one ([`Run::keep_speculative_workflow_task`]): first its own
//! public events are written, with the ids that its worker knows, and then what happened.
//!
//! Temporal: docs/architecture/speculative-workflow-task.md, service/history/workflow/workflow_task_state_machine.go
//! (convertSpeculativeWorkflowTaskToNormal, skipWorkflowTaskCompletedEvent).

use klamm_messages::{
    klamm::v1::{RunState, WorkflowTaskPhase, WorkflowTaskState},
    temporal::{update::v1::Rejection, workflowservice::v1::RespondWorkflowTaskCompletedRequest},
};

use super::{Run, task_phase::speculative_task};
use crate::update;

/// Events that come with such a task and do not keep it from leaving no trace, if the worker can take them a second time
/// (history.discardSpeculativeWorkflowTaskMaximumEventsCount).
const REPEATED_EVENTS_MAX: i64 = 10;
/// Events of the last completed task behind its WorkflowTaskStarted, and one more: the first event that is new.
const NEXT_AFTER_STARTED: i64 = 2;

impl Run<'_, '_> {
    /// Ends the speculative task as though it had never been. Does nothing when the pending task is no such task.
    pub(crate) fn discard_speculative_workflow_task(&mut self) {
        let state = self.state();
        let Some(stamp) = speculative_task(&state).map(|task| task.stamp) else { return };
        drop(state);
        // The next task may have the same event ids. The stamp tells its token from that of this one.
        let none = WorkflowTaskState { phase: WorkflowTaskPhase::None as i32, attempt: 1, stamp, ..WorkflowTaskState::default() };
        self.record_workflow_task(none);
    }

    /// As [`Run::discard_speculative_workflow_task`], for a task that no worker has.
    pub(crate) fn discard_scheduled_speculative_workflow_task(&mut self) {
        let is_scheduled = speculative_task(&self.state()).is_some_and(|task| task.phase() == WorkflowTaskPhase::Scheduled);
        if is_scheduled {
            self.discard_speculative_workflow_task();
        }
    }
}

/// Whether the task leaves no trace when it is completed so: it is speculative, and the worker has done nothing but reject updates.
pub(crate) fn leaves_no_trace(state: &RunState, request: &RespondWorkflowTaskCompletedRequest) -> bool {
    if speculative_task(state).is_none() || !request.commands.is_empty() || request.force_create_new_workflow_task {
        return false;
    }
    let takes_again = request.capabilities.as_ref().is_some_and(|capabilities| capabilities.discard_speculative_workflow_task_with_events);
    let repeated = if takes_again { REPEATED_EVENTS_MAX } else { 0 };
    let last = state.last_completed_workflow_task_started_event_id;
    state.next_event_id <= last + NEXT_AFTER_STARTED + repeated && request.messages.iter().all(update::is_message::<Rejection>)
}
