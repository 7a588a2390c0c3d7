//! ResetActivity and ResetActivityExecution: activities of a workflow begin again with their first attempt.

use klamm_backend::Backend;
use klamm_filters::VisibilityQueries;
use klamm_messages::temporal::workflowservice::v1::{
    ResetActivityExecutionRequest, ResetActivityExecutionResponse, ResetActivityRequest, ResetActivityResponse,
};
use klamm_requests::{Result, calls::reset_activity};

use crate::{call::Call, gateway::Gateway};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: ResetActivityRequest,
) -> Result<ResetActivityResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    gateway.submit(&call, reset_activity::command(request, &gateway.terms(namespace))?).await?;
    Ok(ResetActivityResponse {})
}

pub(super) async fn handle_execution<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: ResetActivityExecutionRequest,
) -> Result<ResetActivityExecutionResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    gateway.submit(&call, reset_activity::command_of_execution(request, &gateway.terms(namespace))?).await?;
    Ok(ResetActivityExecutionResponse {})
}
