//! What every message, field and type becomes.

use std::collections::{BTreeMap, BTreeSet};

use prost_reflect::{DescriptorPool, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};

use super::{
    Error,
    docs::Docs,
    names::{self, AvroName},
};

/// Fields by which a message contains another of its own kind, each with the array that takes its place and holds the whole chain.
const CHAINS: &[Chain] = &[Chain { field: "temporal.api.failure.v1.Failure.cause", array: "causes", link: "Cause" }];

struct Chain {
    field: &'static str,
    array: &'static str,
    link: &'static str,
}

/// Everything that the values of the topics are made of.
pub struct Model {
    /// The records, each before those that contain it.
    pub records: Vec<Record>,
    pub enums: Vec<Enum>,
    pub topics: Vec<Topic>,
}

/// A topic and its value's record.
pub struct Topic {
    pub name: String,
    pub record: usize,
}

/// A message.
pub struct Record {
    pub name: AvroName,
    /// Path of prost's struct.
    pub rust: String,
    pub doc: Option<String>,
    pub members: Vec<Member>,
    /// True for the record of a chain's elements, for which prost has no struct.
    pub link: bool,
}

/// A field of prost's struct.
pub enum Member {
    Field(Field),
    Oneof {
        /// The struct's field.
        rust: String,
        /// Path of prost's enum.
        path: String,
        /// The cases, one nullable field each. `Field::rust` is the variant.
        cases: Vec<Field>,
    },
    Chain {
        /// The struct's field that holds the next element of the chain.
        rust: String,
        /// Name of Avro's array.
        name: String,
        /// Index of the record of its elements.
        link: usize,
    },
}

/// A field of Avro's record.
#[derive(Clone)]
pub struct Field {
    pub name: String,
    pub rust: String,
    pub doc: Option<String>,
    pub shape: Shape,
}

/// How many values a field holds.
#[derive(Clone)]
pub enum Shape {
    /// One value, with a default.
    Plain(Type),
    /// One value or none.
    Nullable(Type),
    Array(Type),
    /// A map. Its keys are strings.
    Map(Type),
}

/// A value's type, named for protobuf's.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Type {
    Bool,
    Int32,
    Int64,
    Uint32,
    Uint64,
    Float,
    Double,
    String,
    Bytes,
    Timestamp,
    Duration,
    Enum(usize),
    Record(usize),
}

/// An enum. Its first symbol, whose number is 0, is the default.
pub struct Enum {
    pub name: AvroName,
    pub symbols: Vec<String>,
    /// Proto's number of each symbol.
    pub numbers: Vec<i32>,
}

impl Model {
    /// The model of everything that the messages of `topics` reach.
    pub fn of(pool: &DescriptorPool, topics: &[(&str, &str)]) -> Result<Self, Error> {
        let mut walk = Walk::default();
        let mut found = Vec::new();
        for (topic, message) in topics {
            let message = pool.get_message_by_name(message).ok_or_else(|| Error::NoMessage((*message).to_owned()))?;
            found.push(Topic { name: (*topic).to_owned(), record: walk.record(&message)? });
        }
        let model = Self { records: walk.records, enums: walk.enums, topics: found };
        model.check_names()?;
        Ok(model)
    }

    fn check_names(&self) -> Result<(), Error> {
        let mut seen = BTreeSet::new();
        let names = self.records.iter().map(|record| &record.name).chain(self.enums.iter().map(|it| &it.name));
        for name in names {
            if !seen.insert(name) {
                return Err(Error::SameName(name.full()));
            }
        }
        Ok(())
    }
}

#[derive(Default)]
struct Walk {
    records: Vec<Record>,
    enums: Vec<Enum>,
    record_indices: BTreeMap<String, usize>,
    enum_indices: BTreeMap<String, usize>,
    /// The messages that are being looked at, outermost first.
    open: Vec<String>,
    docs: Docs,
}

impl Walk {
    fn record(&mut self, message: &MessageDescriptor) -> Result<usize, Error> {
        let full_name = message.full_name();
        if let Some(index) = self.record_indices.get(full_name) {
            return Ok(*index);
        }
        if let Some(start) = self.open.iter().position(|open| open == full_name) {
            return Err(Error::Recursion(format!("{} → {full_name}", self.open[start..].join(" → "))));
        }
        self.open.push(full_name.to_owned());
        let name = AvroName::of(full_name, message.package_name());
        let mut members = self.members(message)?;
        for chain in CHAINS {
            let Some(at) = members.iter().position(|member| is_chain(member, message, chain)) else { continue };
            let mut of_link = self.members(message)?;
            of_link.remove(at);
            self.records.push(Record {
                name: name.nested(chain.link),
                rust: names::struct_path(message),
                doc: None,
                members: of_link,
                link: true,
            });
            let rust = names::field(field_name(chain));
            members[at] = Member::Chain { rust, name: chain.array.to_owned(), link: self.records.len() - 1 };
        }
        self.open.pop();

        let doc = self.docs.of_message(message);
        self.records.push(Record { name, rust: names::struct_path(message), doc, members, link: false });
        self.record_indices.insert(full_name.to_owned(), self.records.len() - 1);
        Ok(self.records.len() - 1)
    }

    /// The members of a message, in the order of declaration. The cases of a oneof are neighbours there.
    fn members(&mut self, message: &MessageDescriptor) -> Result<Vec<Member>, Error> {
        let mut members: Vec<Member> = Vec::new();
        let mut fields: Vec<FieldDescriptor> = message.fields().collect();
        fields.sort_by_key(|field| field.path().last().copied());
        for field in fields {
            let member = match field.containing_oneof().filter(|oneof| !oneof.is_synthetic()) {
                None => Member::Field(self.field(&field)?),
                Some(oneof) => {
                    let case =
                        Field { rust: names::variant(field.name()), shape: Shape::Nullable(self.type_of(&field)?), ..self.named(&field) };
                    let path = names::oneof_path(&oneof);
                    match members.last_mut() {
                        Some(Member::Oneof { path: last, cases, .. }) if *last == path => {
                            cases.push(case);
                            continue;
                        }
                        _ => Member::Oneof { rust: names::field(oneof.name()), path, cases: vec![case] },
                    }
                }
            };
            members.push(member);
        }
        Ok(members)
    }

    fn field(&mut self, field: &FieldDescriptor) -> Result<Field, Error> {
        let shape = if CHAINS.iter().any(|chain| chain.field == field.full_name()) {
            // A placeholder: the array takes its place once the message is known.
            Shape::Nullable(Type::Bool)
        } else if field.is_map() {
            self.map(field)?
        } else if field.is_list() {
            let of = self.type_of(field)?;
            if let Type::Record(index) = of
                && self.records[index].members.is_empty()
            {
                return Err(Error::EmptyElement(field.full_name().to_owned()));
            }
            Shape::Array(of)
        } else if field.supports_presence() {
            Shape::Nullable(self.type_of(field)?)
        } else {
            Shape::Plain(self.type_of(field)?)
        };
        Ok(Field { shape, ..self.named(field) })
    }

    fn map(&mut self, field: &FieldDescriptor) -> Result<Shape, Error> {
        let Kind::Message(entry) = field.kind() else { return Err(Error::Unmapped(field.full_name().to_owned())) };
        if !matches!(entry.map_entry_key_field().kind(), Kind::String) {
            return Err(Error::MapKey(field.full_name().to_owned()));
        }
        Ok(Shape::Map(self.type_of(&entry.map_entry_value_field())?))
    }

    fn type_of(&mut self, field: &FieldDescriptor) -> Result<Type, Error> {
        Ok(match field.kind() {
            Kind::Bool => Type::Bool,
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Type::Int32,
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Type::Int64,
            Kind::Uint32 | Kind::Fixed32 => Type::Uint32,
            Kind::Uint64 | Kind::Fixed64 => Type::Uint64,
            Kind::Float => Type::Float,
            Kind::Double => Type::Double,
            Kind::String => Type::String,
            Kind::Bytes => Type::Bytes,
            Kind::Enum(it) => Type::Enum(self.enumeration(&it)?),
            Kind::Message(message) => match message.full_name() {
                "google.protobuf.Timestamp" => Type::Timestamp,
                "google.protobuf.Duration" => Type::Duration,
                "google.protobuf.BoolValue" => Type::Bool,
                "google.protobuf.Int32Value" => Type::Int32,
                "google.protobuf.Int64Value" => Type::Int64,
                "google.protobuf.UInt32Value" => Type::Uint32,
                "google.protobuf.UInt64Value" => Type::Uint64,
                "google.protobuf.FloatValue" => Type::Float,
                "google.protobuf.DoubleValue" => Type::Double,
                "google.protobuf.StringValue" => Type::String,
                "google.protobuf.BytesValue" => Type::Bytes,
                _ => Type::Record(self.record(&message)?),
            },
        })
    }

    fn enumeration(&mut self, descriptor: &EnumDescriptor) -> Result<usize, Error> {
        let full_name = descriptor.full_name();
        if let Some(index) = self.enum_indices.get(full_name) {
            return Ok(*index);
        }
        let (mut symbols, mut numbers) = (Vec::new(), Vec::new());
        for value in descriptor.values() {
            // A second name for a number is an alias, and is left out.
            if !numbers.contains(&value.number()) {
                symbols.push(value.name().to_owned());
                numbers.push(value.number());
            }
        }
        if numbers.first() != Some(&0) {
            return Err(Error::Unmapped(format!("{full_name}, whose first value is not 0,")));
        }
        self.enums.push(Enum { name: AvroName::of(full_name, descriptor.package_name()), symbols, numbers });
        self.enum_indices.insert(full_name.to_owned(), self.enums.len() - 1);
        Ok(self.enums.len() - 1)
    }

    /// A field with name and comment. The caller sets its shape.
    fn named(&mut self, field: &FieldDescriptor) -> Field {
        Field {
            name: field.name().to_owned(),
            rust: names::field(field.name()),
            doc: self.docs.of_field(field),
            shape: Shape::Plain(Type::Bool),
        }
    }
}

fn is_chain(member: &Member, message: &MessageDescriptor, chain: &Chain) -> bool {
    matches!(member, Member::Field(field) if chain.field == format!("{}.{}", message.full_name(), field.name))
}

fn field_name(chain: &Chain) -> &str {
    chain.field.rsplit('.').next().unwrap_or(chain.field)
}
