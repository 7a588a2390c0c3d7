//! Appends. One producer sends them all. It is made at the first append, and replaced when it is broken.
//!
//! A new producer is made only when the old one is gone, so that no record of the old one arrives behind records of the new one. A sender
//! that must leave nothing out (the sends of a partition) appends group after group, and begins again with the first record that was not
//! acknowledged.

use std::sync::{Arc, atomic::Ordering};

use rdkafka::{
    error::{KafkaError, RDKafkaErrorCode},
    producer::{BaseRecord, Producer},
};

use super::{
    core::Core,
    errors::Doing,
    partition::Partition,
    polled::Polled,
    producer::{Deliveries, Delivery, headers},
};
use crate::{Appending, Error, Record, topic::no_records};

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

    /// Hands the records to one producer, up to the first record that it does not take. The records behind that one are not sent: receivers
    /// drop records with lower numbers as repetitions, so they would later drop the missing record too.
    fn begin_appends(&self, topic: &str, number: u32, records: Vec<Record>, begun: &mut Vec<Appending>) -> Result<(), Error> {
        let known = self.topic(topic)?;
        let partition = known.partition(number)?;
        records.iter().try_for_each(|record| known.topic.check_record(record))?;
        let mut producer = self.appender.producer.read();
        // While a broken producer is being put away, no new one is made: no record of the old one may arrive behind new records.
        if producer.is_none() && !self.appender.broken.load(Ordering::SeqCst) {
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
        let (headers, size) = (headers(&record), record.size());
        let delivery = Box::new(Delivery { partition: partition.clone(), number: 0, record: record.clone() });
        let mut sent = BaseRecord::with_opaque_to(topic, delivery).partition(number as i32).timestamp(record.timestamp_ms);
        (sent.key, sent.payload, sent.headers) = (record.key.as_deref(), record.value.as_deref(), headers);
        let (promise, appending) = Appending::promised();
        // Numbering and sending happen under one lock, so the numbers follow the order in which librdkafka gets the records.
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
                Err(self.refused(topic, size, &error))
            }
        }
    }

    /// The error for a record that librdkafka has not taken.
    fn refused(&self, topic: &str, size: usize, error: &KafkaError) -> Error {
        let doing = Doing::Append(topic);
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::QueueFull) => self.errors().unavailable(doing, "too much waits for the broker"),
            Some(RDKafkaErrorCode::Fatal) => {
                self.appender.broken.store(true, Ordering::SeqCst);
                self.signal.raise();
                self.errors().unavailable(doing, "the producer is being made anew")
            }
            _ => self.errors().refused_record(topic, size, error),
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
            *producer = Some(Polled::start(self.clients.appending(context, self.batch_bytes_max())?, self.part("log-answers"))?);
        }
        Ok(())
    }

    /// Puts a broken producer away. When this returns, every record that the producer had taken is settled. The next append makes a new
    /// producer.
    pub(super) fn mend_producer(&self) {
        if !self.appender.broken.load(Ordering::SeqCst) {
            return;
        }
        // Settling its records takes time, and the lock is not held for it. Appends are refused meanwhile, since `broken` is still set.
        let old = self.appender.producer.write().take();
        if let Some(old) = old {
            tracing::warn!(unsettled = old.producer().in_flight_count(), "a broken producer is put away");
            drop(old);
        }
        self.appender.broken.store(false, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests;
