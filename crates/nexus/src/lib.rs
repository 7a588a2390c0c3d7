//! Nexus over HTTP: how payloads, failures, links and errors stand in its headers and bodies. There is no transport here.
//!
//! Read first: [`completion`], the request that tells a caller how an operation has ended. The rest are its parts.
//!
//! Temporal: common/nexus, and the Nexus RPC specification (github.com/nexus-rpc/api).

pub mod completion;
pub mod content;
pub mod failure;
pub mod handler_error;
pub mod link;
pub mod times;

pub use completion::Completion;
pub use handler_error::CallError;
