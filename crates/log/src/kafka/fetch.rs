//! Records that memory does not hold, from the broker.
//!
//! A consumer reads one partition at a time, from a position to the end known then; after that it has nothing assigned, so the broker
//! sends nothing that nobody reads. A few consumers serve all readers: one that reads on from where it stopped finds its own again.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use parking_lot::{Condvar, Mutex};
use rdkafka::{
    Message, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, RDKafkaErrorCode},
    message::{BorrowedMessage, Headers},
    topic_partition_list::Offset as Place,
};

use super::{
    context::Context,
    core::Core,
    errors::{Doing, is_denial},
    partition::Partition,
};
use crate::{Error, Offset, ReadBatch, ReadLimit, Record, Stored, tail::Batch};

/// A reader that does not come back loses its consumer's position after this time.
const POSITION_KEPT_FOR: Duration = Duration::from_secs(5);

/// An unused consumer is closed after this time.
const CONSUMER_KEPT_FOR: Duration = Duration::from_secs(60);

/// The consumers.
pub(super) struct Pool {
    consumers_max: usize,
    state: Mutex<State>,
    given_back: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Reader>,
    count: usize,
}

/// A consumer and what it is reading.
struct Reader {
    consumer: BaseConsumer<Context>,
    position: Option<Position>,
    used: Instant,
}

/// Where a consumer stands.
struct Position {
    topic: Arc<str>,
    partition: u32,
    /// What it gives next.
    next: Offset,
    /// The end that was known when the partition was assigned.
    end: Offset,
    /// Polled, and not given to anybody yet.
    left: Option<Stored>,
}

impl Pool {
    pub(super) fn new(consumers_max: usize) -> Self {
        Self { consumers_max, state: Mutex::default(), given_back: Condvar::new() }
    }

    /// A consumer: the one that stands at the position, or one that stands nowhere, or the one unused for longest. `None`: all are busy.
    fn take(&self, core: &Core, partition: &Partition, from: Offset, deadline: Instant) -> Result<Option<Reader>, Error> {
        let mut state = self.state.lock();
        loop {
            let is_there = |reader: &Reader| reader.position.as_ref().is_some_and(|position| position.is_at(partition, from));
            let free = state.idle.iter().position(|reader| reader.position.is_none());
            if let Some(index) = state.idle.iter().position(is_there).or(free) {
                return Ok(Some(state.idle.swap_remove(index)));
            }
            if state.count < self.consumers_max {
                state.count += 1;
                drop(state);
                return match core.clients.reading() {
                    Ok(consumer) => Ok(Some(Reader { consumer, position: None, used: Instant::now() })),
                    Err(error) => {
                        self.state.lock().count -= 1;
                        Err(error)
                    }
                };
            }
            let oldest = state.idle.iter().enumerate().min_by_key(|(_, reader)| reader.used).map(|(index, _)| index);
            if let Some(index) = oldest {
                return Ok(Some(state.idle.swap_remove(index)));
            }
            if self.given_back.wait_until(&mut state, deadline).timed_out() {
                return Ok(None);
            }
        }
    }

    fn give_back(&self, mut reader: Reader) {
        reader.used = Instant::now();
        self.state.lock().idle.push(reader);
        self.given_back.notify_one();
    }

    /// Takes positions and consumers away that nobody has used for some time.
    pub(super) fn sweep(&self) {
        let mut state = self.state.lock();
        for reader in &mut state.idle {
            if reader.position.is_some() && reader.used.elapsed() > POSITION_KEPT_FOR {
                reader.leave();
            }
        }
        let unused: Vec<_> = state.idle.extract_if(.., |reader| reader.used.elapsed() > CONSUMER_KEPT_FOR).collect();
        state.count -= unused.len();
        drop(state);
        // Closing takes a moment.
        drop(unused);
    }
}

impl Position {
    fn is_at(&self, partition: &Partition, offset: Offset) -> bool {
        self.is_of(partition) && self.next == offset
    }

    fn is_of(&self, partition: &Partition) -> bool {
        self.partition == partition.number && self.topic == partition.topic
    }
}

impl Reader {
    /// Stands at `from` of a partition that is known to go up to `end`.
    fn stand(&mut self, partition: &Partition, from: Offset, end: Offset) -> Result<(), KafkaError> {
        if self.position.as_ref().is_some_and(|position| position.is_at(partition, from)) {
            return Ok(());
        }
        let mut places = TopicPartitionList::with_capacity(1);
        places.add_partition_offset(&partition.topic, partition.number as i32, Place::Offset(from))?;
        self.position = None;
        self.consumer.assign(&places)?;
        let topic = partition.topic.clone();
        self.position = Some(Position { topic, partition: partition.number, next: from, end, left: None });
        Ok(())
    }

    /// Reads nothing any more.
    fn leave(&mut self) {
        self.position = None;
        if let Err(error) = self.consumer.unassign() {
            tracing::debug!(error = %error, "a consumer keeps its assignment");
        }
    }
}

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
    /// Reads from `from`, at most up to `stop`, of a partition that ends at `end`: at least one record, or how far there is none. `None`:
    /// the broker has no such offset.
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
        let Some(mut reader) = self.pool.take(self, partition, from, deadline)? else {
            return Err(self.errors().unavailable(doing, "all readers are busy"));
        };
        let result = self.fetch_with(&mut reader, partition, (from, stop, end), limit, deadline);
        match &result {
            // There is more to read.
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
            // With something in hand, only what is there already.
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
                // Of an assignment before.
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
                // Connections come and go: librdkafka tries again by itself.
                _ => tracing::debug!(topic = &*partition.topic, partition = partition.number, error = %error, "reading goes on"),
            }
            if Instant::now() >= deadline {
                return Ok(Next::Nothing);
            }
        }
    }
}

/// A record as the broker gave it.
fn stored(message: &BorrowedMessage<'_>) -> Stored {
    let bytes = |bytes: Option<&[u8]>| bytes.map(Bytes::copy_from_slice);
    let headers = message.headers().map(|headers| {
        let header = |header: rdkafka::message::Header<'_, &[u8]>| (header.key.to_owned(), bytes(header.value).unwrap_or_default());
        headers.iter().map(header).collect()
    });
    let timestamp_ms = message.timestamp().to_millis().unwrap_or(0);
    let record = Record { key: bytes(message.key()), value: bytes(message.payload()), headers: headers.unwrap_or_default(), timestamp_ms };
    Stored { offset: message.offset(), timestamp_ms, record }
}
