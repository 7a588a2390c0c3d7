//! AddSearchAttributes, RemoveSearchAttributes, ListSearchAttributes: custom search attributes of a namespace.

use klamm_backend::Backend;
use klamm_filters::VisibilityQueries;
use klamm_messages::{
    klamm::v1::NamespaceState,
    temporal::operatorservice::v1::{
        AddSearchAttributesRequest, AddSearchAttributesResponse, ListSearchAttributesRequest, ListSearchAttributesResponse,
        RemoveSearchAttributesRequest, RemoveSearchAttributesResponse,
    },
};
use klamm_requests::{Result, calls, namespaces::Namespaces};
use klamm_search_attributes as search_attributes;

use crate::{call::Call, gateway::Gateway};

/// Adds search attributes. Those that exist already are silently skipped.
pub(super) async fn handle_add<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: AddSearchAttributesRequest,
) -> Result<AddSearchAttributesResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = optional(gateway, &namespaces, &request.namespace)?;
    if let Some(command) = calls::search_attributes::add(request, namespace)? {
        gateway.submit_cluster(&call, command).await?;
    }
    Ok(AddSearchAttributesResponse {})
}

/// Removes search attributes. Those that do not exist are silently skipped.
pub(super) async fn handle_remove<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: RemoveSearchAttributesRequest,
) -> Result<RemoveSearchAttributesResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = optional(gateway, &namespaces, &request.namespace)?;
    if let Some(command) = calls::search_attributes::remove(request, namespace)? {
        gateway.submit_cluster(&call, command).await?;
    }
    Ok(RemoveSearchAttributesResponse {})
}

pub(super) async fn handle_list<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    _call: Call,
    request: ListSearchAttributesRequest,
) -> Result<ListSearchAttributesResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = calls::search_attributes::required(optional(gateway, &namespaces, &request.namespace)?)?;
    let defined = search_attributes::SYSTEM.iter().chain(search_attributes::PREDEFINED);
    Ok(ListSearchAttributesResponse {
        custom_attributes: namespace.search_attributes.clone().into_iter().collect(),
        system_attributes: defined.map(|(name, kind)| ((*name).to_owned(), *kind as i32)).collect(),
        ..ListSearchAttributesResponse::default()
    })
}

/// The namespace of a request, if it exists. These calls report a missing namespace only after their other checks.
fn optional<'n, B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    namespaces: &'n Namespaces,
    name: &str,
) -> Result<Option<&'n NamespaceState>> {
    if name.is_empty() { Ok(None) } else { gateway.namespace(namespaces, name).map(Some) }
}
