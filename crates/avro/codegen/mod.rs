//! The generic mapping of protobuf messages to Avro, run at build time: descriptors go in, schemas and Rust code come out.
//!
//! `model` decides what every message, field and type becomes. `schema` writes that as Avro schemas. `rust` writes it as code that moves
//! prost structs to and from Avro binary. schemas/README.md has the rules.

mod docs;
mod error;
mod json;
mod model;
mod names;
mod rust;
mod schema;

use prost_reflect::DescriptorPool;

pub use error::Error;

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
