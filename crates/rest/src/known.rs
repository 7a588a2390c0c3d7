//! Google's well-known types, whose JSON is their own: which they are, and the texts of times, durations and field masks.

use chrono::{DateTime, SecondsFormat};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind as Type};

use crate::{scalars::is_null_value, writing::Unshowable};

pub const DURATION_SECONDS_MAX: i64 = 315_576_000_000;
pub const TIMESTAMP_SECONDS_MIN: i64 = -62_135_596_800;
pub const TIMESTAMP_SECONDS_MAX: i64 = 253_402_300_799;
pub const NANOS_MAX: i32 = 999_999_999;

/// Whether a null of JSON is a value of this field, and not its absence.
pub fn takes_null(field: &FieldDescriptor) -> bool {
    match field.kind() {
        Type::Message(message) => message.full_name() == "google.protobuf.Value",
        Type::Enum(names) => is_null_value(&names),
        _ => false,
    }
}

/// Whether a message's JSON is its own. Within an Any, it stands in the member `value`.
pub fn is_known(name: &str) -> bool {
    name.strip_prefix("google.protobuf.").is_some_and(|name| {
        matches!(name, "Any" | "Timestamp" | "Duration" | "Empty" | "Struct" | "ListValue" | "Value" | "FieldMask") || is_wrapper(name)
    })
}

/// Whether a message, by its name without package, only wraps a value.
pub fn is_wrapper(name: &str) -> bool {
    matches!(
        name,
        "BoolValue"
            | "Int32Value"
            | "Int64Value"
            | "UInt32Value"
            | "UInt64Value"
            | "FloatValue"
            | "DoubleValue"
            | "StringValue"
            | "BytesValue"
    )
}

/// Seconds and nanoseconds of a time in RFC 3339, with a fraction of at most nine digits.
pub fn timestamp(text: &str) -> Option<(i64, i32)> {
    // chrono takes more than RFC 3339's T, Z and two digits.
    let bytes = text.as_bytes();
    if bytes.get(10) != Some(&b'T')
        || !(bytes.ends_with(b"Z") || bytes.get(bytes.len().checked_sub(6)?).is_some_and(|sign| matches!(sign, b'+' | b'-')))
    {
        return None;
    }
    let fraction = text.find('.').map_or(0, |dot| text[dot + 1..].bytes().take_while(u8::is_ascii_digit).count());
    let time = DateTime::parse_from_rfc3339(text).ok().filter(|_| fraction <= 9)?;
    Some((time.timestamp(), i32::try_from(time.timestamp_subsec_nanos()).ok().filter(|nanos| *nanos <= NANOS_MAX)?))
}

/// Seconds and nanoseconds of a duration such as `1.5s`.
pub fn duration(text: &str) -> Option<(i64, i32)> {
    let text = text.strip_suffix('s')?;
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(whole, fraction)| (whole, Some(fraction)));
    let fraction = fraction.unwrap_or_default();
    let valid = (!whole.is_empty() || digits.starts_with('.'))
        && !(whole.len() > 1 && whole.starts_with('0'))
        && fraction.len() <= 9
        && whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
    if !valid {
        return None;
    }
    let seconds: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let nanos: i32 = format!("{fraction:0<9}").parse().ok()?;
    Some((sign * seconds, sign as i32 * nanos))
}

fn parts(message: &DynamicMessage) -> (i64, i32) {
    let seconds = message.get_field_by_name("seconds").and_then(|seconds| seconds.as_i64()).unwrap_or_default();
    let nanos = message.get_field_by_name("nanos").and_then(|nanos| nanos.as_i32()).unwrap_or_default();
    (seconds, nanos)
}

/// The text of a time.
pub fn time(message: &DynamicMessage) -> Result<String, Unshowable> {
    let (seconds, nanos) = parts(message);
    if !(TIMESTAMP_SECONDS_MIN..=TIMESTAMP_SECONDS_MAX).contains(&seconds) {
        return Err(Unshowable(format!("google.protobuf.Timestamp: seconds out of range {seconds}")));
    }
    let time = u32::try_from(nanos).ok().and_then(|nanos| DateTime::from_timestamp(seconds, nanos)).filter(|_| nanos <= NANOS_MAX);
    let time = time.ok_or_else(|| Unshowable(format!("google.protobuf.Timestamp: nanos out of range {nanos}")))?;
    let format = match nanos {
        0 => SecondsFormat::Secs,
        nanos if nanos % 1_000_000 == 0 => SecondsFormat::Millis,
        nanos if nanos % 1000 == 0 => SecondsFormat::Micros,
        _ => SecondsFormat::Nanos,
    };
    Ok(time.to_rfc3339_opts(format, true))
}

/// The text of a duration.
pub fn length(message: &DynamicMessage) -> Result<String, Unshowable> {
    let (seconds, nanos) = parts(message);
    if seconds.unsigned_abs() > DURATION_SECONDS_MAX.unsigned_abs() {
        return Err(Unshowable(format!("google.protobuf.Duration: seconds out of range {seconds}")));
    }
    if nanos.unsigned_abs() > NANOS_MAX.unsigned_abs() {
        return Err(Unshowable(format!("google.protobuf.Duration: nanos out of range {nanos}")));
    }
    if (seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0) {
        return Err(Unshowable("google.protobuf.Duration: signs of seconds and nanos do not match".to_owned()));
    }
    let sign = if seconds < 0 || nanos < 0 { "-" } else { "" };
    let (seconds, nanos) = (seconds.unsigned_abs(), nanos.unsigned_abs());
    let fraction = match nanos {
        0 => String::new(),
        nanos if nanos % 1_000_000 == 0 => format!(".{:03}", nanos / 1_000_000),
        nanos if nanos % 1000 == 0 => format!(".{:06}", nanos / 1000),
        nanos => format!(".{nanos:09}"),
    };
    Ok(format!("{sign}{seconds}{fraction}s"))
}

/// `first_name` of `firstName`.
pub fn snake(path: &str) -> String {
    let mut out = String::with_capacity(path.len() + 4);
    for character in path.chars() {
        if character.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(character.to_ascii_lowercase());
    }
    out
}

/// `firstName` of `first_name`.
pub fn camel(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut is_word = false;
    for character in path.chars() {
        if character == '_' {
            is_word = true;
            continue;
        }
        out.push(if is_word { character.to_ascii_uppercase() } else { character });
        is_word = false;
    }
    out
}

/// Whether a path is identifiers with dots between them.
pub fn is_full_name(path: &str) -> bool {
    path.split('.').all(|name| {
        name.starts_with(|first: char| first == '_' || first.is_ascii_alphabetic())
            && name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_seconds() {
        for (text, time) in [
            ("1s", Some((1, 0))),
            ("0.1s", Some((0, 100_000_000))),
            ("1.s", Some((1, 0))),
            ("+1s", Some((1, 0))),
            ("-.1s", Some((0, -100_000_000))),
            ("-1.000000001s", Some((-1, -1))),
            (".s", Some((0, 0))),
            ("1.0000000001s", None),
            ("01s", None),
            ("1", None),
            ("s", None),
            ("-s", None),
            ("1m", None),
            ("1e3s", None),
            ("99999999999999999999s", None),
        ] {
            assert_eq!(duration(text), time, "{text}");
        }
    }

    #[test]
    fn times_are_rfc_3339() {
        for (text, time) in [
            ("1970-01-01T00:00:00Z", Some((0, 0))),
            ("1970-01-01T01:00:00.5+01:00", Some((0, 500_000_000))),
            ("1969-12-31T23:59:59.999999999Z", Some((-1, 999_999_999))),
            ("1970-01-01T00:00:00.1234567890Z", None),
            ("1970-01-01 00:00:00Z", None),
            ("1970-01-01T00:00:00", None),
            ("1970-01-01", None),
            ("", None),
        ] {
            assert_eq!(timestamp(text), time, "{text}");
        }
    }

    #[test]
    fn masks_are_camels() {
        assert_eq!(snake("inputs.firstName"), "inputs.first_name");
        assert_eq!(camel("inputs.first_name"), "inputs.firstName");
        assert!(is_full_name("a.b_c1") && !is_full_name("a..b") && !is_full_name("1a") && !is_full_name(""));
    }
}
