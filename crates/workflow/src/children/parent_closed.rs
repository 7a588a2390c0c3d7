//! ParentClosed: the parent of a workflow has closed first.
//!
//! Temporal: transfer_queue_task_executor_base.go (applyParentClosePolicy), api/terminateworkflow, api/requestcancelworkflow.

use klamm_machine::{Decision, Outcome, Tx};
use klamm_messages::{
    klamm::v1::{Command, ParentClosed, RunState},
    temporal::{
        common::v1::WorkflowExecution,
        enums::v1::{EventType, ParentClosePolicy},
        history::v1::{WorkflowExecutionCancelRequestedEventAttributes, history_event::Attributes},
    },
};

use crate::{
    Answer, Workflow,
    decide::locate,
    run::{Run, first_run_id, is_open, workflow_task::SERVER_IDENTITY},
};

/// Reason of the termination.
const REASON: &str = "by parent close policy";

/// Decides the command: ends the newest run of the child's chain, as the policy wants it. A run of another chain, or of another parent, is
/// left alone.
pub(crate) fn decide(tx: &mut Tx<'_, Workflow>, command: &Command, body: &ParentClosed) -> Decision<Answer> {
    let settings = locate::settings(command);
    let parent = body.parent.as_ref();
    if let Some(key) = locate::current(tx, &command.namespace, &command.workflow_id) {
        let mut run = Run::new(tx, key);
        if is_child(&run.state(), body) {
            match body.policy() {
                ParentClosePolicy::Terminate => run.terminate(REASON, None, SERVER_IDENTITY, &settings),
                ParentClosePolicy::RequestCancel => request_cancel(&mut run, parent),
                ParentClosePolicy::Abandon | ParentClosePolicy::Unspecified => {}
            }
        }
    }
    Ok(Outcome::Answer(Answer::Empty))
}

/// Whether the open run belongs to the chain that the parent had as its child. Where the chain is known, another run of the parent may have
/// started it: one that a reset has put the parent in the place of.
fn is_child(state: &RunState, body: &ParentClosed) -> bool {
    let parent = state.started.as_ref().and_then(|started| started.parent_workflow_execution.as_ref());
    let (Some(parent), Some(closed)) = (parent, body.parent.as_ref()) else { return false };
    let is_it = if body.first_run_id.is_empty() { parent == closed } else { first_run_id(state) == body.first_run_id };
    is_open(state) && is_it && parent.workflow_id == closed.workflow_id
}

/// Asks the run to cancel, unless it was asked before.
fn request_cancel(run: &mut Run<'_, '_>, parent: Option<&WorkflowExecution>) {
    if run.state().cancel_requested {
        return;
    }
    run.add_or_buffer_event(
        EventType::WorkflowExecutionCancelRequested,
        Attributes::WorkflowExecutionCancelRequestedEventAttributes(WorkflowExecutionCancelRequestedEventAttributes {
            external_workflow_execution: parent.cloned(),
            identity: SERVER_IDENTITY.to_owned(),
            ..WorkflowExecutionCancelRequestedEventAttributes::default()
        }),
    );
    run.schedule_workflow_task();
}
