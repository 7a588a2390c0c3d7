//! Search attributes of requests: known to the namespace, of the right type, small (Temporal: common/searchattribute/validator.go).

use klamm_cluster::search_attributes;
use klamm_messages::{
    klamm::v1::NamespaceState,
    temporal::{
        command::v1::{Command, command::Attributes},
        common::v1::{Payload, SearchAttributes},
        enums::v1::IndexedValueType,
    },
};
use prost::Message;
use serde_json::Value;

use crate::{
    config::Limits,
    errors::{Fault, Result},
};

/// Predefined attributes that no client may set: those of worker deployments and external payloads.
const INTERNAL_PREDEFINED: &[&str] = &[
    "TemporalExternalPayloadCount",
    "TemporalExternalPayloadSizeBytes",
    "TemporalUsedWorkerDeploymentVersions",
    "TemporalWorkerDeployment",
    "TemporalWorkerDeploymentVersion",
    "TemporalWorkflowVersioningBehavior",
];

/// Checks search attributes against the namespace's types and writes those types into the payloads' metadata, whatever stood there.
pub fn check_and_type(attributes: Option<&mut SearchAttributes>, namespace: &NamespaceState, limits: &Limits) -> Result<()> {
    let Some(attributes) = attributes else {
        return Ok(());
    };
    let mut names: Vec<_> = attributes.indexed_fields.keys().cloned().collect();
    names.sort_unstable();
    if let Some(name) = names.iter().find(|name| type_of(name, namespace).is_none()) {
        return Err(Fault::invalid(format!("Namespace {} has no mapping defined for search attribute {name}", namespace.name)));
    }
    if names.len() > limits.search_attributes {
        return Err(Fault::invalid(format!("number of search attributes {} exceeds limit {}", names.len(), limits.search_attributes)));
    }
    for name in &names {
        if search_attributes::system(name).is_some() || INTERNAL_PREDEFINED.contains(&name.as_str()) {
            return Err(Fault::invalid(format!("{name} attribute can't be set in SearchAttributes")));
        }
        let (Some(value_type), Some(payload)) = (type_of(name, namespace), attributes.indexed_fields.get_mut(name)) else {
            continue;
        };
        if let Err(shown) = check_value(payload, value_type) {
            return Err(Fault::invalid(format!(
                "invalid value for search attribute {name} of type {}: {shown}",
                search_attributes::type_name(value_type)
            )));
        }
        set_type(payload, value_type);
    }
    for name in &names {
        let size = attributes.indexed_fields.get(name).map_or(0, |payload| payload.data.len());
        if size > limits.search_attribute_value_bytes {
            return Err(Fault::invalid(format!(
                "search attribute {name} value size {size} exceeds size limit {}",
                limits.search_attribute_value_bytes
            )));
        }
    }
    let total = attributes.encoded_len();
    if total > limits.search_attributes_bytes {
        return Err(Fault::invalid(format!(
            "total size of search attributes {total} exceeds size limit {}",
            limits.search_attributes_bytes
        )));
    }
    Ok(())
}

/// Writes the types that the namespace knows into the search attributes of workflow commands; the machine checks them.
pub fn type_commands(commands: &mut [Command], namespace: &NamespaceState) {
    for command in commands {
        let attributes = match &mut command.attributes {
            Some(Attributes::UpsertWorkflowSearchAttributesCommandAttributes(upsert)) => upsert.search_attributes.as_mut(),
            Some(Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(next)) => next.search_attributes.as_mut(),
            Some(Attributes::StartChildWorkflowExecutionCommandAttributes(child)) => child.search_attributes.as_mut(),
            _ => None,
        };
        for (name, payload) in attributes.into_iter().flat_map(|attributes| &mut attributes.indexed_fields) {
            if let Some(value_type) = type_of(name, namespace) {
                set_type(payload, value_type);
            }
        }
    }
}

/// Type of an attribute: custom or the system's.
fn type_of(name: &str, namespace: &NamespaceState) -> Option<IndexedValueType> {
    search_attributes::defined(name)
        .or_else(|| namespace.search_attributes.get(name).and_then(|number| IndexedValueType::try_from(*number).ok()))
}

fn set_type(payload: &mut Payload, value_type: IndexedValueType) {
    payload.metadata.insert("type".to_owned(), search_attributes::type_name(value_type).as_bytes().to_vec());
}

/// `Err` shows the value that does not fit. Null and an empty list unset an attribute and fit every type; a list of values fits scalar types too.
fn check_value(payload: &Payload, value_type: IndexedValueType) -> std::result::Result<(), String> {
    let value = match payload.metadata.get("encoding").map(Vec::as_slice) {
        Some(b"binary/null") => Value::Null,
        Some(b"json/plain") => match serde_json::from_slice(&payload.data) {
            Ok(value) => value,
            Err(_) => {
                return Err(format!("value from <{}>", String::from_utf8_lossy(&payload.data)));
            }
        },
        _ => {
            return Err(format!("value from <{}>", String::from_utf8_lossy(&payload.data)));
        }
    };
    let fits = match &value {
        Value::Null => true,
        Value::Array(items) => items.iter().all(|item| item.is_null() || scalar_fits(item, value_type)),
        scalar => value_type != IndexedValueType::KeywordList && scalar_fits(scalar, value_type),
    };
    if fits { Ok(()) } else { Err(shown(&value)) }
}

fn scalar_fits(value: &Value, value_type: IndexedValueType) -> bool {
    match value_type {
        IndexedValueType::Text | IndexedValueType::Keyword | IndexedValueType::KeywordList => value.is_string(),
        IndexedValueType::Int => value.is_i64(),
        IndexedValueType::Double => value.is_number(),
        IndexedValueType::Bool => value.is_boolean(),
        IndexedValueType::Datetime => value.as_str().is_some_and(|text| chrono::DateTime::parse_from_rfc3339(text).is_ok()),
        IndexedValueType::Unspecified => false,
    }
}

/// A value as error texts show it: strings bare, lists in brackets without commas.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(" ")),
        Value::Null => "<nil>".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
#[path = "search_attributes_tests.rs"]
mod tests;
