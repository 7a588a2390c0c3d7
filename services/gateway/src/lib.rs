//! The gateway: Temporal's gRPC API in front of the owners of partitions.
//!
//! It checks requests as Temporal's frontend does (order, words, codes, detail types), stamps settings into commands and asks a
//! [`klamm_processor::Backend`] for everything else. It decides nothing about workflows, holds no state and touches neither
//! log nor store. Read first: [`Gateway`], [`serve`], then the tables of contents `workflow_service` and `operator_service`.

pub mod call;
pub mod config;
pub mod errors;
mod failures;
mod gateway;
mod history;
mod message_size;
mod operator_service;
mod runs;
mod server;
pub mod settings;
mod table;
mod text;
pub mod tokens;
mod validate;
pub mod versions;
pub mod visibility;
mod visibility_index;
mod workflow_service;

pub use config::{Config, Limits};
pub use errors::Fault;
pub use gateway::Gateway;
pub use server::{ServeError, routes, serve};
pub use visibility::VisibilityQueries;

#[cfg(test)]
mod tests;
