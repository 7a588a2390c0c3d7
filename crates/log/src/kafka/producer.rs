//! Appends: one idempotent producer for all partitions.
//!
//! librdkafka repeats a request by itself until the broker has answered. So each record is written once and in order, even when the broker
//! is away at times. Only a fatal error ends a producer: the broker has forgotten it, or refuses a record for good. Records that were not
//! settled then are in doubt, and their senders decide what to do.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use parking_lot::RwLock;
use rdkafka::{
    Message, Statistics,
    client::ClientContext,
    config::RDKafkaLogLevel,
    error::{KafkaError, RDKafkaErrorCode},
    message::{Header, OwnedHeaders},
    producer::{DeliveryResult, ProducerContext},
};

use super::{
    context::{Context, Problems},
    errors::{Doing, Errors, is_refusal_of_record},
    partition::Partition,
    polled::Polled,
    settings::Settings,
    signal::Signal,
};
use crate::{Appended, Error, Record, Stored, wakers::wake};

/// The producer, made at the first append.
#[derive(Default)]
pub(super) struct Appender {
    pub(super) producer: RwLock<Option<Polled<Deliveries>>>,
    /// The producer can do nothing any more.
    pub(super) broken: Arc<AtomicBool>,
}

/// Takes the broker's answers to appends.
pub(super) struct Deliveries {
    pub(super) context: Context,
    pub(super) settings: Settings,
    pub(super) signal: Arc<Signal>,
    pub(super) broken: Arc<AtomicBool>,
}

/// An append that is under way.
pub(super) struct Delivery {
    pub(super) partition: Arc<Partition>,
    pub(super) number: u64,
    pub(super) record: Record,
}

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        self.context.log(level, facility, line);
    }

    fn stats(&self, statistics: Statistics) {
        self.context.stats(statistics);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::Fatal) {
            self.break_off(reason);
        }
        self.context.error(error, reason);
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<Delivery>;

    fn delivery(&self, result: &DeliveryResult<'_>, delivery: Box<Delivery>) {
        let Delivery { partition, number, mut record } = *delivery;
        let mut view = partition.view.lock();
        let settled = view.settled(number);
        let (outcome, woken) = match result {
            Ok(message) if message.offset() >= 0 => {
                let (offset, timestamp_ms) = (message.offset(), message.timestamp().to_millis().unwrap_or(0));
                record.timestamp_ms = timestamp_ms;
                let (woken, is_suspect) = view.acknowledged(Stored { offset, timestamp_ms, record });
                drop(view);
                if is_suspect {
                    self.signal.raise();
                }
                self.context.problems.over();
                (Ok(Appended { first_offset: offset, timestamp_ms }), woken)
            }
            // The record was sent twice. It stands there since the first time, and the broker does not remember at which offset.
            Ok(_) => {
                let is_suspect = view.end().is_some_and(|end| view.suspects(end + 1));
                drop(view);
                if is_suspect {
                    self.signal.raise();
                }
                let what = "the record is in the log, at an offset that the broker has forgotten";
                (Err(self.errors().in_doubt(Doing::Append(&partition.topic), what)), Vec::new())
            }
            Err((error, _)) => {
                drop(view);
                (Err(self.failed(&partition.topic, record.size(), error)), Vec::new())
            }
        };
        if let Some((promise, took)) = settled {
            if outcome.is_ok() {
                metrics::counter!("klamm_log_appended_total").increment(1);
                metrics::histogram!("klamm_log_append_seconds").record(took.as_secs_f64());
            }
            if let Some(promise) = promise {
                promise.keep(outcome);
            }
        }
        wake(woken);
    }
}

impl Deliveries {
    fn errors(&self) -> Errors<'_> {
        let problems: &Problems = &self.context.problems;
        Errors { settings: &self.settings, problems }
    }

    fn failed(&self, topic: &str, size: usize, error: &KafkaError) -> Error {
        let doing = Doing::Append(topic);
        match error.rdkafka_error_code() {
            // The broker has refused this one record. A new producer sends the records that come later.
            Some(code) if is_refusal_of_record(code) => {
                self.break_off(&error.to_string());
                self.errors().refused_record(topic, size, error)
            }
            code => {
                if code != Some(RDKafkaErrorCode::PurgeQueue) && code != Some(RDKafkaErrorCode::PurgeInflight) {
                    self.break_off(&error.to_string());
                }
                self.errors().in_doubt(doing, &error.to_string())
            }
        }
    }

    /// Marks the producer as broken, so that the watching thread puts it away.
    fn break_off(&self, reason: &str) {
        if !self.broken.swap(true, Ordering::SeqCst) {
            tracing::error!(reason, "the producer of appends is broken: a new one takes its place");
            metrics::counter!("klamm_log_producers_broken_total").increment(1);
            self.signal.raise();
        }
    }
}

/// Headers as librdkafka takes them.
pub(super) fn headers(record: &Record) -> Option<OwnedHeaders> {
    let [_, ..] = &record.headers[..] else { return None };
    let none = OwnedHeaders::new_with_capacity(record.headers.len());
    Some(record.headers.iter().fold(none, |headers, (key, value)| headers.insert(Header { key, value: Some(&**value) })))
}
