//! `[kafka]`: the broker, the topics, and any property of librdkafka.

use std::{collections::BTreeMap, fmt};

use klamm_log::kafka::Settings;
use serde::{Deserialize, Serialize};

use super::secret::HIDDEN;

/// `[kafka]`. A key that is not klamm's own is a property of librdkafka. In its name `_` and nested tables stand for dots.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Kafka {
    /// `host:port` of some brokers, separated by commas. Required.
    pub bootstrap_servers: String,
    /// Prefix of every topic's name.
    pub topic_prefix: String,
    /// Partitions of commands and history, a power of two; fixed once the topics exist.
    pub partitions: u32,
    /// Replicas of topics that are created. -1: the broker's default.
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
    /// Leaves the topics alone. Only their number of partitions is checked.
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
    /// The properties, with secret values hidden.
    pub fn shown_properties(&self) -> BTreeMap<&str, &str> {
        let shown = |name: &str, value| if Settings::is_secret(name) { HIDDEN } else { value };
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Some of these are properties only where librdkafka is built with OpenID Connect: no file of configuration can show them here.
    #[test]
    fn secret_properties_are_shown_nowhere() {
        let names = [
            "sasl.oauthbearer.client.secret",
            "sasl.oauthbearer.config",
            "sasl.password",
            "ssl.key.password",
            "ssl.key.pem",
            "ssl.keystore.password",
        ];
        let properties = names.map(|name| (name.to_owned(), "hidden".to_owned()));
        let mut kafka = Kafka { properties: properties.into(), ..Kafka::default() };
        kafka.properties.insert("sasl.oauthbearer.client.id".to_owned(), "shown".to_owned());
        let shown = kafka.shown_properties();
        assert_eq!(names.map(|name| shown[name]), names.map(|_| HIDDEN));
        assert_eq!(shown["sasl.oauthbearer.client.id"], "shown");
        assert!(!format!("{kafka:?}").contains("hidden"), "{kafka:?}");
    }
}
