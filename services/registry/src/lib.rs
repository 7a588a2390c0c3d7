//! The schemas of klamm's topics, offered and registered by Confluent's schema registry API.
//!
//! - [`serving::routes`]: the read endpoints, for klamm's own schemas with their reserved ids. They are for consumers that have no other
//!   registry.
//! - [`register`]: where a registry is configured, klamm registers its schemas there before it writes the first record. Records then carry
//!   the ids that the registry gave ([`klamm_avro::frame::use_ids`]).
//!
//! Subjects are `<prefix><topic>-value`, as serializers derive them from a topic's name. This crate opens no port, logs nothing and retries
//! nothing; its users do that.

mod apicurio;
mod client;
mod producers;
mod register;
pub mod serving;
mod subjects;

pub use client::{Authentication, Error, Reference, Settings, Stored};
pub use producers::Schemas;
pub use register::{check, probe, register};
pub use subjects::Subjects;
