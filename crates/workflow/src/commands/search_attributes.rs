//! Search attributes that a workflow sets: known to the namespace, of the registered type, not too large.
//!
//! Temporal: common/searchattribute/validator.go, mapper.go (UnaliasFields), sadefs. The registered type wins over the one that a payload's
//! metadata tells.

use klamm_cluster::search_attributes::{defined, system, type_name};
use klamm_messages::{
    klamm::v1::CommandSettings,
    temporal::{
        common::v1::{Payload, SearchAttributes},
        enums::v1::IndexedValueType,
    },
};
use prost::Message;
use serde_json::Value;

/// Most search attributes of one command (frontend.searchAttributesNumberOfKeysLimit).
const COUNT_MAX: usize = 100;
/// Largest value, bytes (frontend.searchAttributesSizeOfValueLimit).
const VALUE_BYTES_MAX: usize = 2 * 1024;
/// Largest size of all search attributes of a run, bytes (frontend.searchAttributesTotalSizeLimit).
const TOTAL_BYTES_MAX: usize = 40 * 1024;

/// Predefined ones that only the server sets (predefined without predefinedWhiteList).
const SERVERS_OWN: &[&str] = &[
    "TemporalExternalPayloadCount",
    "TemporalExternalPayloadSizeBytes",
    "TemporalUsedWorkerDeploymentVersions",
    "TemporalWorkerDeployment",
    "TemporalWorkerDeploymentVersion",
    "TemporalWorkflowVersioningBehavior",
];

/// The search attributes, each with its registered type in its metadata. Of several wrong ones the first by name is told.
///
/// # Errors
/// What is wrong, in Temporal's words.
pub(crate) fn checked(mut attributes: SearchAttributes, settings: &CommandSettings, namespace: &str) -> Result<SearchAttributes, String> {
    let mut names: Vec<_> = attributes.indexed_fields.keys().cloned().collect();
    names.sort_unstable();
    let registered = |name: &str| {
        let custom = settings.search_attribute_types.get(name);
        defined(name).or_else(|| custom.and_then(|number| IndexedValueType::try_from(*number).ok()))
    };
    if let Some(unknown) = names.iter().find(|name| registered(name).is_none()) {
        return Err(format!("Namespace {namespace} has no mapping defined for search attribute {unknown}"));
    }
    if names.len() > COUNT_MAX {
        return Err(format!("number of search attributes {} exceeds limit {COUNT_MAX}", names.len()));
    }
    for name in &names {
        if system(name).is_some() || SERVERS_OWN.contains(&name.as_str()) {
            return Err(format!("{name} attribute can't be set in SearchAttributes"));
        }
        let (Some(value_type), Some(payload)) = (registered(name), attributes.indexed_fields.get_mut(name)) else { continue };
        let type_name = type_name(value_type);
        check_value(payload, value_type)
            .map_err(|shown| format!("invalid value for search attribute {name} of type {type_name}: {shown}"))?;
        payload.metadata.insert("type".to_owned(), type_name.as_bytes().to_vec());
    }
    Ok(attributes)
}

/// Whether all search attributes of a run together, and each of them, are small enough.
///
/// # Errors
/// Which is too large.
pub(crate) fn check_sizes(attributes: &SearchAttributes) -> Result<(), String> {
    let too_large = attributes.indexed_fields.iter().filter(|(_, payload)| payload.data.len() > VALUE_BYTES_MAX);
    if let Some((name, payload)) = too_large.min_by_key(|(name, _)| *name) {
        return Err(format!("search attribute {name} value size {} exceeds size limit {VALUE_BYTES_MAX}", payload.data.len()));
    }
    let total = attributes.encoded_len();
    if total > TOTAL_BYTES_MAX {
        return Err(format!("total size of search attributes {total} exceeds size limit {TOTAL_BYTES_MAX}"));
    }
    Ok(())
}

/// Whether the payload holds a value of the type; `Err` shows what it holds. Null and the empty list fit every type (they unset the attribute),
/// and so does a list of fitting values.
fn check_value(payload: &Payload, value_type: IndexedValueType) -> Result<(), String> {
    let value = match payload.metadata.get("encoding").map(Vec::as_slice) {
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

/// Whether one value is of the type (of an item of the type, where that is a list).
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

/// Whether the text is a date and time of RFC 3339: "2026-11-21T14:00:00.5Z", "…+01:00".
fn is_rfc3339(text: &str) -> bool {
    let number = |range: std::ops::Range<usize>| {
        let digits = text.get(range)?;
        if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse::<u32>().ok() } else { None }
    };
    let has = |at: usize, byte: u8| text.as_bytes().get(at) == Some(&byte);
    let (Some(year), Some(month), Some(day)) = (number(0..4), number(5..7), number(8..10)) else { return false };
    let (Some(hour), Some(minute), Some(second)) = (number(11..13), number(14..16), number(17..19)) else { return false };
    let separated = has(4, b'-') && has(7, b'-') && has(10, b'T') && has(13, b':') && has(16, b':');
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if !separated || !(1..=12).contains(&month) || !(1..=days).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return false;
    }
    let rest = &text[19..];
    let zone = match rest.strip_prefix('.') {
        None => rest,
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            if zone.len() == fraction.len() {
                return false;
            }
            zone
        }
    };
    if zone == "Z" {
        return true;
    }
    let digits = |range: std::ops::Range<usize>| zone.get(range).and_then(|digits| digits.parse::<u32>().ok());
    zone.len() == 6
        && zone.starts_with(['+', '-'])
        && zone.as_bytes()[3] == b':'
        && digits(1..3).is_some_and(|hours| hours <= 23)
        && digits(4..6).is_some_and(|minutes| minutes <= 59)
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
        klamm_cluster::search_attributes::payload(json, IndexedValueType::Text)
    }

    fn check(name: &str, json: &str) -> Result<SearchAttributes, String> {
        let types = [
            ("Word", IndexedValueType::Keyword),
            ("Words", IndexedValueType::KeywordList),
            ("Number", IndexedValueType::Int),
            ("Ratio", IndexedValueType::Double),
            ("Flag", IndexedValueType::Bool),
            ("When", IndexedValueType::Datetime),
        ];
        let types = types.map(|(name, value_type)| (name.to_owned(), value_type as i32)).into();
        let settings = CommandSettings { search_attribute_types: types, ..CommandSettings::default() };
        let attributes = SearchAttributes { indexed_fields: [(name.to_owned(), payload(json))].into() };
        checked(attributes, &settings, "default")
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
        assert_eq!(checked.indexed_fields["Word"].metadata["type"], b"Keyword");
    }

    #[test]
    fn large_values_are_told_by_name() {
        let large = SearchAttributes { indexed_fields: [("Word".to_owned(), payload(&"x".repeat(2049)))].into() };
        assert_eq!(check_sizes(&large).unwrap_err(), "search attribute Word value size 2049 exceeds size limit 2048");
        let many = (0..30).map(|i| (format!("Word{i}"), payload(&"x".repeat(2000))));
        let many = SearchAttributes { indexed_fields: many.collect() };
        assert!(check_sizes(&many).unwrap_err().starts_with("total size of search attributes "));
    }
}
