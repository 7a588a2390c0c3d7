//! Schemas of klamm's topics, as a schema registry that speaks Confluent's API shows them.
//!
//! - [`serving::routes`]: the read endpoints, for klamm's own schemas with their reserved ids. Consumers that know no other registry are
//!   pointed here.
//! - [`register`]: where a registry is configured, klamm registers its schemas there before it writes the first record, and records carry
//!   the ids that it gave ([`klamm_avro::frame::use_ids`]).
//!
//! Subjects are `<prefix><topic>-value`, what serializers make of a topic's name. This crate opens no port, logs nothing and retries nothing: its
//! users do.

mod client;
mod register;
pub mod serving;
mod subjects;

pub use client::{Authentication, Error, Settings};
pub use register::register;
pub use subjects::Subjects;
