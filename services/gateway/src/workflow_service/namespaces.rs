//! RegisterNamespace, DescribeNamespace, ListNamespaces, UpdateNamespace, DeprecateNamespace.

use klamm_cluster::Answer;
use klamm_messages::{
    klamm::v1::{DeprecateNamespace, NamespaceState, RegisterNamespace, UpdateNamespace, cluster_command::Command},
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
use klamm_processor::Backend;
use uuid::Uuid;

use crate::{
    call::Call,
    config::Config,
    errors::{Fault, Result},
    gateway::{Gateway, unexpected_answer},
    validate,
    visibility::VisibilityQueries,
};

/// Size of a workflow task's completion that clients may send in one piece: what gRPC takes.
const COMPLETION_BYTES: i64 = 4 * 1024 * 1024;

pub(super) async fn handle_register<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: RegisterNamespaceRequest,
) -> Result<RegisterNamespaceResponse> {
    if request.namespace.is_empty() {
        return Err(Fault::invalid("Namespace not set on request."));
    }
    validate::ids::namespace(&request.namespace, &gateway.config.limits)?;
    let name = request.namespace.clone();
    let command = Command::RegisterNamespace(RegisterNamespace {
        name: request.namespace,
        id: Uuid::new_v4().to_string(),
        description: request.description,
        owner_email: request.owner_email,
        retention: request.workflow_execution_retention_period,
        data: request.data.into_iter().collect(),
        is_global: request.is_global_namespace,
    });
    gateway.submit_cluster(&call, &name, command).await?;
    Ok(RegisterNamespaceResponse {})
}

/// By name or id.
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

/// By name, in order; the page token is the name after which the next page begins.
pub(super) async fn handle_list<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    _call: Call,
    request: ListNamespacesRequest,
) -> Result<ListNamespacesResponse> {
    let after = String::from_utf8(request.next_page_token).map_err(|_| Fault::invalid("Invalid NextPageToken."))?;
    let size = usize::try_from(request.page_size).ok().filter(|size| *size > 0).unwrap_or(gateway.config.limits.namespaces_page);
    let include_deleted = request.namespace_filter.is_some_and(|filter| filter.include_deleted);
    let namespaces = gateway.backend.namespaces();
    let mut rest = namespaces
        .values()
        .filter(|namespace| after.is_empty() || namespace.name > after)
        .filter(|namespace| include_deleted || namespace.state != Lifecycle::Deleted as i32);
    let page: Vec<_> = rest.by_ref().take(size).collect();
    let next_page_token = match (page.last(), rest.next()) {
        (Some(last), Some(_)) => last.name.clone().into_bytes(),
        _ => Vec::new(),
    };
    Ok(ListNamespacesResponse {
        namespaces: page.into_iter().map(|namespace| shown(namespace, &gateway.config)).collect(),
        next_page_token,
    })
}

pub(super) async fn handle_update<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: UpdateNamespaceRequest,
) -> Result<UpdateNamespaceResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    if request.promote_namespace || request.replication_config.is_some() {
        return Err(Fault::not_built("Replication of namespaces"));
    }
    if !request.delete_bad_binary.is_empty() {
        return Err(Fault::invalid(format!("Bad binary checksum {} doesn't exists.", request.delete_bad_binary)));
    }
    let config = request.config.unwrap_or_default();
    if config.bad_binaries.is_some_and(|bad| !bad.binaries.is_empty()) {
        return Err(Fault::not_built("bad_binaries"));
    }
    if !config.custom_search_attribute_aliases.is_empty() {
        return Err(Fault::not_built("custom_search_attribute_aliases"));
    }
    let info = request.update_info.unwrap_or_default();
    let state = check_state(namespace.state, info.state)?;

    let name = namespace.name.clone();
    let command = Command::UpdateNamespace(UpdateNamespace {
        name: name.clone(),
        description: Some(info.description).filter(|text| !text.is_empty()),
        owner_email: Some(info.owner_email).filter(|text| !text.is_empty()),
        retention: config.workflow_execution_retention_ttl,
        data: info.data.into_iter().collect(),
    });
    let Answer::Namespace(mut updated) = gateway.submit_cluster(&call, &name, command).await? else {
        return Err(unexpected_answer());
    };
    if state == Some(Lifecycle::Deprecated) {
        gateway.submit_cluster(&call, &name, Command::DeprecateNamespace(DeprecateNamespace { name: name.clone() })).await?;
        updated.state = Lifecycle::Deprecated as i32;
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
    let name = gateway.namespace(&namespaces, &request.namespace)?.name.clone();
    gateway.submit_cluster(&call, &name, Command::DeprecateNamespace(DeprecateNamespace { name: name.clone() })).await?;
    Ok(DeprecateNamespaceResponse {})
}

/// The state that an update asks for, `None` where it stays (Temporal: namespace_handler.go validateStateUpdate).
fn check_state(now: i32, asked: i32) -> Result<Option<Lifecycle>> {
    let asked = Lifecycle::try_from(asked).unwrap_or_default();
    if asked == Lifecycle::Unspecified || asked as i32 == now {
        return Ok(None);
    }
    match asked {
        Lifecycle::Deprecated if now == Lifecycle::Registered as i32 => Ok(Some(asked)),
        Lifecycle::Deleted => Err(Fault::not_built("Deleting a namespace")),
        _ => Err(Fault::invalid("Invalid namespace state update.")),
    }
}

/// A namespace as clients see it: limits and capabilities steer what SDKs do.
fn shown(namespace: &NamespaceState, config: &Config) -> DescribeNamespaceResponse {
    let clusters = vec![ClusterReplicationConfig { cluster_name: config.cluster_name.clone(), ..Default::default() }];
    DescribeNamespaceResponse {
        namespace_info: Some(NamespaceInfo {
            name: namespace.name.clone(),
            state: namespace.state,
            description: namespace.description.clone(),
            owner_email: namespace.owner_email.clone(),
            data: namespace.data.clone().into_iter().collect(),
            id: namespace.id.clone(),
            // All that is false belongs to features of later versions; SDKs then do without.
            capabilities: Some(Capabilities { eager_workflow_start: true, ..Capabilities::default() }),
            limits: Some(ShownLimits {
                blob_size_limit_error: config.limits.blob_bytes as i64,
                memo_size_limit_error: config.limits.memo_bytes as i64,
                workflow_task_completion_size_limit_error: COMPLETION_BYTES,
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
