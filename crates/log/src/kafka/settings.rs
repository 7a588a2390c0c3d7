//! How klamm uses a broker.

use std::{collections::BTreeMap, time::Duration};

use crate::Error;

/// Where the broker is and how it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Part of the names of the log's threads and clients. It tells this log from others of the same process. May be empty.
    pub name: String,
    /// `host:port`, several separated by commas.
    pub bootstrap_servers: String,
    /// Properties of librdkafka, passed to every client as they are: `security.protocol`, `sasl.mechanism`, `ssl.ca.location` and so on.
    /// Properties that klamm's promises rest on ([`Settings::check`]) are refused.
    pub properties: BTreeMap<String, String>,
    /// What klamm does about topics at the start.
    pub topics: TopicsMode,
    /// Replicas of topics that are made; `None`: the broker's `default.replication.factor`.
    pub replication_factor: Option<u16>,
    /// [`crate::Log::topics`] lists the topics whose names begin with this; all topics of the cluster when empty.
    pub topic_prefix: String,
    /// The consumer group that readers name, since the broker wants a name. They neither join it nor commit offsets.
    pub group_id: String,
    /// Longest time that a call takes when the broker is away or does not answer.
    pub request_timeout: Duration,
    /// The broker aborts a transaction that is open for longer than this.
    pub transaction_timeout: Duration,
    /// How often klamm asks for the ends of the partitions that somebody reads, to notice records of other processes.
    pub watch_interval: Duration,
    /// For each partition that somebody reads: so many bytes of the newest records of this process stay in memory.
    pub tail_bytes: usize,
    /// Bytes of records that may wait for their acknowledgement, in all. Further appends fail with [`Error::Unavailable`].
    pub unacknowledged_bytes_max: usize,
    /// Produce requests that may be under way to one broker at a time. When few may, the records that come meanwhile gather into a batch.
    pub requests_in_flight_max: u32,
    /// Most consumers for reading what memory does not hold. They are made when needed.
    pub readers_max: usize,
}

/// What klamm does about topics at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TopicsMode {
    /// Missing topics are made, the others are checked.
    #[default]
    Create,
    /// All are checked; a missing one is an error.
    Verify,
    /// Topics are neither made nor checked.
    LeaveAlone,
}

impl Default for Settings {
    /// A broker on this machine, missing topics are made, a request timeout of 10 s, 1 MiB of tail, 4 readers.
    fn default() -> Self {
        Self {
            name: String::new(),
            bootstrap_servers: "localhost:9092".to_owned(),
            properties: BTreeMap::new(),
            topics: TopicsMode::Create,
            replication_factor: None,
            topic_prefix: String::new(),
            group_id: "klamm.readers".to_owned(),
            request_timeout: Duration::from_secs(10),
            transaction_timeout: Duration::from_secs(10),
            watch_interval: Duration::from_millis(200),
            tail_bytes: 1 << 20,
            unacknowledged_bytes_max: 64 << 20,
            requests_in_flight_max: 1,
            readers_max: 4,
        }
    }
}

/// Properties that klamm sets itself, with the reason.
const OWN: &[(&str, &str)] = &[
    ("bootstrap.servers", "it has a setting of its own"),
    ("metadata.broker.list", "it has a setting of its own"),
    ("enable.idempotence", "each command stands once"),
    ("acks", "an answer is given when all replicas in sync have the command"),
    ("request.required.acks", "an answer is given when all replicas in sync have the command"),
    ("enable.gapless.guarantee", "nothing is left out"),
    ("message.timeout.ms", "nothing is left out"),
    ("delivery.timeout.ms", "nothing is left out"),
    ("transactional.id", "each partition has its own"),
    ("transaction.timeout.ms", "it has a setting of its own"),
    ("group.id", "it has a setting of its own"),
    ("isolation.level", "only what is committed is read"),
    ("enable.auto.commit", "positions are klamm's own"),
    ("enable.auto.offset.store", "positions are klamm's own"),
    ("auto.offset.reset", "a position that is gone is an error"),
    ("enable.partition.eof", "the end of a partition has to be seen"),
];

impl Settings {
    /// Finds what would break a promise.
    ///
    /// # Errors
    /// [`Error::Misconfigured`]: the first of [`Settings::check_all`].
    pub fn check(&self) -> Result<(), Error> {
        self.check_all().into_iter().next().map_or(Ok(()), Err)
    }

    /// Everything that would break a promise.
    pub fn check_all(&self) -> Vec<Error> {
        let mut wrong = Vec::new();
        if self.bootstrap_servers.trim().is_empty() {
            wrong.push("bootstrap servers are missing: name one or more brokers as host:port".to_owned());
        }
        let own = OWN.iter().filter(|(name, _)| self.properties.contains_key(*name));
        wrong.extend(own.map(|(name, reason)| format!("property {name} is klamm's own ({reason}): leave it out")));
        wrong.into_iter().map(|problem| Error::Misconfigured { problem }).collect()
    }

    /// Where librdkafka is to look for trusted authorities, as a property, unless the operator has said so (`told`: by OpenSSL's variables):
    /// in the places where Linux distributions and macOS keep them. klamm's OpenSSL is built in, and knows none of these places by itself.
    pub(super) fn authorities(&self, told: bool) -> Option<(&'static str, &'static str)> {
        let told = told || ["ssl.ca.location", "ssl.ca.pem"].iter().any(|name| self.properties.contains_key(*name));
        (!told).then_some(("ssl.ca.location", "probe"))
    }

    /// True where a property's value must not be shown.
    pub fn is_secret(property: &str) -> bool {
        ["password", "secret", "token", "jaas", ".pem", "oauthbearer.config"].iter().any(|part| property.contains(part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorities_are_looked_for_unless_the_operator_names_them() {
        assert_eq!(Settings::default().authorities(false), Some(("ssl.ca.location", "probe")));
        assert_eq!(Settings::default().authorities(true), None);
        for name in ["ssl.ca.location", "ssl.ca.pem"] {
            let properties = BTreeMap::from([(name.to_owned(), "mine".to_owned())]);
            assert_eq!(Settings { properties, ..Settings::default() }.authorities(false), None);
        }
    }

    #[test]
    fn properties_that_promises_rest_on_are_refused() {
        assert_eq!(Settings::default().check(), Ok(()));
        let with = |name: &str| Settings { properties: BTreeMap::from([(name.to_owned(), "1".to_owned())]), ..Settings::default() }.check();
        assert_eq!(with("linger.ms"), Ok(()));
        assert!(with("acks").unwrap_err().to_string().contains("property acks is klamm's own"));
        assert!(Settings { bootstrap_servers: " ".to_owned(), ..Settings::default() }.check().is_err());
    }
}
