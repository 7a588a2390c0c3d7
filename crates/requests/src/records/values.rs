//! Values in requests by records: JSON as it stands, JSON texts, or payloads.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use klamm_messages::temporal::common::v1::{Payload, Payloads};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::fault::{Fault, Result};

/// A value in the form of Temporal's payloads (`klamm.v1.RequestPayload`).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RequestPayload {
    data: Option<String>,
    metadata: Option<std::collections::BTreeMap<String, String>>,
}

/// The three forms in which a list of values may stand; only one of them may be there.
pub(super) struct Values {
    /// Name of the field with plain values, for messages.
    pub(super) name: &'static str,
    /// JSON values.
    pub(super) plain: Option<Vec<Box<RawValue>>>,
    /// JSON texts.
    pub(super) texts: Option<Vec<String>>,
    /// Payloads.
    pub(super) payloads: Option<Vec<RequestPayload>>,
}

impl Values {
    /// The payloads. `None`: there are no values.
    ///
    /// # Errors
    /// A text is not JSON, data is not base64, or values stand in more than one form.
    pub(super) fn read(self) -> Result<Option<Payloads>> {
        let Self { name, plain, texts, payloads } = self;
        // A producer whose schema has all fields sends those empty that it does not use.
        let plain = plain.filter(|values| !values.is_empty());
        let texts = texts.filter(|texts| !texts.is_empty());
        let payloads = payloads.filter(|payloads| !payloads.is_empty());
        let payloads: Vec<Payload> = match (plain, texts, payloads) {
            (None, None, None) => return Ok(None),
            (Some(values), None, None) => values.into_iter().map(|value| json(String::from(Box::<str>::from(value)))).collect(),
            (None, Some(texts), None) => texts.into_iter().map(|text| checked(&format!("{name}_json"), text)).collect::<Result<_>>()?,
            (None, None, Some(payloads)) => payloads.into_iter().map(RequestPayload::read).collect::<Result<_>>()?,
            _ => return Err(Fault::invalid(format!("Only one of {name}, {name}_json and payloads may be set."))),
        };
        Ok(Some(Payloads { payloads }))
    }
}

impl RequestPayload {
    fn read(self) -> Result<Payload> {
        let data = bytes("payloads.data", self.data)?;
        let metadata = self.metadata.unwrap_or_default().into_iter().map(|(name, text)| (name, text.into())).collect();
        Ok(Payload { metadata, data: data.into(), ..Payload::default() })
    }
}

/// Bytes that stand in base64.
///
/// # Errors
/// They do not.
pub(super) fn bytes(field: &str, text: Option<String>) -> Result<Vec<u8>> {
    STANDARD.decode(text.unwrap_or_default()).map_err(|error| Fault::invalid(format!("{field} is not base64: {error}.")))
}

/// The payload of a JSON text that `field` holds.
///
/// # Errors
/// The text is not JSON.
pub(super) fn checked(field: &str, text: String) -> Result<Payload> {
    match serde_json::from_str::<&RawValue>(&text) {
        Ok(_) => Ok(json(text)),
        Err(error) => Err(Fault::invalid(format!("{field} is not JSON: {error}."))),
    }
}

/// The payload of a JSON text, as Temporal's default data converter makes it.
pub(super) fn json(text: String) -> Payload {
    Payload { metadata: [("encoding".to_owned(), "json/plain".into())].into(), data: text.into(), ..Payload::default() }
}

/// A duration in milliseconds; 0 stands for none.
pub(super) fn milliseconds(value: Option<i64>) -> Option<prost_types::Duration> {
    let value = value.filter(|value| *value != 0)?;
    Some(prost_types::Duration { seconds: value / 1000, nanos: (value % 1000) as i32 * 1_000_000 })
}
