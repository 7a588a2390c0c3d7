//! Listens to topics that other programs write, so that their records are noticed at once.
//!
//! Asking for the ends of partitions notices them too, a moment later. So nothing depends on what is heard here: if the client is cut off, or
//! begins behind a record, that record is only late.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use klamm_supervise::Part;
use parking_lot::Mutex;
use rdkafka::{
    Message, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    message::BorrowedMessage,
    topic_partition_list::Offset as Place,
};

use super::{context::Context, core::Core, fetch::stored};
use crate::{Error, wakers::wake};

/// How long the thread waits for a record before it looks whether it has to stop, or has got another topic.
const ROUND: Duration = Duration::from_millis(100);

/// The thread that listens, from the first topic on. It stops when this is dropped.
pub(super) struct Listener {
    core: Weak<Core>,
    shared: Arc<Shared>,
    thread: Mutex<Option<(Part, JoinHandle<()>)>>,
}

#[derive(Default)]
struct Shared {
    topics: Mutex<BTreeSet<Arc<str>>>,
    stopping: AtomicBool,
}

impl Listener {
    /// Listens to nothing yet.
    pub(super) fn new(core: &Arc<Core>) -> Self {
        Self { core: Arc::downgrade(core), shared: Arc::default(), thread: Mutex::default() }
    }

    /// Listens to this topic, too.
    pub(super) fn add(&self, topic: &str) {
        let is_new = self.shared.topics.lock().insert(topic.into());
        let mut thread = self.thread.lock();
        if !is_new || thread.is_some() {
            return;
        }
        let Some(core) = self.core.upgrade() else { return };
        let (weak, shared) = (self.core.clone(), self.shared.clone());
        let part = core.part("log-listener");
        match part.clone().thread(move |part| run(part, &weak, &shared)) {
            Ok(handle) => *thread = Some((part, handle)),
            Err(error) => tracing::warn!(topic, error = %error, "no thread to listen to a topic: its records are noticed later"),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        if let Some((part, thread)) = self.thread.lock().take() {
            part.close();
            if thread.join().is_err() {
                tracing::error!("the log's listener panicked");
            }
        }
    }
}

fn run(part: &Part, core: &Weak<Core>, shared: &Shared) {
    let client = core.upgrade().map(|core| core.clients.listening());
    let consumer = match client {
        Some(Ok(consumer)) => consumer,
        Some(Err(error)) => return tracing::warn!(error = %error, "no client to listen to topics: their records are noticed later"),
        None => return,
    };
    let mut assigned = BTreeSet::new();
    while !shared.stopping.load(Ordering::SeqCst) {
        part.round();
        let wanted = shared.topics.lock().clone();
        if wanted != assigned {
            let Some(core) = core.upgrade() else { return };
            match core.listen_at_ends(&consumer, &wanted) {
                Ok(()) => assigned = wanted,
                Err(error) => tracing::debug!(error = %error, "not listening to all topics yet"),
            }
        }
        match consumer.poll(ROUND) {
            Some(Ok(message)) => {
                let Some(core) = core.upgrade() else { return };
                core.heard(&message);
            }
            // Connections may break: librdkafka tries again by itself.
            Some(Err(error)) => {
                tracing::debug!(error = %error, "listening goes on");
                std::thread::sleep(ROUND);
            }
            None => {}
        }
    }
}

impl Core {
    fn listen_at_ends(&self, consumer: &BaseConsumer<Context>, topics: &BTreeSet<Arc<str>>) -> Result<(), Error> {
        let failed = |error: rdkafka::error::KafkaError| Error::Unavailable { reason: error.to_string() };
        let mut places = TopicPartitionList::new();
        let mut partitions = Vec::new();
        for topic in topics {
            for partition in &self.topic(topic)?.partitions {
                partitions.push(partition.clone());
                places.add_partition_offset(topic, partition.number.cast_signed(), Place::End).map_err(failed)?;
            }
        }
        consumer.assign(&places).map_err(failed)?;
        partitions.iter().for_each(|partition| partition.is_listened_to.store(true, Ordering::Relaxed));
        Ok(())
    }

    /// Somebody has written a record. What this process has written itself is known already.
    fn heard(&self, message: &BorrowedMessage<'_>) {
        let Some(known) = self.topics.read().get(message.topic()).cloned() else { return };
        let Some(partition) = usize::try_from(message.partition()).ok().and_then(|number| known.partitions.get(number)) else { return };
        let (woken, is_suspect) = partition.view.lock().heard(stored(message));
        wake(woken);
        if is_suspect {
            self.signal.raise();
        }
    }
}
