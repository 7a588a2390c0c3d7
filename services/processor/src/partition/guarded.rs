//! A partition's state behind its lock, with the knowledge whether the state may be used.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use klamm_engine::{Error as EngineError, Partition, partition::Settings};
use klamm_log::Offset;
use klamm_supervise::Part;
use parking_lot::{Mutex, MutexGuard};

use super::{
    failure::Failure,
    standing::{Mend, Standing},
};
use crate::{backend::Error, codec::AvroCodec, machines::Machines, memory::Share, process::Process};

/// A partition's tables, and the changes that wait for their transaction.
pub(crate) type State = Partition<Machines, AvroCodec>;

/// One partition: its state, its standing, and how much memory it holds.
pub(crate) struct Guarded {
    pub(crate) process: Arc<Process>,
    pub(crate) number: u32,
    pub(crate) standing: Standing,
    /// Catches panics of whoever works on the partition.
    pub(crate) part: Part,
    /// Offset of this process's take-over record.
    pub(crate) take_over: Offset,
    settings: Settings,
    state: Mutex<State>,
    /// Too much waits for its transaction in this partition.
    full: AtomicBool,
    share: Share,
}

impl Guarded {
    pub(crate) fn new(process: Arc<Process>, settings: Settings, state: State) -> Self {
        let (number, take_over) = (state.number(), state.owner().1);
        let guarded = Self {
            standing: Standing::new(number, process.health().clone()),
            part: process.config.supervisor.part(format!("partition/{number}")),
            share: Share::new(process.memory.clone()),
            full: AtomicBool::new(false),
            state: Mutex::new(state),
            process,
            number,
            take_over,
            settings,
        };
        guarded.count(&guarded.state.lock());
        guarded
    }

    /// The partition's state, locked. Before a caller answers from it, the caller needs [`Ownership::confirm`](crate::Ownership::confirm).
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the partition does not work: then its state must not be used.
    pub(crate) fn lock(&self) -> Result<MutexGuard<'_, State>, Error> {
        let state = self.state.lock();
        // Checked under the lock, because the state is dropped when the partition ends.
        self.standing.check()?;
        Ok(state)
    }

    /// As [`Guarded::lock`]; `None` when the partition does not work.
    pub(crate) fn locked(&self) -> Option<MutexGuard<'_, State>> {
        let state = self.state.lock();
        self.standing.works().then_some(state)
    }

    /// The partition's state, locked, whether the partition works or not. For building it anew.
    pub(crate) fn lock_broken(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// What `look` sees in the partition's tables.
    ///
    /// # Errors
    /// As [`Guarded::lock`]. The inner error: a row could not be read, so what `look` saw must not be used.
    pub(crate) fn look<R>(&self, look: impl FnOnce(&mut State) -> R) -> Result<Result<R, EngineError>, Error> {
        let mut state = self.lock()?;
        let seen = look(&mut state);
        let checked = state.check();
        drop(state);
        Ok(checked.map(|()| seen))
    }

    /// Whether the partition takes commands, as far as is known.
    pub(crate) fn is_able(&self) -> bool {
        self.standing.works() && !self.process.is_closing() && !self.is_full_as_known()
    }

    /// Fails when the partition takes no commands.
    ///
    /// # Errors
    /// Why the partition takes no commands.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.standing.check()?;
        if self.process.is_closing() {
            return Err(Process::shutting_down());
        }
        if self.is_full_as_known() {
            self.process.memory.refused();
            return Err(Error::Exhausted("Too many changes wait to be written; try again later.".to_owned()));
        }
        Ok(())
    }

    fn is_full_as_known(&self) -> bool {
        self.full.load(Ordering::Relaxed) || self.process.memory.is_full()
    }

    /// Whether too much waits, so that no more commands may be read for now.
    pub(crate) fn is_full(&self, state: &State) -> bool {
        self.full.store(state.is_full(), Ordering::Relaxed);
        state.is_full() || self.process.memory.is_full()
    }

    /// Notes that the partition's own changes leave room for commands again. Gives whether there was no room before.
    pub(crate) fn makes_room(&self) -> bool {
        self.full.swap(false, Ordering::Relaxed)
    }

    /// Counts the bytes that the partition holds in memory. To be called under its lock whenever they change.
    pub(crate) fn count(&self, state: &State) {
        self.share.count(state.uncommitted_bytes());
    }

    /// The partition's tables cannot be trusted any more. The partition stops until it has been built anew.
    pub(crate) fn breaks(&self, error: &klamm_store::Error) {
        self.standing.breaks(self.mend_for(error, self.lock_broken().store_generation()), &error.to_string());
    }

    /// What has to be done after an error of the store of this generation.
    pub(crate) fn mend_for(&self, error: &klamm_store::Error, generation: u64) -> Mend {
        match error {
            klamm_store::Error::Corrupt { .. } => Mend::Store(generation),
            _ => Mend::Partition,
        }
    }

    /// Fails when a newer take-over record than this process's own is on the log.
    ///
    /// # Errors
    /// [`Failure::Lost`].
    pub(crate) fn check_owner(&self, state: &State) -> Result<(), Failure> {
        let (owner, offset) = state.owner();
        if offset > self.take_over {
            return Err(EngineError::Overtaken { partition: self.number, member: owner.to_owned(), offset }.into());
        }
        Ok(())
    }

    /// Replaces the broken state by a new one.
    pub(crate) fn replace(&self, state: State) {
        self.count(&state);
        *self.state.lock() = state;
        self.makes_room();
    }

    /// Drops the state and its memory. To be called when the partition has stopped for good or is lost: nobody uses the state any more.
    pub(crate) fn forget(&self) {
        let Process { machines, codec, store, .. } = &*self.process;
        let empty = State::new(self.number, machines.clone(), codec.clone(), self.settings.clone(), store.clone(), Default::default());
        *self.state.lock() = empty;
        self.share.release();
        // The polls that ride in the partition's commands go back to their queues.
        self.process.answers.end(self.number);
    }
}
