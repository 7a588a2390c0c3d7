//! Random messages of any type that has a descriptor.

use std::collections::HashMap;

use prost::Message;
use prost_reflect::{Cardinality, DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage, Value};

use crate::random::Random;

/// Messages in each other, at most, but for chains of one type (causes of failures).
const DEPTH_MAX: usize = 12;
/// Links of such a chain, at most: beyond what protobuf reads.
const CHAIN_MAX: usize = 110;

/// Values that make a message mean something: ids of what exists, right numbers. By the field's name.
pub trait Dictionary {
    /// A value for the field, or `None` for any.
    fn value(&mut self, field: &FieldDescriptor, random: &mut Random) -> Option<Value>;
}

/// Makes messages.
#[derive(Debug, Clone)]
pub struct Messages {
    pool: DescriptorPool,
}

impl Messages {
    /// Of the types in an encoded set of descriptors.
    ///
    /// # Panics
    /// When it is none: it is compiled in.
    pub fn of(descriptors: &[u8]) -> Self {
        Self { pool: DescriptorPool::decode(descriptors).expect("the descriptors that the build has made") }
    }

    /// The types.
    pub fn pool(&self) -> &DescriptorPool {
        &self.pool
    }

    /// A random message of the type of this full name, as bytes.
    ///
    /// # Panics
    /// When there is no such type: a mistake in a target.
    pub fn bytes(&self, name: &str, dictionary: &mut dyn Dictionary, random: &mut Random) -> Vec<u8> {
        let descriptor = self.pool.get_message_by_name(name).unwrap_or_else(|| panic!("no message {name}"));
        self.message(&descriptor, dictionary, random).encode_to_vec()
    }

    /// A random message.
    pub fn message(&self, descriptor: &MessageDescriptor, dictionary: &mut dyn Dictionary, random: &mut Random) -> DynamicMessage {
        // Some messages are nearly full, some nearly empty.
        let fullness = *random.pick(&[1, 3, 5, 7]);
        Maker { dictionary, random, fullness }.message(descriptor, 0)
    }
}

struct Maker<'m> {
    dictionary: &'m mut dyn Dictionary,
    random: &'m mut Random,
    /// So many fields out of eight are set.
    fullness: usize,
}

impl Maker<'_> {
    fn message(&mut self, descriptor: &MessageDescriptor, depth: usize) -> DynamicMessage {
        let mut message = DynamicMessage::new(descriptor.clone());
        for oneof in descriptor.oneofs() {
            let cases: Vec<_> = oneof.fields().collect();
            if self.random.chance(self.fullness.max(5), 8) {
                let case = self.random.pick(&cases).clone();
                self.set(&mut message, &case, depth);
            }
        }
        for field in descriptor.fields().filter(|field| field.containing_oneof().is_none()) {
            let is_set = self.random.chance(self.fullness, 8);
            match self.meant(&field) {
                Some(value) if self.random.chance(15, 16) => message.set_field(&field, value),
                _ if is_set => self.set(&mut message, &field, depth),
                _ => {}
            }
        }
        message
    }

    fn meant(&mut self, field: &FieldDescriptor) -> Option<Value> {
        if field.is_list() || field.is_map() { None } else { self.dictionary.value(field, self.random) }
    }

    fn set(&mut self, message: &mut DynamicMessage, field: &FieldDescriptor, depth: usize) {
        if let Some(value) = self.meant(field)
            && self.random.chance(15, 16)
        {
            message.set_field(field, value);
            return;
        }
        if matches!(field.kind(), Kind::Message(_)) && depth >= DEPTH_MAX {
            return;
        }
        let value = if field.is_map() {
            self.map(field, depth)
        } else if field.cardinality() == Cardinality::Repeated {
            let count = if self.random.chance(1, 40) { 300 } else { self.random.below(4) };
            Value::List((0..count).filter_map(|_| self.single(field, depth + 2)).collect())
        } else {
            match self.chain(message.descriptor(), field, depth).or_else(|| self.single(field, depth)) {
                Some(value) => value,
                None => return,
            }
        };
        message.set_field(field, value);
    }

    /// A field of its own message's type, now and then a long chain of it.
    fn chain(&mut self, of: MessageDescriptor, field: &FieldDescriptor, depth: usize) -> Option<Value> {
        let Kind::Message(inner) = field.kind() else { return None };
        if inner != of || !self.random.chance(1, 4) {
            return None;
        }
        let mut chain = self.message(&inner, depth + 6);
        for _ in 0..self.random.below(CHAIN_MAX) {
            let mut link = DynamicMessage::new(inner.clone());
            link.set_field(field, Value::Message(chain));
            chain = link;
        }
        Some(Value::Message(chain))
    }

    fn map(&mut self, field: &FieldDescriptor, depth: usize) -> Value {
        let Kind::Message(entry) = field.kind() else { return Value::Map(HashMap::new()) };
        let (key, value) = (entry.map_entry_key_field(), entry.map_entry_value_field());
        let count = if self.random.chance(1, 40) { 150 } else { self.random.below(4) };
        let entries = (0..count).filter_map(|_| {
            let key = match self.single(&key, depth)? {
                Value::String(text) => MapKey::String(text),
                Value::I32(number) => MapKey::I32(number),
                Value::I64(number) => MapKey::I64(number),
                Value::U32(number) => MapKey::U32(number),
                Value::U64(number) => MapKey::U64(number),
                Value::Bool(value) => MapKey::Bool(value),
                _ => return None,
            };
            Some((key, self.single(&value, depth + 2)?))
        });
        Value::Map(entries.collect())
    }

    fn single(&mut self, field: &FieldDescriptor, depth: usize) -> Option<Value> {
        let random = &mut *self.random;
        Some(match field.kind() {
            Kind::Double => Value::F64(random.float()),
            Kind::Float => Value::F32(random.float() as f32),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(random.int() as i32),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(random.int()),
            Kind::Uint32 | Kind::Fixed32 => Value::U32(random.int() as u32),
            Kind::Uint64 | Kind::Fixed64 => Value::U64(random.int() as u64),
            Kind::Bool => Value::Bool(random.chance(1, 2)),
            Kind::String => Value::String(random.text()),
            Kind::Bytes => {
                let length_max = if random.chance(1, 50) { 20_000 } else { 20 };
                Value::Bytes(random.bytes(length_max).into())
            }
            Kind::Enum(of) => {
                let known: Vec<_> = of.values().map(|value| value.number()).collect();
                Value::EnumNumber(if random.chance(1, 8) { random.int() as i32 } else { *random.pick(&known) })
            }
            Kind::Message(of) if depth < DEPTH_MAX => Value::Message(self.message(&of, depth + 1)),
            Kind::Message(_) => return None,
        })
    }
}
