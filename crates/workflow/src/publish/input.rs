//! What the activity `klamm.publish` is given.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use klamm_messages::temporal::common::v1::Payloads;
use prost::bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

/// What is published, and where.
#[derive(Debug)]
pub(super) struct Input {
    /// Name of the destination.
    pub(super) destination: String,
    /// The record's key; `None`: it has none.
    pub(super) key: Option<String>,
    /// The record's value.
    pub(super) value: Value,
    /// Headers by name.
    pub(super) headers: Vec<(String, String)>,
}

/// What becomes the value of a record.
#[derive(Debug)]
pub(super) enum Value {
    /// Bytes as they are.
    Bytes(Bytes),
    /// A JSON text that is written in Avro, by the destination's schema.
    Avro(String),
    /// None.
    Tombstone,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<'i> {
    destination: String,
    #[serde(default)]
    key: Option<String>,
    #[serde(default, borrow)]
    value: Option<&'i RawValue>,
    #[serde(default, borrow)]
    avro: Option<&'i RawValue>,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    base64: Option<String>,
    #[serde(default)]
    tombstone: bool,
    #[serde(default)]
    headers: BTreeMap<String, String>,
}

/// Reads the only argument, a JSON object.
///
/// # Errors
/// What is wrong with it, for the workflow's author.
pub(super) fn read(payloads: Option<&Payloads>) -> Result<Input, String> {
    let payloads = payloads.map_or(&[][..], |payloads| &payloads.payloads);
    let [payload] = payloads else { return Err(format!("klamm.publish takes one argument, and was given {}", payloads.len())) };
    let encoding = payload.metadata.get("encoding").map(|encoding| String::from_utf8_lossy(encoding)).unwrap_or_default();
    if encoding != "json/plain" {
        return Err(format!(
            "klamm.publish takes JSON (encoding \"json/plain\"), and was given {encoding:?}: klamm cannot read what a codec has encoded"
        ));
    }
    let written: Written<'_> = serde_json::from_slice(&payload.data).map_err(|error| format!("the argument of klamm.publish: {error}"))?;
    let Written { destination, key, value, avro, text, base64, tombstone, headers } = written;
    let given = [value.is_some(), avro.is_some(), text.is_some(), base64.is_some(), tombstone];
    if given.into_iter().filter(|is_given| *is_given).count() != 1 {
        return Err("the argument of klamm.publish needs one of value (JSON), avro, text, base64 and tombstone".to_owned());
    }
    let value = match (value, avro, text, base64) {
        (Some(json), ..) => Value::Bytes(json.get().to_owned().into()),
        (_, Some(json), ..) => Value::Avro(json.get().to_owned()),
        (.., Some(text), _) => Value::Bytes(text.into()),
        (.., Some(encoded)) => Value::Bytes(bytes(&encoded)?),
        _ => Value::Tombstone,
    };
    Ok(Input { destination, key, value, headers: headers.into_iter().collect() })
}

fn bytes(encoded: &str) -> Result<Bytes, String> {
    STANDARD.decode(encoded).map(Into::into).map_err(|error| format!("base64 in the argument of klamm.publish: {error}"))
}
