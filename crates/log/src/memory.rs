//! A log in memory: for tests, with faults on demand and time as a test wants it.
//!
//! It outlives the "processes" of a test. A [`MemoryLog`] is a handle, and its clones see the same log. To simulate a crash, a test drops
//! everything else and goes on with a clone. The log has no thread of its own and no randomness except what it was given, so a test on one
//! thread is the same in every run.

mod fault;
mod partition;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    task::Waker,
};

use parking_lot::Mutex;

pub use fault::{Fault, FaultHook, Operation};
use partition::Partition;

use crate::{
    Appended, Clock, Error, Log, Offset, Output, ReadBatch, ReadLimit, Record, Stored, Topic, TopicSpec, Transactional,
    clock::SteadyClock,
    topic::{TopicIds, unknown},
    wakers::wake,
};

/// How a [`MemoryLog`] behaves.
#[derive(Clone)]
pub struct Settings {
    /// Ids of new topics.
    pub topic_ids: TopicIds,
    /// Each commit uses up one more offset in each of its partitions, as on Kafka. So code that expects offsets without gaps fails its
    /// tests.
    pub transaction_marks: bool,
}

impl Default for Settings {
    /// Topic ids derived from names; commits leave marks.
    fn default() -> Self {
        Self { topic_ids: crate::topic::ids_from_names(), transaction_marks: true }
    }
}

/// A handle on a log in memory.
#[derive(Clone)]
pub struct MemoryLog {
    state: Arc<Mutex<State>>,
    faults: Arc<Mutex<Faults>>,
    clock: Arc<SteadyClock>,
    settings: Settings,
}

#[derive(Default)]
struct State {
    topics: BTreeMap<String, (Arc<Topic>, Vec<Partition>)>,
    holders: BTreeMap<String, Holder>,
    transactions: u64,
}

/// Who holds a transactional id.
#[derive(Default, Clone)]
struct Holder {
    epoch: u64,
    /// A commit whose outcome is still open.
    open: Option<Open>,
}

#[derive(Clone)]
struct Open {
    transaction: u64,
    records: Vec<(Arc<str>, u32, Offset)>,
    commits: bool,
}

#[derive(Default)]
struct Faults {
    hook: Option<FaultHook>,
    writes: VecDeque<Fault>,
}

impl MemoryLog {
    /// An empty log; append times come from `clock`.
    pub fn new(clock: Arc<dyn Clock>, settings: Settings) -> Self {
        Self { state: Arc::default(), faults: Arc::default(), clock: Arc::new(SteadyClock::new(clock)), settings }
    }

    /// Asks `hook` before every call from now on. `None` ends the faults. The hook must not call the log.
    pub fn set_fault_hook(&self, hook: Option<FaultHook>) {
        self.faults.lock().hook = hook;
    }

    /// Gives this fault to the next append or commit that has none yet.
    pub fn fail_next_write(&self, fault: Fault) {
        self.faults.lock().writes.push_back(fault);
    }

    /// An independent copy of the log as it is now, without faults.
    pub fn fork(&self) -> Self {
        let state = self.state.lock();
        let topics = state
            .topics
            .iter()
            .map(|(name, (topic, partitions))| (name.clone(), (topic.clone(), partitions.iter().map(Partition::fork).collect())));
        // Like a new process, the copy knows of no time except that of the newest record.
        let clock = self.clock.anew();
        state.topics.values().flat_map(|(_, partitions)| partitions).for_each(|partition| clock.goes_on_from(partition.last_append_ms()));
        let copy = State { topics: topics.collect(), holders: state.holders.clone(), transactions: state.transactions };
        Self { state: Arc::new(Mutex::new(copy)), faults: Arc::default(), clock: Arc::new(clock), settings: self.settings.clone() }
    }

    fn fault(&self, operation: Operation<'_>) -> Option<Fault> {
        let mut faults = self.faults.lock();
        if matches!(operation, Operation::Append { .. } | Operation::Commit { .. })
            && let Some(fault) = faults.writes.pop_front()
        {
            return Some(fault);
        }
        faults.hook.as_mut().and_then(|hook| hook(operation))
    }

    fn with_partition<R>(
        &self,
        topic: &str,
        partition: u32,
        work: impl FnOnce(&Topic, &mut Partition) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let mut state = self.state.lock();
        let (topic, partition) = state.partition(topic, partition)?;
        work(topic, partition)
    }
}

impl State {
    fn partition(&mut self, topic: &str, partition: u32) -> Result<(&Arc<Topic>, &mut Partition), Error> {
        let (topic, partitions) = self.topics.get_mut(topic).ok_or_else(|| unknown(topic))?;
        topic.check_partition(partition)?;
        Ok((topic, &mut partitions[partition as usize]))
    }

    /// Decides the commit that was left open under `id`.
    fn settle(&mut self, id: &str) -> Vec<Waker> {
        let Some(open) = self.holders.get_mut(id).and_then(|holder| holder.open.take()) else { return Vec::new() };
        let mut by_partition: BTreeMap<(Arc<str>, u32), Vec<Offset>> = BTreeMap::new();
        for (topic, partition, offset) in open.records {
            by_partition.entry((topic, partition)).or_default().push(offset);
        }
        let mut wakers = Vec::new();
        for ((topic, partition), offsets) in by_partition {
            if let Ok((_, partition)) = self.partition(&topic, partition) {
                partition.close(open.transaction, if open.commits { &[] } else { &offsets });
                wakers.extend(partition.woken());
            }
        }
        wakers
    }
}

impl Log for MemoryLog {
    fn ensure_topics(&self, topics: &[TopicSpec]) -> Result<(), Error> {
        let mut state = self.state.lock();
        for spec in topics {
            let known = state.topics.get(&*spec.name).map(|(topic, _)| topic.updated(spec)).transpose()?;
            if let Some((topic, _)) = state.topics.get_mut(&*spec.name)
                && let Some(updated) = known
            {
                *topic = Arc::new(updated);
                continue;
            }
            let topic = Topic { spec: spec.clone(), id: (self.settings.topic_ids)(&spec.name).into() };
            let partitions = (0..spec.partitions).map(|_| Partition::default()).collect();
            state.topics.insert(spec.name.to_string(), (Arc::new(topic), partitions));
        }
        Ok(())
    }

    fn topics(&self) -> Result<Vec<Topic>, Error> {
        Ok(self.state.lock().topics.values().map(|(topic, _)| Topic::clone(topic)).collect())
    }

    fn topic(&self, topic: &str) -> Result<Arc<Topic>, Error> {
        self.state.lock().topics.get(topic).map(|(topic, _)| topic.clone()).ok_or_else(|| unknown(topic))
    }

    fn append(&self, topic: &str, partition: u32, records: Vec<Record>) -> Result<Appended, Error> {
        let now_ms = self.clock.now_ms();
        let mut state = self.state.lock();
        let (known, place) = state.partition(topic, partition)?;
        known.check_batch(&records)?;
        let fault = self.fault(Operation::Append { topic, partition, records: &records });
        if let Some(Fault::Refuse(error)) = fault {
            return Err(error);
        }
        let stored: Vec<Stored> = records.into_iter().map(|record| place.push(known, record, now_ms)).collect();
        let wakers = place.woken();
        drop(state);
        wake(wakers);
        match (fault, stored.first(), stored.last()) {
            (None, Some(first), Some(last)) => Ok(Appended { first_offset: first.offset, timestamp_ms: last.timestamp_ms }),
            _ => Err(fault::lost()),
        }
    }

    fn transactional(&self, id: &str) -> Result<Box<dyn Transactional>, Error> {
        let fault = self.fault(Operation::Initialize { transactional_id: id });
        if let Some(Fault::Refuse(error)) = fault {
            return Err(error);
        }
        let mut state = self.state.lock();
        let wakers = state.settle(id);
        let holder = state.holders.entry(id.to_owned()).or_default();
        holder.epoch += 1;
        let epoch = holder.epoch;
        drop(state);
        wake(wakers);
        match fault {
            None => Ok(Box::new(Producer { log: self.clone(), id: id.to_owned(), epoch })),
            Some(_) => Err(fault::lost()),
        }
    }

    fn read(&self, topic: &str, partition: u32, from: Offset, limit: ReadLimit) -> Result<ReadBatch, Error> {
        match self.fault(Operation::Read { topic, partition }) {
            None => self.with_partition(topic, partition, |_, place| place.read(topic, partition, from, limit)),
            Some(Fault::Refuse(error)) => Err(error),
            Some(_) => Err(Error::Unavailable { reason: "fault".to_owned() }),
        }
    }

    fn start_offset(&self, topic: &str, partition: u32) -> Result<Offset, Error> {
        self.with_partition(topic, partition, |_, place| Ok(place.start()))
    }

    fn end_offset(&self, topic: &str, partition: u32) -> Result<Offset, Error> {
        self.with_partition(topic, partition, |_, place| Ok(place.end()))
    }

    fn readable(&self, topic: &str, partition: u32, offset: Offset, waker: &Waker) -> Result<bool, Error> {
        self.with_partition(topic, partition, |_, place| Ok(place.wait(offset, waker)))
    }

    fn trim(&self, topic: &str, partition: u32, before: Offset) -> Result<(), Error> {
        self.with_partition(topic, partition, |known, place| {
            known.check_trimmable()?;
            place.trim(topic, partition, before)
        })
    }

    fn compact(&self, topic: &str, partition: u32) -> Result<(), Error> {
        let now_ms = self.clock.now_ms();
        self.with_partition(topic, partition, |known, place| {
            let (lag_ms, delete_retention_ms) = known.compaction_ms()?;
            place.compact(now_ms, lag_ms, delete_retention_ms);
            Ok(())
        })
    }

    fn sync(&self) -> Result<(), Error> {
        Ok(())
    }
}

/// Holds a transactional id.
struct Producer {
    log: MemoryLog,
    id: String,
    epoch: u64,
}

impl Transactional for Producer {
    fn commit(&mut self, outputs: Vec<Output>) -> Result<Vec<Offset>, Error> {
        let now_ms = self.log.clock.now_ms();
        let mut state = self.log.state.lock();
        if state.holders.get(&self.id).map(|holder| holder.epoch) != Some(self.epoch) {
            return Err(Error::Fenced { transactional_id: self.id.clone() });
        }
        if state.holders.get(&self.id).is_some_and(|holder| holder.open.is_some()) {
            let reason = "an earlier commit of this holder is in doubt: it was to be dropped".to_owned();
            return Err(Error::InDoubt { reason });
        }
        for output in &outputs {
            state.partition(&output.topic, output.partition)?.0.check_record(&output.record)?;
        }
        let fault = self.log.fault(Operation::Commit { transactional_id: &self.id, outputs: &outputs });
        if let Some(Fault::Refuse(error)) = fault {
            return Err(error);
        }
        state.transactions += 1;
        let transaction = state.transactions;
        let mut records = Vec::with_capacity(outputs.len());
        let mut touched = BTreeSet::new();
        for output in outputs {
            let (topic, place) = state.partition(&output.topic, output.partition)?;
            place.open(transaction);
            let stored = place.push(&topic.clone(), output.record, now_ms);
            records.push((output.topic.clone(), output.partition, stored.offset));
            touched.insert((output.topic, output.partition));
        }
        if self.log.settings.transaction_marks {
            for (topic, partition) in &touched {
                state.partition(topic, *partition)?.1.push_hole();
            }
        }
        let offsets = records.iter().map(|(_, _, offset)| *offset).collect();
        if let Some(Fault::LeaveOpen { commits }) = fault {
            if let Some(holder) = state.holders.get_mut(&self.id) {
                holder.open = Some(Open { transaction, records, commits });
            }
            return Err(fault::lost());
        }
        let mut wakers = Vec::new();
        for (topic, partition) in &touched {
            let (_, place) = state.partition(topic, *partition)?;
            place.close(transaction, &[]);
            wakers.extend(place.woken());
        }
        drop(state);
        wake(wakers);
        if fault.is_some() { Err(fault::lost()) } else { Ok(offsets) }
    }
}
