//! Fetches records from the broker that memory does not hold.
//!
//! A consumer reads one partition at a time, from a position to the end that is known then. After that it has nothing assigned, so the
//! broker sends nothing that nobody reads.

use std::time::{Duration, Instant};

use bytes::Bytes;
use rdkafka::{
    Message,
    error::{KafkaError, RDKafkaErrorCode},
    message::{BorrowedMessage, Headers},
};

use super::{
    core::Core,
    errors::{Doing, is_denial},
    partition::Partition,
    pool::Reader,
};
use crate::{Error, Offset, ReadBatch, ReadLimit, Record, Stored, tail::Batch};

/// What a consumer says next.
enum Next {
    Record(Stored),
    /// Nothing more stands below the end that was known at the assignment.
    End,
    /// The position is below the start or above the end.
    OutOfRange,
    Nothing,
}

impl Core {
    /// Reads from `from`, at most up to `stop`, of a partition that ends at `end`. Gives at least one record, or a batch whose
    /// `next_offset` says up to where there is none. `None`: the broker has no such offset.
    pub(super) fn fetch(
        &self,
        partition: &Partition,
        from: Offset,
        stop: Offset,
        end: Offset,
        limit: ReadLimit,
    ) -> Result<Option<ReadBatch>, Error> {
        let deadline = Instant::now() + self.settings().request_timeout;
        let doing = Doing::Read(&partition.topic);
        let Some(mut reader) = self.pool.take(&self.clients, partition, from, deadline)? else {
            return Err(self.errors().unavailable(doing, "all readers are busy"));
        };
        let result = self.fetch_with(&mut reader, partition, (from, stop, end), limit, deadline);
        match &result {
            // More is left to read, so the consumer keeps its place.
            Ok(Some(batch)) if batch.next_offset < stop => {}
            _ => reader.leave(),
        }
        self.pool.give_back(reader);
        metrics::counter!("klamm_log_fetches_total").increment(1);
        result
    }

    fn fetch_with(
        &self,
        reader: &mut Reader,
        partition: &Partition,
        (from, stop, end): (Offset, Offset, Offset),
        limit: ReadLimit,
        deadline: Instant,
    ) -> Result<Option<ReadBatch>, Error> {
        let doing = Doing::Read(&partition.topic);
        let failed = |error: KafkaError| self.errors().failed(doing, &error);
        let mut batch = Batch::new(limit);
        let mut next_offset = from;
        reader.stand(partition, from, end).map_err(failed)?;
        while next_offset < stop {
            // Once there is a record to give, takes only what has arrived already.
            let wait = if batch.records.is_empty() { deadline.saturating_duration_since(Instant::now()) } else { Duration::ZERO };
            match self.poll(reader, partition, wait)? {
                Next::Record(stored) if stored.offset < next_offset => {}
                Next::Record(stored) if stored.offset >= stop => {
                    next_offset = stop;
                }
                Next::Record(stored) => {
                    if !batch.takes(stored.record.size()) {
                        next_offset = stored.offset;
                        if let Some(position) = &mut reader.position {
                            (position.next, position.left) = (stored.offset, Some(stored));
                        }
                        break;
                    }
                    next_offset = stored.offset + 1;
                    batch.records.push(stored);
                    if let Some(position) = &mut reader.position {
                        position.next = next_offset;
                    }
                }
                Next::End => {
                    let known = reader.position.as_ref().map_or(next_offset, |position| position.end);
                    next_offset = next_offset.max(known).min(stop);
                    reader.leave();
                    if next_offset < stop {
                        reader.stand(partition, next_offset, end).map_err(failed)?;
                    }
                }
                Next::OutOfRange => {
                    reader.leave();
                    return if batch.records.is_empty() {
                        Ok(None)
                    } else {
                        Ok(Some(ReadBatch { records: batch.records, next_offset, end_offset: end }))
                    };
                }
                Next::Nothing if batch.records.is_empty() => {
                    return Err(self.errors().unavailable(doing, "no records came in time"));
                }
                Next::Nothing => break,
            }
        }
        self.problems().over();
        Ok(Some(ReadBatch { records: batch.records, next_offset, end_offset: end }))
    }

    fn poll(&self, reader: &mut Reader, partition: &Partition, wait: Duration) -> Result<Next, Error> {
        if let Some(left) = reader.position.as_mut().and_then(|position| position.left.take()) {
            return Ok(Next::Record(left));
        }
        let deadline = Instant::now() + wait;
        loop {
            let error = match reader.consumer.poll(deadline.saturating_duration_since(Instant::now())) {
                None => return Ok(Next::Nothing),
                Some(Ok(message)) if message.topic() == &*partition.topic && message.partition() == partition.number as i32 => {
                    return Ok(Next::Record(stored(&message)));
                }
                // A record of an earlier assignment.
                Some(Ok(_)) => continue,
                Some(Err(KafkaError::PartitionEOF(number))) if number == partition.number as i32 => return Ok(Next::End),
                Some(Err(error)) => error,
            };
            match error.rdkafka_error_code() {
                Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange) => return Ok(Next::OutOfRange),
                Some(code) if is_denial(code) => return Err(self.errors().failed(Doing::Read(&partition.topic), &error)),
                Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => {
                    return Err(self.errors().failed(Doing::Read(&partition.topic), &error));
                }
                // Connections may break: librdkafka tries again by itself.
                _ => tracing::debug!(topic = &*partition.topic, partition = partition.number, error = %error, "reading goes on"),
            }
            if Instant::now() >= deadline {
                return Ok(Next::Nothing);
            }
        }
    }
}

/// A record as the broker gave it.
pub(super) fn stored(message: &BorrowedMessage<'_>) -> Stored {
    let bytes = |bytes: Option<&[u8]>| bytes.map(Bytes::copy_from_slice);
    let headers = message.headers().map(|headers| {
        let header = |header: rdkafka::message::Header<'_, &[u8]>| (header.key.to_owned(), bytes(header.value).unwrap_or_default());
        headers.iter().map(header).collect()
    });
    let timestamp_ms = message.timestamp().to_millis().unwrap_or(0);
    let record = Record { key: bytes(message.key()), value: bytes(message.payload()), headers: headers.unwrap_or_default(), timestamp_ms };
    Stored { offset: message.offset(), timestamp_ms, record }
}
