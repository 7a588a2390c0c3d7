//! The consumers that read from the broker.
//!
//! A few consumers serve all readers. A reader that goes on where it stopped gets the same consumer again, still at that position.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex};
use rdkafka::{
    TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
    topic_partition_list::Offset as Place,
};

use super::{clients::Clients, context::Context, partition::Partition};
use crate::{Error, Offset, Stored};

/// A consumer's position is kept for so long when no reader comes back for it.
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
pub(super) struct Reader {
    pub(super) consumer: BaseConsumer<Context>,
    pub(super) position: Option<Position>,
    used: Instant,
}

/// Where a consumer stands.
pub(super) struct Position {
    topic: Arc<str>,
    partition: u32,
    /// Offset of the record that the consumer gives next.
    pub(super) next: Offset,
    /// The end that was known when the partition was assigned.
    pub(super) end: Offset,
    /// A record that was polled and that no reader has got yet.
    pub(super) left: Option<Stored>,
}

impl Pool {
    pub(super) fn new(consumers_max: usize) -> Self {
        Self { consumers_max, state: Mutex::default(), given_back: Condvar::new() }
    }

    /// A consumer for a reader, in this order: the one that stands at the position, one that stands nowhere, a new one, the one unused for
    /// longest. `None`: all are busy until the deadline.
    pub(super) fn take(&self, clients: &Clients, partition: &Partition, from: Offset, deadline: Instant) -> Result<Option<Reader>, Error> {
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
                return match clients.reading() {
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

    /// Gives a consumer back: the next reader may have it.
    pub(super) fn give_back(&self, mut reader: Reader) {
        reader.used = Instant::now();
        self.state.lock().idle.push(reader);
        self.given_back.notify_one();
    }

    /// Gives up positions and consumers that nobody has used for some time.
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
        // Dropped without the lock, since closing a consumer takes a moment.
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
    /// Puts the consumer at `from` of a partition that is known to go up to `end`.
    pub(super) fn stand(&mut self, partition: &Partition, from: Offset, end: Offset) -> Result<(), KafkaError> {
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

    /// Gives up the position, so that the consumer reads nothing any more.
    pub(super) fn leave(&mut self) {
        self.position = None;
        if let Err(error) = self.consumer.unassign() {
            tracing::debug!(error = %error, "a consumer keeps its assignment");
        }
    }
}
