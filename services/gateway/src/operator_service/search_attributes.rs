//! AddSearchAttributes, RemoveSearchAttributes, ListSearchAttributes: custom search attributes of a namespace.

use klamm_cluster::search_attributes;
use klamm_messages::{
    klamm::v1::{AddSearchAttributes, RemoveSearchAttributes, cluster_command::Command},
    temporal::{
        enums::v1::IndexedValueType,
        operatorservice::v1::{
            AddSearchAttributesRequest, AddSearchAttributesResponse, ListSearchAttributesRequest, ListSearchAttributesResponse,
            RemoveSearchAttributesRequest, RemoveSearchAttributesResponse,
        },
    },
};
use klamm_processor::Backend;

use crate::{
    call::Call,
    errors::{Fault, Result},
    gateway::Gateway,
    visibility::VisibilityQueries,
};

/// Adds them; one that exists is silently passed over.
pub(super) async fn handle_add<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: AddSearchAttributesRequest,
) -> Result<AddSearchAttributesResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = optional(gateway, &namespaces, &request.namespace)?;
    if request.search_attributes.is_empty() {
        return Err(Fault::invalid("SearchAttributes are not set on request."));
    }
    let mut names: Vec<_> = request.search_attributes.into_iter().collect();
    names.sort_unstable();
    for (name, number) in &names {
        if search_attributes::is_reserved(name) || RESERVED.contains(&name.as_str()) {
            return Err(Fault::invalid(format!("Search attribute {name} is reserved by system.")));
        }
        match IndexedValueType::try_from(*number) {
            Ok(IndexedValueType::Unspecified) => {
                return Err(Fault::invalid(
                    "Unable to create search attributes: cannot have more than 0 search attribute of type Unspecified.",
                ));
            }
            Err(_) => {
                return Err(Fault::invalid(format!("Unknown search attribute type: {number}.")));
            }
            Ok(_) => {}
        }
    }
    let namespace = namespace.ok_or_else(|| Fault::invalid("Namespace is not set on request."))?;
    let search_attributes: std::collections::BTreeMap<_, _> =
        names.into_iter().filter(|(name, _)| !namespace.search_attributes.contains_key(name)).collect();
    if !search_attributes.is_empty() {
        let name = namespace.name.clone();
        let command = Command::AddSearchAttributes(AddSearchAttributes { namespace: name.clone(), search_attributes });
        gateway.submit_cluster(&call, &name, command).await?;
    }
    Ok(AddSearchAttributesResponse {})
}

/// Removes them; one that does not exist is silently passed over.
pub(super) async fn handle_remove<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: RemoveSearchAttributesRequest,
) -> Result<RemoveSearchAttributesResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = optional(gateway, &namespaces, &request.namespace)?;
    if request.search_attributes.is_empty() {
        return Err(Fault::invalid("SearchAttributes are not set on request."));
    }
    let namespace = namespace.ok_or_else(|| Fault::invalid("Namespace is not set on request."))?;
    let (name, custom) = (namespace.name.clone(), &namespace.search_attributes);
    let mut names = request.search_attributes;
    names.retain(|name| custom.contains_key(name) || search_attributes::is_reserved(name));
    if !names.is_empty() {
        let command = Command::RemoveSearchAttributes(RemoveSearchAttributes { namespace: name.clone(), search_attributes: names });
        gateway.submit_cluster(&call, &name, command).await?;
    }
    Ok(RemoveSearchAttributesResponse {})
}

pub(super) async fn handle_list<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    _call: Call,
    request: ListSearchAttributesRequest,
) -> Result<ListSearchAttributesResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace =
        optional(gateway, &namespaces, &request.namespace)?.ok_or_else(|| Fault::invalid("Namespace is not set on request."))?;
    let defined = search_attributes::SYSTEM.iter().chain(search_attributes::PREDEFINED);
    Ok(ListSearchAttributesResponse {
        custom_attributes: namespace.search_attributes.clone().into_iter().collect(),
        system_attributes: defined.map(|(name, kind)| ((*name).to_owned(), *kind as i32)).collect(),
        ..ListSearchAttributesResponse::default()
    })
}

/// Names of Temporal's own columns that are no search attributes.
const RESERVED: &[&str] = &["NamespaceId", "MemoEncoding", "Memo", "VisibilityTaskKey"];

/// The namespace of a request; these calls complain of a missing one only after their other checks.
fn optional<'n, B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    namespaces: &'n crate::gateway::Namespaces,
    name: &str,
) -> Result<Option<&'n klamm_messages::klamm::v1::NamespaceState>> {
    if name.is_empty() { Ok(None) } else { gateway.namespace(namespaces, name).map(Some) }
}
