//! Values that are no messages, as JSON and queries write them.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use prost_reflect::{EnumDescriptor, Kind as Type, MapKey, Value};

use crate::json::{self, Cursor, Invalid, Kind, Token};

/// The value of a token. `None`: the token is no value of this type.
pub fn scalar(cursor: &Cursor<'_>, token: Token<'_>, kind: &Type) -> Result<Option<Value>, Invalid> {
    let said = match token.kind {
        Kind::String => Some(cursor.string(token)?),
        _ => None,
    };
    // Numbers may stand in strings, but without blanks.
    let number = match (&said, token.kind) {
        (Some(said), _) => said.clone(),
        (None, Kind::Number) => token.text(),
        (None, _) => String::new(),
    };
    Ok(match kind {
        Type::Bool if token.kind == Kind::Bool => Some(Value::Bool(token.raw == b"true")),
        Type::String => said.map(Value::String),
        Type::Bytes => said.and_then(|said| bytes(&said)).map(|bytes| Value::Bytes(bytes.into())),
        Type::Int32 | Type::Sint32 | Type::Sfixed32 => json::to_i64(&number).and_then(|number| i32::try_from(number).ok()).map(Value::I32),
        Type::Int64 | Type::Sint64 | Type::Sfixed64 => json::to_i64(&number).map(Value::I64),
        Type::Uint32 | Type::Fixed32 => json::to_u64(&number).and_then(|number| u32::try_from(number).ok()).map(Value::U32),
        Type::Uint64 | Type::Fixed64 => json::to_u64(&number).map(Value::U64),
        Type::Double => float(&number, said.is_some()).map(Value::F64),
        Type::Float => float(&number, said.is_some()).and_then(to_f32).map(Value::F32),
        Type::Enum(names) => match (said, token.kind) {
            (Some(said), _) => enum_number(&said, names).map(Value::EnumNumber),
            (None, Kind::Number) => json::to_i64(&number).and_then(|number| i32::try_from(number).ok()).map(Value::EnumNumber),
            (None, Kind::Null) if is_null_value(names) => Some(Value::EnumNumber(0)),
            (None, _) => None,
        },
        Type::Bool | Type::Message(_) => None,
    })
}

/// Whether an enum is that of the one value null.
pub fn is_null_value(names: &EnumDescriptor) -> bool {
    names.full_name() == "google.protobuf.NullValue"
}

/// The number of an enum's value, by its name or by the older short name (`Running` of `WORKFLOW_EXECUTION_STATUS_RUNNING`).
pub fn enum_number(name: &str, names: &EnumDescriptor) -> Option<i32> {
    let value = names.get_value_by_name(name).or_else(|| names.get_value_by_name(&screaming(&format!("{}_{name}", names.name()))));
    value.map(|value| value.number())
}

/// `CamelCase` as `SCREAMING_SNAKE_CASE` (go.temporal.io/api: internal/strcase).
fn screaming(text: &str) -> String {
    let bytes = text.trim().as_bytes();
    let mut out = String::with_capacity(bytes.len() + 4);
    for (place, byte) in bytes.iter().enumerate() {
        let shown = char::from(match byte {
            b' ' | b'-' | b'.' => b'_',
            byte => byte.to_ascii_uppercase(),
        });
        let next = bytes.get(place + 1).copied().unwrap_or(b'_');
        let changes = (byte.is_ascii_uppercase() && (next.is_ascii_lowercase() || next.is_ascii_digit()))
            || (byte.is_ascii_lowercase() && (next.is_ascii_uppercase() || next.is_ascii_digit()))
            || (byte.is_ascii_digit() && next.is_ascii_alphabetic());
        if !changes {
            out.push(shown);
            continue;
        }
        // An acronym's last capital begins the next word: JSONData is JSON and Data.
        if byte.is_ascii_uppercase() && next.is_ascii_lowercase() && place > 0 && bytes[place - 1].is_ascii_uppercase() {
            out.push('_');
        }
        out.push(shown);
        if !byte.is_ascii_uppercase() || next.is_ascii_digit() {
            out.push('_');
        }
    }
    out
}

fn float(text: &str, is_string: bool) -> Option<f64> {
    match text {
        "NaN" if is_string => return Some(f64::NAN),
        "Infinity" if is_string => return Some(f64::INFINITY),
        "-Infinity" if is_string => return Some(f64::NEG_INFINITY),
        _ => {}
    }
    // Rust's parser also takes forms that are not JSON's, such as "inf" and "1.".
    let whole = json::check(text.as_bytes()).ok().flatten().is_some_and(|value| value.len() == text.len());
    let is_number = whole && text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    text.parse().ok().filter(|number: &f64| is_number && number.is_finite())
}

/// `None`: the number is too large for 32 bits.
fn to_f32(number: f64) -> Option<f32> {
    let narrow = number as f32;
    (narrow.is_finite() || !number.is_finite()).then_some(narrow)
}

const fn lenient() -> GeneralPurposeConfig {
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent).with_decode_allow_trailing_bits(true)
}
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, lenient());
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, lenient());

/// Base64 of either alphabet, with or without padding.
pub fn bytes(text: &str) -> Option<Vec<u8>> {
    // Go's decoder passes over line breaks.
    let text: String = text.chars().filter(|character| !matches!(character, '\r' | '\n')).collect();
    if text.contains(['-', '_']) { URL_SAFE.decode(text).ok() } else { STANDARD.decode(text).ok() }
}

pub fn map_key(name: &str, kind: &Type) -> Option<MapKey> {
    Some(match kind {
        Type::String => MapKey::String(name.to_owned()),
        Type::Bool => MapKey::Bool(name.parse().ok()?),
        Type::Int32 | Type::Sint32 | Type::Sfixed32 => MapKey::I32(name.parse().ok()?),
        Type::Int64 | Type::Sint64 | Type::Sfixed64 => MapKey::I64(name.parse().ok()?),
        Type::Uint32 | Type::Fixed32 => MapKey::U32(name.parse().ok()?),
        Type::Uint64 | Type::Fixed64 => MapKey::U64(name.parse().ok()?),
        _ => return None,
    })
}

/// A type's name in refusals.
pub fn name_of(kind: &Type) -> &'static str {
    match kind {
        Type::Double => "double",
        Type::Float => "float",
        Type::Int32 => "int32",
        Type::Int64 => "int64",
        Type::Uint32 => "uint32",
        Type::Uint64 => "uint64",
        Type::Sint32 => "sint32",
        Type::Sint64 => "sint64",
        Type::Fixed32 => "fixed32",
        Type::Fixed64 => "fixed64",
        Type::Sfixed32 => "sfixed32",
        Type::Sfixed64 => "sfixed64",
        Type::Bool => "bool",
        Type::String => "string",
        Type::Bytes => "bytes",
        Type::Message(_) => "message",
        Type::Enum(_) => "enum",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_become_long_ones() {
        for (short, long) in [
            ("WorkflowExecutionStatus_Running", "WORKFLOW_EXECUTION_STATUS_RUNNING"),
            ("WorkflowExecutionStatus_ContinuedAsNew", "WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW"),
            ("WorkflowExecutionStatus_RUNNING", "WORKFLOW_EXECUTION_STATUS_RUNNING"),
            ("JSONData", "JSON_DATA"),
            ("EncodingType_Proto3", "ENCODING_TYPE_PROTO_3"),
        ] {
            assert_eq!(screaming(short), long);
        }
    }

    #[test]
    fn base64_is_read_in_every_dress() {
        for text in ["+/8=", "-_8=", "-_8", "+/8", "+/\n8="] {
            assert_eq!(bytes(text), Some(vec![0xfb, 0xff]), "{text}");
        }
        assert_eq!(bytes("a"), None);
        assert_eq!(bytes("ä"), None);
    }

    #[test]
    fn floats_are_numbers_of_json() {
        assert_eq!(float("1.5e3", false), Some(1500.0));
        assert_eq!(float("-Infinity", true), Some(f64::NEG_INFINITY));
        for text in ["inf", "nan", "1.", ".5", "+1", " 1", "1e999", "", "true", "\"1\""] {
            assert_eq!(float(text, true), None, "{text}");
        }
        assert_eq!(to_f32(1e39), None);
    }
}
