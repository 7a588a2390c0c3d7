//! RegisterNamespace, DescribeNamespace, ListNamespaces, UpdateNamespace, DeprecateNamespace.

use klamm_backend::Backend;
use klamm_cluster::Answer;
use klamm_filters::VisibilityQueries;
use klamm_messages::{
    klamm::v1::NamespaceState,
    temporal::{
        enums::v1::{ArchivalState, NamespaceState as Lifecycle, ReplicationState},
        namespace::v1::{
            BadBinaries, NamespaceConfig, NamespaceInfo,
            namespace_info::{Capabilities, Limits as ShownLimits},
        },
        replication::v1::{ClusterReplicationConfig, NamespaceReplicationConfig},
        workflowservice::v1::{
            DeprecateNamespaceRequest, DeprecateNamespaceResponse, DescribeNamespaceRequest, DescribeNamespaceResponse,
            ListNamespacesRequest, ListNamespacesResponse, RegisterNamespaceRequest, RegisterNamespaceResponse, UpdateNamespaceRequest,
            UpdateNamespaceResponse,
        },
    },
};
use klamm_requests::{
    Fault, Result,
    calls::{self, namespaces::Update},
    validate,
};
use prost::Message;

use crate::{
    call::Call,
    config::Config,
    gateway::{Gateway, new_id, unexpected_answer},
};

pub(super) async fn handle_register<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: RegisterNamespaceRequest,
) -> Result<RegisterNamespaceResponse> {
    let command = calls::namespaces::register(request, new_id(), &gateway.config.limits)?;
    gateway.submit_cluster(&call, command).await?;
    Ok(RegisterNamespaceResponse {})
}

/// Describes a namespace by its name or id.
pub(super) async fn handle_describe<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    _call: Call,
    request: DescribeNamespaceRequest,
) -> Result<DescribeNamespaceResponse> {
    validate::ids::namespace(&request.namespace, &gateway.config.limits)?;
    let namespaces = gateway.backend.namespaces();
    let found = match (request.namespace.is_empty(), request.id.is_empty()) {
        (true, true) => return Err(Fault::invalid("Namespace not set on request.")),
        (false, false) => {
            return Err(Fault::invalid("GetNamespace operation failed.  Both ID and Name specified in request."));
        }
        (false, true) => namespaces.get(&request.namespace),
        (true, false) => namespaces.values().find(|namespace| namespace.id == request.id),
    };
    match found {
        Some(namespace) => Ok(shown(namespace, &gateway.config)),
        None => Err(Fault::NamespaceNotFound(if request.id.is_empty() { request.namespace } else { request.id })),
    }
}

/// Lists namespaces in the order of their names. The page token is the name after which the next page begins.
pub(super) async fn handle_list<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    _call: Call,
    request: ListNamespacesRequest,
) -> Result<ListNamespacesResponse> {
    let after = String::from_utf8(request.next_page_token.into()).map_err(|_| Fault::invalid("Invalid NextPageToken."))?;
    let size = usize::try_from(request.page_size).ok().filter(|size| *size > 0).unwrap_or(gateway.config.limits.namespaces_page);
    let include_deleted = request.namespace_filter.is_some_and(|filter| filter.include_deleted);
    let namespaces = gateway.backend.namespaces();
    let rest = namespaces
        .values()
        .filter(|namespace| after.is_empty() || namespace.name > after)
        .filter(|namespace| include_deleted || namespace.state != Lifecycle::Deleted as i32);
    let (mut page, mut bytes, mut next_page_token) = (Vec::new(), 0, Vec::new());
    for namespace in rest {
        // Clients take answers of up to 4 MiB, and a single namespace may be large.
        let shown = shown(namespace, &gateway.config);
        bytes += shown.encoded_len();
        if page.len() == size || (bytes > gateway.config.limits.history_page_bytes && !page.is_empty()) {
            next_page_token = page.last().map(name_of).unwrap_or_default().into_bytes();
            break;
        }
        page.push(shown);
    }
    Ok(ListNamespacesResponse { namespaces: page, next_page_token: next_page_token.into() })
}

pub(super) async fn handle_update<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: UpdateNamespaceRequest,
) -> Result<UpdateNamespaceResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    let Update { command, state } = calls::namespaces::update(request, namespace)?;
    let Answer::Namespace(mut updated) = gateway.submit_cluster(&call, command).await? else {
        return Err(unexpected_answer());
    };
    if let Some(state) = state {
        gateway.submit_cluster(&call, calls::namespaces::in_state(&namespace.name, state)).await?;
        updated.state = state as i32;
    }
    let shown = shown(&updated, &gateway.config);
    Ok(UpdateNamespaceResponse {
        namespace_info: shown.namespace_info,
        config: shown.config,
        replication_config: shown.replication_config,
        failover_version: shown.failover_version,
        is_global_namespace: shown.is_global_namespace,
    })
}

pub(super) async fn handle_deprecate<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: DeprecateNamespaceRequest,
) -> Result<DeprecateNamespaceResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    gateway.submit_cluster(&call, calls::namespaces::deprecate(&namespace.name)).await?;
    Ok(DeprecateNamespaceResponse {})
}

fn name_of(shown: &DescribeNamespaceResponse) -> String {
    shown.namespace_info.as_ref().map(|info| info.name.clone()).unwrap_or_default()
}

/// A namespace as clients see it. Its limits and capabilities control what SDKs do.
fn shown(namespace: &NamespaceState, config: &Config) -> DescribeNamespaceResponse {
    let limits = config.namespace_limits.get(&namespace.name).unwrap_or(&config.limits);
    let clusters = vec![ClusterReplicationConfig { cluster_name: config.cluster_name.clone(), ..Default::default() }];
    DescribeNamespaceResponse {
        namespace_info: Some(NamespaceInfo {
            name: namespace.name.clone(),
            state: namespace.state,
            description: namespace.description.clone(),
            owner_email: namespace.owner_email.clone(),
            data: namespace.data.clone().into_iter().collect(),
            id: namespace.id.clone(),
            // Those that are not set belong to features of later versions. SDKs then do without them.
            capabilities: Some(Capabilities {
                eager_workflow_start: true,
                sync_update: true,
                async_update: true,
                workflow_pause: true,
                worker_heartbeats: true,
                ..Capabilities::default()
            }),
            limits: Some(ShownLimits {
                blob_size_limit_error: limits.blob_bytes as i64,
                memo_size_limit_error: limits.memo_bytes as i64,
                // A completion comes in one message, so it may be as large as a gRPC message.
                workflow_task_completion_size_limit_error: config.limits.message_bytes as i64,
            }),
            supports_schedules: true,
        }),
        config: Some(NamespaceConfig {
            workflow_execution_retention_ttl: namespace.retention,
            bad_binaries: Some(BadBinaries::default()),
            history_archival_state: ArchivalState::Disabled as i32,
            visibility_archival_state: ArchivalState::Disabled as i32,
            // A custom search attribute's name is its own alias.
            custom_search_attribute_aliases: namespace.search_attributes.keys().map(|name| (name.clone(), name.clone())).collect(),
            ..NamespaceConfig::default()
        }),
        replication_config: Some(NamespaceReplicationConfig {
            active_cluster_name: config.cluster_name.clone(),
            clusters,
            state: ReplicationState::Normal as i32,
        }),
        failover_version: 0,
        is_global_namespace: namespace.is_global,
        ..DescribeNamespaceResponse::default()
    }
}
