//! One process's way to the log: appends take their time, acknowledgements too, and both may go wrong.
//!
//! What the process appends to a partition arrives in the order of its calls, as from Kafka's idempotent producer. The records of a group arrive
//! without gap. The simulation says when something arrives, and when the process is told.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
    task::Waker,
};

use klamm_log::{
    Appended, Appending, Error, Log, MemoryLog, Offset, Output, Promise, ReadBatch, ReadLimit, Record, Topic, TopicSpec, Transactional,
};

use crate::{
    faults::{Arrival, Faults},
    meanwhile,
    witness::Witness,
};

/// A process's log.
pub struct Line {
    log: MemoryLog,
    commands: Arc<str>,
    faults: Faults,
    witness: Arc<Witness>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Appends are done at once: for callers that hold the only thread until they are.
    at_once: bool,
    /// By partition, in order.
    under_way: BTreeMap<u32, VecDeque<Group>>,
    /// By partition, in order: what the process has not been told yet.
    untold: BTreeMap<u32, VecDeque<Outcome>>,
}

/// Records on their way together.
pub struct Group {
    /// The records.
    pub records: Vec<Record>,
    /// Who is to be told; nobody, where the process has been told that nobody knows.
    promises: Vec<Promise>,
}

/// How the append of a record went.
struct Outcome {
    promise: Promise,
    record: Record,
    result: Result<Appended, Error>,
}

impl Line {
    /// Nothing is on its way.
    pub fn new(log: MemoryLog, commands: Arc<str>, faults: Faults, witness: Arc<Witness>) -> Self {
        Self { log, commands, faults, witness, state: Mutex::default() }
    }

    /// Does something whose appends are done at once.
    pub fn at_once<R>(&self, work: impl FnOnce() -> R) -> R {
        self.state().at_once = true;
        let result = work();
        self.state().at_once = false;
        result
    }

    /// The partitions to which something is on its way.
    pub fn under_way(&self) -> Vec<u32> {
        self.state().under_way.iter().filter(|(_, groups)| !groups.is_empty()).map(|(partition, _)| *partition).collect()
    }

    /// The partitions of which the process is to be told something.
    pub fn untold(&self) -> Vec<u32> {
        self.state().untold.iter().filter(|(_, outcomes)| !outcomes.is_empty()).map(|(partition, _)| *partition).collect()
    }

    /// The next group arrives. Gives what came of it, for the trace.
    pub fn arrive(&self, partition: u32) -> Option<String> {
        let group = self.state().under_way.get_mut(&partition)?.pop_front()?;
        let arrival = self.faults.arrival(group.records.len());
        let told = format!("{} records: {arrival:?}", group.records.len());
        let mut state = self.state();
        let (results, late) = self.carry(partition, &group.records, &arrival);
        let outcomes = group.promises.into_iter().zip(&group.records).zip(results);
        let outcomes = outcomes.map(|((promise, record), result)| Outcome { promise, record: record.clone(), result });
        state.untold.entry(partition).or_default().extend(outcomes);
        if late {
            state.under_way.entry(partition).or_default().push_front(Group { records: group.records, promises: Vec::new() });
        }
        Some(told)
    }

    /// The process is told how its next append went.
    pub fn tell(&self, partition: u32) {
        let Some(outcome) = self.state().untold.get_mut(&partition).and_then(VecDeque::pop_front) else { return };
        if outcome.result.is_ok() {
            self.witness.acknowledged(partition, &outcome.record);
        }
        outcome.promise.keep(outcome.result);
    }

    /// The process has died. Gives what is on its way: it may still arrive.
    pub fn cut(&self) -> BTreeMap<u32, VecDeque<Group>> {
        let State { under_way, untold, .. } = std::mem::take(&mut *self.state());
        drop(untold);
        under_way
    }

    /// What becomes of records, and whether they are still on their way.
    fn carry(&self, partition: u32, records: &[Record], arrival: &Arrival) -> (Vec<Result<Appended, Error>>, bool) {
        let (standing, known, error) = match arrival {
            Arrival::Whole => (records.len(), records.len(), None),
            Arrival::Refused(first, error) => (*first, *first, Some(error.clone())),
            Arrival::Silent(first) => (records.len(), *first, None),
            Arrival::Lost(first) => (*first, *first, None),
            Arrival::Late => (0, 0, None),
        };
        let appended = match standing {
            0 => Ok(None),
            _ => self.log.append(&self.commands, partition, records[..standing].to_vec()).map(Some),
        };
        let of = |n: usize| match &appended {
            Ok(Some(appended)) if n < known => Ok(Appended { first_offset: appended.first_offset + n as Offset, ..*appended }),
            Err(error) => Err(error.clone()),
            Ok(_) => Err(error.clone().unwrap_or_else(|| Error::InDoubt { reason: "fault: nobody knows".to_owned() })),
        };
        ((0..records.len()).map(of).collect(), *arrival == Arrival::Late)
    }

    /// Takes records for appending. Gives whether they have arrived.
    fn take(&self, partition: u32, records: Vec<Record>) -> Vec<Appending> {
        let (promises, appendings): (Vec<_>, Vec<_>) = records.iter().map(|_| Appending::promised()).unzip();
        let at_once = {
            let mut state = self.state();
            state.under_way.entry(partition).or_default().push_back(Group { records, promises });
            state.at_once
        };
        if at_once {
            self.settle(partition);
        }
        appendings
    }

    /// Everything on its way to a partition arrives, or is late; the process is told of all of it.
    fn settle(&self, partition: u32) {
        let groups = self.state().under_way.get(&partition).map_or(0, VecDeque::len);
        for _ in 0..groups {
            // What is late holds up what comes behind it, but not for ever.
            self.arrive(partition);
        }
        while self.state().under_way.get(&partition).is_some_and(|groups| groups.iter().any(|group| !group.promises.is_empty())) {
            self.arrive(partition);
        }
        while self.untold().contains(&partition) {
            self.tell(partition);
        }
    }

    /// A call for which the caller's thread waits: others go on meanwhile, and what they append takes its time.
    fn wait<R>(&self, call: impl FnOnce() -> R) -> R {
        let at_once = std::mem::replace(&mut self.state().at_once, false);
        meanwhile::go_on();
        let result = call();
        meanwhile::go_on();
        self.state().at_once = at_once;
        result
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("one thread")
    }
}

impl Log for Line {
    fn ensure_topics(&self, topics: &[TopicSpec]) -> Result<(), Error> {
        self.log.ensure_topics(topics)
    }

    fn topics(&self) -> Result<Vec<Topic>, Error> {
        self.log.topics()
    }

    fn topic(&self, topic: &str) -> Result<Arc<Topic>, Error> {
        self.log.topic(topic)
    }

    fn append(&self, topic: &str, partition: u32, records: Vec<Record>) -> Result<Appended, Error> {
        assert_eq!(topic, &*self.commands, "nothing else is appended");
        let appending = self.take(partition, records);
        self.settle(partition);
        self.wait(|| ());
        let mut results = appending.into_iter().map(Appending::wait);
        let first = results.next().expect("a record")?;
        results.try_fold(first, |first, next| Ok(Appended { timestamp_ms: next?.timestamp_ms, ..first }))
    }

    fn append_async(&self, topic: &str, partition: u32, record: Record) -> Appending {
        assert_eq!(topic, &*self.commands, "nothing else is appended");
        self.take(partition, vec![record]).pop().expect("one for each record")
    }

    fn append_group(&self, topic: &str, partition: u32, records: Vec<Record>) -> Vec<Appending> {
        assert_eq!(topic, &*self.commands, "nothing else is appended");
        self.take(partition, records)
    }

    fn transactional(&self, id: &str) -> Result<Box<dyn Transactional>, Error> {
        let holder = self.wait(|| self.log.transactional(id))?;
        Ok(Box::new(Watched { holder, witness: self.witness.clone() }))
    }

    fn read(&self, topic: &str, partition: u32, from: Offset, limit: ReadLimit) -> Result<ReadBatch, Error> {
        self.wait(|| self.log.read(topic, partition, from, limit))
    }

    fn read_at_hand(&self, topic: &str, partition: u32, from: Offset, limit: ReadLimit) -> Result<Option<ReadBatch>, Error> {
        if self.faults.is_far() { Ok(None) } else { self.log.read(topic, partition, from, limit).map(Some) }
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
}

/// A holder of a transactional id that shows the beginning of each transaction.
struct Watched {
    holder: Box<dyn Transactional>,
    witness: Arc<Witness>,
}

impl Transactional for Watched {
    fn commit(&mut self, outputs: Vec<Output>) -> Result<Vec<Offset>, Error> {
        self.witness.begins(&outputs);
        meanwhile::go_on();
        let outcome = self.holder.commit(outputs);
        meanwhile::go_on();
        outcome
    }
}
