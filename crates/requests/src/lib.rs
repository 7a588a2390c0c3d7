//! Requests, independent of their transport: which requests are valid, what the defaults are, and in which form a request goes into the
//! log.
//!
//! gRPC uses this crate now; HTTP and records from Kafka will. So all of them refuse the same requests in the same words and make the same
//! commands. Requests are Temporal's messages. A refusal is a plain value ([`Fault`]: code, message, detail). There is no transport here,
//! nothing waits, and nothing reads a clock.
//!
//! Read first: [`fault`], then [`calls`] (a request becomes a command, one file per call) and [`validate`] (checks and defaults, one file per
//! kind of thing).

pub mod access;
pub mod addresses;
pub mod batch;
pub mod calls;
pub mod destinations;
pub mod failures;
pub mod fault;
pub mod limits;
pub mod namespaces;
pub mod records;
pub mod settings;
mod terms;
mod text;
pub mod tokens;
pub mod validate;
mod warnings;

pub use addresses::Addresses;
pub use destinations::Destinations;
pub use fault::{Fault, Result};
pub use limits::Limits;
pub use terms::Terms;
