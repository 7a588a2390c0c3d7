//! The processor: owns partitions, decides their commands, hands out their tasks.
//!
//! [`Backend`] is all that a gateway asks of it.

pub mod backend;

pub use backend::Backend;
