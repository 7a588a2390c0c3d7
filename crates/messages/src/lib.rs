//! All messages of klamm, as prost types: Temporal's own (`temporal`) and klamm's records (`klamm`).
//!
//! There is no transport and no logic here: machines, store and topics all use these types. Bytes are [`bytes::Bytes`], so a clone of a
//! payload shares its bytes. Maps are ordered, so equal messages have equal encodings.

#[allow(missing_docs, clippy::all)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/modules.rs"));
}

/// Temporal's public messages, by package: `temporal::history::v1::HistoryEvent`.
pub use generated::temporal::api as temporal;

/// Google's `Status` of the rich error model, in which Temporal's error details travel.
pub use generated::google::rpc;

/// klamm's own messages; the contract is schemas/proto/klamm/v1.
pub use generated::klamm;

/// Descriptors of all these messages, and of Temporal's services (an encoded `FileDescriptorSet`).
pub const DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
