//! The generic mapping of protobuf messages to Avro, run at build time: descriptors in, schemas and Rust code out.
//!
//! `model` decides what every message, field and type becomes; `schema` writes that down as Avro schemas and `rust` as code
//! that moves prost structs to and from Avro binary. The rules are told in schemas/README.md.

mod docs;
mod json;
mod model;
mod names;
mod rust;
mod schema;

use prost_reflect::DescriptorPool;

/// What is generated from one descriptor set.
pub struct Output {
    /// Implementations of `Avro` for every message that a topic's value reaches.
    pub rust: String,
    /// One schema per topic.
    pub schemas: Vec<Schema>,
}

/// The schema of one topic's value.
pub struct Schema {
    /// Topic without prefix.
    pub topic: String,
    /// Path of the struct that is the value.
    pub rust: String,
    /// The schema, with a line per field.
    pub json: String,
}

/// Why a descriptor set has no mapping. Each names the place.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The set is no descriptor set.
    #[error("the descriptor set cannot be read: {0}")]
    Descriptors(#[from] prost_reflect::DescriptorError),
    /// A topic's message is not in the set.
    #[error("there is no message {0}")]
    NoMessage(String),
    /// Avro could say it, but Flink, Spark, ksqlDB and Connect could not read it.
    #[error("recursion: {0}")]
    Recursion(String),
    /// A map with keys that are no strings.
    #[error("{0} is a map whose keys are no strings")]
    MapKey(String),
    /// Elements without any byte have no bound on their number.
    #[error("{0} is repeated, but its elements have no fields")]
    EmptyElement(String),
    /// Two messages become records of the same name.
    #[error("two messages become {0}")]
    SameName(String),
    /// Something of protobuf that klamm's and Temporal's messages do not use.
    #[error("{0} has no mapping")]
    Unmapped(String),
}

/// Generates schemas and code for `topics`: topic without prefix and full name of its value's message.
pub fn generate(descriptor_set: &[u8], topics: &[(&str, &str)]) -> Result<Output, Error> {
    let pool = DescriptorPool::decode(descriptor_set)?;
    let model = model::Model::of(&pool, topics)?;
    let schemas = model
        .topics
        .iter()
        .map(|topic| Schema {
            topic: topic.name.clone(),
            rust: model.records[topic.record].rust.clone(),
            json: schema::of(&model, topic.record),
        })
        .collect();
    Ok(Output { rust: rust::of(&model), schemas })
}
