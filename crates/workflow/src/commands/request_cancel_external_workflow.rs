//! RequestCancelExternalWorkflowExecution: RequestCancelExternalWorkflowExecutionInitiated. The request is sent after all commands have been
//! carried out.
//!
//! Temporal: workflow_task_completed_handler.go, handleCommandRequestCancelExternalWorkflow; api/command_attr_validator.go,
//! ValidateCancelExternalWorkflowExecutionAttributes.

use klamm_messages::{
    klamm::v1::ExternalKind,
    temporal::{
        command::v1::RequestCancelExternalWorkflowExecutionCommandAttributes,
        common::v1::WorkflowExecution,
        enums::v1::{EventType, WorkflowTaskFailedCause},
        history::v1::{RequestCancelExternalWorkflowExecutionInitiatedEventAttributes, history_event::Attributes},
    },
};

use super::{
    CommandContext, CommandFailure,
    check::add_event,
    external_target::{CROSS_NAMESPACE, Target, is_cross_namespace, pending_limit},
};
use crate::{children::is_initiated_since, decide::limits::limit, run::Run};

/// Initiates the request.
pub(crate) fn handle(
    run: &mut Run<'_, '_>,
    attributes: &RequestCancelExternalWorkflowExecutionCommandAttributes,
    cx: &CommandContext<'_>,
) -> Result<(), CommandFailure> {
    const BAD: WorkflowTaskFailedCause = WorkflowTaskFailedCause::BadRequestCancelExternalWorkflowExecutionAttributes;
    check(attributes, cx).map_err(|message| CommandFailure::new(BAD, message))?;
    if is_initiated_since(&run.state(), cx.completed_event_id, &attributes.workflow_id) {
        let message = format!(
            "Start and RequestCancel for child workflow is not allowed in same workflow task. WorkflowId={} RunId={} Namespace={}",
            attributes.workflow_id, attributes.run_id, attributes.namespace
        );
        return Err(CommandFailure::new(BAD, message));
    }
    let limit = limit(cx.settings, |limits| limits.pending_cancel_requests);
    pending_limit(&run.state(), ExternalKind::Cancel, "pending requests to cancel external workflows", limit)
        .map_err(|message| CommandFailure::new(WorkflowTaskFailedCause::PendingRequestCancelLimitExceeded, message))?;
    let initiated = RequestCancelExternalWorkflowExecutionInitiatedEventAttributes {
        workflow_task_completed_event_id: cx.completed_event_id,
        namespace: attributes.namespace.clone(),
        namespace_id: cx.settings.namespace_id.clone(),
        workflow_execution: Some(WorkflowExecution { workflow_id: attributes.workflow_id.clone(), run_id: attributes.run_id.clone() }),
        control: attributes.control.clone(),
        child_workflow_only: attributes.child_workflow_only,
        reason: attributes.reason.clone(),
    };
    let attributes = Attributes::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(initiated);
    add_event(run, cx, EventType::RequestCancelExternalWorkflowExecutionInitiated, attributes);
    Ok(())
}

/// Checks the attributes. The error says what is wrong.
fn check(attributes: &RequestCancelExternalWorkflowExecutionCommandAttributes, cx: &CommandContext<'_>) -> Result<(), String> {
    let (workflow_id, run_id, namespace) = (&attributes.workflow_id, &attributes.run_id, &attributes.namespace);
    if is_cross_namespace(namespace, cx) {
        return Err(CROSS_NAMESPACE.to_owned());
    }
    let target = Target { command: "RequestCancelExternalWorkflowExecutionCommand", workflow_id, run_id };
    if workflow_id.is_empty() {
        return Err(format!("WorkflowId is not set on {}. Namespace={namespace} RunId={run_id}", target.command));
    }
    if let Some((length, limit)) = target.overlong_id(cx) {
        return Err(format!(
            "WorkflowId on {} exceeds length limit. WorkflowId={workflow_id} Length={length} Limit={limit} RunId={run_id} \
             Namespace={namespace}",
            target.command
        ));
    }
    if !target.has_valid_run_id() {
        return Err(format!("Invalid RunId set on {}. WorkflowId={workflow_id} RunId={run_id} Namespace={namespace}", target.command));
    }
    Ok(())
}
