//! Protobuf to Avro and back by descriptor, and the schema registry's framing. This is the form of the values on klamm's topics.
//!
//! Machines and services use prost's structs. Topics hold Avro, so that every consumer of Kafka can read them. Schemas and code come from
//! the messages' descriptors at build time (`codegen/`); nothing is written by hand per event. schemas/README.md describes the mapping.
//!
//! - [`frame::encode`] and [`frame::decode`] are what a writer and a reader of a topic need; [`frame::use_ids`] where a registry gives the
//!   ids.
//! - [`Avro`] is the value without a frame. Identity of records means equality of these bytes, whose maps are in the order of their keys.
//! - [`schemas::all`] is what is registered, or served where there is no registry.
//! - [`json::to_json`] shows any value to people.
//!
//! A message is encoded without loss when it is canonical: times cut to microseconds, durations below 292 years, known enum numbers, chains
//! of causes no longer than [`wire::CHAIN_MAX`]. [`canonical`] makes it so.
//!
//! This crate never panics on bytes that it reads, and never reserves more memory than they account for. It knows nothing of Kafka.

mod codec;
pub mod compatibility;
mod error;
pub mod frame;
pub mod json;
mod resolve;
mod schema;
pub mod schemas;
pub mod wire;

pub use error::Error;

/// A message with its Avro encoding; implemented for every message that a topic's value reaches.
pub trait Avro: Sized {
    /// Full name of the record: proto's, with `_` between nested names.
    const NAME: &'static str;

    /// Appends the binary encoding, without a frame. The same value always gives the same bytes.
    fn encode_avro(&self, out: &mut Vec<u8>);

    /// Takes one value off the front of `input`. What follows it stays there.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when the bytes are no such value. Then `input` may begin anywhere in the value.
    fn decode_avro(input: &mut &[u8]) -> Result<Self, Error>;
}

/// A box is encoded as what is in it.
impl<T: Avro> Avro for Box<T> {
    const NAME: &'static str = T::NAME;

    fn encode_avro(&self, out: &mut Vec<u8>) {
        (**self).encode_avro(out);
    }

    fn decode_avro(input: &mut &[u8]) -> Result<Self, Error> {
        T::decode_avro(input).map(Self::new)
    }
}

/// A message that is the whole value of a topic's records.
pub trait Value: Avro {
    /// The topic, without prefix.
    const TOPIC: &'static str;
    /// Reserved id of the present schema, as in schemas/ids.json.
    const SCHEMA_ID: u32;
}

/// The value as it comes back from a topic, without what Avro cannot express (see the crate's documentation).
///
/// # Errors
/// None can occur: what was encoded can be decoded.
pub fn canonical<T: Avro>(value: &T) -> Result<T, Error> {
    let mut bytes = Vec::new();
    value.encode_avro(&mut bytes);
    T::decode_avro(&mut bytes.as_slice())
}
