//! GetSystemInfo and GetClusterInfo: the calls that clients make first.

use klamm_backend::Backend;
use klamm_filters::VisibilityQueries;
use klamm_messages::temporal::{
    version::v1::{ReleaseInfo, VersionInfo},
    workflowservice::v1::{
        GetClusterInfoRequest, GetClusterInfoResponse, GetSystemInfoRequest, GetSystemInfoResponse, get_system_info_response::Capabilities,
    },
};
use klamm_requests::Result;

use crate::{
    call::Call,
    gateway::Gateway,
    versions::{SERVER_VERSION, SUPPORTED_CLIENTS},
};

/// The first call of every SDK. Capabilities say what klamm can do. Those that are false come with a later version.
///
/// `build_id_based_versioning` is true, as in a Temporal where versioning is off: otherwise SDKs leave `use_versioning`
/// out, and a worker that asks for versioning would work without it instead of being refused.
pub(super) async fn handle_system_info<B: Backend, V: VisibilityQueries>(
    _gateway: &Gateway<B, V>,
    _call: Call,
    _request: GetSystemInfoRequest,
) -> Result<GetSystemInfoResponse> {
    Ok(GetSystemInfoResponse {
        server_version: SERVER_VERSION.to_owned(),
        capabilities: Some(Capabilities {
            signal_and_query_header: true,
            internal_error_differentiation: true,
            activity_failure_include_heartbeat: true,
            supports_schedules: true,
            encoded_failure_attributes: true,
            build_id_based_versioning: true,
            upsert_memo: true,
            eager_workflow_start: true,
            sdk_metadata: true,
            count_group_by_execution_status: true,
            nexus: false,
            server_scaled_deployments: false,
            ..Capabilities::default()
        }),
    })
}

pub(super) async fn handle_cluster_info<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    _call: Call,
    _request: GetClusterInfoRequest,
) -> Result<GetClusterInfoResponse> {
    let config = &gateway.config;
    Ok(GetClusterInfoResponse {
        supported_clients: SUPPORTED_CLIENTS.iter().map(|(name, versions)| ((*name).to_owned(), (*versions).to_owned())).collect(),
        server_version: SERVER_VERSION.to_owned(),
        cluster_id: config.cluster_id.clone(),
        version_info: Some(VersionInfo {
            current: Some(ReleaseInfo { version: SERVER_VERSION.to_owned(), ..ReleaseInfo::default() }),
            recommended: Some(ReleaseInfo { version: SERVER_VERSION.to_owned(), ..ReleaseInfo::default() }),
            ..VersionInfo::default()
        }),
        cluster_name: config.cluster_name.clone(),
        history_shard_count: i32::try_from(config.partition_count).unwrap_or(i32::MAX),
        persistence_store: config.persistence_store.clone(),
        visibility_store: config.visibility_store.clone(),
        initial_failover_version: 1,
        failover_version_increment: 10,
    })
}
