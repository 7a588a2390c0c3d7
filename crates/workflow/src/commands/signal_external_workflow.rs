//! SignalExternalWorkflowExecution: SignalExternalWorkflowExecutionInitiated. The signal is sent after all commands have been carried out.
//!
//! Temporal: workflow_task_completed_handler.go, handleCommandSignalExternalWorkflow; api/command_attr_validator.go,
//! ValidateSignalExternalWorkflowExecutionAttributes.

use klamm_messages::{
    klamm::v1::ExternalKind,
    temporal::{
        command::v1::SignalExternalWorkflowExecutionCommandAttributes,
        enums::v1::{EventType, WorkflowTaskFailedCause},
        history::v1::{SignalExternalWorkflowExecutionInitiatedEventAttributes, history_event::Attributes},
    },
};

use super::{
    CommandContext, CommandFailure,
    check::{add_event, encoded_len},
    external_target::{CROSS_NAMESPACE, Target, is_cross_namespace, pending_limit},
};
use crate::{
    decide::limits::{blob_fits, limit},
    run::Run,
};

/// Initiates the signal.
pub(crate) fn handle(
    run: &mut Run<'_, '_>,
    attributes: &SignalExternalWorkflowExecutionCommandAttributes,
    cx: &CommandContext<'_>,
) -> Result<(), CommandFailure> {
    const BAD: WorkflowTaskFailedCause = WorkflowTaskFailedCause::BadSignalWorkflowExecutionAttributes;
    check(attributes, cx).map_err(|message| CommandFailure::new(BAD, message))?;
    let limit = limit(cx.settings, |limits| limits.pending_signals);
    pending_limit(&run.state(), ExternalKind::Signal, "pending signals to external workflows", limit)
        .map_err(|message| CommandFailure::new(WorkflowTaskFailedCause::PendingSignalsLimitExceeded, message))?;
    if !blob_fits(encoded_len(attributes.input.as_ref()), cx.settings) {
        return Err(CommandFailure::terminate(BAD, "SignalExternalWorkflowExecutionCommandAttributes.Input exceeds size limit."));
    }
    let initiated = SignalExternalWorkflowExecutionInitiatedEventAttributes {
        workflow_task_completed_event_id: cx.completed_event_id,
        namespace: attributes.namespace.clone(),
        namespace_id: cx.settings.namespace_id.clone(),
        workflow_execution: attributes.execution.clone(),
        signal_name: attributes.signal_name.clone(),
        input: attributes.input.clone(),
        control: attributes.control.clone(),
        child_workflow_only: attributes.child_workflow_only,
        header: attributes.header.clone(),
    };
    let attributes = Attributes::SignalExternalWorkflowExecutionInitiatedEventAttributes(initiated);
    add_event(run, cx, EventType::SignalExternalWorkflowExecutionInitiated, attributes);
    Ok(())
}

/// Checks the attributes. The error says what is wrong.
fn check(attributes: &SignalExternalWorkflowExecutionCommandAttributes, cx: &CommandContext<'_>) -> Result<(), String> {
    let execution = attributes.execution.as_ref().ok_or("Execution is not set on SignalExternalWorkflowExecutionCommand.")?;
    let namespace = &attributes.namespace;
    if is_cross_namespace(namespace, cx) {
        return Err(CROSS_NAMESPACE.to_owned());
    }
    let (workflow_id, run_id, signal_name) = (&execution.workflow_id, &execution.run_id, &attributes.signal_name);
    let target = Target { command: "SignalExternalWorkflowExecutionCommand", workflow_id, run_id };
    if workflow_id.is_empty() {
        return Err(format!("WorkflowId is not set on {}. Namespace={namespace} RunId={run_id} SignalName={signal_name}", target.command));
    }
    if let Some((length, limit)) = target.overlong_id(cx) {
        return Err(format!(
            "WorkflowId on {} exceeds length limit. WorkflowId={workflow_id} Length={length} Limit={limit} Namespace={namespace} \
             RunId={run_id} SignalName={signal_name}",
            target.command
        ));
    }
    if !target.has_valid_run_id() {
        return Err(format!(
            "Invalid RunId set on {}. WorkflowId={workflow_id} Namespace={namespace} RunId={run_id} SignalName={signal_name}",
            target.command
        ));
    }
    if signal_name.is_empty() {
        return Err(format!("SignalName is not set on {}. WorkflowId={workflow_id} Namespace={namespace} RunId={run_id}", target.command));
    }
    Ok(())
}
