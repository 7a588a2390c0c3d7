//! What stands in a record: JSON, or Avro by a registry's schema.

use klamm_avro::frame;
use klamm_log::Record;
use klamm_requests::records::{self, Envelope, Request};

use crate::avro::{self, Avro};

/// Why a record is no request, in words for its producer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unread(pub(crate) String);

/// Key and headers.
pub(crate) fn envelope(record: &Record) -> Envelope {
    let text = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(str::to_owned);
    let headers = record.headers.iter().filter_map(|(name, value)| Some((name.to_ascii_lowercase(), text(value)?))).collect();
    Envelope { key: record.key.as_deref().and_then(text).unwrap_or_default(), headers }
}

/// The schema that is needed to read the record.
pub(crate) fn schema_id(record: &Record, envelope: &Envelope) -> Option<u32> {
    let value = record.value.as_deref()?;
    if is_json(value, envelope) {
        return None;
    }
    frame::split(value).ok().map(|(id, _)| id)
}

/// The request. `schema` is that of [`schema_id`], or why there is none.
///
/// # Errors
/// The record is no request.
pub(crate) fn request(record: &Record, envelope: &Envelope, schema: Option<&Result<Avro, String>>) -> Result<Request, Unread> {
    let Some(value) = record.value.as_deref() else { return Err(Unread("A record without a value is no request.".to_owned())) };
    if is_json(value, envelope) {
        return records::from_json(value).map_err(Unread);
    }
    let (_, datum) =
        frame::split(value).map_err(|_| Unread("The value is neither JSON nor Avro in the framing of a schema registry.".to_owned()))?;
    let schema = match schema {
        Some(Ok(schema)) => schema,
        Some(Err(why)) => return Err(Unread(why.clone())),
        None => return Err(Unread("The value's schema is not known.".to_owned())),
    };
    records::from_json(avro::to_json(schema, datum).map_err(Unread)?.as_bytes()).map_err(Unread)
}

/// What the header `content-type` says; without it, what the first byte says.
fn is_json(value: &[u8], envelope: &Envelope) -> bool {
    let said = envelope.headers.get("content-type").map(|said| said.to_ascii_lowercase()).unwrap_or_default();
    if said.contains("json") {
        return true;
    }
    if said.contains("avro") {
        return false;
    }
    value.first().is_some_and(|first| *first != frame::MAGIC)
}
