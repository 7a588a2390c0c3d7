//! A message from JSON, as Temporal's server reads it: proto3 JSON with its own names of enum values and its shorthand of payloads.
//!
//! Fields are known by their JSON names and their proto names. An unknown field is refused. Refusals have the texts of Temporal's server,
//! without the places in its source that its own texts name.

use std::collections::{BTreeSet, HashMap};

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind as Type, MessageDescriptor, Value};

use crate::{
    Form,
    json::{self, Cursor, Invalid, Kind},
    known, known_reading, payload,
    reading::Reading,
    scalars::{map_key, name_of, scalar},
};

/// Levels of messages within messages. The decoder of protobuf that reads the request afterwards goes no deeper.
pub const DEPTH_MAX: usize = 100;

/// Messages that one request may hold. It is the bound of the gRPC API; without it a body of `{}` would be a hundred times as large in memory.
const MESSAGES_MAX: usize = 100_000;

/// The message that a JSON text says. A text without a value is an empty message.
///
/// # Errors
/// The text is not JSON, or not this message's.
pub fn decode(text: &[u8], descriptor: &MessageDescriptor, form: Form) -> Result<DynamicMessage, Invalid> {
    match json::check(text)? {
        None => Ok(DynamicMessage::new(descriptor.clone())),
        Some(text) => {
            let mut decoder = Decoder { cursor: Cursor::new(text), form, depth: 0, messages: 0 };
            decoder.message(descriptor, false)
        }
    }
}

struct Decoder<'a> {
    cursor: Cursor<'a>,
    form: Form,
    depth: usize,
    messages: usize,
}

impl<'a> Reading<'a> for Decoder<'a> {
    fn cursor(&mut self) -> &mut Cursor<'a> {
        &mut self.cursor
    }

    fn message(&mut self, descriptor: &MessageDescriptor, is_in_any: bool) -> Result<DynamicMessage, Invalid> {
        self.messages += 1;
        if self.messages > MESSAGES_MAX {
            return Err(Invalid(format!("The request holds more than {MESSAGES_MAX} messages.")));
        }
        if self.depth >= DEPTH_MAX {
            return Err(Invalid("temporalproto: exceeded max recursion depth".to_owned()));
        }
        self.depth += 1;
        let read = self.message_here(descriptor, is_in_any);
        self.depth -= 1;
        read
    }

    fn value(&mut self, field: &FieldDescriptor) -> Result<Value, Invalid> {
        if field.is_map() {
            self.map(field)
        } else if field.is_list() {
            self.list(field)
        } else {
            self.singular(&field.kind())
        }
    }
}

impl Decoder<'_> {
    fn message_here(&mut self, descriptor: &MessageDescriptor, is_in_any: bool) -> Result<DynamicMessage, Invalid> {
        if self.form.shorthand
            && let Some(read) = payload::decode(self, descriptor)?
        {
            return Ok(read);
        }
        if let Some(read) = known_reading::decode(self, descriptor)? {
            return Ok(read);
        }
        let mut message = DynamicMessage::new(descriptor.clone());
        let mut seen = BTreeSet::new();
        let mut seen_oneofs = BTreeSet::new();
        self.object()?;
        while let Some((key, name)) = self.key()? {
            if is_in_any && name == "@type" {
                self.cursor.skip_value();
                continue;
            }
            let field = descriptor.get_field_by_json_name(&name).or_else(|| descriptor.get_field_by_name(&name));
            let field = field.ok_or_else(|| self.cursor.error(key.at, &format!("unknown field {}", key.text())))?;
            if !seen.insert(field.number()) {
                return Err(self.cursor.error(key.at, &format!("duplicate field {}", key.text())));
            }
            if self.cursor.peek().kind == Kind::Null && !known::takes_null(&field) {
                self.cursor.next();
                continue;
            }
            if let Some(oneof) = field.containing_oneof()
                && !seen_oneofs.insert(oneof.full_name().to_owned())
            {
                let what = format!("error parsing {}, oneof {} is already set", key.text(), oneof.full_name());
                return Err(self.cursor.error(key.at, &what));
            }
            let value = self.value(&field)?;
            message.set_field(&field, value);
        }
        Ok(message)
    }

    fn singular(&mut self, kind: &Type) -> Result<Value, Invalid> {
        match kind {
            Type::Message(descriptor) => Ok(Value::Message(self.message(descriptor, false)?)),
            kind => {
                let token = self.cursor.next();
                let value = scalar(&self.cursor, token, kind)?;
                value.ok_or_else(|| self.cursor.error(token.at, &format!("invalid value for {} type: {}", name_of(kind), token.text())))
            }
        }
    }

    fn list(&mut self, field: &FieldDescriptor) -> Result<Value, Invalid> {
        let open = self.cursor.next();
        if open.kind != Kind::Array {
            return Err(self.cursor.unexpected(open));
        }
        let mut items = Vec::new();
        while self.cursor.peek().kind != Kind::Close {
            items.push(self.singular(&field.kind())?);
        }
        self.cursor.next();
        Ok(Value::List(items))
    }

    fn map(&mut self, field: &FieldDescriptor) -> Result<Value, Invalid> {
        let Type::Message(entry) = field.kind() else { return Ok(Value::Map(HashMap::new())) };
        let (key_kind, value_kind) = (entry.map_entry_key_field().kind(), entry.map_entry_value_field().kind());
        let mut entries = HashMap::new();
        self.object()?;
        while let Some((token, name)) = self.key()? {
            let key = map_key(&name, &key_kind);
            let key =
                key.ok_or_else(|| self.cursor.error(token.at, &format!("invalid value for {} key: {}", name_of(&key_kind), token.text())))?;
            if entries.contains_key(&key) {
                return Err(self.cursor.error(token.at, &format!("duplicate map key {}", token.text())));
            }
            let value = self.singular(&value_kind)?;
            entries.insert(key, value);
        }
        Ok(Value::Map(entries))
    }
}
