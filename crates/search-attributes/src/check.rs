//! Checks search attributes that a client sets: known to the namespace, of the registered type, not too large.
//!
//! Temporal: common/searchattribute/validator.go, mapper.go (UnaliasFields), sadefs. The registered type wins over the type that a
//! payload's metadata names.

use klamm_messages::temporal::{
    common::v1::{Payload, SearchAttributes},
    enums::v1::IndexedValueType,
};
use prost::Message;
use serde_json::Value;

use crate::{defined, system, type_name};

/// Predefined attributes that only the server sets (predefined without predefinedWhiteList).
const SERVERS_OWN: &[&str] = &[
    "TemporalExternalPayloadCount",
    "TemporalExternalPayloadSizeBytes",
    "TemporalUsedWorkerDeploymentVersions",
    "TemporalWorkerDeployment",
    "TemporalWorkerDeploymentVersion",
    "TemporalWorkflowVersioningBehavior",
];

/// Type of a search attribute, either of the system or custom. `custom` gives the number of a custom attribute's type.
pub fn registered(name: &str, custom: impl Fn(&str) -> Option<i32>) -> Option<IndexedValueType> {
    defined(name).or_else(|| custom(name).and_then(|number| IndexedValueType::try_from(number).ok()))
}

/// Checks the search attributes, `count_max` at most, and writes each one's registered type into its metadata. Of several wrong ones the
/// error names the first by name. `custom` gives the number of a custom attribute's type.
///
/// # Errors
/// What is wrong, in Temporal's words.
pub fn check(
    attributes: &mut SearchAttributes,
    namespace: &str,
    custom: impl Fn(&str) -> Option<i32>,
    count_max: usize,
) -> Result<(), String> {
    check_names(attributes, namespace, &custom)?;
    let mut names: Vec<_> = attributes.indexed_fields.keys().cloned().collect();
    names.sort_unstable();
    if names.len() > count_max {
        return Err(format!("number of search attributes {} exceeds limit {count_max}", names.len()));
    }
    for name in &names {
        if system(name).is_some() || SERVERS_OWN.contains(&name.as_str()) {
            return Err(format!("{name} attribute can't be set in SearchAttributes"));
        }
        let (Some(value_type), Some(payload)) = (registered(name, &custom), attributes.indexed_fields.get_mut(name)) else { continue };
        check_value(payload, value_type)
            .map_err(|shown| format!("invalid value for search attribute {name} of type {}: {shown}", type_name(value_type)))?;
        set_type(payload, value_type);
    }
    Ok(())
}

/// Checks that the namespace has all of the search attributes.
///
/// # Errors
/// The first by name that it does not have, in Temporal's words.
pub fn check_names(attributes: &SearchAttributes, namespace: &str, custom: impl Fn(&str) -> Option<i32>) -> Result<(), String> {
    let unknown = attributes.indexed_fields.keys().filter(|name| registered(name, &custom).is_none()).min();
    match unknown {
        Some(unknown) => Err(format!("Namespace {namespace} has no mapping defined for search attribute {unknown}")),
        None => Ok(()),
    }
}

/// Checks that each search attribute (bytes of its value) and all of them together (bytes of the message) are small enough.
///
/// # Errors
/// What is too large; of several values the first by name.
pub fn check_sizes(attributes: &SearchAttributes, value_bytes_max: usize, total_bytes_max: usize) -> Result<(), String> {
    let too_large = attributes.indexed_fields.iter().filter(|(_, payload)| payload.data.len() > value_bytes_max);
    if let Some((name, payload)) = too_large.min_by_key(|(name, _)| *name) {
        return Err(format!("search attribute {name} value size {} exceeds size limit {value_bytes_max}", payload.data.len()));
    }
    let total = attributes.encoded_len();
    if total > total_bytes_max {
        return Err(format!("total size of search attributes {total} exceeds size limit {total_bytes_max}"));
    }
    Ok(())
}

/// Writes the type into the payload's metadata.
pub fn set_type(payload: &mut Payload, value_type: IndexedValueType) {
    payload.metadata.insert("type".to_owned(), type_name(value_type).into());
}

/// Checks that the payload holds a value of the type; `Err` shows what it holds. Null and the empty list fit every type, because they unset
/// the attribute. A list fits when all its values do.
fn check_value(payload: &Payload, value_type: IndexedValueType) -> Result<(), String> {
    let value = match payload.metadata.get("encoding").map(AsRef::as_ref) {
        Some(b"binary/null") => Value::Null,
        Some(b"json/plain") => serde_json::from_slice(&payload.data).map_err(|_| undecodable(payload))?,
        _ => return Err(undecodable(payload)),
    };
    let fits = match &value {
        Value::Null => true,
        Value::Array(items) => items.iter().all(|item| item.is_null() || fits(item, value_type)),
        scalar => value_type != IndexedValueType::KeywordList && fits(scalar, value_type),
    };
    if fits { Ok(()) } else { Err(shown(&value)) }
}

/// Whether one value is of the type. For a type that is a list: whether the value may be an item of it.
fn fits(value: &Value, value_type: IndexedValueType) -> bool {
    match value_type {
        IndexedValueType::Text | IndexedValueType::Keyword | IndexedValueType::KeywordList => value.is_string(),
        IndexedValueType::Int => value.is_i64(),
        IndexedValueType::Double => value.is_number(),
        IndexedValueType::Bool => value.is_boolean(),
        IndexedValueType::Datetime => value.as_str().is_some_and(is_rfc3339),
        IndexedValueType::Unspecified => false,
    }
}

/// Whether the text is a date and time as Go's `time.RFC3339` has it: "2026-11-21T14:00:00.5Z", "…+01:00". chrono also takes small letters, a
/// space for the T, leap seconds, and the minus sign that is not ASCII.
fn is_rfc3339(text: &str) -> bool {
    let is_strict = text.is_ascii() && text.get(10..11) == Some("T") && !text.ends_with('z') && text.get(17..19) != Some("60");
    is_strict && chrono::DateTime::parse_from_rfc3339(text).is_ok()
}

/// A payload that holds no JSON, as error texts show it.
fn undecodable(payload: &Payload) -> String {
    format!("value from <{}>", String::from_utf8_lossy(&payload.data))
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
mod tests {
    use super::*;

    fn payload(json: &str) -> Payload {
        crate::payload(json, IndexedValueType::Text)
    }

    fn check(name: &str, json: &str) -> Result<SearchAttributes, String> {
        let custom = |name: &str| {
            Some(match name {
                "Word" => IndexedValueType::Keyword as i32,
                "Words" => IndexedValueType::KeywordList as i32,
                "Number" => IndexedValueType::Int as i32,
                "Ratio" => IndexedValueType::Double as i32,
                "Flag" => IndexedValueType::Bool as i32,
                "When" => IndexedValueType::Datetime as i32,
                _ => return None,
            })
        };
        let mut attributes = SearchAttributes { indexed_fields: [(name.to_owned(), payload(json))].into() };
        super::check(&mut attributes, "default", custom, 100)?;
        Ok(attributes)
    }

    #[test]
    fn values_of_the_registered_type_are_taken_alone_and_in_lists() {
        for (name, json) in [
            ("Word", "\"a\""),
            ("Word", "[\"a\",\"b\"]"),
            ("Words", "[\"a\",\"b\"]"),
            ("Number", "-7"),
            ("Ratio", "1"),
            ("Ratio", "1.5"),
            ("Flag", "true"),
            ("When", "\"2026-02-28T23:59:59.123456789Z\""),
            ("When", "\"2024-02-29T00:00:00-07:30\""),
            ("TemporalChangeVersion", "[\"patch-1\"]"),
        ] {
            assert!(check(name, json).is_ok(), "{name} {json}: {:?}", check(name, json));
        }
    }

    #[test]
    fn null_and_the_empty_list_fit_every_type() {
        for name in ["Word", "Words", "Number", "Ratio", "Flag", "When"] {
            assert!(check(name, "null").is_ok() && check(name, "[]").is_ok(), "{name}");
        }
    }

    #[test]
    fn values_of_another_type_are_refused_and_shown() {
        for (name, json, message) in [
            ("Number", "\"x\"", "invalid value for search attribute Number of type Int: x"),
            ("Number", "1.5", "invalid value for search attribute Number of type Int: 1.5"),
            ("Words", "\"a\"", "invalid value for search attribute Words of type KeywordList: a"),
            ("Word", "[1,2]", "invalid value for search attribute Word of type Keyword: [1 2]"),
            ("Flag", "\"true\"", "invalid value for search attribute Flag of type Bool: true"),
            ("When", "\"2026-02-29T00:00:00Z\"", "invalid value for search attribute When of type Datetime: 2026-02-29T00:00:00Z"),
            ("When", "\"2026-02-28\"", "invalid value for search attribute When of type Datetime: 2026-02-28"),
            ("When", "\"2026-02-28T00:00:00\"", "invalid value for search attribute When of type Datetime: 2026-02-28T00:00:00"),
            ("When", "\"2026-02-28 00:00:00Z\"", "invalid value for search attribute When of type Datetime: 2026-02-28 00:00:00Z"),
            ("When", "\"2026-02-28t00:00:00Z\"", "invalid value for search attribute When of type Datetime: 2026-02-28t00:00:00Z"),
            ("When", "\"2026-02-28T00:00:00z\"", "invalid value for search attribute When of type Datetime: 2026-02-28T00:00:00z"),
            ("When", "\"2026-02-28T00:00:60Z\"", "invalid value for search attribute When of type Datetime: 2026-02-28T00:00:60Z"),
            (
                "When",
                "\"2026-02-28T00:00:00−01:00\"",
                "invalid value for search attribute When of type Datetime: 2026-02-28T00:00:00−01:00",
            ),
            ("When", "\"2026-02-28T00:00:00.Z\"", "invalid value for search attribute When of type Datetime: 2026-02-28T00:00:00.Z"),
            (
                "When",
                "\"2026-02-28T00:00:00+24:00\"",
                "invalid value for search attribute When of type Datetime: 2026-02-28T00:00:00+24:00",
            ),
            ("When", "\"2026-02-28T00:00:00 Z\"", "invalid value for search attribute When of type Datetime: 2026-02-28T00:00:00 Z"),
            ("When", "\"+026-02-28T00:00:00Z\"", "invalid value for search attribute When of type Datetime: +026-02-28T00:00:00Z"),
            (
                "When",
                "\"2026-02-28T00:00:00++1:00\"",
                "invalid value for search attribute When of type Datetime: 2026-02-28T00:00:00++1:00",
            ),
            ("Word", "oops", "invalid value for search attribute Word of type Keyword: value from <oops>"),
        ] {
            assert_eq!(check(name, json).unwrap_err(), message);
        }
    }

    #[test]
    fn unknown_names_and_the_servers_own_are_refused() {
        assert_eq!(check("Nobody", "1").unwrap_err(), "Namespace default has no mapping defined for search attribute Nobody");
        assert_eq!(check("RunId", "\"x\"").unwrap_err(), "RunId attribute can't be set in SearchAttributes");
        assert_eq!(
            check("TemporalWorkerDeployment", "\"x\"").unwrap_err(),
            "TemporalWorkerDeployment attribute can't be set in SearchAttributes"
        );
    }

    #[test]
    fn the_registered_type_replaces_the_one_told() {
        let checked = check("Word", "\"a\"").unwrap();
        assert_eq!(checked.indexed_fields["Word"].metadata["type"], "Keyword");
    }

    #[test]
    fn large_values_are_told_by_name() {
        let large = SearchAttributes { indexed_fields: [("Word".to_owned(), payload(&"x".repeat(2049)))].into() };
        assert_eq!(check_sizes(&large, 2048, 40 * 1024).unwrap_err(), "search attribute Word value size 2049 exceeds size limit 2048");
        let many = (0..30).map(|i| (format!("Word{i}"), payload(&"x".repeat(2000))));
        let many = SearchAttributes { indexed_fields: many.collect() };
        assert!(check_sizes(&many, 2048, 40 * 1024).unwrap_err().starts_with("total size of search attributes "));
    }
}
