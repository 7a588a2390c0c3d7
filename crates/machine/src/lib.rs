//! What a pure state machine of klamm is.
//!
//! A [`Machine`] decides commands into events and applies events to tables. It never waits, reads a clock, draws a random
//! number or touches Kafka or RocksDB: all that comes in by the [`Context`] and the command. So replaying the command log
//! gives the same events, and folding the events gives the same tables. Types to read first: [`Machine`], [`Tx`], [`Table`].

pub mod context;
pub mod key;
pub mod memory;
pub mod rejection;
pub mod savepoint;
pub mod table;
pub mod time;
pub mod tx;
pub mod wakes;

pub use context::Context;
pub use memory::Memory;
pub use rejection::Rejection;
pub use savepoint::Savepoint;
pub use table::{Kind, Row, Table, Tables, TablesExt};
pub use time::Time;
pub use tx::{Publication, Tx};

use klamm_messages::klamm::v1::Command;

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
