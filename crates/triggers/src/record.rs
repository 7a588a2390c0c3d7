//! A record, as a trigger sees it.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// What stands in the values of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON.
    Json,
    /// Avro in the framing of a schema registry.
    Avro,
    /// Protobuf in the framing of a schema registry.
    Protobuf,
    /// JSON in the framing of a schema registry.
    JsonSchema,
    /// Bytes, of which nothing is known.
    Raw,
}

/// How records say by which schema their values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaIds {
    /// As Confluent's serializers: a header with a GUID or an id, else an id of four bytes in front of the value.
    Confluent,
    /// As Apicurio's serializers: a header with a global id or a content id, else a global id of eight bytes in front of the value.
    ApicurioGlobal,
    /// The same, with a content id of eight bytes in front of the value.
    ApicurioContent,
}

/// What is around the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unwrap {
    /// Nothing.
    None,
    /// The envelope of Debezium: `before`, `after`, `op`.
    Debezium,
}

/// A record.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The topic's name.
    pub topic: &'a str,
    /// The partition.
    pub partition: u32,
    /// The offset.
    pub offset: i64,
    /// Its time, milliseconds since 1970.
    pub timestamp_ms: i64,
    /// The key; `None`: it has none.
    pub key: Option<&'a [u8]>,
    /// Headers by name. Values that are not UTF-8 are left out. Of headers with the same name the last one counts.
    pub headers: &'a BTreeMap<String, String>,
    /// The value.
    pub value: Value<'a>,
    /// The value as it stands on the topic.
    pub bytes: &'a [u8],
}

/// A record's value, as far as it could be read.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// There is none: a tombstone.
    Tombstone,
    /// A JSON text: the value itself, or what Avro or Protobuf became.
    Json(&'a [u8]),
    /// Bytes.
    Raw,
    /// It could not be decoded, and why.
    Unread(&'a str),
}

/// The parts of a JSON value that rules look at.
pub(crate) struct Document<'a> {
    /// The value; of Debezium's envelope, the row after the change.
    pub(crate) value: Option<&'a RawValue>,
    /// The row before the change.
    pub(crate) before: Option<&'a RawValue>,
    /// What the change was: `c`, `u`, `d`, `r`.
    pub(crate) op: Option<String>,
}

#[derive(serde::Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    before: Option<&'a RawValue>,
    #[serde(borrow, default)]
    after: Option<&'a RawValue>,
    #[serde(default)]
    op: Option<String>,
    #[serde(borrow, default)]
    payload: Option<&'a RawValue>,
}

/// Reads the text, and takes its envelope off.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn document(text: &[u8], unwrap: Unwrap) -> Result<Document<'_>, String> {
    let value: &RawValue = serde_json::from_slice(text).map_err(|error| format!("The value is not JSON: {error}."))?;
    if unwrap == Unwrap::None {
        return Ok(Document { value: Some(value), before: None, op: None });
    }
    let read = |value: &'_ RawValue| -> Result<_, String> {
        if !value.get().starts_with('{') {
            return Err("The value is no envelope of Debezium: it is no object.".to_owned());
        }
        Ok(())
    };
    read(value)?;
    let not_an_envelope = |error| format!("The value is no envelope of Debezium: {error}.");
    let mut envelope: Envelope<'_> = serde_json::from_str(value.get()).map_err(not_an_envelope)?;
    // With schemas the envelope stands in the field `payload`.
    if let (None, Some(payload)) = (&envelope.op, envelope.payload) {
        read(payload)?;
        envelope = serde_json::from_str(payload.get()).map_err(not_an_envelope)?;
    }
    if envelope.op.is_none() {
        return Err("The value is no envelope of Debezium: it has no `op`.".to_owned());
    }
    Ok(Document { value: envelope.after, before: envelope.before, op: envelope.op })
}
