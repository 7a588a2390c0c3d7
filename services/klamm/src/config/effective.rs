//! All sections of the configuration together.

use std::collections::BTreeMap;

use klamm_gateway::Limits;
use serde::{Deserialize, Serialize};

use super::{Connections, Kafka, Namespace, Processor, Registry, Server};

/// The effective configuration.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where klamm listens, what it keeps, how it logs.
    pub server: Server,
    /// How many connections there may be, and what each may do.
    pub connections: Connections,
    /// The broker and the topics.
    pub kafka: Kafka,
    /// The schema registry, if there is one.
    pub registry: Registry,
    /// Partitions, batches and transactions.
    pub processor: Processor,
    /// Limits of requests and histories. They have the gateway's names.
    pub limits: Limits,
    /// What is set for single namespaces, by name.
    pub namespaces: BTreeMap<String, Namespace>,
}
