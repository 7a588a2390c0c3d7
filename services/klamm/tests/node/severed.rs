//! A log that one process can be cut off from, while others go on.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::Waker,
    time::{Duration, Instant},
};

use klamm_log::{Appended, Error, Log, Offset, Output, ReadBatch, ReadLimit, Record, Topic, TopicSpec, Transactional};

/// One process's way to a log.
pub struct Severed {
    log: Arc<dyn Log>,
    cut: Arc<AtomicBool>,
    /// Whoever asks for topics waits while this is true.
    held: Arc<AtomicBool>,
}

/// No test holds anybody longer.
const HELD_MAX: Duration = Duration::from_secs(5);

impl Severed {
    /// The way to `log`, open while `cut` is false.
    pub fn new(log: Arc<dyn Log>, cut: Arc<AtomicBool>) -> Self {
        Self { log, cut, held: Arc::default() }
    }

    /// Whoever asks for topics waits while `held` is true.
    pub fn held(log: Arc<dyn Log>, held: Arc<AtomicBool>) -> Self {
        Self { log, cut: Arc::default(), held }
    }

    fn wait(&self) -> Result<(), Error> {
        let began = Instant::now();
        while self.held.load(Ordering::SeqCst) {
            if began.elapsed() > HELD_MAX {
                return Err(Error::Unavailable { reason: "held for too long".to_owned() });
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }
}

fn check(cut: &AtomicBool) -> Result<(), Error> {
    if cut.load(Ordering::SeqCst) { Err(Error::Unavailable { reason: "cut off".to_owned() }) } else { Ok(()) }
}

impl Log for Severed {
    fn ensure_topics(&self, topics: &[TopicSpec]) -> Result<(), Error> {
        check(&self.cut)?;
        self.log.ensure_topics(topics)
    }

    fn topics(&self) -> Result<Vec<Topic>, Error> {
        check(&self.cut)?;
        self.wait()?;
        self.log.topics()
    }

    fn topic(&self, topic: &str) -> Result<Arc<Topic>, Error> {
        check(&self.cut)?;
        self.log.topic(topic)
    }

    fn append(&self, topic: &str, partition: u32, records: Vec<Record>) -> Result<Appended, Error> {
        check(&self.cut)?;
        self.log.append(topic, partition, records)
    }

    fn transactional(&self, id: &str) -> Result<Box<dyn Transactional>, Error> {
        check(&self.cut)?;
        Ok(Box::new(SeveredProducer { producer: self.log.transactional(id)?, cut: self.cut.clone() }))
    }

    fn read(&self, topic: &str, partition: u32, from: Offset, limit: ReadLimit) -> Result<ReadBatch, Error> {
        check(&self.cut)?;
        self.log.read(topic, partition, from, limit)
    }

    fn start_offset(&self, topic: &str, partition: u32) -> Result<Offset, Error> {
        check(&self.cut)?;
        self.log.start_offset(topic, partition)
    }

    fn end_offset(&self, topic: &str, partition: u32) -> Result<Offset, Error> {
        check(&self.cut)?;
        self.log.end_offset(topic, partition)
    }

    fn offset_at(&self, topic: &str, partition: u32, time_ms: i64) -> Result<Offset, Error> {
        check(&self.cut)?;
        self.log.offset_at(topic, partition, time_ms)
    }

    fn readable(&self, topic: &str, partition: u32, offset: Offset, waker: &Waker) -> Result<bool, Error> {
        check(&self.cut)?;
        self.log.readable(topic, partition, offset, waker)
    }

    fn trim(&self, topic: &str, partition: u32, before: Offset) -> Result<(), Error> {
        check(&self.cut)?;
        self.log.trim(topic, partition, before)
    }

    fn compact(&self, topic: &str, partition: u32) -> Result<(), Error> {
        check(&self.cut)?;
        self.log.compact(topic, partition)
    }

    fn sync(&self) -> Result<(), Error> {
        check(&self.cut)?;
        self.log.sync()
    }
}

struct SeveredProducer {
    producer: Box<dyn Transactional>,
    cut: Arc<AtomicBool>,
}

impl Transactional for SeveredProducer {
    fn commit(&mut self, outputs: Vec<Output>) -> Result<Vec<Offset>, Error> {
        check(&self.cut)?;
        self.producer.commit(outputs)
    }
}
