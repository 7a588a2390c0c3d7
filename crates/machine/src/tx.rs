//! A machine, and one decision of it in the making: each is told in terms of the other.

use std::sync::Arc;

use bytes::Bytes;
use klamm_messages::{
    klamm::v1::{ActivityTaskToken, Command, Outcome as PublishedOutcome, VisibilityDocument},
    temporal::{common::v1::Payloads, failure::v1::Failure, history::v1::ActivityTaskScheduledEventAttributes},
};

use crate::{Context, Rejection, Savepoint, Table, Tables, TablesExt, Time, Warning, stream_queue};

/// A pure state machine.
pub trait Machine: Send + Sync + 'static {
    /// A fact; [`Machine::apply`] of all of them, in order, is the state.
    type Event: Send + Sync + 'static;
    /// What the caller of an accepted command is told.
    type Answer: Send + 'static;

    /// Decides one command.
    ///
    /// Reads by `tx`'s getters, says what happens by [`Tx::emit`] (which applies it at once, so that later reads of the same
    /// decision see it), sends commands to other machines by [`Tx::send`] and publishes derived documents by [`Tx::publish`].
    /// `Err` means that nothing happened: whatever was emitted is dropped. A panic has the same effect and is answered Internal.
    fn decide(&self, tx: &mut Tx<'_, Self>, command: &Command) -> Decision<Self::Answer>;

    /// Applies one event: the only way in which tables change.
    ///
    /// Must not fail: an event of an entity whose beginning is missing (compaction, a run already deleted) changes nothing or
    /// what it can. Must depend on nothing but the tables and the event.
    fn apply(&self, tables: &mut dyn Tables, event: &Self::Event);
}

/// What came of a command.
pub type Decision<A> = Result<Outcome<A>, Rejection>;

/// An accepted command's two ways to end.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome<A> {
    /// The caller gets this answer.
    Answer(A),
    /// The events stand, yet the caller gets an error (a workflow task completion with bad commands fails the task *and* is answered InvalidArgument).
    Refused(Rejection),
}

/// A document derived from the state, on a topic that is not folded.
#[derive(Debug, Clone, PartialEq)]
pub enum Publication {
    /// A run's whole visibility document.
    Visibility(Box<VisibilityDocument>),
    /// The run was deleted: its visibility document is tombstoned.
    VisibilityDeleted {
        /// Namespace of the run.
        namespace: String,
        /// Its workflow id.
        workflow_id: String,
        /// The run.
        run_id: String,
    },
    /// What came of a run or of a request, for the namespace's topic of outcomes.
    Outcome {
        /// The record's value. It names the namespace.
        outcome: Box<PublishedOutcome>,
        /// Headers of the record that the value does not tell, such as `traceparent`.
        headers: Vec<(String, String)>,
    },
    /// An activity on a stream task queue has been started: whoever reads the queue's topic works on it. It goes out before the decision's
    /// transaction, so it may be there twice: its token tells.
    Task(Box<StreamTask>),
    /// A record of another program that a trigger cannot use, for the trigger's topic of dead letters.
    DeadLetter(Box<DeadLetterRecord>),
    /// A record that a workflow publishes on a topic of other programs.
    Foreign(Box<ForeignRecord>),
    /// An event for the namespace's topic of OpenLineage events.
    Lineage(Box<LineageRecord>),
}

/// An OpenLineage event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineageRecord {
    /// Namespace of the run that it is about.
    pub namespace: String,
    /// The run's workflow id.
    pub workflow_id: String,
    /// The event, as JSON.
    pub value: String,
}

/// A record for a topic of other programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignRecord {
    /// Full name of the topic.
    pub topic: String,
    /// The partition.
    pub partition: u32,
    /// The key; `None`: it has none.
    pub key: Option<Bytes>,
    /// The value; `None`: a tombstone.
    pub value: Option<Bytes>,
    /// Headers, in order.
    pub headers: Vec<(String, Bytes)>,
}

/// A record of another program, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetterRecord {
    /// The trigger.
    pub trigger: String,
    /// The key; `None`: it has none.
    pub key: Option<Bytes>,
    /// The value; `None`: it has none.
    pub value: Option<Bytes>,
    /// Its own headers, and those that say what is wrong.
    pub headers: Vec<(String, Bytes)>,
}

impl Publication {
    /// Whether the record goes out as soon as the command is handled, ahead of the transaction.
    pub fn is_at_once(&self) -> bool {
        matches!(self, Self::Task(_))
    }
}

/// An attempt of an activity, with everything that a worker without an SDK needs.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamTask {
    /// Names the attempt: namespace, run, activity, attempt.
    pub token: ActivityTaskToken,
    /// Type of the workflow.
    pub workflow_type: String,
    /// What the workflow has scheduled: task queue, input, headers, time-outs.
    pub scheduled: ActivityTaskScheduledEventAttributes,
    /// When the workflow scheduled the activity.
    pub scheduled_time: Time,
    /// When this attempt began.
    pub started_time: Time,
    /// When this attempt times out if nothing is heard of it but heartbeats.
    pub deadline: Option<Time>,
    /// What the last heartbeat of an attempt before said.
    pub heartbeat_details: Option<Payloads>,
    /// Why the attempt before failed.
    pub last_failure: Option<Failure>,
    /// The trace that the activity belongs to.
    pub traceparent: Option<String>,
    /// How it is written.
    pub format: stream_queue::Format,
}

/// What [`PublishedOutcome::kind`] may be.
pub mod outcome_kind {
    /// A run has closed.
    pub const RUN_CLOSED: &str = "RUN_CLOSED";
    /// A request that came as a record was accepted.
    pub const REQUEST_ACCEPTED: &str = "REQUEST_ACCEPTED";
    /// A request that came as a record was rejected.
    pub const REQUEST_REJECTED: &str = "REQUEST_REJECTED";
}

/// One decision in the making: it reads the tables, and collects all that the decision wants to happen.
pub struct Tx<'a, M: Machine + ?Sized> {
    /// Place and time of the command.
    pub context: &'a mut Context,
    machine: &'a M,
    tables: &'a mut dyn Tables,
    effects: Effects<M::Event>,
}

/// What a decision wants to happen, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Effects<E> {
    /// Facts, already applied to the scratch tables.
    pub events: Vec<E>,
    /// Commands to other machines. The engine adds to each where it comes from.
    pub commands: Vec<Command>,
    /// Documents for topics that are not folded.
    pub publications: Vec<Publication>,
    /// What people are to know.
    pub warnings: Vec<Warning>,
}

impl<E> Default for Effects<E> {
    fn default() -> Self {
        Self { events: Vec::new(), commands: Vec::new(), publications: Vec::new(), warnings: Vec::new() }
    }
}

impl<E> Effects<E> {
    /// The same effects with another event type. A machine made of machines takes their effects over by this.
    pub fn map<F>(self, f: impl FnMut(E) -> F) -> Effects<F> {
        let Self { events, commands, publications, warnings } = self;
        Effects { events: events.into_iter().map(f).collect(), commands, publications, warnings }
    }
}

impl<'a, M: Machine + ?Sized> Tx<'a, M> {
    /// A decision over scratch tables. The caller made them, and drops them when the decision is rejected.
    pub fn new(machine: &'a M, tables: &'a mut dyn Tables, context: &'a mut Context) -> Self {
        Self { context, machine, tables, effects: Effects::default() }
    }

    /// The machine that decides.
    pub fn machine(&self) -> &'a M {
        self.machine
    }

    /// The row of table `T` under `key`, with all that this decision has emitted applied.
    pub fn get<T: Table>(&self, key: &T::Key) -> Option<Arc<T::Row>> {
        self.tables.get::<T>(key)
    }

    /// As [`Tx::get`], with the key's bytes.
    pub fn get_at<T: Table>(&self, key: &[u8]) -> Option<Arc<T::Row>> {
        self.tables.get_at::<T>(key)
    }

    /// At most `limit` rows of table `T` whose key bytes lie in `from..to`, in key order.
    pub fn range<T: Table>(&self, from: &[u8], to: &[u8], limit: usize) -> Vec<(Vec<u8>, Arc<T::Row>)> {
        self.tables.range::<T>(from, to, limit)
    }

    /// Says that `event` happened, and applies it.
    pub fn emit(&mut self, event: M::Event) {
        self.machine.apply(self.tables, &event);
        self.effects.events.push(event);
    }

    /// The events that this decision has emitted so far, in order.
    pub fn emitted(&self) -> &[M::Event] {
        &self.effects.events
    }

    /// Sends a command to another machine (or to another entity of this one), exactly once.
    pub fn send(&mut self, command: Command) {
        self.effects.commands.push(command);
    }

    /// Publishes a derived document.
    pub fn publish(&mut self, publication: Publication) {
        self.effects.publications.push(publication);
    }

    /// Warns people.
    pub fn warn(&mut self, warning: Warning) {
        self.effects.warnings.push(warning);
    }

    /// Runs `decide` as a decision of the machine `part`, and takes its effects over. `wrap` turns its events into this machine's.
    pub fn delegate<P: Machine + ?Sized, R>(
        &mut self,
        part: &P,
        wrap: impl FnMut(P::Event) -> M::Event,
        decide: impl FnOnce(&mut Tx<'_, P>) -> R,
    ) -> R {
        let mut tx = Tx { context: &mut *self.context, machine: part, tables: &mut *self.tables, effects: Effects::default() };
        let result = decide(&mut tx);
        let effects = tx.effects.map(wrap);
        self.effects.events.extend(effects.events);
        self.effects.commands.extend(effects.commands);
        self.effects.publications.extend(effects.publications);
        self.effects.warnings.extend(effects.warnings);
        result
    }

    /// Runs `decide` on a savepoint. `Ok` keeps all its effects; `Err` keeps none. (Ids that it derived are not given out again.)
    pub fn attempt<R, E>(&mut self, decide: impl FnOnce(&mut Tx<'_, M>) -> Result<R, E>) -> Result<R, E> {
        let mut savepoint = Savepoint::over(&*self.tables);
        let mut tx = Tx { context: &mut *self.context, machine: self.machine, tables: &mut savepoint, effects: Effects::default() };
        let result = decide(&mut tx)?;
        let effects = tx.effects;
        for (key, row) in savepoint.into_changes() {
            self.tables.save(key, row);
        }
        self.effects.events.extend(effects.events);
        self.effects.commands.extend(effects.commands);
        self.effects.publications.extend(effects.publications);
        self.effects.warnings.extend(effects.warnings);
        Ok(result)
    }

    /// All that the decision wants to happen.
    pub fn finish(self) -> Effects<M::Event> {
        self.effects
    }
}

#[cfg(test)]
mod tests {
    use klamm_messages::klamm::v1::TestRecord;

    use super::*;
    use crate::{Decision, Kind, Memory, Outcome, Time, key::KeyBytes};

    /// Counters by number; an event sets one, or removes it at zero.
    struct Counters;
    struct Table0;

    impl Table for Table0 {
        const KIND: Kind = Kind::Test;
        type Key = u32;
        type Row = TestRecord;

        fn key(key: &u32) -> Vec<u8> {
            KeyBytes::new(Self::KIND).u32(*key).finish()
        }
    }

    impl Machine for Counters {
        type Event = (u32, i64);
        type Answer = ();

        fn decide(&self, _: &mut Tx<'_, Self>, _: &Command) -> Decision<()> {
            Ok(Outcome::Answer(()))
        }

        fn apply(&self, tables: &mut dyn Tables, (key, value): &(u32, i64)) {
            if *value == 0 {
                tables.remove::<Table0>(key);
            } else {
                tables.upsert_at::<Table0>(Table0::key(key), TestRecord::default, |row| row.value = *value);
            }
        }
    }

    fn values(tx: &Tx<'_, Counters>, limit: usize) -> Vec<i64> {
        let from = KeyBytes::new(Kind::Test).finish();
        let to = crate::key::prefix_end(&from);
        tx.range::<Table0>(&from, &to, limit).iter().map(|(_, row)| row.value).collect()
    }

    #[test]
    fn a_failed_attempt_leaves_nothing() {
        let mut memory = Memory::default();
        let mut context = Context::new(Time::default(), 1, "t", 0, 0);
        let mut tx = Tx::new(&Counters, &mut memory, &mut context);
        tx.emit((1, 10));
        tx.emit((2, 20));
        let failed: Result<(), &str> = tx.attempt(|tx| {
            tx.emit((1, 11));
            tx.emit((2, 0));
            tx.emit((3, 30));
            assert_eq!(values(tx, 9), [11, 30]);
            assert_eq!(values(tx, 1), [11]);
            tx.send(Command::default());
            Err("no")
        });
        assert_eq!(failed, Err("no"));
        assert_eq!(values(&tx, 9), [10, 20]);
        let effects = tx.finish();
        assert_eq!((effects.events, effects.commands.len()), (vec![(1, 10), (2, 20)], 0));
    }

    #[test]
    fn a_successful_attempt_keeps_everything() {
        let mut memory = Memory::default();
        let mut context = Context::new(Time::default(), 1, "t", 0, 0);
        let mut tx = Tx::new(&Counters, &mut memory, &mut context);
        tx.emit((1, 10));
        tx.emit((2, 20));
        let kept: Result<u8, ()> = tx.attempt(|tx| {
            tx.emit((1, 0));
            tx.emit((2, 21));
            tx.emit((2, 22));
            tx.send(Command::default());
            Ok(7)
        });
        assert_eq!(kept, Ok(7));
        assert_eq!(values(&tx, 9), [22]);
        let effects = tx.finish();
        assert_eq!(effects.events, [(1, 10), (2, 20), (1, 0), (2, 21), (2, 22)]);
        assert_eq!(effects.commands.len(), 1);
    }
}
