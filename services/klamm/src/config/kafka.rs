//! `[kafka]`: the broker, the topics, and any property of librdkafka.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use super::secret::HIDDEN;

/// `[kafka]`. What is no key of klamm's own is a property of librdkafka; there `_` and nested tables are dots.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Kafka {
    /// `host:port` of some brokers, with commas. Required.
    pub bootstrap_servers: String,
    /// What every topic's name begins with.
    pub topic_prefix: String,
    /// Partitions of commands and history, a power of two; fixed once the topics exist.
    pub partitions: u32,
    /// Replicas of topics that are created; -1: as the broker says.
    pub replication_factor: i32,
    /// What klamm does about topics at its start.
    pub topics: TopicsMode,
    /// Properties of librdkafka by their own names, such as `security.protocol`.
    pub properties: BTreeMap<String, String>,
}

/// What klamm does about topics at its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TopicsMode {
    /// Creates those that are missing, and verifies the others.
    Create,
    /// Verifies that all are there with the right settings.
    Verify,
    /// Leaves them alone: only their number of partitions is looked at.
    Leave,
}

impl Default for Kafka {
    fn default() -> Self {
        Self {
            bootstrap_servers: String::new(),
            topic_prefix: "klamm.".to_owned(),
            partitions: 8,
            replication_factor: -1,
            topics: TopicsMode::Create,
            properties: BTreeMap::new(),
        }
    }
}

impl Kafka {
    /// True where a property's value must not be shown.
    pub fn is_secret(property: &str) -> bool {
        ["password", "secret", "token", "jaas", ".pem", "oauthbearer.config"].iter().any(|part| property.contains(part))
    }

    /// The properties, with secret values hidden.
    pub fn shown_properties(&self) -> BTreeMap<&str, &str> {
        let shown = |name: &str, value| if Self::is_secret(name) { HIDDEN } else { value };
        self.properties.iter().map(|(name, value)| (name.as_str(), shown(name, value))).collect()
    }
}

impl fmt::Debug for Kafka {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kafka")
            .field("bootstrap_servers", &self.bootstrap_servers)
            .field("topic_prefix", &self.topic_prefix)
            .field("partitions", &self.partitions)
            .field("replication_factor", &self.replication_factor)
            .field("topics", &self.topics)
            .field("properties", &self.shown_properties())
            .finish()
    }
}
