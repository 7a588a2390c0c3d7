//! RespondWorkflowTaskFailed: a worker could not carry a workflow task out.

use klamm_messages::{
    klamm::v1::{FailWorkflowTask, command::Body},
    temporal::workflowservice::v1::{RespondWorkflowTaskFailedRequest, RespondWorkflowTaskFailedResponse},
};
use klamm_processor::Backend;

use crate::{
    call::Call,
    errors::{Fault, Result},
    failures,
    gateway::Gateway,
    settings::WorkflowCommand,
    tokens, validate,
    visibility::VisibilityQueries,
};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    mut request: RespondWorkflowTaskFailedRequest,
) -> Result<RespondWorkflowTaskFailedResponse> {
    let limits = &gateway.config.limits;
    let namespaces = gateway.backend.namespaces();
    let token = tokens::decode_workflow_task(&request.task_token)?;
    let namespace = gateway.token_namespace(&namespaces, &request.namespace, &token.namespace)?;
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
    // Both are in the decoded token.
    request.task_token.clear();
    request.namespace.clear();

    let command = WorkflowCommand {
        namespace,
        workflow_id: token.workflow_id.clone(),
        identity: request.identity.clone(),
        request_id: String::new(),
        body: Body::FailWorkflowTask(FailWorkflowTask { token: Some(token), request: Some(request) }),
        may_upsert: false,
    };
    gateway.submit(&call, command).await?;
    Ok(RespondWorkflowTaskFailedResponse {})
}
