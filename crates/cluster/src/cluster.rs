//! The machine's type, and what it answers.

use klamm_messages::{klamm::v1::NamespaceState, temporal::taskqueue::v1::TaskQueueConfig};

/// The cluster machine. It has no settings and no state of its own.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cluster;

/// Answer of an accepted cluster command.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Nothing to tell.
    Empty,
    /// The namespace as it stands after the command (register, update, delete).
    Namespace(Box<NamespaceState>),
    /// The configuration of a task queue as it stands after the command.
    TaskQueueConfig(Box<TaskQueueConfig>),
}
