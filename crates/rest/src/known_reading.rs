//! Reading Google's well-known types.

use prost::Message as _;
use prost_reflect::{DynamicMessage, MessageDescriptor, ReflectMessage as _, Value};

use crate::{
    json::{Invalid, Kind},
    known::{
        DURATION_SECONDS_MAX, TIMESTAMP_SECONDS_MAX, TIMESTAMP_SECONDS_MIN, duration, is_full_name, is_known, is_wrapper, snake, timestamp,
    },
    reading::Reading,
};

/// Reads a well-known message. `None`: it is an ordinary one.
pub fn decode<'a>(decoder: &mut impl Reading<'a>, descriptor: &MessageDescriptor) -> Result<Option<DynamicMessage>, Invalid> {
    let Some(name) = descriptor.full_name().strip_prefix("google.protobuf.") else { return Ok(None) };
    let mut message = DynamicMessage::new(descriptor.clone());
    match name {
        "Timestamp" => {
            let (text, at, raw) = string(decoder)?;
            let time =
                timestamp(&text).ok_or_else(|| decoder.cursor().error(at, &format!("invalid google.protobuf.Timestamp value {raw}")))?;
            if !(TIMESTAMP_SECONDS_MIN..=TIMESTAMP_SECONDS_MAX).contains(&time.0) {
                return Err(decoder.cursor().error(at, &format!("google.protobuf.Timestamp value out of range: {raw}")));
            }
            set_time(&mut message, time);
        }
        "Duration" => {
            let (text, at, raw) = string(decoder)?;
            let time =
                duration(&text).ok_or_else(|| decoder.cursor().error(at, &format!("invalid google.protobuf.Duration value {raw}")))?;
            if time.0.abs() > DURATION_SECONDS_MAX {
                return Err(decoder.cursor().error(at, &format!("google.protobuf.Duration value out of range: {raw}")));
            }
            set_time(&mut message, time);
        }
        "FieldMask" => {
            let (text, at, _) = string(decoder)?;
            let mut paths = Vec::new();
            for path in text.trim().split(',').filter(|_| !text.trim().is_empty()) {
                let snake = snake(path);
                if path.contains('_') || !is_full_name(&snake) {
                    let what = format!("google.protobuf.FieldMask.paths contains invalid path: {path:?}");
                    return Err(decoder.cursor().error(at, &what));
                }
                paths.push(Value::String(snake));
            }
            message.set_field_by_name("paths", Value::List(paths));
        }
        "Any" => any(decoder, &mut message)?,
        "Empty" => {
            decoder.object()?;
            if let Some((key, _)) = decoder.key()? {
                let (at, what) = (key.at, format!("unknown field {}", key.text()));
                return Err(decoder.cursor().error(at, &what));
            }
        }
        "Struct" | "ListValue" => set_whole(decoder, &mut message, if name == "Struct" { "fields" } else { "values" })?,
        "Value" => value(decoder, &mut message)?,
        wrapper if is_wrapper(wrapper) => set_whole(decoder, &mut message, "value")?,
        _ => return Ok(None),
    }
    Ok(Some(message))
}

/// Reads JSON as the value of a message's field: its only one, or the one of a oneof.
fn set_whole<'a>(decoder: &mut impl Reading<'a>, message: &mut DynamicMessage, field: &str) -> Result<(), Invalid> {
    let field = message.descriptor().get_field_by_name(field).expect("a field of a well-known type");
    let value = decoder.value(&field)?;
    message.set_field(&field, value);
    Ok(())
}

fn value<'a>(decoder: &mut impl Reading<'a>, message: &mut DynamicMessage) -> Result<(), Invalid> {
    let field = match decoder.cursor().peek().kind {
        Kind::Null => "null_value",
        Kind::Bool => "bool_value",
        Kind::Number => "number_value",
        Kind::String => "string_value",
        Kind::Object => "struct_value",
        Kind::Array => "list_value",
        Kind::Close | Kind::End => {
            let token = decoder.cursor().next();
            return Err(decoder.cursor().unexpected(token));
        }
    };
    set_whole(decoder, message, field)
}

fn any<'a>(decoder: &mut impl Reading<'a>, message: &mut DynamicMessage) -> Result<(), Invalid> {
    let start = decoder.cursor().peek();
    if start.kind != Kind::Object {
        return Err(decoder.cursor().unexpected(start));
    }
    // The type may stand behind the members that it explains.
    let mut ahead = decoder.cursor().clone();
    ahead.next();
    let mut found = None;
    let mut is_empty = true;
    while ahead.peek().kind != Kind::Close {
        is_empty = false;
        let key = ahead.next();
        if ahead.string(key)? != "@type" {
            ahead.skip_value();
            continue;
        }
        if found.is_some() {
            return Err(ahead.error(key.at, "duplicate \"@type\" field"));
        }
        let token = ahead.next();
        if token.kind != Kind::String {
            return Err(ahead.error(token.at, &format!("@type field value is not a string: {}", token.text())));
        }
        let url = ahead.string(token)?;
        if url.is_empty() {
            return Err(ahead.error(token.at, "@type field contains empty value"));
        }
        found = Some((url, token));
    }
    let Some((url, token)) = found else {
        if is_empty {
            decoder.cursor().skip_value();
            return Ok(());
        }
        return Err(decoder.cursor().error(start.at, "missing \"@type\" field"));
    };
    let descriptor = message.descriptor();
    let name = url.rsplit('/').next().unwrap_or_default();
    let inner = descriptor.parent_pool().get_message_by_name(name);
    let inner = inner.ok_or_else(|| decoder.cursor().error(token.at, &format!("unable to resolve {}: \"not found\"", token.text())))?;
    let held = if is_known(inner.full_name()) { any_value(decoder, &inner)? } else { decoder.message(&inner, true)? };
    message.set_field_by_name("type_url", Value::String(url));
    message.set_field_by_name("value", Value::Bytes(held.encode_to_vec().into()));
    Ok(())
}

/// Reads a well-known message within an Any, from the member `value`.
fn any_value<'a>(decoder: &mut impl Reading<'a>, inner: &MessageDescriptor) -> Result<DynamicMessage, Invalid> {
    let mut held = None;
    decoder.object()?;
    loop {
        let token = decoder.cursor().next();
        if token.kind == Kind::Close {
            return held.ok_or_else(|| decoder.cursor().error(token.at, "missing \"value\" field"));
        }
        match decoder.cursor().string(token)?.as_str() {
            "@type" => {
                decoder.cursor().skip_value();
            }
            "value" if held.is_some() => return Err(decoder.cursor().error(token.at, "duplicate \"value\" field")),
            "value" => held = Some(decoder.message(inner, false)?),
            _ => return Err(decoder.cursor().error(token.at, &format!("unknown field {}", token.text()))),
        }
    }
}

/// A string token: what it says, where it stands, and its text.
fn string<'a>(decoder: &mut impl Reading<'a>) -> Result<(String, usize, String), Invalid> {
    let token = decoder.cursor().next();
    match token.kind {
        Kind::String => Ok((decoder.cursor().string(token)?, token.at, token.text())),
        _ => Err(decoder.cursor().unexpected(token)),
    }
}

fn set_time(message: &mut DynamicMessage, (seconds, nanos): (i64, i32)) {
    message.set_field_by_name("seconds", Value::I64(seconds));
    message.set_field_by_name("nanos", Value::I32(nanos));
}
