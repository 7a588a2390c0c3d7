//! Trims old commands and compacts output topics. This has a thread of its own, so that nothing else waits for it.

use std::{
    io,
    sync::{Arc, mpsc},
    thread::JoinHandle,
    time::Duration,
};

use klamm_engine::{Error as EngineError, topic};
use klamm_log::{Error as LogError, Log, Offset, ReadLimit};
use klamm_machine::Time;
use klamm_supervise::Part;

use crate::{Intervals, Processor};

/// The cleaning thread. It stops when this is dropped, after the partition that it is working on.
pub struct Cleaner {
    stop: Option<mpsc::Sender<()>>,
    part: Part,
    thread: Option<JoinHandle<()>>,
}

impl Cleaner {
    /// Starts the thread, which cleans at the interval given.
    ///
    /// # Errors
    /// The operating system's, when it gives no thread.
    pub fn start(processor: Arc<Processor>, intervals: &Intervals) -> io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let (interval, keep) = (intervals.clean, intervals.keep_commands);
        let part = processor.process.config.supervisor.part("cleaner");
        let thread = part.clone().thread(move |part| {
            let mut wait = interval;
            let mut next = 0;
            while stopped.recv_timeout(wait) == Err(mpsc::RecvTimeoutError::Timeout) && processor.process.ownership.lost().is_none() {
                part.round();
                if processor.partitions.find(next).is_some() {
                    clean(&processor, next, keep);
                }
                next = (next + 1) % processor.partition_count();
                wait = if next == 0 { interval } else { Duration::ZERO };
            }
        })?;
        Ok(Self { stop: Some(stop), part, thread: Some(thread) })
    }
}

impl Drop for Cleaner {
    fn drop(&mut self) {
        self.stop = None;
        self.part.close();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was reported when it happened.
            let _ = thread.join();
        }
    }
}

/// Trims commands that are committed and older than `keep`, and compacts the output topics of a partition: one of the cleaning thread's steps.
pub fn clean(processor: &Processor, number: u32, keep: Duration) {
    let process = &processor.process;
    if let Err(error) = trim(processor, number, keep) {
        tracing::warn!(partition = number, error = %error, "commands could not be trimmed");
    }
    for name in [topic::HISTORY, topic::VISIBILITY] {
        if let Err(error) = process.log.compact(&process.config.topics.full(name), number) {
            tracing::warn!(partition = number, topic = name, error = %error, "the topic could not be compacted");
        }
    }
}

fn trim(processor: &Processor, number: u32, keep: Duration) -> Result<(), EngineError> {
    let (log, commands) = (&*processor.process.log, &processor.process.commands_topic);
    let committed = processor.stored_position(number)?.and_then(|position| position.partition).unwrap_or_default();
    let newest = committed.now.as_ref().map_or(0, |now| Time::from(now).millis());
    let before = newest.saturating_sub(i64::try_from(keep.as_millis()).unwrap_or(i64::MAX));
    let from = log.start_offset(commands, number)?;
    let cut = first_at(log, commands, number, (from, committed.next_command_offset), before)?;
    if cut > from {
        log.trim(commands, number, cut)?;
    }
    Ok(())
}

/// Offset of the first record of the range that is not older than `time_ms`, or the end of the range. The records' times never go back, so
/// this is a binary search that reads only a few of them.
fn first_at(log: &dyn Log, topic: &str, partition: u32, (mut from, mut to): (Offset, Offset), time_ms: i64) -> Result<Offset, LogError> {
    let one = ReadLimit { records: 1, ..ReadLimit::default() };
    while from < to {
        let middle = from + (to - from) / 2;
        let read = log.read(topic, partition, middle, one)?;
        match read.records.first() {
            Some(stored) if stored.offset < to && stored.timestamp_ms < time_ms => from = stored.offset + 1,
            // The record is too young, or there is no record from the middle on.
            _ => to = middle,
        }
    }
    Ok(from)
}

#[cfg(test)]
mod tests {
    use klamm_log::{
        ManualClock, MemoryLog, Record, TopicSpec,
        memory::{Operation, Settings},
    };

    use super::*;

    #[test]
    fn the_place_of_a_time_is_found_with_few_reads() {
        let clock = Arc::new(ManualClock::new(0));
        let log = MemoryLog::new(clock.clone(), Settings::default());
        log.ensure_topics(&[TopicSpec::kept("commands", 1)]).expect("a topic");
        for time in 0..1_000 {
            clock.set(time * 10);
            log.append("commands", 0, vec![Record::new("k", "v")]).expect("appended");
        }
        let reads = Arc::new(parking_lot::Mutex::new(0));
        let counted = reads.clone();
        log.set_fault_hook(Some(Box::new(move |operation| {
            *counted.lock() += usize::from(matches!(operation, Operation::Read { .. }));
            None
        })));
        let place = |range, time| first_at(&log, "commands", 0, range, time).expect("a place");
        assert_eq!(place((0, 1_000), 5_000), 500);
        assert_eq!(place((0, 1_000), 5_001), 501);
        assert_eq!(place((0, 1_000), 0), 0);
        assert_eq!(place((0, 1_000), 1_000_000), 1_000);
        assert_eq!(place((0, 300), 1_000_000), 300, "what is not committed stays");
        assert_eq!(place((700, 700), 1_000_000), 700);
        assert!(*reads.lock() < 60, "{} reads", reads.lock());
    }
}
