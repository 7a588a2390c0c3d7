//! A producer with a thread that takes its answers.
//!
//! rdkafka's own `ThreadedProducer` looks every 100 ms whether it is to stop, and each time spins for the last part of a millisecond: that
//! is most of what an idle process would cost.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rdkafka::producer::{BaseProducer, Producer, ProducerContext, PurgeConfig};

use crate::Error;

/// How often the thread looks whether it is to stop.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// What was purged is answered for by the client itself.
const PURGE_TIME_MAX: Duration = Duration::from_secs(5);

/// The producer; what it has taken is settled, if need be as in doubt, when this is dropped.
pub(super) struct Polled<C: ProducerContext + 'static> {
    producer: Arc<BaseProducer<C>>,
    stopping: Arc<AtomicBool>,
}

impl<C: ProducerContext + 'static> Polled<C> {
    /// Starts the thread.
    pub(super) fn start(producer: BaseProducer<C>) -> Result<Self, Error> {
        let producer = Arc::new(producer);
        let stopping = Arc::new(AtomicBool::new(false));
        let (polled, stop) = (producer.clone(), stopping.clone());
        let run = move || {
            while !stop.load(Ordering::SeqCst) {
                // Takes answers as they come, for that long.
                polled.poll(LOOK_INTERVAL);
            }
        };
        thread::Builder::new()
            .name("log-answers".to_owned())
            .spawn(run)
            .map_err(|error| Error::Unavailable { reason: format!("no thread for the log: {error}") })?;
        Ok(Self { producer, stopping })
    }

    /// The producer.
    pub(super) fn producer(&self) -> &BaseProducer<C> {
        &self.producer
    }
}

impl<C: ProducerContext + 'static> Drop for Polled<C> {
    fn drop(&mut self) {
        self.producer.purge(PurgeConfig::default().queue().inflight());
        let deadline = Instant::now() + PURGE_TIME_MAX;
        while self.producer.in_flight_count() > 0 && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
        // The thread closes the connections when it sees this.
        self.stopping.store(true, Ordering::SeqCst);
    }
}
