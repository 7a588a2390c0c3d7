//! ShutdownWorker: a worker shuts down. Its sticky queue is given up, its polls end, and its last heartbeat is noted.

use std::time::Instant;

use klamm_backend::{Backend, Goodbye};
use klamm_filters::VisibilityQueries;
use klamm_messages::temporal::workflowservice::v1::{ShutdownWorkerRequest, ShutdownWorkerResponse};
use klamm_requests::Result;

use super::task_queues;
use crate::{call::Call, gateway::Gateway};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    _call: Call,
    request: ShutdownWorkerRequest,
) -> Result<ShutdownWorkerResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    if let Some(heartbeat) = request.worker_heartbeat {
        gateway.workers.record(&namespace.id, vec![heartbeat], Instant::now());
    }
    let types = task_queues::types_or_both(request.task_queue_types);
    gateway.backend.forget_worker(Goodbye {
        namespace: request.namespace,
        sticky_task_queue: request.sticky_task_queue,
        worker_instance_key: request.worker_instance_key,
        identity: request.identity,
        task_queue: request.task_queue,
        sides: types.into_iter().filter_map(task_queues::side).collect(),
    });
    Ok(ShutdownWorkerResponse {})
}
