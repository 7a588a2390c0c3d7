//! Share groups, whose consumers take the records of a topic one by one.

use std::time::Duration;

/// A share group of Kafka's (KIP-932), and how klamm wants it to be. Its consumers are other programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareGroup {
    /// The group's name.
    pub name: String,
    /// How long a record is one consumer's. After that another one gets it.
    pub lock: Duration,
    /// How many times a record is delivered at most.
    pub deliveries: u32,
}
