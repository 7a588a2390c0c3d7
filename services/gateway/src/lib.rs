//! The gateway: Temporal's gRPC API in front of the owners of partitions.
//!
//! [`klamm_requests`] checks requests and makes commands of them. A [`klamm_backend::Backend`] does everything else. The gateway turns
//! refusals into gRPC statuses (`status.rs`). It decides nothing about workflows, and touches neither log nor store. Its only state is
//! the list of workers (`workers.rs`), which may be lost at any time. Read
//! first: [`Gateway`], [`serve`], then the tables of contents `workflow_service` and `operator_service`.

pub mod access;
mod answer;
pub mod call;
mod call_name;
mod computing;
pub mod config;
mod gateway;
mod history;
mod operator_service;
mod runs;
mod server;
mod status;
mod table;
mod telemetry;
mod unreadable;
pub mod versions;
mod workers;
mod workflow_service;

pub use config::Config;
pub use gateway::Gateway;
pub use klamm_requests::Limits;
pub use server::{Calls, ServeError, routes, serve};

#[cfg(test)]
mod tests;
