//! Reads from a visibility document what the index needs.

use klamm_filters::{Value, tokens};
use klamm_messages::{
    klamm::v1::VisibilityDocument,
    temporal::{common::v1::Payload, enums::v1::IndexedValueType},
};
use klamm_search_attributes::{self as search_attributes, NAMESPACE_DIVISION};
use prost_types::Timestamp;

/// Close time of an open run: later than all others. So open runs come first, and `CloseTime > …` finds them, as in Temporal's SQL stores
/// (COALESCE(close_time, max)).
pub(crate) const OPEN: i64 = i64::MAX;

/// A run as the index sees it. Times are microseconds since the epoch, durations nanoseconds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub(crate) fixed: Fixed,
    pub(crate) changing: Changing,
    pub(crate) attributes: Vec<Attribute>,
}

/// Columns that hardly ever change in a run's life. An ordinary update leaves their indexes alone.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fixed {
    pub(crate) workflow_type: String,
    pub(crate) task_queue: String,
    pub(crate) start: i64,
    pub(crate) parent_workflow_id: Option<String>,
    pub(crate) parent_run_id: Option<String>,
    pub(crate) root_workflow_id: Option<String>,
    pub(crate) root_run_id: Option<String>,
    pub(crate) division: Option<String>,
}

/// Columns that change when the run does.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Changing {
    pub(crate) status: i32,
    pub(crate) close: i64,
    pub(crate) execution_time: Option<i64>,
    pub(crate) execution_duration: Option<i64>,
    pub(crate) history_length: Option<i64>,
    pub(crate) history_size_bytes: Option<i64>,
    pub(crate) state_transition_count: Option<i64>,
}

/// A search attribute of a run. A Text value gets an empty token besides its own tokens, so that a text without any token is not NULL.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Attribute {
    pub(crate) name: String,
    pub(crate) value_type: IndexedValueType,
    pub(crate) values: Vec<Value>,
}

impl Row {
    /// Reads a document. Values of search attributes that cannot be decoded are left out (the document itself keeps them).
    pub(crate) fn of(document: &VisibilityDocument) -> Self {
        let mut attributes = attributes(document);
        let division = attributes.iter().position(|attribute| attribute.name == NAMESPACE_DIVISION);
        let division = division.map(|at| attributes.remove(at)).and_then(|attribute| match attribute.values.into_iter().next() {
            Some(Value::Text(division)) => Some(division),
            _ => None,
        });
        let closed = document.close_time.is_some();
        Self {
            fixed: Fixed {
                workflow_type: document.workflow_type.clone(),
                task_queue: document.task_queue.clone(),
                start: document.start_time.as_ref().map_or(0, micros),
                parent_workflow_id: present(&document.parent_workflow_id),
                parent_run_id: present(&document.parent_run_id),
                root_workflow_id: present(&document.root_workflow_id),
                root_run_id: present(&document.root_run_id),
                division,
            },
            changing: Changing {
                status: document.status,
                close: document.close_time.as_ref().map_or(OPEN, micros),
                execution_time: document.execution_time.as_ref().map(micros),
                execution_duration: document.execution_duration.as_ref().filter(|_| closed).map(nanos),
                history_length: closed.then_some(document.history_length),
                history_size_bytes: closed.then_some(document.history_size_bytes),
                state_transition_count: closed.then_some(document.state_transition_count),
            },
            attributes,
        }
    }
}

/// Microseconds since the epoch, rounded down, saturating.
pub(crate) fn micros(time: &Timestamp) -> i64 {
    time.seconds.saturating_mul(1_000_000).saturating_add(i64::from(time.nanos) / 1000)
}

fn nanos(duration: &prost_types::Duration) -> i64 {
    duration.seconds.saturating_mul(1_000_000_000).saturating_add(i64::from(duration.nanos))
}

fn present(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// The search attributes of the document, by name.
fn attributes(document: &VisibilityDocument) -> Vec<Attribute> {
    let Some(map) = &document.search_attributes else { return Vec::new() };
    let mut attributes: Vec<_> = map.indexed_fields.iter().filter_map(|(name, payload)| attribute(name, payload)).collect();
    attributes.sort_by(|a, b| a.name.cmp(&b.name));
    attributes
}

/// One search attribute; `None` when it is unset (null, []) or cannot be read.
fn attribute(name: &str, payload: &Payload) -> Option<Attribute> {
    let json: serde_json::Value =
        serde_json::from_slice(&payload.data).inspect_err(|error| tracing::debug!(name, %error, "a search attribute is not JSON")).ok()?;
    let value_type = search_attributes::predefined(name)
        .or_else(|| search_attributes::type_named(std::str::from_utf8(payload.metadata.get("type")?).ok()?))
        .unwrap_or_else(|| guess(&json));
    let mut values = Vec::new();
    match &json {
        serde_json::Value::Array(elements) => elements.iter().for_each(|element| push(&mut values, element, value_type)),
        single => push(&mut values, single, value_type),
    }
    (!values.is_empty()).then(|| Attribute { name: name.to_owned(), value_type, values })
}

/// Type of a value whose payload does not name one.
fn guess(json: &serde_json::Value) -> IndexedValueType {
    match json {
        serde_json::Value::Array(_) => IndexedValueType::KeywordList,
        serde_json::Value::Bool(_) => IndexedValueType::Bool,
        serde_json::Value::Number(number) if number.is_i64() => IndexedValueType::Int,
        serde_json::Value::Number(_) => IndexedValueType::Double,
        _ => IndexedValueType::Keyword,
    }
}

/// Adds the forms of one JSON value that the index compares, each only once.
fn push(values: &mut Vec<Value>, json: &serde_json::Value, value_type: IndexedValueType) {
    let mut add = |value: Value| {
        if !values.contains(&value) {
            values.push(value);
        }
    };
    match value_type {
        IndexedValueType::Int => json.as_i64().map(Value::Int).into_iter().for_each(add),
        IndexedValueType::Double => json.as_f64().map(Value::Real).into_iter().for_each(add),
        IndexedValueType::Bool => json.as_bool().map(|value| Value::Int(i64::from(value))).into_iter().for_each(add),
        IndexedValueType::Datetime => {
            let time = json.as_str().and_then(|text| chrono::DateTime::parse_from_rfc3339(text).ok());
            time.map(|time| Value::Int(time.timestamp_micros())).into_iter().for_each(add);
        }
        IndexedValueType::Text => {
            if let Some(text) = json.as_str() {
                add(Value::Text(String::new()));
                tokens(text).into_iter().for_each(|token| add(Value::Text(token)));
            }
        }
        IndexedValueType::Keyword | IndexedValueType::KeywordList | IndexedValueType::Unspecified => {
            json.as_str().map(|text| Value::Text(text.to_owned())).into_iter().for_each(add);
        }
    }
}
