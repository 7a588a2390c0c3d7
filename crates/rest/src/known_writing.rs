//! Writing Google's well-known types.

use prost_reflect::{DynamicMessage, ReflectMessage as _};

use crate::{
    json::push_string,
    known::{camel, is_known, is_wrapper, length, time},
    writing::{Unshowable, Writing},
};

/// Writes a well-known message. `None`: it is an ordinary one.
pub fn encode(encoder: &mut impl Writing, message: &DynamicMessage) -> Option<Result<(), Unshowable>> {
    let descriptor = message.descriptor();
    let name = descriptor.full_name().strip_prefix("google.protobuf.")?;
    Some(match name {
        "Timestamp" => time(message).and_then(|text| encoder.string(&text)),
        "Duration" => length(message).and_then(|text| encoder.string(&text)),
        "FieldMask" => {
            let paths = message.get_field_by_name("paths");
            let paths = paths.iter().flat_map(|paths| paths.as_list().unwrap_or_default()).filter_map(|path| path.as_str());
            encoder.string(&paths.map(camel).collect::<Vec<_>>().join(","))
        }
        "Any" => encode_any(encoder, message),
        "Empty" => {
            encoder.out().push_str("{}");
            Ok(())
        }
        "Struct" => encoder.field(message, "fields"),
        "ListValue" => encoder.field(message, "values"),
        "Value" => {
            let kind = descriptor.oneofs().next().into_iter().flat_map(|kind| kind.fields().collect::<Vec<_>>());
            match kind.into_iter().find(|field| message.has_field(field)) {
                Some(field) => match message.get_field(&field).as_f64().filter(|number| !number.is_finite()) {
                    Some(number) => Err(Unshowable(format!("google.protobuf.Value.number_value: invalid {number} value"))),
                    None => encoder.field(message, field.name()),
                },
                None => Err(Unshowable("google.protobuf.Value: none of the oneof fields is set".to_owned())),
            }
        }
        wrapper if is_wrapper(wrapper) => encoder.field(message, "value"),
        _ => return None,
    })
}

fn encode_any(encoder: &mut impl Writing, message: &DynamicMessage) -> Result<(), Unshowable> {
    let url = message.get_field_by_name("type_url").and_then(|url| url.as_str().map(str::to_owned)).unwrap_or_default();
    let held = message.get_field_by_name("value").and_then(|held| held.as_bytes().cloned()).unwrap_or_default();
    if url.is_empty() {
        if !held.is_empty() {
            return Err(Unshowable("google.protobuf.Any: type_url is not set".to_owned()));
        }
        encoder.out().push_str("{}");
        return Ok(());
    }
    let descriptor = message.descriptor();
    let inner = descriptor.parent_pool().get_message_by_name(url.rsplit('/').next().unwrap_or_default());
    let Some(inner) = inner.and_then(|inner| DynamicMessage::decode(inner, held.clone()).ok()) else {
        // A detail of another server may be of a type that is not known here. The rest of the answer matters more.
        encoder.out().push_str("{\"@type\":");
        push_string(encoder.out(), &url);
        encoder.out().push_str(",\"value\":");
        encoder.bytes(&held);
        encoder.out().push('}');
        return Ok(());
    };
    if is_known(inner.descriptor().full_name()) {
        encoder.out().push_str("{\"@type\":");
        push_string(encoder.out(), &url);
        encoder.out().push_str(",\"value\":");
        encoder.message(&inner, None)?;
        encoder.out().push('}');
        return Ok(());
    }
    encoder.message(&inner, Some(&url))
}
