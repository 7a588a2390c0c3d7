//! UpdateWorkflowExecution: a request to a workflow, which answers.

use klamm_messages::{
    klamm::v1::{Command, UpdateWorkflow, command::Body},
    temporal::{enums::v1::UpdateWorkflowExecutionLifecycleStage as Stage, workflowservice::v1::UpdateWorkflowExecutionRequest},
};

use crate::{
    fault::{Fault, Result},
    terms::Terms,
    validate,
};

/// An update, taken apart.
#[derive(Debug)]
pub struct Update {
    /// For the log.
    pub command: Command,
    /// Its id: the caller's, or a new one.
    pub update_id: String,
    /// Id of the request.
    pub request_id: String,
    /// Whether the caller waits for the outcome. If not, it waits until the workflow has accepted the update.
    pub until_completed: bool,
}

/// The command.
///
/// # Errors
/// What Temporal says of the first fault.
pub fn command(mut request: UpdateWorkflowExecutionRequest, terms: &Terms<'_>) -> Result<Update> {
    let checked = check(&mut request, terms)?;
    let workflow_id = request.workflow_execution.as_ref().map(|execution| execution.workflow_id.clone()).unwrap_or_default();
    let Checked { update_id, request_id, identity, until_completed } = checked;
    let command = terms.workflow_command(workflow_id, identity, Body::UpdateWorkflow(UpdateWorkflow { request: Some(request) }));
    Ok(Update { command, update_id, request_id, until_completed })
}

/// What a checked request says of itself.
pub(super) struct Checked {
    pub(super) update_id: String,
    pub(super) request_id: String,
    pub(super) identity: String,
    pub(super) until_completed: bool,
}

/// Checks the request and puts it into its canonical form.
///
/// # Errors
/// What Temporal says of the first fault (Temporal: workflow_handler.go, prepareUpdateWorkflowRequest).
pub(super) fn check(request: &mut UpdateWorkflowExecutionRequest, terms: &Terms<'_>) -> Result<Checked> {
    validate::execution::execution(request.workflow_execution.as_ref())?;
    let stage = request.wait_policy.take().map(|policy| policy.lifecycle_stage).unwrap_or_default();
    let update = request.request.get_or_insert_default();
    let Some(meta) = &mut update.meta else { return Err(Fault::invalid("Update meta is not set on request.")) };
    validate::ids::at_most(&meta.update_id, terms.limits, "UpdateId length exceeds limit.")?;
    if meta.update_id.is_empty() {
        meta.update_id = (terms.new_id)();
    }
    let (update_id, identity) = (meta.update_id.clone(), meta.identity.clone());
    match &update.input {
        None => return Err(Fault::invalid("Update input is not set on request.")),
        Some(input) if input.name.is_empty() => return Err(Fault::invalid("Update name is not set on request.")),
        Some(_) => {}
    }
    if stage == Stage::Admitted as i32 {
        let message = "UpdateWorkflowExecution issued asynchronously and waiting on update admitted is not supported.";
        return Err(Fault::PermissionDenied(message.to_owned()));
    }
    if !update.completion_callbacks.is_empty() {
        return Err(Fault::not_built("A completion callback of an update"));
    }
    validate::canonical::links(&mut update.links);
    // The update has these, so the record does not need them again.
    request.namespace.clear();
    Ok(Checked { update_id, identity, request_id: update.request_id.clone(), until_completed: stage != Stage::Accepted as i32 })
}
