//! The broker's answers to the records of a transaction. A sheet has one place for each record.

use std::sync::Arc;

use parking_lot::Mutex;
use rdkafka::{
    Message, Statistics,
    client::ClientContext,
    config::RDKafkaLogLevel,
    error::{KafkaError, RDKafkaErrorCode},
    producer::{DeliveryResult, ProducerContext},
};

use super::context::Context;
use crate::Offset;

/// Takes the broker's answers to the records of a transaction.
pub(super) struct Deliveries(pub(super) Context);

/// Offset and timestamp of each output, as far as they are known.
pub(super) type Sheet = Mutex<Vec<Option<Result<(Offset, i64), RDKafkaErrorCode>>>>;

/// A record of a transaction that is under way.
pub(super) struct Delivery {
    pub(super) index: usize,
    pub(super) sheet: Arc<Sheet>,
}

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        self.0.log(level, facility, line);
    }

    fn stats(&self, statistics: Statistics) {
        self.0.stats(statistics);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.0.error(error, reason);
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<Delivery>;

    fn delivery(&self, result: &DeliveryResult<'_>, delivery: Box<Delivery>) {
        let outcome = match result {
            Ok(message) => Ok((message.offset(), message.timestamp().to_millis().unwrap_or(0))),
            Err((error, _)) => Err(error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail)),
        };
        if let Some(place) = delivery.sheet.lock().get_mut(delivery.index) {
            *place = Some(outcome);
        }
    }
}
