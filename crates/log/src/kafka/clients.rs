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
    statistics,
};
use crate::Error;

/// A batch holds so many bytes at most: less when a topic takes less, more when a single record is larger.
pub(super) const BATCH_BYTES_MAX: usize = 1_000_000;

/// Makes clients.
pub(super) struct Clients {
    pub(super) settings: Settings,
    pub(super) problems: Arc<Problems>,
}

impl Clients {
    /// Properties that all clients have. The operator's own come last, so they win.
    fn config(&self, own: &[(&str, &str)], defaults: &[(&str, &str)]) -> ClientConfig {
        let timeout = self.settings.request_timeout.as_millis().clamp(100, 300_000).to_string();
        let mut config = ClientConfig::new();
        let client_id = if self.settings.name.is_empty() { "klamm".to_owned() } else { format!("klamm-{}", self.settings.name) };
        config.set("client.id", client_id);
        config.set("socket.keepalive.enable", "true");
        config.set("socket.timeout.ms", timeout);
        // Short pauses, so that a broker that comes back is found soon.
        config.set("reconnect.backoff.ms", "50").set("reconnect.backoff.max.ms", "1000");
        config.set("enable.metrics.push", "false");
        config.set("statistics.interval.ms", statistics::INTERVAL_MS);
        config.set("log.connection.close", "false");
        let told = ["SSL_CERT_FILE", "SSL_CERT_DIR"].iter().any(|name| std::env::var_os(name).is_some());
        for (name, value) in defaults.iter().copied().chain(self.settings.authorities(told)) {
            config.set(name, value);
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
        Context { problems: self.problems.clone(), figures: Arc::default(), barred: Arc::default() }
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

    /// For reading records. Each assignment names its position; no offsets are committed.
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
            // Partitions are assigned only while there is something to read. So a fetch that finds nothing has reached the end, and should
            // answer soon.
            ("fetch.wait.max.ms", "10"),
            ("fetch.queue.backoff.ms", "5"),
            ("fetch.error.backoff.ms", "50"),
            ("queued.max.messages.kbytes", "2048"),
        ];
        made(BaseConsumer::from_config_and_context(&self.config(&own, &defaults), self.context()))
    }

    /// For hearing of new records as soon as they can be read.
    pub(super) fn listening(&self) -> Result<BaseConsumer<Context>, Error> {
        let own = [
            ("group.id", self.settings.group_id.as_str()),
            ("isolation.level", "read_committed"),
            ("enable.auto.commit", "false"),
            ("enable.auto.offset.store", "false"),
            // Whoever reads goes by the ends that are looked up. What is missed here is only noticed later.
            ("auto.offset.reset", "latest"),
            ("allow.auto.create.topics", "false"),
        ];
        let defaults = [("fetch.wait.max.ms", "500"), ("fetch.error.backoff.ms", "200"), ("queued.max.messages.kbytes", "2048")];
        made(BaseConsumer::from_config_and_context(&self.config(&own, &defaults), self.context()))
    }

    /// For a consumer group's offsets. It does not join the group, and reads nothing.
    pub(super) fn committing(&self, group: &str) -> Result<BaseConsumer<Context>, Error> {
        let own = [("group.id", group), ("enable.auto.commit", "false"), ("allow.auto.create.topics", "false")];
        made(BaseConsumer::from_config_and_context(&self.config(&own, &[]), self.context()))
    }

    /// For appends: idempotent, and it never gives up by itself. `batch_bytes_max`: a size of batch that every topic takes.
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

    /// For finding out whether records may be written. Each record is sent as it is, and gets an answer of its own.
    pub(super) fn trying<C: ProducerContext>(&self, context: C) -> Result<BaseProducer<C>, Error> {
        let own = [
            ("enable.idempotence", "false"),
            ("compression.type", "none"),
            ("message.timeout.ms", "10000"),
            ("message.max.bytes", MESSAGE_BYTES_MAX),
            ("linger.ms", "0"),
        ];
        made(BaseProducer::from_config_and_context(&self.config(&own, &[]), context))
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
            // At the beginning of a transaction the coordinator often asks the client to try again in a moment.
            ("retry.backoff.ms", "5"),
            ("message.max.bytes", MESSAGE_BYTES_MAX),
            ("queue.buffering.max.messages", "1000000"),
            ("queue.buffering.max.kbytes", "2097151"),
        ];
        made(BaseProducer::from_config_and_context(&self.config(&own, &defaults), context))
    }
}

/// The client's limit is so large that only the limits of the topics count.
const MESSAGE_BYTES_MAX: &str = "100000000";

/// When a client cannot be made, its properties are wrong.
pub(super) fn made<T>(result: KafkaResult<T>) -> Result<T, Error> {
    result.map_err(|error| {
        let problem = match &error {
            KafkaError::ClientConfig(_, description, name, value) => {
                let shown = if Settings::is_secret(name) { "***" } else { value.as_str() };
                format!("{name} = {shown}: {description}")
            }
            KafkaError::ClientCreation(reason) => reason.clone(),
            other => other.to_string(),
        };
        Error::Misconfigured { problem: format!("Kafka client: {problem}") }
    })
}
