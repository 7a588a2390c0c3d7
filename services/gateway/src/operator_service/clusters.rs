//! ListClusters: shows this cluster only.

use klamm_backend::Backend;
use klamm_filters::VisibilityQueries;
use klamm_messages::temporal::operatorservice::v1::{ClusterMetadata, ListClustersRequest, ListClustersResponse};
use klamm_requests::Result;

use crate::{call::Call, gateway::Gateway};

pub(super) async fn handle_list<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    _call: Call,
    _request: ListClustersRequest,
) -> Result<ListClustersResponse> {
    let config = &gateway.config;
    Ok(ListClustersResponse {
        clusters: vec![ClusterMetadata {
            cluster_name: config.cluster_name.clone(),
            cluster_id: config.cluster_id.clone(),
            address: config.address.clone(),
            initial_failover_version: 1,
            history_shard_count: i32::try_from(config.partition_count).unwrap_or(i32::MAX),
            is_connection_enabled: true,
            ..ClusterMetadata::default()
        }],
        ..ListClustersResponse::default()
    })
}
