//! Where records go that do not wait for a transaction.

use std::sync::Arc;

/// Where a record goes that is sent at once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// This partition of the command log.
    Commands(u32),
    /// This partition of the topic with this full name.
    Topic(Arc<str>, u32),
}

impl Target {
    /// Full name of the topic, where that of the command log is `commands`, and the partition.
    pub fn place<'t>(&'t self, commands: &'t str) -> (&'t str, u32) {
        match self {
            Self::Commands(partition) => (commands, *partition),
            Self::Topic(topic, partition) => (topic, *partition),
        }
    }
}
