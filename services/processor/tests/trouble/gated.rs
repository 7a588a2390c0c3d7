//! A log whose broker can be made to keep readers waiting.

use std::{sync::Arc, task::Waker};

use klamm_log::{Appended, Error, Log, Offset, ReadBatch, ReadLimit, Record, Topic, TopicSpec, Transactional};
use parking_lot::{Condvar, Mutex};

/// The log behind the gate.
pub struct Gated {
    log: Arc<dyn Log>,
    state: Mutex<State>,
    opened: Condvar,
}

#[derive(Default)]
struct State {
    /// What the name of a topic ends with whose records are not at hand.
    closed: Option<&'static str>,
    /// Readers that wait.
    waiting: usize,
    /// What the log says is wrong with it.
    problem: Option<String>,
    /// Why no topic can be made.
    refusal: Option<Error>,
    /// How often somebody was told so.
    refused: usize,
}

impl Gated {
    /// Open.
    pub fn new(log: Arc<dyn Log>) -> Self {
        Self { log, state: Mutex::default(), opened: Condvar::new() }
    }

    /// Whoever reads this topic waits from now on.
    pub fn close(&self, topic: &'static str) {
        self.state.lock().closed = Some(topic);
    }

    /// They go on.
    pub fn open(&self) {
        self.state.lock().closed = None;
        self.opened.notify_all();
    }

    /// The log says from now on that this is wrong with it.
    pub fn complain(&self, problem: &str) {
        self.state.lock().problem = Some(problem.to_owned());
    }

    /// No topic can be made from now on, for this reason.
    pub fn refuse_topics(&self, refusal: Option<Error>) {
        self.state.lock().refusal = refusal;
    }

    /// How often a topic was refused.
    pub fn refused(&self) -> usize {
        self.state.lock().refused
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.state.lock().waiting
    }

    fn is_closed(&self, topic: &str) -> bool {
        self.state.lock().closed.is_some_and(|closed| topic.ends_with(closed))
    }
}

impl Log for Gated {
    fn ensure_topics(&self, topics: &[TopicSpec]) -> Result<(), Error> {
        let mut state = self.state.lock();
        if let Some(refusal) = state.refusal.clone() {
            state.refused += 1;
            return Err(refusal);
        }
        drop(state);
        self.log.ensure_topics(topics)
    }

    fn topics(&self) -> Result<Vec<Topic>, Error> {
        self.log.topics()
    }

    fn topic(&self, topic: &str) -> Result<Arc<Topic>, Error> {
        self.log.topic(topic)
    }

    fn append(&self, topic: &str, partition: u32, records: Vec<Record>) -> Result<Appended, Error> {
        self.log.append(topic, partition, records)
    }

    fn transactional(&self, id: &str) -> Result<Box<dyn Transactional>, Error> {
        self.log.transactional(id)
    }

    fn read(&self, topic: &str, partition: u32, from: Offset, limit: ReadLimit) -> Result<ReadBatch, Error> {
        let mut state = self.state.lock();
        state.waiting += 1;
        while state.closed.is_some_and(|closed| topic.ends_with(closed)) {
            self.opened.wait(&mut state);
        }
        state.waiting -= 1;
        drop(state);
        self.log.read(topic, partition, from, limit)
    }

    fn read_at_hand(&self, topic: &str, partition: u32, from: Offset, limit: ReadLimit) -> Result<Option<ReadBatch>, Error> {
        if self.is_closed(topic) { Ok(None) } else { self.log.read(topic, partition, from, limit).map(Some) }
    }

    fn start_offset(&self, topic: &str, partition: u32) -> Result<Offset, Error> {
        self.log.start_offset(topic, partition)
    }

    fn end_offset(&self, topic: &str, partition: u32) -> Result<Offset, Error> {
        self.log.end_offset(topic, partition)
    }

    fn offset_at(&self, topic: &str, partition: u32, time_ms: i64) -> Result<Offset, Error> {
        self.log.offset_at(topic, partition, time_ms)
    }

    fn readable(&self, topic: &str, partition: u32, offset: Offset, waker: &Waker) -> Result<bool, Error> {
        self.log.readable(topic, partition, offset, waker)
    }

    fn trim(&self, topic: &str, partition: u32, before: Offset) -> Result<(), Error> {
        self.log.trim(topic, partition, before)
    }

    fn compact(&self, topic: &str, partition: u32) -> Result<(), Error> {
        self.log.compact(topic, partition)
    }

    fn sync(&self) -> Result<(), Error> {
        self.log.sync()
    }

    fn problem(&self) -> Option<String> {
        self.state.lock().problem.clone()
    }
}
