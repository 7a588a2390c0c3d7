//! The shorthand of payloads: a payload of JSON stands as the value that it holds, a list of payloads as an array.
//!
//! | payload | its shorthand |
//! |---|---|
//! | `json/plain`, no other metadata | its data |
//! | `json/protobuf` with `messageType` only | its data, which is an object, with the member `_protoMessageType` |
//! | `binary/null` | in a list and alone: `{"metadata":{"encoding":"YmluYXJ5L251bGw="}}`; null is read as it |
//! | any other | none: `{"metadata":{…},"data":"…"}` in base64; then a list has none either |
//!
//! An object that reads as a payload with metadata `encoding` is one; any other value is a payload's data. Where klamm differs from Temporal's
//! server: JSON within a payload keeps its digits and the order of its members (Temporal's turns whole numbers into floats of 53 bits, and
//! empty arrays into null), and a payload that says `json/plain` but holds no JSON is shown in full instead of failing the whole answer.

use std::collections::HashMap;

use bytes::Bytes;
use prost_reflect::{DynamicMessage, MapKey, MessageDescriptor, ReflectMessage as _, Value};

use crate::{
    json::{self, Cursor, Invalid, Kind, push_string},
    reading::Reading,
    scalars,
};

const PAYLOAD: &str = "temporal.api.common.v1.Payload";
const PAYLOADS: &str = "temporal.api.common.v1.Payloads";
const ENCODING: &str = "encoding";
const MESSAGE_TYPE: &str = "messageType";
const PLAIN: &str = "json/plain";
const PROTOBUF: &str = "json/protobuf";
const NULL: &str = "binary/null";
/// The member that names the message of a `json/protobuf` payload.
const SHORT_MESSAGE_TYPE: &str = "_protoMessageType";
/// The member of a payload in full that says where its data is kept.
const EXTERNAL: &str = "externalPayloads";
/// A payload of no value, in full.
const FULL_NULL: &str = r#"{"metadata":{"encoding":"YmluYXJ5L251bGw="}}"#;

/// The shorthand of a message. `None`: it has none.
pub fn encode(message: &DynamicMessage) -> Option<String> {
    match message.descriptor().full_name() {
        PAYLOAD => short(message),
        PAYLOADS => {
            let payloads = message.get_field_by_name("payloads")?;
            let short: Option<Vec<_>> = payloads.as_list()?.iter().map(|payload| short(payload.as_message()?)).collect();
            Some(format!("[{}]", short?.join(",")))
        }
        _ => None,
    }
}

fn short(payload: &DynamicMessage) -> Option<String> {
    // What the shorthand cannot say must not be lost.
    if payload.fields().any(|(field, _)| !matches!(field.name(), "metadata" | "data")) {
        return None;
    }
    let metadata = payload.get_field_by_name("metadata")?;
    let metadata = metadata.as_map()?;
    let text = |name: &str| std::str::from_utf8(metadata.get(&MapKey::String(name.to_owned()))?.as_bytes()?).ok();
    let data = payload.get_field_by_name("data")?;
    let data = data.as_bytes()?;
    match text(ENCODING)? {
        NULL => Some(FULL_NULL.to_owned()),
        PLAIN if metadata.len() == 1 => {
            let json = compact(data)?;
            Some(if json == "null" { FULL_NULL.to_owned() } else { json })
        }
        PROTOBUF if metadata.len() == 2 => {
            let message_type = text(MESSAGE_TYPE).filter(|message_type| !message_type.is_empty())?;
            let json = compact(data)?;
            let members = json.strip_prefix('{')?;
            let mut out = format!("{{\"{SHORT_MESSAGE_TYPE}\":");
            push_string(&mut out, message_type);
            if members != "}" {
                out.push(',');
            }
            Some(out + members)
        }
        _ => None,
    }
}

/// JSON without blanks between its tokens. `None`: it is no JSON, or more than one value.
fn compact(data: &[u8]) -> Option<String> {
    let value = json::check(data).ok()??;
    // What follows the value would be lost.
    let rest = &data[data.iter().position(|byte| !byte.is_ascii_whitespace())? + value.len()..];
    if !rest.iter().all(u8::is_ascii_whitespace) {
        return None;
    }
    compacted(std::str::from_utf8(value).ok()?)
}

fn compacted(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let (mut is_string, mut is_escaped) = (false, false);
    for character in text.chars() {
        if is_string {
            (is_string, is_escaped) = (is_escaped || character != '"', !is_escaped && character == '\\');
        } else if character.is_ascii_whitespace() {
            continue;
        } else {
            is_string = character == '"';
        }
        out.push(character);
    }
    Some(out)
}

/// Reads a payload or a list of payloads. `None`: the message is no payload, or stands in full.
pub fn decode<'a>(decoder: &mut impl Reading<'a>, descriptor: &MessageDescriptor) -> Result<Option<DynamicMessage>, Invalid> {
    match descriptor.full_name() {
        PAYLOAD => {
            let text = decoder.cursor().clone().skip_value();
            if is_external(text)? {
                return Ok(None);
            }
            decoder.cursor().skip_value();
            Ok(Some(payload(text, descriptor)?))
        }
        PAYLOADS if decoder.cursor().peek().kind == Kind::Array => {
            let mut message = DynamicMessage::new(descriptor.clone());
            let item = descriptor.get_field_by_name("payloads").and_then(|field| field.kind().as_message().cloned());
            let item = item.ok_or_else(|| Invalid("the descriptor of Payloads has no payloads".to_owned()))?;
            decoder.cursor().next();
            let mut payloads = Vec::new();
            while decoder.cursor().peek().kind != Kind::Close {
                // Each counts as a message, as it does in full.
                payloads.push(Value::Message(decoder.message(&item, false)?));
            }
            decoder.cursor().next();
            message.set_field_by_name("payloads", Value::List(payloads));
            Ok(Some(message))
        }
        _ => Ok(None),
    }
}

/// Whether a value is a payload in full that says where its data is kept. It is read as any other message.
fn is_external(text: &[u8]) -> Result<bool, Invalid> {
    if Cursor::new(text).peek().kind != Kind::Object {
        return Ok(false);
    }
    let members = members(text)?;
    let has = |name: &str| members.iter().any(|member| member.name == name);
    Ok(has("metadata") && has(EXTERNAL))
}

/// The payload that a value says.
fn payload(text: &[u8], descriptor: &MessageDescriptor) -> Result<DynamicMessage, Invalid> {
    let mut cursor = Cursor::new(text);
    match cursor.peek().kind {
        Kind::Null => Ok(made(descriptor, [(ENCODING, NULL.into())].into(), Bytes::new())),
        Kind::Object => {
            let members = members(text)?;
            if let Some(full) = full(&members, descriptor) {
                return Ok(full);
            }
            if let Some(member) = members.iter().find(|member| member.name == SHORT_MESSAGE_TYPE) {
                let mut named = Cursor::new(member.value);
                let token = named.next();
                if token.kind != Kind::String {
                    let what = format!("internal key {SHORT_MESSAGE_TYPE:?} should have type string, not {}", token.text());
                    return Err(Invalid(what));
                }
                let message_type = named.string(token)?;
                let kept: Vec<_> = members.iter().filter(|member| member.name != SHORT_MESSAGE_TYPE).map(|member| member.text()).collect();
                let data = format!("{{{}}}", kept.join(","));
                let metadata = [(ENCODING, PROTOBUF.into()), (MESSAGE_TYPE, message_type.into_bytes())].into();
                return Ok(made(descriptor, metadata, data.into()));
            }
            plain(text, descriptor)
        }
        _ => plain(text, descriptor),
    }
}

fn plain(text: &[u8], descriptor: &MessageDescriptor) -> Result<DynamicMessage, Invalid> {
    let text = std::str::from_utf8(text).map_err(|_| Invalid("temporalproto: invalid UTF-8 in string".to_owned()))?;
    let data = compacted(text).unwrap_or_default();
    Ok(made(descriptor, [(ENCODING, PLAIN.into())].into(), data.into()))
}

fn made(descriptor: &MessageDescriptor, metadata: HashMap<&str, Vec<u8>>, data: Bytes) -> DynamicMessage {
    let mut message = DynamicMessage::new(descriptor.clone());
    let metadata = metadata.into_iter().map(|(key, value)| (MapKey::String(key.to_owned()), Value::Bytes(value.into())));
    message.set_field_by_name("metadata", Value::Map(metadata.collect()));
    message.set_field_by_name("data", Value::Bytes(data));
    message
}

/// A member of an object.
struct Member<'a> {
    key: &'a [u8],
    name: String,
    value: &'a [u8],
}

impl Member<'_> {
    fn text(&self) -> String {
        let value = String::from_utf8_lossy(self.value);
        format!("{}:{}", String::from_utf8_lossy(self.key), compacted(&value).unwrap_or_default())
    }

    /// The bytes of a string in base64.
    fn bytes(&self) -> Option<Vec<u8>> {
        let mut cursor = Cursor::new(self.value);
        let token = cursor.next();
        (token.kind == Kind::String).then(|| cursor.string(token).ok()).flatten().and_then(|text| scalars::bytes(&text))
    }
}

fn members(object: &[u8]) -> Result<Vec<Member<'_>>, Invalid> {
    let mut cursor = Cursor::new(object);
    cursor.next();
    let mut members = Vec::new();
    while cursor.peek().kind != Kind::Close {
        let key = cursor.next();
        let name = cursor.string(key)?;
        members.push(Member { key: key.raw, name, value: cursor.skip_value() });
    }
    Ok(members)
}

/// The payload that an object says in full: metadata with an encoding, all in base64, and data, which only a null may lack.
fn full(members: &[Member<'_>], descriptor: &MessageDescriptor) -> Option<DynamicMessage> {
    let member = |name: &str| members.iter().rfind(|member| member.name == name);
    let metadata = member("metadata")?;
    if Cursor::new(metadata.value).peek().kind != Kind::Object {
        return None;
    }
    let metadata = self::members(metadata.value).ok()?;
    metadata.iter().find(|entry| entry.name == ENCODING)?;
    let read: Option<HashMap<&str, Vec<u8>>> = metadata.iter().map(|entry| Some((entry.name.as_str(), entry.bytes()?))).collect();
    let read = read?;
    let Some(data) = member("data") else {
        let is_null = read.get(ENCODING).is_some_and(|encoding| encoding == NULL.as_bytes());
        return is_null.then(|| made(descriptor, [(ENCODING, NULL.into())].into(), Bytes::new()));
    };
    if members.iter().any(|member| member.name != "data" && member.name != "metadata") {
        return None;
    }
    Some(made(descriptor, read, data.bytes()?.into()))
}
