//! Random canonical messages of any kind, made by descriptor.

#![allow(dead_code, reason = "each test uses a part")]

use std::{
    collections::{BTreeSet, HashMap},
    sync::LazyLock,
};

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value};

/// Descriptors of all messages.
pub static POOL: LazyLock<DescriptorPool> =
    LazyLock::new(|| DescriptorPool::decode(klamm_messages::DESCRIPTOR_SET).expect("the announced set is one"));

/// A random message of the given full name, as prost's struct.
pub fn random<T: Message + Default>(name: &str, seed: u64) -> T {
    decoded(&Random::new(seed).message(&message(name), 0))
}

/// The descriptor of a message.
pub fn message(name: &str) -> MessageDescriptor {
    POOL.get_message_by_name(name).expect("a message of the set")
}

/// A dynamic message as prost's struct.
pub fn decoded<T: Message + Default>(message: &DynamicMessage) -> T {
    T::decode(message.encode_to_vec().as_slice()).expect("what prost-reflect writes, prost reads")
}

/// Deeper than any message of the topics is without its chains of causes.
const DEPTH_MAX: usize = 14;

/// Numbers from a seed (splitmix64), and messages made of them.
pub struct Random {
    state: u64,
    /// Full names of the messages that were made.
    pub seen: BTreeSet<String>,
}

impl Random {
    pub fn new(seed: u64) -> Self {
        Self { state: seed, seen: BTreeSet::new() }
    }

    pub fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    /// A canonical message: known enum numbers, times of microseconds, durations below 292 years.
    pub fn message(&mut self, descriptor: &MessageDescriptor, depth: usize) -> DynamicMessage {
        let mut message = DynamicMessage::new(descriptor.clone());
        self.seen.insert(descriptor.full_name().to_owned());
        match descriptor.full_name() {
            "google.protobuf.Timestamp" => {
                let micros = self.long();
                message.set_field_by_name("seconds", Value::I64(micros.div_euclid(1_000_000)));
                message.set_field_by_name("nanos", Value::I32(micros.rem_euclid(1_000_000) as i32 * 1_000));
                return message;
            }
            "google.protobuf.Duration" => {
                let nanos = self.long();
                message.set_field_by_name("seconds", Value::I64(nanos / 1_000_000_000));
                message.set_field_by_name("nanos", Value::I32((nanos % 1_000_000_000) as i32));
                return message;
            }
            _ => {}
        }
        for field in descriptor.fields().filter(|field| field.containing_oneof().is_none_or(|oneof| oneof.is_synthetic())) {
            let rare = depth > 2 && (field.is_list() || field.is_map() || matches!(field.kind(), Kind::Message(_)));
            if self.below(if rare { 4 } else { 2 }) == 0 && depth < DEPTH_MAX {
                let value = self.field(&field, depth);
                message.set_field(&field, value);
            }
        }
        for oneof in descriptor.oneofs().filter(|oneof| !oneof.is_synthetic()) {
            if self.below(16) > 0 && depth < DEPTH_MAX {
                let cases: Vec<FieldDescriptor> = oneof.fields().collect();
                let case = &cases[self.below(cases.len())];
                let value = self.single(&case.kind(), depth);
                message.set_field(case, value);
            }
        }
        message
    }

    fn field(&mut self, field: &FieldDescriptor, depth: usize) -> Value {
        if field.is_map() {
            let Kind::Message(entry) = field.kind() else { unreachable!("a map's entries are messages") };
            let values = entry.map_entry_value_field();
            let mut map = HashMap::new();
            for _ in 0..self.below(5) {
                map.insert(MapKey::String(self.text()), self.single(&values.kind(), depth));
            }
            Value::Map(map)
        } else if field.is_list() {
            Value::List((0..self.below(4)).map(|_| self.single(&field.kind(), depth)).collect())
        } else {
            self.single(&field.kind(), depth)
        }
    }

    fn single(&mut self, kind: &Kind, depth: usize) -> Value {
        match kind {
            Kind::Bool => Value::Bool(self.below(2) == 0),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(self.long() as i32),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(self.long()),
            Kind::Uint32 | Kind::Fixed32 => Value::U32(self.long() as u32),
            Kind::Uint64 | Kind::Fixed64 => Value::U64(self.long() as u64),
            Kind::Float => Value::F32(self.long() as f32 / 16.0),
            Kind::Double => Value::F64(self.long() as f64 / 16.0),
            Kind::String => Value::String(self.text()),
            Kind::Bytes => {
                let length = self.below(12);
                Value::Bytes((0..length).map(|_| self.next() as u8).collect::<Vec<u8>>().into())
            }
            Kind::Enum(it) => {
                let numbers: Vec<i32> = it.values().map(|value| value.number()).collect();
                Value::EnumNumber(numbers[self.below(numbers.len())])
            }
            Kind::Message(message) => Value::Message(self.message(message, depth + 1)),
        }
    }

    /// Of all magnitudes.
    fn long(&mut self) -> i64 {
        let bits = self.below(64);
        let magnitude = self.next() as i64 >> bits;
        match self.below(20) {
            0 => 0,
            1 => i64::MIN,
            2 => i64::MAX,
            _ => magnitude,
        }
    }

    fn text(&mut self) -> String {
        const LETTERS: [char; 8] = ['a', 'b', 'Z', '0', '/', 'é', '木', '𝄞'];
        (0..self.below(10)).map(|_| LETTERS[self.below(LETTERS.len())]).collect()
    }
}
