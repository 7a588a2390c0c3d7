//! How klamm uses a broker.

use std::{collections::BTreeMap, time::Duration};

use crate::Error;

/// Where the broker is and how it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `host:port`, several separated by commas.
    pub bootstrap_servers: String,
    /// Properties of librdkafka, passed to every client as they are: `security.protocol`, `sasl.mechanism`, `ssl.ca.location` and so on.
    /// Those that klamm's promises rest on ([`Settings::check`]) are refused.
    pub properties: BTreeMap<String, String>,
    /// What is done about topics at the start.
    pub topics: TopicsMode,
    /// Replicas of topics that are made; `None`: the broker's `default.replication.factor`.
    pub replication_factor: Option<u16>,
    /// [`crate::Log::topics`] lists topics whose names begin so; those of the whole cluster when empty.
    pub topic_prefix: String,
    /// Consumer group that readers name. They neither join it nor commit offsets, but the broker wants a name.
    pub group_id: String,
    /// Longest time that a call takes when the broker is away or does not answer.
    pub request_timeout: Duration,
    /// A transaction that is open for longer is aborted by the broker.
    pub transaction_timeout: Duration,
    /// How often the ends of partitions that somebody reads are asked for, so that others' records are noticed.
    pub watch_interval: Duration,
    /// Bytes of the newest own records kept in memory per partition that is read.
    pub tail_bytes: usize,
    /// Bytes of records that may wait for their acknowledgement, in all; more are [`Error::Unavailable`].
    pub unacknowledged_bytes_max: usize,
    /// Produce requests on their way to one broker at a time. With few of them, records that come meanwhile form a batch by themselves.
    pub requests_in_flight_max: u32,
    /// Consumers for what memory does not hold, made when needed.
    pub readers_max: usize,
}

/// What is done about topics at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TopicsMode {
    /// Those that are missing are made, the others checked.
    #[default]
    Create,
    /// All are checked; a missing one is an error.
    Verify,
    /// Nothing: they are as they are.
    LeaveAlone,
}

impl Default for Settings {
    /// A broker on this machine, topics made, 10 s, 1 MiB of tail, 4 readers.
    fn default() -> Self {
        Self {
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
    /// Finds properties that would break a promise.
    ///
    /// # Errors
    /// [`Error::Misconfigured`].
    pub fn check(&self) -> Result<(), Error> {
        let wrong = |problem: String| Err(Error::Misconfigured { problem });
        if self.bootstrap_servers.trim().is_empty() {
            return wrong("bootstrap servers are missing: name one or more brokers as host:port".to_owned());
        }
        match OWN.iter().find(|(name, _)| self.properties.contains_key(*name)) {
            Some((name, reason)) => wrong(format!("property {name} is klamm's own ({reason}): leave it out")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_that_promises_rest_on_are_refused() {
        assert_eq!(Settings::default().check(), Ok(()));
        let with = |name: &str| Settings { properties: BTreeMap::from([(name.to_owned(), "1".to_owned())]), ..Settings::default() }.check();
        assert_eq!(with("linger.ms"), Ok(()));
        assert!(with("acks").unwrap_err().to_string().contains("property acks is klamm's own"));
        assert!(Settings { bootstrap_servers: " ".to_owned(), ..Settings::default() }.check().is_err());
    }
}
