//! UpdateWorkflowExecutionOptions: other options for an open run.

use klamm_backend::Backend;
use klamm_filters::VisibilityQueries;
use klamm_messages::temporal::workflowservice::v1::{UpdateWorkflowExecutionOptionsRequest, UpdateWorkflowExecutionOptionsResponse};
use klamm_requests::{Result, calls::update_workflow_options};
use klamm_workflow::Answer;

use crate::{
    call::Call,
    gateway::{Gateway, unexpected_answer},
};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: UpdateWorkflowExecutionOptionsRequest,
) -> Result<UpdateWorkflowExecutionOptionsResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    match gateway.submit(&call, update_workflow_options::command(request, &gateway.terms(namespace))?).await? {
        Answer::WorkflowOptions(options) => Ok(UpdateWorkflowExecutionOptionsResponse {
            workflow_execution_options: Some(*options),
            ..UpdateWorkflowExecutionOptionsResponse::default()
        }),
        _ => Err(unexpected_answer()),
    }
}
