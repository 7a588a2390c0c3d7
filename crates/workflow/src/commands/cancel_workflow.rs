//! CancelWorkflowExecution: the workflow has cancelled itself.

use klamm_messages::temporal::{
    command::v1::CancelWorkflowExecutionCommandAttributes,
    enums::v1::EventType,
    history::v1::{WorkflowExecutionCanceledEventAttributes, history_event::Attributes},
};

use super::{CommandContext, CommandFailure};
use crate::run::Run;

/// Closes the run as cancelled.
pub(crate) fn handle(
    run: &mut Run<'_, '_>,
    attributes: &CancelWorkflowExecutionCommandAttributes,
    cx: &CommandContext<'_>,
) -> Result<(), CommandFailure> {
    let canceled = WorkflowExecutionCanceledEventAttributes {
        workflow_task_completed_event_id: cx.completed_event_id,
        details: attributes.details.clone(),
    };
    run.close_by_command(EventType::WorkflowExecutionCanceled, Attributes::WorkflowExecutionCanceledEventAttributes(canceled), cx);
    Ok(())
}
