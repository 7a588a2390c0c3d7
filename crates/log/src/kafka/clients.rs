//! librdkafka's clients, each with the properties that it needs.

use std::sync::Arc;

use rdkafka::{
    ClientConfig,
    admin::AdminClient,
    config::FromClientConfigAndContext,
    consumer::BaseConsumer,
    error::{KafkaError, KafkaResult},
    producer::{BaseProducer, ProducerContext},
};

use super::{
    context::{Context, Problems},
    settings::Settings,
};
use crate::Error;

/// Batches hold so many bytes at most, unless a topic takes less or one record is larger.
pub(super) const BATCH_BYTES_MAX: usize = 1_000_000;

/// Makes clients.
pub(super) struct Clients {
    pub(super) settings: Settings,
    pub(super) problems: Arc<Problems>,
}

impl Clients {
    /// What is common to all; the operator's properties come last and win.
    fn config(&self, own: &[(&str, &str)], defaults: &[(&str, &str)]) -> ClientConfig {
        let timeout = self.settings.request_timeout.as_millis().clamp(100, 300_000).to_string();
        let mut config = ClientConfig::new();
        config.set("client.id", "klamm");
        config.set("socket.keepalive.enable", "true");
        config.set("socket.timeout.ms", timeout);
        // A broker that comes back is found soon.
        config.set("reconnect.backoff.ms", "50").set("reconnect.backoff.max.ms", "1000");
        config.set("enable.metrics.push", "false");
        config.set("log.connection.close", "false");
        for (name, value) in defaults {
            config.set(*name, *value);
        }
        for (name, value) in &self.settings.properties {
            config.set(name, value);
        }
        config.set("bootstrap.servers", &self.settings.bootstrap_servers);
        for (name, value) in own {
            config.set(*name, *value);
        }
        config
    }

    /// Context for a client.
    pub(super) fn context(&self) -> Context {
        Context { problems: self.problems.clone() }
    }

    /// For administration: made when needed.
    pub(super) fn admin(&self) -> Result<AdminClient<Context>, Error> {
        made(AdminClient::from_config_and_context(&self.config(&[], &[]), self.context()))
    }

    /// For metadata and offsets; reads nothing.
    pub(super) fn querying(&self) -> Result<BaseConsumer<Context>, Error> {
        let config = self.config(&[("isolation.level", "read_committed"), ("allow.auto.create.topics", "false")], &[]);
        made(BaseConsumer::from_config_and_context(&config, self.context()))
    }

    /// For records: positions are given with each assignment, nothing is committed.
    pub(super) fn reading(&self) -> Result<BaseConsumer<Context>, Error> {
        let own = [
            ("group.id", self.settings.group_id.as_str()),
            ("isolation.level", "read_committed"),
            ("enable.auto.commit", "false"),
            ("enable.auto.offset.store", "false"),
            ("auto.offset.reset", "error"),
            ("enable.partition.eof", "true"),
            ("allow.auto.create.topics", "false"),
        ];
        let defaults = [
            // Partitions are assigned only while there is something to read, so a fetch that finds nothing means the end: it shall say so soon.
            ("fetch.wait.max.ms", "10"),
            ("fetch.queue.backoff.ms", "5"),
            ("fetch.error.backoff.ms", "50"),
            ("queued.max.messages.kbytes", "2048"),
        ];
        made(BaseConsumer::from_config_and_context(&self.config(&own, &defaults), self.context()))
    }

    /// For a consumer group's offsets; it joins nothing and reads nothing.
    pub(super) fn committing(&self, group: &str) -> Result<BaseConsumer<Context>, Error> {
        let own = [("group.id", group), ("enable.auto.commit", "false"), ("allow.auto.create.topics", "false")];
        made(BaseConsumer::from_config_and_context(&self.config(&own, &[]), self.context()))
    }

    /// For appends: idempotent, never giving up by itself. `batch_bytes_max`: what every topic takes.
    pub(super) fn appending<C: ProducerContext>(&self, context: C, batch_bytes_max: usize) -> Result<BaseProducer<C>, Error> {
        let in_flight = self.settings.requests_in_flight_max.clamp(1, 5).to_string();
        let queue_kbytes = (self.settings.unacknowledged_bytes_max / 1024).clamp(1, 2_097_151).to_string();
        let batch_bytes = batch_bytes_max.clamp(1, BATCH_BYTES_MAX).to_string();
        let own = [("enable.idempotence", "true"), ("acks", "all"), ("enable.gapless.guarantee", "true"), ("message.timeout.ms", "0")];
        let defaults = [
            ("linger.ms", "0"),
            ("max.in.flight.requests.per.connection", in_flight.as_str()),
            ("retry.backoff.ms", "5"),
            ("batch.size", batch_bytes.as_str()),
            ("message.max.bytes", MESSAGE_BYTES_MAX),
            ("queue.buffering.max.kbytes", queue_kbytes.as_str()),
            ("queue.buffering.max.messages", "1000000"),
        ];
        made(BaseProducer::from_config_and_context(&self.config(&own, &defaults), context))
    }

    /// For transactions under an id.
    pub(super) fn transacting<C: ProducerContext>(&self, id: &str, context: C) -> Result<BaseProducer<C>, Error> {
        let timeout = self.settings.transaction_timeout.as_millis().clamp(1_000, 900_000).to_string();
        let own = [
            ("enable.idempotence", "true"),
            ("acks", "all"),
            ("transactional.id", id),
            ("transaction.timeout.ms", timeout.as_str()),
            ("message.timeout.ms", timeout.as_str()),
        ];
        let defaults = [
            ("linger.ms", "0"),
            // The coordinator often asks to come again in a moment, at the beginning of a transaction: see design, "Measured facts".
            ("retry.backoff.ms", "5"),
            ("message.max.bytes", MESSAGE_BYTES_MAX),
            ("queue.buffering.max.messages", "1000000"),
            ("queue.buffering.max.kbytes", "2097151"),
        ];
        made(BaseProducer::from_config_and_context(&self.config(&own, &defaults), context))
    }
}

/// The topics' own limits are smaller.
const MESSAGE_BYTES_MAX: &str = "100000000";

/// A client that cannot be made has wrong properties.
fn made<T>(result: KafkaResult<T>) -> Result<T, Error> {
    result.map_err(|error| {
        let problem = match &error {
            KafkaError::ClientConfig(_, description, name, value) => {
                let shown = if name.contains("password") || name.contains("secret") { "***" } else { value.as_str() };
                format!("{name} = {shown}: {description}")
            }
            KafkaError::ClientCreation(reason) => reason.clone(),
            other => other.to_string(),
        };
        Error::Misconfigured { problem: format!("Kafka client: {problem}") }
    })
}
