//! RecordWorkerHeartbeat, ListWorkers, CountWorkers, DescribeWorker, FetchWorkerConfig, UpdateWorkerConfig: the workers of a namespace.

use std::{sync::Arc, time::Instant};

use klamm_backend::Backend;
use klamm_filters::{VisibilityQueries, WorkerQuery};
use klamm_messages::temporal::{
    worker::v1::{WorkerHeartbeat, WorkerInfo, WorkerListInfo},
    workflowservice::v1::{
        CountWorkersRequest, CountWorkersResponse, DescribeWorkerRequest, DescribeWorkerResponse, FetchWorkerConfigRequest,
        FetchWorkerConfigResponse, ListWorkersRequest, ListWorkersResponse, RecordWorkerHeartbeatRequest, RecordWorkerHeartbeatResponse,
        UpdateWorkerConfigRequest, UpdateWorkerConfigResponse,
    },
};
use klamm_requests::{Fault, Result, tokens::WorkersPage};
use prost::Message;

use crate::{call::Call, gateway::Gateway, workers::Found};

pub(super) async fn handle_heartbeat<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    _call: Call,
    request: RecordWorkerHeartbeatRequest,
) -> Result<RecordWorkerHeartbeatResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    gateway.workers.record(&namespace.id, request.worker_heartbeat, Instant::now());
    Ok(RecordWorkerHeartbeatResponse {})
}

/// Lists workers in the order of their keys. A page also ends where the answer becomes large.
pub(super) async fn handle_list<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    _call: Call,
    request: ListWorkersRequest,
) -> Result<ListWorkersResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    let query = WorkerQuery::parse(&request.query).map_err(Fault::invalid)?;
    let after = WorkersPage::read(&request.next_page_token);
    let after_key = after.as_ref().map_or("", |page| page.after.as_str()).to_owned();
    let fitting = fitting(gateway, namespace.id.clone(), after_key, query, request.include_system_workers).await?;
    // A bad token is refused only where there is something to page through.
    if fitting.is_empty() {
        return Ok(ListWorkersResponse::default());
    }
    after?;
    let size = usize::try_from(request.page_size).ok().filter(|size| *size > 0).unwrap_or(usize::MAX);
    let (mut response, mut bytes) = (ListWorkersResponse::default(), 0);
    let mut last: Option<&Arc<WorkerHeartbeat>> = None;
    for heartbeat in &fitting {
        let listed = listed(heartbeat);
        bytes += heartbeat.encoded_len() + listed.encoded_len();
        if let Some(last) = last
            && (response.workers.len() == size || bytes > gateway.config.limits.history_page_bytes)
        {
            response.next_page_token = WorkersPage { after: last.worker_instance_key.clone() }.written().into();
            break;
        }
        response.workers.push(listed);
        #[allow(deprecated, reason = "older clients read workers_info")]
        response.workers_info.push(WorkerInfo { worker_heartbeat: Some(WorkerHeartbeat::clone(heartbeat)) });
        last = Some(heartbeat);
    }
    Ok(response)
}

pub(super) async fn handle_count<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    _call: Call,
    request: CountWorkersRequest,
) -> Result<CountWorkersResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    let query = WorkerQuery::parse(&request.query).map_err(Fault::invalid)?;
    let fitting = fitting(gateway, namespace.id.clone(), String::new(), query, request.include_system_workers).await?;
    Ok(CountWorkersResponse { count: fitting.len() as i64 })
}

pub(super) async fn handle_describe<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    _call: Call,
    request: DescribeWorkerRequest,
) -> Result<DescribeWorkerResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    match gateway.workers.find(&namespace.id, &request.worker_instance_key, Instant::now()) {
        Found::Worker(heartbeat) => {
            let info = WorkerInfo { worker_heartbeat: Some(Arc::unwrap_or_clone(heartbeat)) };
            Ok(DescribeWorkerResponse { worker_info: Some(info) })
        }
        Found::Unknown => Err(Fault::not_found(format!("Worker {} not found", request.worker_instance_key))),
        Found::NoWorkers => Err(Fault::NamespaceNotFound(namespace.id.clone())),
    }
}

/// Temporal's server has no commands for workers in its default configuration.
pub(super) async fn handle_fetch_config<B: Backend, V: VisibilityQueries>(
    _gateway: &Gateway<B, V>,
    _call: Call,
    _request: FetchWorkerConfigRequest,
) -> Result<FetchWorkerConfigResponse> {
    Err(Fault::Unimplemented("FetchWorkerConfig command is not enabled.".to_owned()))
}

/// Likewise.
pub(super) async fn handle_update_config<B: Backend, V: VisibilityQueries>(
    _gateway: &Gateway<B, V>,
    _call: Call,
    _request: UpdateWorkerConfigRequest,
) -> Result<UpdateWorkerConfigResponse> {
    Err(Fault::Unimplemented("UpdateWorkerConfig command is not enabled.".to_owned()))
}

/// Heartbeats of the namespace's workers that fit the query, by their keys.
async fn fitting<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    namespace_id: String,
    after: String,
    query: WorkerQuery,
    with_system: bool,
) -> Result<Vec<Arc<WorkerHeartbeat>>> {
    let workers = gateway.workers.clone();
    // There may be a million.
    let work = move || {
        let mut found = workers.of(&namespace_id, &after, with_system, Instant::now());
        found.retain(|heartbeat| query.fits(heartbeat));
        found
    };
    gateway.computing.run(work).await
}

/// What a list shows of a worker.
fn listed(heartbeat: &WorkerHeartbeat) -> WorkerListInfo {
    let heartbeat = heartbeat.clone();
    let host = heartbeat.host_info.unwrap_or_default();
    WorkerListInfo {
        worker_instance_key: heartbeat.worker_instance_key,
        worker_identity: heartbeat.worker_identity,
        task_queue: heartbeat.task_queue,
        deployment_version: heartbeat.deployment_version,
        sdk_name: heartbeat.sdk_name,
        sdk_version: heartbeat.sdk_version,
        status: heartbeat.status,
        start_time: heartbeat.start_time,
        host_name: host.host_name,
        worker_grouping_key: host.worker_grouping_key,
        process_id: host.process_id,
        plugins: heartbeat.plugins,
        drivers: heartbeat.drivers,
    }
}
