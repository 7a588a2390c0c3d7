//! The messages klamm is made of: Temporal's own (`temporal`) and klamm's records (`klamm`), as prost types.
//!
//! No transport and no logic: machines, store and topics all speak these types. Temporal's maps are hash maps; their
//! order must never reach an output (identity of records is over our Avro encoding, which writes maps in key order).

/// Temporal's public messages, by package: `temporal::history::v1::HistoryEvent`.
pub use temporalio_protos::temporal::api as temporal;

/// Everything the messages crate of Temporal's SDK has, for parts of the API outside `temporal.api` (gRPC health, …).
pub use temporalio_protos;

/// klamm's own messages; the contract is schemas/proto/klamm/v1.
#[allow(missing_docs, clippy::all)]
pub mod klamm {
    /// Version 1 of the contract.
    pub mod v1 {
        include!(concat!(env!("OUT_DIR"), "/klamm.v1.rs"));
    }
}

/// Descriptors of klamm's messages and of all that they use (an encoded `FileDescriptorSet`).
pub const DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/klamm_descriptors.bin"));
