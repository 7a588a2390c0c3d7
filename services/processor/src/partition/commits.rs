//! Commits the batches of a partition. Each is one transaction of the holder of the partition's transactional id.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use klamm_engine::{Error as EngineError, settle};
use klamm_log::{Error as LogError, Offset, Transactional};
use parking_lot::{Mutex, MutexGuard};

use super::{diverting, failure::Failure, guarded::Guarded, sends::Sends, standing::Mend};
use crate::process::may_pass;

/// Commands without outputs that close a batch.
const IDLE_COMMANDS_MAX: u64 = 10_000;

type Producer = Option<Box<dyn Transactional>>;

/// The producer of one partition, and how its commits go.
pub(crate) struct Commits {
    /// `None` while the producer is being made anew.
    producer: Mutex<Producer>,
    /// Since when commits have been failing, and why.
    trouble: Mutex<Option<(Instant, String)>>,
    /// Attempts in a row to commit the batch under way whose outcome was unknown.
    unknown: AtomicU32,
}

/// How an attempt to commit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tried {
    /// There was no transaction: there is no batch, or its sends are not acknowledged.
    Nothing,
    /// There was a transaction.
    Once {
        /// The partition has to be driven now: it has room again, or a take-over record of another process may be on the log.
        to_drive: bool,
    },
}

impl Commits {
    pub(crate) fn new(producer: Box<dyn Transactional>) -> Self {
        Self { producer: Mutex::new(Some(producer)), trouble: Mutex::default(), unknown: AtomicU32::new(0) }
    }

    /// Cuts a batch of what waits in the partition, unless a batch is under way already or too little waits. With `everything`, any command
    /// is enough. Gives whether there is a batch to commit.
    pub(crate) fn cut(&self, guarded: &Guarded, everything: bool) -> bool {
        let Some(mut state) = guarded.locked() else { return false };
        let (commands, records) = state.waiting();
        let is_enough = records > 0 || everything && commands > 0 || commands >= IDLE_COMMANDS_MAX;
        guarded.count(&state);
        state.in_flight().is_some() || is_enough && state.cut().is_some()
    }

    /// Commits the batch that was cut.
    ///
    /// # Errors
    /// Why the partition cannot go on as it is.
    pub(crate) fn commit(&self, guarded: &Guarded, sends: &Sends) -> Result<Tried, Failure> {
        if !guarded.standing.works() {
            return Ok(Tried::Nothing);
        }
        let mut producer = self.producer.lock();
        if let Err(error) = diverting::divert_known(guarded) {
            self.waits(guarded.number, &error, "a destination takes no records, and there is no topic of dead letters for them");
            return Ok(Tried::Nothing);
        }
        let Some(outputs) = sends.ready_outputs(guarded, guarded.process.config.acks_patience) else {
            if guarded.locked().is_some_and(|state| state.in_flight().is_some()) {
                self.note(Some("what it sends to other partitions and to stream task queues is not acknowledged".to_owned()));
            }
            return Ok(Tried::Nothing);
        };
        let started = Instant::now();
        let result = match producer.as_mut() {
            Some(holder) => holder.commit(outputs),
            None => Err(LogError::InDoubt { reason: "the producer is being made anew".to_owned() }),
        };
        let is_fenced = matches!(result, Err(LogError::Fenced { .. }));
        let ended = self.ended(guarded, &mut producer, result);
        metrics::histogram!("klamm_commit_seconds").record(started.elapsed().as_secs_f64());
        ended?;
        let is_contested = is_fenced && can_look_up_owner(guarded);
        // Drivers that stopped reading because too much was waiting can go on.
        Ok(Tried::Once { to_drive: guarded.makes_room() || is_contested })
    }

    /// Does what the outcome of a commit makes necessary.
    fn ended(&self, guarded: &Guarded, producer: &mut Producer, result: Result<Vec<Offset>, LogError>) -> Result<(), Failure> {
        let number = guarded.number;
        match result {
            Ok(offsets) => self.committed(guarded, &offsets),
            Err(LogError::InDoubt { reason }) => {
                let was_tried = producer.is_some();
                if was_tried {
                    tracing::warn!(partition = number, reason, "the outcome of a commit is unknown: the topics are read to find out");
                }
                *producer = None;
                self.settle(guarded, producer)?;
                if was_tried {
                    diverting::divert_stuck(guarded, self.unknown.fetch_add(1, Ordering::Relaxed) + 1, &reason);
                }
                Ok(())
            }
            Err(error) if diverting::divert_refused(guarded, &error) => {
                // A holder whose transaction was refused may be of no more use.
                *producer = None;
                Ok(())
            }
            Err(error) if may_pass(&error) => {
                self.waits(number, &error, "a commit failed: its outputs wait for the next attempt");
                Ok(())
            }
            // Another holder of the partition's transactional id has come. If it owns the partition now, there is a newer take-over record.
            // If there is none, it was an older owner that woke up late; then the next commit makes a new holder here.
            Err(LogError::Fenced { .. }) => {
                *producer = None;
                Ok(())
            }
            Err(error) if pass_over_refused(guarded, &error) => Ok(()),
            Err(error) => Err(EngineError::from(error).into()),
        }
    }

    fn committed(&self, guarded: &Guarded, offsets: &[Offset]) -> Result<(), Failure> {
        let Some(mut state) = guarded.locked() else { return Ok(()) };
        let committed = state.committed(offsets);
        guarded.count(&state);
        drop(state);
        // The batch is in the log. If the store failed, the partition is built anew from the log, if need be when there is room again.
        committed?;
        self.unknown.store(0, Ordering::Relaxed);
        if self.note(None) {
            tracing::info!(partition = guarded.number, "commits work again: the outputs that waited are written");
        }
        Ok(())
    }

    /// Finds the outcome of a commit that is in doubt. A new holder of the transactional id settles the transaction. It took effect if the
    /// batch's own `~partition` record is in the history topic.
    fn settle(&self, guarded: &Guarded, producer: &mut Producer) -> Result<(), Failure> {
        let number = guarded.number;
        match self.try_settle(guarded, producer) {
            Ok(Some(offsets)) => self.committed(guarded, &offsets),
            Ok(None) => Ok(()),
            // Another process has written outputs where the batch should be.
            Err(EngineError::Log(LogError::Fenced { .. })) => Err(Failure::Lost(format!("Another process writes partition {number}."))),
            Err(error @ EngineError::Store(_)) => Err(error.into()),
            Err(error) => {
                self.waits(number, &error, "the commit is not settled yet");
                Ok(())
            }
        }
    }

    /// Makes a new holder. Gives the offsets of the batch under way, if the batch is in the log.
    fn try_settle(&self, guarded: &Guarded, producer: &mut Producer) -> Result<Option<Vec<Offset>>, EngineError> {
        let (process, number) = (&*guarded.process, guarded.number);
        let holder = process.log.transactional(&process.config.topics.transactional_id(number))?;
        let batch = guarded.locked().and_then(|state| state.in_flight().cloned());
        let standing = match batch {
            Some(batch) => settle::standing(&*process.log, &process.config.topics, &process.store, number, &batch)?,
            None => None,
        };
        *producer = Some(holder);
        Ok(standing)
    }

    /// Notes that commits fail for now. Writes a log line when that is news.
    fn waits(&self, number: u32, error: &dyn std::error::Error, what: &str) {
        if self.note(Some(error.to_string())) {
            tracing::warn!(partition = number, error = %error, "{what}");
        }
    }

    /// Notes why commits fail, or with `None` that they work again. Gives whether that is news.
    fn note(&self, reason: Option<String>) -> bool {
        let mut trouble = self.trouble.lock();
        let is_news = trouble.as_ref().map(|(_, known)| known) != reason.as_ref();
        *trouble = reason.map(|reason| (trouble.as_ref().map_or_else(Instant::now, |(since, _)| *since), reason));
        is_news
    }

    /// Why commits have been failing, if they have for `patience` or longer.
    pub(crate) fn failing_for(&self, patience: Duration) -> Option<String> {
        let trouble = self.trouble.lock();
        trouble.as_ref().filter(|(since, _)| since.elapsed() >= patience).map(|(_, reason)| reason.clone())
    }

    /// The producer, locked, so that nobody commits meanwhile.
    pub(crate) fn lock_producer(&self) -> MutexGuard<'_, Producer> {
        self.producer.lock()
    }

    /// The partition has been built anew, with a new producer. Commands whose outputs could not be written were decided again, and their
    /// outputs are committed in new batches.
    pub(crate) fn begin_anew(&self, holder: &mut Producer, producer: Box<dyn Transactional>) {
        *holder = Some(producer);
        *self.trouble.lock() = None;
    }
}

/// If the log will never take the outputs of a command, breaks the partition: when it is built anew, the command is passed over. Gives
/// whether the error is of that kind.
fn pass_over_refused(guarded: &Guarded, error: &LogError) -> bool {
    let condemned = guarded.locked().is_some_and(|mut state| state.condemn_refused(error));
    if condemned {
        guarded.standing.breaks(Mend::Partition, &error.to_string());
    }
    condemned
}

/// Whether the log tells where the commands topic ends. Then driving the partition will find a newer take-over record.
fn can_look_up_owner(guarded: &Guarded) -> bool {
    let end = guarded.process.log.end_offset(&guarded.process.commands_topic, guarded.number);
    end.inspect_err(|error| tracing::warn!(partition = guarded.number, error = %error, "the owner could not be looked up yet")).is_ok()
}
