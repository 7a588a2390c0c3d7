//! RespondWorkflowTaskFailed: a worker could not carry out a workflow task.

use klamm_backend::Backend;
use klamm_filters::VisibilityQueries;
use klamm_messages::temporal::workflowservice::v1::{RespondWorkflowTaskFailedRequest, RespondWorkflowTaskFailedResponse};
use klamm_requests::{Result, calls::fail_workflow_task, tokens};

use crate::{call::Call, gateway::Gateway};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: RespondWorkflowTaskFailedRequest,
) -> Result<RespondWorkflowTaskFailedResponse> {
    let namespaces = gateway.backend.namespaces();
    let token = tokens::decode_workflow_task(&request.task_token)?;
    let namespace = gateway.token_namespace(&namespaces, &request.namespace, &token.namespace)?;
    gateway.submit(&call, fail_workflow_task::command(request, token, &gateway.terms(namespace))?).await?;
    Ok(RespondWorkflowTaskFailedResponse {})
}
