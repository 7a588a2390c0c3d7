//! Appends: one idempotent producer for all partitions.
//!
//! librdkafka sends again by itself until the broker has answered, so order and number hold while the broker comes and goes. Only a fatal
//! error ends a producer (the broker has forgotten it, or refuses a record for good): what it had not settled then is in doubt, and its
//! callers decide; a new one is made once the old one is gone, so that nothing of the old comes behind what is new. Whoever must leave
//! nothing out (a partition's sends) appends one after the other and begins again with the first that was not acknowledged.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use parking_lot::RwLock;
use rdkafka::{
    Message,
    client::ClientContext,
    config::RDKafkaLogLevel,
    error::{KafkaError, RDKafkaErrorCode},
    message::{Header, OwnedHeaders},
    producer::{BaseRecord, DeliveryResult, Producer, ProducerContext},
};

use super::{
    context::{Context, Problems},
    core::Core,
    errors::{Doing, Errors, is_refusal_of_record},
    partition::Partition,
    polled::Polled,
    settings::Settings,
    watch::Signal,
};
use crate::{Appended, Appending, Error, Record, Stored, topic::no_records, wakers::wake};

/// The producer, made at the first append.
#[derive(Default)]
pub(super) struct Appender {
    producer: RwLock<Option<Polled<Deliveries>>>,
    /// It can do nothing any more.
    broken: Arc<AtomicBool>,
}

/// Takes what the broker answers to appends.
pub(super) struct Deliveries {
    context: Context,
    settings: Settings,
    signal: Arc<Signal>,
    broken: Arc<AtomicBool>,
}

/// An append on its way.
pub(super) struct Delivery {
    partition: Arc<Partition>,
    number: u64,
    record: Record,
}

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        self.context.log(level, facility, line);
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
            // It stood there already when it was sent again, and the broker does not remember where.
            Ok(_) => {
                let is_suspect = view.end().is_some_and(|end| view.suspects(end + 1));
                drop(view);
                if is_suspect {
                    self.signal.raise();
                }
                let what = "it stands there, at an offset that the broker has forgotten";
                (Err(self.errors().in_doubt(Doing::Append(&partition.topic), what)), Vec::new())
            }
            Err((error, _)) => {
                drop(view);
                (Err(self.failed(&partition.topic, error)), Vec::new())
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

    fn failed(&self, topic: &str, error: &KafkaError) -> Error {
        let doing = Doing::Append(topic);
        match error.rdkafka_error_code() {
            // The broker has refused this very record. Others behind it are sent by a new producer.
            Some(code) if is_refusal_of_record(code) => {
                self.break_off(&error.to_string());
                self.errors().failed(doing, error)
            }
            code => {
                if code != Some(RDKafkaErrorCode::PurgeQueue) && code != Some(RDKafkaErrorCode::PurgeInflight) {
                    self.break_off(&error.to_string());
                }
                self.errors().in_doubt(doing, &error.to_string())
            }
        }
    }

    /// The producer is to be made anew.
    fn break_off(&self, reason: &str) {
        if !self.broken.swap(true, Ordering::SeqCst) {
            tracing::error!(reason, "the producer of appends is made anew");
            metrics::counter!("klamm_log_producers_broken_total").increment(1);
            self.signal.raise();
        }
    }
}

impl Core {
    /// See [`crate::Log::append_async`].
    pub(super) fn append_one(&self, topic: &str, partition: u32, record: Record) -> Appending {
        self.append_group(topic, partition, vec![record]).pop().unwrap_or_else(|| Appending::done(Err(no_records(topic))))
    }

    /// See [`crate::Log::append_group`].
    pub(super) fn append_group(&self, topic: &str, partition: u32, records: Vec<Record>) -> Vec<Appending> {
        let mut appending = Vec::with_capacity(records.len());
        if let Err(error) = self.begin_appends(topic, partition, records, &mut appending) {
            appending.push(Appending::done(Err(error)));
        }
        appending
    }

    /// Hands the records to one producer, up to the first that it does not take: what is behind a gap would hide it.
    fn begin_appends(&self, topic: &str, number: u32, records: Vec<Record>, begun: &mut Vec<Appending>) -> Result<(), Error> {
        let known = self.topic(topic)?;
        let partition = known.partition(number)?;
        records.iter().try_for_each(|record| known.topic.check_record(record))?;
        let mut producer = self.appender.producer.read();
        if producer.is_none() {
            drop(producer);
            self.make_producer()?;
            producer = self.appender.producer.read();
        }
        let usable = producer.as_ref().filter(|_| !self.appender.broken.load(Ordering::SeqCst));
        let Some(usable) = usable else {
            return Err(self.errors().unavailable(Doing::Append(topic), "the producer is being made anew"));
        };
        for record in records {
            begun.push(self.begin_append(usable, topic, partition, number, record)?);
        }
        Ok(())
    }

    fn begin_append(
        &self,
        usable: &Polled<Deliveries>,
        topic: &str,
        partition: &Arc<Partition>,
        number: u32,
        record: Record,
    ) -> Result<Appending, Error> {
        let headers = headers(&record);
        let delivery = Box::new(Delivery { partition: partition.clone(), number: 0, record: record.clone() });
        let mut sent = BaseRecord::with_opaque_to(topic, delivery).partition(number as i32).timestamp(record.timestamp_ms);
        (sent.key, sent.payload, sent.headers) = (record.key.as_deref(), record.value.as_deref(), headers);
        let (promise, appending) = Appending::promised();
        // Numbers are given in the order in which librdkafka gets the records.
        let mut view = partition.view.lock();
        if view.stalled {
            return Err(self.errors().unavailable(Doing::Append(topic), "earlier records are still waiting for the broker"));
        }
        let number = view.appending(promise);
        sent.delivery_opaque.number = number;
        match usable.producer().send(sent) {
            Ok(()) => Ok(appending),
            Err((error, _)) => {
                let settled = view.settled(number);
                drop(view);
                drop(settled);
                Err(self.refused(topic, &error))
            }
        }
    }

    /// librdkafka has not taken a record.
    fn refused(&self, topic: &str, error: &KafkaError) -> Error {
        let doing = Doing::Append(topic);
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::QueueFull) => self.errors().unavailable(doing, "too much waits for the broker"),
            Some(RDKafkaErrorCode::Fatal) => {
                self.appender.broken.store(true, Ordering::SeqCst);
                self.signal.raise();
                self.errors().unavailable(doing, "the producer is being made anew")
            }
            _ => self.errors().failed(doing, error),
        }
    }

    /// Makes the producer, if there is none.
    pub(super) fn make_producer(&self) -> Result<(), Error> {
        let mut producer = self.appender.producer.write();
        if producer.is_none() {
            let context = Deliveries {
                context: self.clients.context(),
                settings: self.settings().clone(),
                signal: self.signal.clone(),
                broken: self.appender.broken.clone(),
            };
            *producer = Some(Polled::start(self.clients.appending(context, self.batch_bytes_max())?)?);
        }
        Ok(())
    }

    /// Puts a broken producer away: all that it had taken is settled when this returns. The next append makes a new one.
    pub(super) fn mend_producer(&self) {
        if !self.appender.broken.load(Ordering::SeqCst) {
            return;
        }
        let mut producer = self.appender.producer.write();
        if let Some(old) = producer.take() {
            tracing::warn!(unsettled = old.producer().in_flight_count(), "a broken producer is put away");
            drop(old);
        }
        self.appender.broken.store(false, Ordering::SeqCst);
    }
}

/// Headers as librdkafka takes them.
pub(super) fn headers(record: &Record) -> Option<OwnedHeaders> {
    let [_, ..] = &record.headers[..] else { return None };
    let none = OwnedHeaders::new_with_capacity(record.headers.len());
    Some(record.headers.iter().fold(none, |headers, (key, value)| headers.insert(Header { key, value: Some(&**value) })))
}
