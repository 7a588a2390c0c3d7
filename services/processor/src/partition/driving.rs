//! Drives a partition: reads its commands from the log and handles them one after the other.

use klamm_engine::{Error as EngineError, partition::Handled};
use klamm_log::{ReadBatch, ReadLimit, Stored};
use klamm_machine::{Outcome as Decided, Rejection};
use tokio::sync::Notify;

use super::{
    failure::Failure,
    guarded::{Guarded, State},
    next_look::NextLook,
    sends::Sends,
};
use crate::{
    actions::Action,
    backend::Reply,
    machines::Answered,
    task_queues::{Offered, Origin},
};

/// What is needed to drive one partition: its state, its sends, and those who look at its rows.
#[derive(Clone, Copy)]
pub(crate) struct Driving<'a> {
    pub(super) guarded: &'a Guarded,
    pub(super) sends: &'a Sends,
    pub(super) next_look: &'a NextLook,
    pub(super) callbacks_changed: &'a Notify,
}

impl Driving<'_> {
    /// Handles the commands that the log has at hand, and leaves the rest to the reading threads. Adds the partitions that have got
    /// commands from this one to `targets`.
    ///
    /// # Errors
    /// Why the partition cannot go on as it is. Also errors of the log that may pass.
    pub(crate) fn drive(self, targets: &mut Vec<u32>) -> Result<(), Halt> {
        let (guarded, process) = (self.guarded, &self.guarded.process);
        guarded.part.round();
        let Some(mut state) = guarded.locked() else { return Ok(()) };
        while guarded.standing.works() && !guarded.is_full(&state) {
            let (number, from) = (guarded.number, state.next_offset());
            let read = process.log.read_at_hand(&process.commands_topic, number, from, ReadLimit::default());
            let Some(batch) = read.map_err(EngineError::from)? else {
                drop(state);
                if process.to_read.ask(number) {
                    return Ok(());
                }
                return self.drive_waiting(targets);
            };
            if batch.records.is_empty() {
                return Ok(());
            }
            self.handle_all(&mut state, &batch)?;
            if state.first_unsent().is_some() {
                drop(state);
                self.sends.begin(guarded, targets);
                let Some(locked) = guarded.locked() else { return Ok(()) };
                state = locked;
            }
        }
        Ok(())
    }

    /// As [`Driving::drive`], but asks the log's broker where needed. It reads without the partition's lock. Another driver may handle some
    /// of the same commands meanwhile; those are skipped here.
    ///
    /// # Errors
    /// As [`Driving::drive`].
    pub(crate) fn drive_waiting(self, targets: &mut Vec<u32>) -> Result<(), Halt> {
        let (guarded, process) = (self.guarded, &self.guarded.process);
        loop {
            let from = match guarded.locked() {
                Some(state) if !guarded.is_full(&state) => state.next_offset(),
                _ => return Ok(()),
            };
            let read = process.log.read(&process.commands_topic, guarded.number, from, ReadLimit::default());
            let batch = read.map_err(EngineError::from)?;
            if batch.records.is_empty() {
                return Ok(());
            }
            let Some(mut state) = guarded.locked() else { return Ok(()) };
            self.handle_all(&mut state, &batch)?;
            let sends = state.first_unsent().is_some();
            drop(state);
            if sends {
                self.sends.begin(guarded, targets);
            }
        }
    }

    fn handle_all(self, state: &mut State, batch: &ReadBatch) -> Result<(), Halt> {
        for stored in &batch.records {
            if stored.offset < state.next_offset() {
                continue;
            }
            let handled = state.handle_known(stored, self.guarded.process.answers.command(&stored.record))?;
            self.guarded.check_owner(state)?;
            self.tell(stored, handled);
            self.guarded.count(state);
            if self.guarded.is_full(state) {
                break;
            }
        }
        Ok(())
    }

    /// Shows a handled command to others: carries out its actions, tells those who watch its rows, gives its answer.
    fn tell(self, stored: &Stored, handled: Handled<Answered>) {
        let process = &self.guarded.process;
        process.commands_total.increment(1);
        process.arrivals.note();
        if !handled.warnings.is_empty() {
            let key = stored.record.key.as_deref().unwrap_or_default();
            process.warnings.tell(&handled.warnings, &String::from_utf8_lossy(key));
        }
        for (key, row) in handled.changes {
            process.watchers.changed(&key, row.as_ref());
            if let Some(action) = Action::of(key, row) {
                self.act(action);
            }
        }
        if let Some(answer) = handled.answer {
            if let Ok(Decided::Answer(answered)) = &answer {
                let asked = if let Reply::Trigger(triggered) = &answered.reply { Some(triggered) } else { None };
                asked.into_iter().chain(&answered.waited).for_each(|triggered| process.triggers.count(triggered));
            }
            if let Err(Rejection::Internal(reason)) = &answer {
                tracing::error!(offset = stored.offset, reason, "command skipped");
            }
            process.answers.answer(&stored.record, answer);
        }
    }

    fn act(self, action: Action) {
        let process = &self.guarded.process;
        match action {
            Action::Offer { machine, key, row } => {
                process.home.offer(Offered { origin: Origin { partition: self.guarded.number, machine }, key, row });
            }
            Action::TakeBack { key } => process.home.take_back(&key),
            Action::Wake(row) => self.next_look.appeared(&row),
            Action::Call => self.callbacks_changed.notify_one(),
            Action::Namespace(state) => {
                if state.emptied_time.is_some() && !process.namespaces.all().contains_key(&state.deleted_from) {
                    process.home.forget_configuration(&state.deleted_from);
                }
                process.namespaces.changed((*state).clone());
            }
            Action::NamespaceRemoved { key } => process.namespaces.removed(&key),
            Action::Topics(state) => process.declared_topics.changed((*state).clone()),
            Action::TopicsRemoved { key } => process.declared_topics.removed(&key),
            Action::Trigger(state) => process.triggers.known.changed((*state).clone()),
            Action::TriggerRemoved { key } => process.triggers.known.removed(&key),
            Action::Update(row) => process.update_waiters.changed(&row),
            Action::TaskQueue(state) => process.home.configure(&state),
        }
    }
}

/// Why driving a partition stopped before all its commands were handled.
pub(crate) enum Halt {
    /// The log cannot be read for now. The commands wait.
    Waits(klamm_log::Error),
    /// The partition cannot go on as it is.
    Failed(Failure),
}

impl From<EngineError> for Halt {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Log(error) if crate::process::may_pass(&error) => Self::Waits(error),
            error => Self::Failed(error.into()),
        }
    }
}

impl From<Failure> for Halt {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}
