//! RespondWorkflowTaskFailed: a worker could not carry out a workflow task.

use klamm_messages::{
    klamm::v1::{Command, FailWorkflowTask, WorkflowTaskToken, command::Body},
    temporal::workflowservice::v1::RespondWorkflowTaskFailedRequest,
};

use crate::{
    failures,
    fault::{Fault, Result},
    terms::Terms,
    validate,
};

/// The command of a failure with this token. A failure that is too large is cut.
///
/// # Errors
/// What Temporal says of the first fault.
pub fn command(mut request: RespondWorkflowTaskFailedRequest, token: WorkflowTaskToken, terms: &Terms<'_>) -> Result<Command> {
    let limits = terms.limits;
    validate::ids::identity(&request.identity, limits)?;
    if !token.query_id.is_empty() {
        return Err(Fault::invalid("Invalid TaskToken."));
    }
    if validate::sizes::blob_exceeds(request.failure.as_ref(), limits) {
        request.failure = Some(failures::too_large(request.failure.take(), limits.blob_warn_bytes));
    }
    validate::canonical::task_failed_cause(&mut request.cause);
    validate::canonical::failure(request.failure.as_mut());
    validate::canonical::deployment(request.deployment_options.as_mut());
    // The decoded token has both, so the record does not need them again.
    request.task_token.clear();
    request.namespace.clear();

    let (workflow_id, identity) = (token.workflow_id.clone(), request.identity.clone());
    let body = Body::FailWorkflowTask(FailWorkflowTask { token: Some(token), request: Some(request) });
    Ok(terms.workflow_command(workflow_id, identity, body))
}
