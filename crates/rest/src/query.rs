//! Fields of a request from the query of a URL, and from the variables of its path, as grpc-gateway reads them.
//!
//! `pageSize=5` and `page_size=5` set a field, `execution.runId=…` one of a message within, `a=1&a=2` the items of a list, `labels[key]=value` an
//! entry of a map. A parameter that names no field is passed over.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind as Type, MapKey, MessageDescriptor, ReflectMessage as _, Value};

use crate::{Form, decode, json::Invalid, known, scalars, template::unescaped};

/// Parameters that one request may have.
const PARAMETERS_MAX: usize = 10_000;
/// Fields that one name may go through.
const DEPTH_MAX: usize = 50;

/// The parameters of a query, in their order. Broken escapes are refused.
pub fn parameters(query: &str) -> Result<Vec<(String, String)>, Invalid> {
    let parts = query.split('&').filter(|part| !part.is_empty());
    let parameters = parts.map(|part| {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let read = |text| unescaped(text, true).ok_or_else(|| Invalid(format!("invalid URL escape in {part:?}")));
        Ok((read(key)?, read(value)?))
    });
    let parameters: Vec<_> = parameters.take(PARAMETERS_MAX + 1).collect::<Result<_, _>>()?;
    if parameters.len() > PARAMETERS_MAX {
        return Err(Invalid(format!("more than {PARAMETERS_MAX} query parameters")));
    }
    Ok(parameters)
}

/// Sets the fields that the parameters name, except those that `taken` names: what stands in the path or in the body.
pub fn populate(message: &mut DynamicMessage, parameters: &[(String, String)], taken: &[String]) -> Result<(), Invalid> {
    let mut grouped: Vec<(String, Vec<String>)> = Vec::new();
    for (key, value) in parameters {
        match grouped.iter_mut().find(|(known, _)| known == key) {
            Some((_, values)) => values.push(value.clone()),
            None => grouped.push((key.clone(), vec![value.clone()])),
        }
    }
    for (key, mut values) in grouped {
        let key = match key.strip_suffix(']').and_then(|key| key.split_once('[')) {
            Some((name, entry)) => {
                values.insert(0, entry.to_owned());
                name.to_owned()
            }
            None => key,
        };
        let Some(path) = path_of(&message.descriptor(), &key) else { continue };
        let names: Vec<_> = path.iter().map(FieldDescriptor::name).collect();
        let is_taken = taken.iter().any(|taken| {
            let mut names = names.iter();
            taken.split('.').all(|taken| names.next().is_some_and(|name| *name == taken))
        });
        if !is_taken {
            set(message, &path, values)?;
        }
    }
    Ok(())
}

/// Sets the field at a path to the value of a path's variable.
pub fn set_variable(message: &mut DynamicMessage, name: &str, value: String) -> Result<(), Invalid> {
    let path = path_of(&message.descriptor(), name).ok_or_else(|| Invalid(format!("missing parameter {name}")))?;
    set(message, &path, vec![value]).map_err(|Invalid(error)| Invalid(format!("type mismatch, parameter: {name}, error: {error}")))
}

/// The fields that a name goes through. `None`: it names none.
fn path_of(descriptor: &MessageDescriptor, name: &str) -> Option<Vec<FieldDescriptor>> {
    let mut descriptor = Some(descriptor.clone());
    let mut path = Vec::new();
    for part in name.split('.').take(DEPTH_MAX + 1) {
        let within = descriptor.take()?;
        let field = within.get_field_by_name(part).or_else(|| within.get_field_by_json_name(part))?;
        descriptor = field.kind().as_message().filter(|_| !field.is_list() && !field.is_map()).cloned();
        path.push(field);
    }
    (path.len() <= DEPTH_MAX).then_some(path)
}

fn set(message: &mut DynamicMessage, path: &[FieldDescriptor], values: Vec<String>) -> Result<(), Invalid> {
    let Some((field, rest)) = path.split_first() else { return Ok(()) };
    if let Some(oneof) = field.containing_oneof().filter(|oneof| !oneof.is_synthetic())
        && let Some(other) = oneof.fields().find(|other| message.has_field(other))
        && (other.number() != field.number() || field.kind().as_message().is_none())
    {
        return Err(Invalid(format!("field already set for oneof {:?}", oneof.name())));
    }
    if !rest.is_empty() {
        let Value::Message(inner) = message.get_field_mut(field) else {
            return Err(Invalid(format!("invalid path: {:?} is not a message", field.name())));
        };
        return set(inner, rest, values);
    }
    if field.is_map() {
        return set_entry(message, field, &values);
    }
    if field.is_list() {
        let items = values.iter().map(|value| {
            parse(&field.kind(), value).map_err(|Invalid(error)| Invalid(format!("parsing list {:?}: {error}", field.name())))
        });
        let items: Vec<_> = items.collect::<Result<_, _>>()?;
        if let Value::List(list) = message.get_field_mut(field) {
            list.extend(items);
        }
        return Ok(());
    }
    match values.as_slice() {
        [value] => {
            let value =
                parse(&field.kind(), value).map_err(|Invalid(error)| Invalid(format!("parsing field {:?}: {error}", field.name())))?;
            message.set_field(field, value);
            Ok(())
        }
        values => Err(Invalid(format!("too many values for field {:?}: {}", field.name(), values.join(", ")))),
    }
}

fn set_entry(message: &mut DynamicMessage, field: &FieldDescriptor, values: &[String]) -> Result<(), Invalid> {
    let [key, value] = values else {
        let key = values.first().map(String::as_str).unwrap_or_default();
        return Err(Invalid(format!("more than one value provided for key {key:?} in map {:?}", field.full_name())));
    };
    let Type::Message(entry) = field.kind() else { return Ok(()) };
    let about = |what: &str, Invalid(error): Invalid| Invalid(format!("parsing map {what} {:?}: {error}", field.name()));
    let key: MapKey = parse(&entry.map_entry_key_field().kind(), key)
        .map_err(|error| about("key", error))?
        .into_map_key()
        .ok_or_else(|| Invalid(format!("parsing map key {:?}: not a key", field.name())))?;
    let value = parse(&entry.map_entry_value_field().kind(), value).map_err(|error| about("value", error))?;
    if let Value::Map(entries) = message.get_field_mut(field) {
        entries.insert(key, value);
    }
    Ok(())
}

/// The value of a text, as Go's strconv reads it.
fn parse(kind: &Type, text: &str) -> Result<Value, Invalid> {
    Ok(match kind {
        Type::Bool => Value::Bool(boolean(text)?),
        Type::Int32 | Type::Sint32 | Type::Sfixed32 => Value::I32(whole(text, "ParseInt")?),
        Type::Int64 | Type::Sint64 | Type::Sfixed64 => Value::I64(whole(text, "ParseInt")?),
        Type::Uint32 | Type::Fixed32 => Value::U32(whole(text, "ParseUint")?),
        Type::Uint64 | Type::Fixed64 => Value::U64(whole(text, "ParseUint")?),
        Type::Float => Value::F32(text.parse().map_err(|_| syntax("ParseFloat", text))?),
        Type::Double => Value::F64(text.parse().map_err(|_| syntax("ParseFloat", text))?),
        Type::String => Value::String(text.to_owned()),
        Type::Bytes => Value::Bytes(scalars::bytes(text).ok_or_else(|| Invalid("illegal base64 data".to_owned()))?.into()),
        Type::Enum(names) => {
            let by_number = || text.parse().ok().and_then(|number| names.get_value(number)).map(|value| value.number());
            let number = scalars::enum_number(text, names).or_else(by_number);
            Value::EnumNumber(number.ok_or_else(|| Invalid(format!("{text:?} is not a valid value")))?)
        }
        Type::Message(descriptor) => Value::Message(parse_message(descriptor, text)?),
    })
}

fn parse_message(descriptor: &MessageDescriptor, text: &str) -> Result<DynamicMessage, Invalid> {
    let mut message = DynamicMessage::new(descriptor.clone());
    let name = descriptor.full_name();
    let inner = match name.strip_prefix("google.protobuf.") {
        Some("Timestamp") => {
            let (seconds, nanos) =
                known::timestamp(text).ok_or_else(|| Invalid(format!("parsing time {text:?} as RFC 3339: cannot parse")))?;
            message.set_field_by_name("seconds", Value::I64(seconds));
            message.set_field_by_name("nanos", Value::I32(nanos));
            return Ok(message);
        }
        Some("Duration") => {
            let nanos = go_duration(text).ok_or_else(|| Invalid(format!("time: invalid duration {text:?}")))?;
            message.set_field_by_name("seconds", Value::I64(nanos / 1_000_000_000));
            message.set_field_by_name("nanos", Value::I32((nanos % 1_000_000_000) as i32));
            return Ok(message);
        }
        Some("FieldMask") => {
            let paths = text.split(',').map(|path| Value::String(path.to_owned())).collect();
            message.set_field_by_name("paths", Value::List(paths));
            return Ok(message);
        }
        Some("Value" | "Struct") => return decode::decode(text.as_bytes(), descriptor, Form::default()),
        Some(wrapper) if wrapper.ends_with("Value") && wrapper != "ListValue" => descriptor.get_field_by_name("value"),
        _ => None,
    };
    let field = inner.ok_or_else(|| Invalid(format!("unsupported message type: {name:?}")))?;
    let value = parse(&field.kind(), text)?;
    message.set_field(&field, value);
    Ok(message)
}

fn boolean(text: &str) -> Result<bool, Invalid> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(syntax("ParseBool", text)),
    }
}

fn whole<T: std::str::FromStr<Err = std::num::ParseIntError>>(text: &str, function: &str) -> Result<T, Invalid> {
    use std::num::IntErrorKind::{NegOverflow, PosOverflow};
    text.parse().map_err(|error: std::num::ParseIntError| match error.kind() {
        PosOverflow | NegOverflow => Invalid(format!("strconv.{function}: parsing {text:?}: value out of range")),
        _ => syntax(function, text),
    })
}

fn syntax(function: &str, text: &str) -> Invalid {
    Invalid(format!("strconv.{function}: parsing {text:?}: invalid syntax"))
}

/// Nanoseconds of a duration as Go writes it, such as `1h30m` or `10s`.
fn go_duration(text: &str) -> Option<i64> {
    let (sign, mut rest) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    if rest == "0" {
        return Some(0);
    }
    let mut total = 0_i64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let number = rest.find(|character: char| !character.is_ascii_digit() && character != '.')?;
        let (digits, behind) = rest.split_at(number);
        let unit = behind.find(|character: char| character.is_ascii_digit() || character == '.').unwrap_or(behind.len());
        let nanos = match &behind[..unit] {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000_i64,
            _ => return None,
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return None;
        }
        let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        let part: f64 = if fraction.is_empty() { 0.0 } else { format!("0.{fraction}").parse().ok()? };
        let part = (part * nanos as f64) as i64;
        total = total.checked_add(whole.checked_mul(nanos)?)?.checked_add(part)?;
        rest = &behind[unit..];
    }
    Some(sign * total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_unescaped() {
        let read = |query| parameters(query).unwrap();
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(read(""), []);
        assert_eq!(read("a=1&b&&c=x%3D+y=z"), [pair("a", "1"), pair("b", ""), pair("c", "x= y=z")]);
        assert!(parameters("a=%zz").is_err());
        assert!(parameters(&"a&".repeat(PARAMETERS_MAX + 1)).is_err());
    }

    #[test]
    fn durations_are_as_go_writes_them() {
        for (text, nanos) in [
            ("10s", Some(10_000_000_000)),
            ("1h30m", Some(5_400_000_000_000)),
            ("1.5s", Some(1_500_000_000)),
            ("-2ms", Some(-2_000_000)),
            ("3µs", Some(3_000)),
            ("0", Some(0)),
            ("1", None),
            ("", None),
            ("s", None),
            (".s", None),
            ("1.2.3s", None),
            ("9999999999h", None),
        ] {
            assert_eq!(go_duration(text), nanos, "{text}");
        }
    }
}
