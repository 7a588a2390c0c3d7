//! A producer with a thread that takes its answers.
//!
//! rdkafka's own `ThreadedProducer` wakes every 100 ms to see whether it has to stop, and each time spins for the last part of a
//! millisecond. An idle process would spend most of its CPU time on that.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use klamm_supervise::Part;
use rdkafka::producer::{BaseProducer, Producer, ProducerContext, PurgeConfig};

use crate::Error;

/// How often the thread looks whether it has to stop.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// After a purge the client itself gives the outcomes of the purged records. Waiting for them takes at most this long.
const PURGE_TIME_MAX: Duration = Duration::from_secs(5);

/// The producer and its thread. Dropping this settles every record that the producer has taken, as in doubt where nothing is known.
pub(super) struct Polled<C: ProducerContext + 'static> {
    producer: Arc<BaseProducer<C>>,
    stopping: Arc<AtomicBool>,
    part: Part,
}

impl<C: ProducerContext + 'static> Polled<C> {
    /// Starts the thread.
    pub(super) fn start(producer: BaseProducer<C>, part: Part) -> Result<Self, Error> {
        let producer = Arc::new(producer);
        let stopping = Arc::new(AtomicBool::new(false));
        let (polled, stop) = (producer.clone(), stopping.clone());
        let run = move |part: &Part| {
            while !stop.load(Ordering::SeqCst) {
                // Takes answers as they come, for one interval.
                polled.poll(LOOK_INTERVAL);
                part.round();
            }
        };
        part.clone().thread(run).map_err(|error| Error::Unavailable { reason: format!("no thread for the log: {error}") })?;
        Ok(Self { producer, stopping, part })
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
        // The thread ends when it sees this, and then the connections are closed.
        self.stopping.store(true, Ordering::SeqCst);
        self.part.close();
    }
}
