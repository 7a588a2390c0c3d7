//! PauseActivity and PauseActivityExecution: activities of a workflow are held back.

use klamm_backend::Backend;
use klamm_filters::VisibilityQueries;
use klamm_messages::temporal::workflowservice::v1::{
    PauseActivityExecutionRequest, PauseActivityExecutionResponse, PauseActivityRequest, PauseActivityResponse,
};
use klamm_requests::{Result, calls::pause_activity};

use crate::{call::Call, gateway::Gateway};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: PauseActivityRequest,
) -> Result<PauseActivityResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    gateway.submit(&call, pause_activity::command(request, &gateway.terms(namespace))?).await?;
    Ok(PauseActivityResponse {})
}

pub(super) async fn handle_execution<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: PauseActivityExecutionRequest,
) -> Result<PauseActivityExecutionResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    gateway.submit(&call, pause_activity::command_of_execution(request, &gateway.terms(namespace))?).await?;
    Ok(PauseActivityExecutionResponse {})
}
