//! JSON from a message: proto3 JSON, fields in the order of the descriptors, default values left out, payloads in shorthand.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind as Type, MapKey, ReflectMessage as _, Value};

use crate::{
    Form,
    json::{indented, push_string},
    known_writing, payload, scalars,
    writing::{Unshowable, Writing},
};

/// The JSON of a message.
///
/// # Errors
/// The message holds a value that JSON cannot express.
pub fn encode(message: &DynamicMessage, form: Form) -> Result<String, Unshowable> {
    let mut out = String::new();
    Encoder { out: &mut out, form }.message(message, None)?;
    Ok(if form.pretty { indented(&out) } else { out })
}

struct Encoder<'a> {
    out: &'a mut String,
    form: Form,
}

impl Writing for Encoder<'_> {
    fn out(&mut self) -> &mut String {
        self.out
    }

    fn message(&mut self, message: &DynamicMessage, type_url: Option<&str>) -> Result<(), Unshowable> {
        if let Some(written) = known_writing::encode(self, message) {
            return written;
        }
        if self.form.shorthand
            && let Some(json) = payload::encode(message)
        {
            self.out.push_str(&json);
            return Ok(());
        }
        self.out.push('{');
        let mut is_first = true;
        if let Some(url) = type_url {
            self.out.push_str("\"@type\":");
            push_string(self.out, url);
            is_first = false;
        }
        for field in message.descriptor().fields().filter(|field| message.has_field(field)) {
            if !is_first {
                self.out.push(',');
            }
            is_first = false;
            push_string(self.out, field.json_name());
            self.out.push(':');
            self.value(&message.get_field(&field), &field)?;
        }
        self.out.push('}');
        Ok(())
    }

    fn field(&mut self, message: &DynamicMessage, name: &str) -> Result<(), Unshowable> {
        let field = message.descriptor().get_field_by_name(name).expect("a field of a well-known type");
        self.value(&message.get_field(&field), &field)
    }
}

impl Encoder<'_> {
    fn value(&mut self, value: &Value, field: &FieldDescriptor) -> Result<(), Unshowable> {
        match value {
            Value::List(items) => {
                self.out.push('[');
                for (place, item) in items.iter().enumerate() {
                    if place > 0 {
                        self.out.push(',');
                    }
                    self.singular(item, &field.kind())?;
                }
                self.out.push(']');
                Ok(())
            }
            Value::Map(entries) => {
                let Type::Message(entry) = field.kind() else { return Ok(()) };
                let kind = entry.map_entry_value_field().kind();
                let mut entries: Vec<_> = entries.iter().collect();
                entries.sort_by_key(|(key, _)| *key);
                self.out.push('{');
                for (place, (key, value)) in entries.into_iter().enumerate() {
                    if place > 0 {
                        self.out.push(',');
                    }
                    push_string(self.out, &key_text(key));
                    self.out.push(':');
                    self.singular(value, &kind)?;
                }
                self.out.push('}');
                Ok(())
            }
            value => self.singular(value, &field.kind()),
        }
    }

    fn singular(&mut self, value: &Value, kind: &Type) -> Result<(), Unshowable> {
        match value {
            Value::Bool(value) => self.out.push_str(if *value { "true" } else { "false" }),
            Value::I32(value) => self.out.push_str(&value.to_string()),
            Value::U32(value) => self.out.push_str(&value.to_string()),
            // A number of 64 bits is a string, because JavaScript's numbers have 53.
            Value::I64(value) => self.string(&value.to_string())?,
            Value::U64(value) => self.string(&value.to_string())?,
            Value::F32(value) => self.float(f64::from(*value), serde_json::Number::from_f64(f64::from(*value)).map(|_| value.to_string())),
            Value::F64(value) => self.float(*value, serde_json::Number::from_f64(*value).map(|number| number.to_string())),
            Value::String(value) => self.string(value)?,
            Value::Bytes(value) => self.bytes(value),
            Value::EnumNumber(number) => match kind {
                Type::Enum(names) if scalars::is_null_value(names) => self.out.push_str("null"),
                Type::Enum(names) => match names.get_value(*number) {
                    Some(value) => push_string(self.out, value.name()),
                    None => self.out.push_str(&number.to_string()),
                },
                _ => self.out.push_str(&number.to_string()),
            },
            Value::Message(message) => self.message(message, None)?,
            Value::List(_) | Value::Map(_) => {}
        }
        Ok(())
    }

    fn float(&mut self, value: f64, text: Option<String>) {
        match text {
            Some(text) => self.out.push_str(text.strip_suffix(".0").unwrap_or(&text)),
            None if value.is_nan() => self.out.push_str("\"NaN\""),
            None if value > 0.0 => self.out.push_str("\"Infinity\""),
            None => self.out.push_str("\"-Infinity\""),
        }
    }
}

fn key_text(key: &MapKey) -> String {
    match key {
        MapKey::Bool(key) => key.to_string(),
        MapKey::I32(key) => key.to_string(),
        MapKey::I64(key) => key.to_string(),
        MapKey::U32(key) => key.to_string(),
        MapKey::U64(key) => key.to_string(),
        MapKey::String(key) => key.clone(),
    }
}
