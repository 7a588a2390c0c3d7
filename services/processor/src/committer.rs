//! Commits the partitions' batches, and keeps the store and the log in order.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use klamm_engine::{Error as EngineError, settle, topic};
use klamm_log::{Error as LogError, ReadLimit};
use parking_lot::{Condvar, Mutex};

use crate::{Processor, processor::Slot};

/// How often batches are closed and the store is cared for.
#[derive(Debug, Clone)]
pub struct Intervals {
    /// A batch with outputs is closed after this time.
    pub batch: Duration,
    /// A batch without outputs is closed after this time (or 10,000 commands).
    pub idle_batch: Duration,
    /// The log is synced and the store flushed this often, so that a restart has little to fold.
    pub flush: Duration,
    /// Commands are trimmed and output topics compacted this often.
    pub clean: Duration,
    /// Commands younger than this are not trimmed.
    pub keep_commands: Duration,
    /// Transactions per second at most, over all partitions: with many busy ones batches take longer. `None`: no limit.
    pub transactions_per_second: Option<u32>,
}

impl Default for Intervals {
    /// 250 ms, 60 s, 30 s, an hour, 24 h.
    fn default() -> Self {
        Self {
            batch: Duration::from_millis(250),
            idle_batch: Duration::from_secs(60),
            flush: Duration::from_secs(30),
            clean: Duration::from_secs(3600),
            keep_commands: Duration::from_secs(24 * 3600),
            transactions_per_second: None,
        }
    }
}

/// How often positions are shown to tools.
const SHOW_POSITIONS: Duration = Duration::from_secs(5);
/// The sends of one batch are waited for so long before the others have their turn.
const ACKS_MAX: Duration = Duration::from_millis(500);
/// Commands without outputs that close a batch.
const IDLE_COMMANDS_MAX: u64 = 10_000;

/// The committing thread; stops when dropped, after a last commit and flush.
pub struct Committer {
    stop: Arc<Stop>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Stop {
    stopping: AtomicBool,
    lock: Mutex<()>,
    signal: Condvar,
}

impl Committer {
    /// Starts committing.
    ///
    /// # Errors
    /// The operating system's, when it gives no thread.
    pub fn start(processor: Arc<Processor>, intervals: Intervals) -> std::io::Result<Self> {
        let stop = Arc::new(Stop::default());
        let stopping = stop.clone();
        let thread = thread::Builder::new().name("committer".to_owned()).spawn(move || run(&processor, &intervals, &stopping))?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        self.stop.stopping.store(true, Ordering::SeqCst);
        self.stop.signal.notify_all();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the committing thread panicked");
        }
    }
}

fn run(processor: &Processor, intervals: &Intervals, stop: &Stop) {
    let mut last_idle = Instant::now();
    let mut last_shown = Instant::now();
    let mut last_flush = Instant::now();
    let mut last_clean = Instant::now();
    let mut wait = intervals.batch;
    while !stop.stopping.load(Ordering::SeqCst) {
        {
            let mut guard = stop.lock.lock();
            stop.signal.wait_for(&mut guard, wait);
        }
        if processor.ownership.lost().is_some() {
            return;
        }
        let idle = last_idle.elapsed() >= intervals.idle_batch;
        // Commands whose caller went away before they were durable, commands of other processes, another owner's take-over record.
        processor.drive((0..processor.partition_count()).collect());
        let round = Instant::now();
        // By the time of its transaction, what a batch sends has been acked.
        let cut: Vec<_> = (0..processor.partition_count()).filter(|number| processor.cut(*number, idle)).collect();
        let commits = cut.into_iter().filter(|number| processor.commit_cut(*number)).count();
        wait = intervals.after_round(commits, round.elapsed());
        if idle {
            last_idle = Instant::now();
            processor.task_queues.sweep();
        }
        if last_shown.elapsed() >= SHOW_POSITIONS {
            processor.show_positions();
            last_shown = Instant::now();
        }
        if last_flush.elapsed() >= intervals.flush {
            processor.flush();
            last_flush = Instant::now();
        }
        if last_clean.elapsed() >= intervals.clean {
            processor.clean(intervals.keep_commands);
            last_clean = Instant::now();
        }
    }
    if processor.ownership.lost().is_none() {
        for number in 0..processor.partition_count() {
            processor.commit(number, true);
        }
    }
    processor.flush();
}

impl Intervals {
    /// How long to wait after a round of so many transactions that took `took`.
    fn after_round(&self, commits: usize, took: Duration) -> Duration {
        let Some(limit) = self.transactions_per_second.filter(|limit| *limit > 0) else { return self.batch };
        let rationed = Duration::from_secs(1) * u32::try_from(commits).unwrap_or(u32::MAX) / limit;
        rationed.saturating_sub(took).max(self.batch)
    }
}

impl Processor {
    /// Commits what waits in a partition: nothing when there is too little (unless `everything`), or when its sends are not acked. Gives
    /// whether there was a transaction.
    pub fn commit(&self, number: u32, everything: bool) -> bool {
        self.cut(number, everything) && self.commit_cut(number)
    }

    /// Cuts a batch of what waits in a partition, unless there is too little or one is under way; whether there is one to be committed.
    fn cut(&self, number: u32, everything: bool) -> bool {
        let slot = &self.slots[number as usize];
        if slot.failed.read().is_some() || self.ownership.lost().is_some() {
            return false;
        }
        // Sends that have failed are begun again.
        let mut targets = Vec::new();
        self.begin_sends(slot, &mut targets);
        self.drive(targets);
        let mut partition = slot.partition.lock();
        let (commands, records) = partition.waiting();
        let is_enough = records > 0 || everything && commands > 0 || commands >= IDLE_COMMANDS_MAX;
        partition.in_flight().is_some() || is_enough && partition.cut().is_some()
    }

    /// Commits the batch that was cut; false when what it sends is not acked, or when it was there no more.
    fn commit_cut(&self, number: u32) -> bool {
        let slot = &self.slots[number as usize];
        let mut producer = slot.producer.lock();
        let Some(outputs) = self.ready_outputs(slot, ACKS_MAX) else { return false };
        let started = Instant::now();
        let result = match producer.as_mut() {
            Some(holder) => holder.commit(outputs),
            None => Err(LogError::InDoubt { reason: "the producer is being made anew".to_owned() }),
        };
        match result {
            Ok(offsets) => self.committed(slot, number, &offsets),
            Err(LogError::InDoubt { reason }) => {
                tracing::warn!(partition = number, reason, "outcome of a commit unknown: looking");
                *producer = None;
                match self.settle(slot, number, &mut producer) {
                    Ok(()) => {}
                    // Somebody has written outputs in the batch's place.
                    Err(EngineError::Log(LogError::Fenced { .. })) => self.lose(format!("Another process writes partition {number}.")),
                    Err(error) => tracing::warn!(partition = number, error = %error, "the commit is not settled yet"),
                }
            }
            Err(error @ (LogError::Unavailable { .. } | LogError::Full { .. } | LogError::Denied { .. })) => {
                tracing::warn!(partition = number, error = %error, "the outputs wait");
            }
            Err(LogError::Fenced { .. }) => {
                *producer = None;
                self.fenced(number);
            }
            Err(error) => self.fail(number, &error.into()),
        }
        metrics::histogram!("klamm_commit_seconds").record(started.elapsed().as_secs_f64());
        // Readers that stopped because too much was waiting go on.
        if slot.full.swap(false, Ordering::Relaxed) {
            drop(producer);
            self.drive(vec![number]);
        }
        true
    }

    /// Another holder of the partition's transactional id has come. A newer take-over record tells that it owns the partition now; without
    /// one it was an older owner that woke late, and the next commit makes a holder anew.
    fn fenced(&self, number: u32) {
        match self.log.end_offset(&self.commands_topic, number) {
            Ok(_) => self.drive(vec![number]),
            Err(error) => tracing::warn!(partition = number, error = %error, "the owner could not be looked up yet"),
        }
    }

    fn committed(&self, slot: &Slot, number: u32, offsets: &[i64]) {
        let result = slot.partition.lock().committed(offsets);
        match result {
            Ok(()) => {}
            // The store goes on when there is room again; what it misses is folded from the log at the next start.
            Err(error) => self.fail(number, &error),
        }
    }

    /// After a commit whose outcome is unknown: a new holder of the transactional id settles it; whether the batch's own
    /// `~partition` record stands in history tells how.
    fn settle(&self, slot: &Slot, number: u32, producer: &mut Option<Box<dyn klamm_log::Transactional>>) -> Result<(), EngineError> {
        let holder = self.log.transactional(&self.config.topics.transactional_id(number))?;
        let batch = slot.partition.lock().in_flight().cloned();
        if let Some(batch) = batch
            && let Some(offsets) = settle::standing(&*self.log, &self.config.topics, &self.store, number, &batch)?
        {
            self.committed(slot, number, &offsets);
        }
        *producer = Some(holder);
        Ok(())
    }

    /// Shows committed positions on the command topic as those of the consumer group `<prefix>processor`: a copy, for lag tools.
    fn show_positions(&self) {
        let committed = |number| {
            let position = self.stored_position(number).ok().flatten()?.partition?;
            Some((number, position.next_command_offset))
        };
        let positions: Vec<_> = (0..self.partition_count()).filter_map(committed).collect();
        let mut shown = self.shown_positions.lock();
        if *shown != positions {
            self.log.show_positions(&self.config.topics.full("processor"), &self.commands_topic, &positions);
            *shown = positions;
        }
    }

    /// Makes the log durable, then the store: a store is never further than the log.
    pub fn flush(&self) {
        if let Err(error) = self.log.sync() {
            tracing::warn!(error = %error, "the log could not be synced");
            return;
        }
        if let Err(error) = self.store.flush() {
            tracing::warn!(error = %error, "the store could not be flushed");
        }
    }

    /// Trims commands that are committed and older than `keep`, and compacts the output topics.
    pub fn clean(&self, keep: Duration) {
        for number in 0..self.partition_count() {
            if let Err(error) = self.trim(number, keep) {
                tracing::warn!(partition = number, error = %error, "commands could not be trimmed");
            }
            for name in [topic::HISTORY, topic::VISIBILITY] {
                if let Err(error) = self.log.compact(&self.config.topics.full(name), number) {
                    tracing::warn!(partition = number, topic = name, error = %error, "the topic could not be compacted");
                }
            }
        }
    }

    fn trim(&self, number: u32, keep: Duration) -> Result<(), EngineError> {
        let committed = self.stored_position(number)?.and_then(|position| position.partition).unwrap_or_default();
        let newest = committed.now.as_ref().map_or(0, |now| klamm_machine::Time::from(now).millis());
        let before = newest.saturating_sub(i64::try_from(keep.as_millis()).unwrap_or(i64::MAX));
        let mut from = self.log.start_offset(&self.commands_topic, number)?;
        let mut cut = from;
        'reading: while from < committed.next_command_offset {
            let read = self.log.read(&self.commands_topic, number, from, ReadLimit::default())?;
            if read.records.is_empty() {
                break;
            }
            for stored in &read.records {
                if stored.timestamp_ms >= before || stored.offset >= committed.next_command_offset {
                    break 'reading;
                }
                cut = stored.offset + 1;
            }
            from = read.next_offset;
        }
        Ok(self.log.trim(&self.commands_topic, number, cut)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transactions_are_rationed_and_intervals_stretch() {
        let intervals = Intervals { transactions_per_second: Some(8), ..Intervals::default() };
        let wait = |commits, took| intervals.after_round(commits, Duration::from_millis(took)).as_millis();
        assert_eq!(wait(0, 0), 250);
        assert_eq!(wait(2, 20), 250, "two transactions in a quarter of a second are as many as there may be");
        assert_eq!(wait(8, 100), 900, "eight busy partitions take a second each");
        assert_eq!(wait(8, 3_000), 250);
        assert_eq!(Intervals::default().after_round(8, Duration::ZERO), Duration::from_millis(250));
    }
}
