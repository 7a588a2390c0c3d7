//! UnpauseActivity and UnpauseActivityExecution: activities that are held back go on.

use klamm_backend::Backend;
use klamm_filters::VisibilityQueries;
use klamm_messages::temporal::workflowservice::v1::{
    UnpauseActivityExecutionRequest, UnpauseActivityExecutionResponse, UnpauseActivityRequest, UnpauseActivityResponse,
};
use klamm_requests::{Result, calls::unpause_activity};

use crate::{call::Call, gateway::Gateway};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: UnpauseActivityRequest,
) -> Result<UnpauseActivityResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    gateway.submit(&call, unpause_activity::command(request, &gateway.terms(namespace))?).await?;
    Ok(UnpauseActivityResponse {})
}

pub(super) async fn handle_execution<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: UnpauseActivityExecutionRequest,
) -> Result<UnpauseActivityExecutionResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    gateway.submit(&call, unpause_activity::command_of_execution(request, &gateway.terms(namespace))?).await?;
    Ok(UnpauseActivityExecutionResponse {})
}
