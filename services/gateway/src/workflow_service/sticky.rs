//! ResetStickyTaskQueue: a worker does not have a workflow in its cache any more.

use klamm_backend::Backend;
use klamm_filters::VisibilityQueries;
use klamm_messages::temporal::workflowservice::v1::{ResetStickyTaskQueueRequest, ResetStickyTaskQueueResponse};
use klamm_requests::{Result, calls::reset_sticky_task_queue};

use crate::{call::Call, gateway::Gateway};

/// Clears the sticky queue of one run.
pub(super) async fn handle_reset<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: ResetStickyTaskQueueRequest,
) -> Result<ResetStickyTaskQueueResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    gateway.submit(&call, reset_sticky_task_queue::command(&request, &gateway.terms(namespace))?).await?;
    Ok(ResetStickyTaskQueueResponse {})
}
