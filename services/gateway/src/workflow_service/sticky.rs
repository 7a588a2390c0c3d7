//! ResetStickyTaskQueue and ShutdownWorker: a worker's cached workflows are no more.

use klamm_messages::{
    klamm::v1::{ResetStickyTaskQueue, command::Body},
    temporal::workflowservice::v1::{
        ResetStickyTaskQueueRequest, ResetStickyTaskQueueResponse, ShutdownWorkerRequest, ShutdownWorkerResponse,
    },
};
use klamm_processor::Backend;

use crate::{call::Call, errors::Result, gateway::Gateway, settings::WorkflowCommand, validate, visibility::VisibilityQueries};

/// Clears the sticky queue of one run.
pub(super) async fn handle_reset<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: ResetStickyTaskQueueRequest,
) -> Result<ResetStickyTaskQueueResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    let execution = validate::execution::execution(request.execution.as_ref())?.clone();
    let command = WorkflowCommand {
        namespace,
        workflow_id: execution.workflow_id,
        identity: String::new(),
        request_id: String::new(),
        body: Body::ResetStickyTaskQueue(ResetStickyTaskQueue { run_id: execution.run_id }),
        may_upsert: false,
    };
    gateway.submit(&call, command).await?;
    Ok(ResetStickyTaskQueueResponse {})
}

/// A worker says goodbye: nothing is put on its sticky queue from now on, its polls end.
pub(super) async fn handle_shutdown<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    _call: Call,
    request: ShutdownWorkerRequest,
) -> Result<ShutdownWorkerResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    gateway.backend.forget_worker(&namespace.name, &request.sticky_task_queue, &request.worker_instance_key);
    Ok(ShutdownWorkerResponse {})
}
