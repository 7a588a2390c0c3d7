//! Records of triggers that wait, as a pure state machine: signals wait for a run of their workflow id, and records of a batch for others.
//!
//! [`Held`] implements [`klamm_machine::Machine`]. Its events are the records of the topic `held`, one for each record that waits, and a
//! tombstone when it waits no longer. What waits for the same is a [`queue`]: it goes on in the order in which it came. [`batch`] decides when
//! a batch is complete, and makes one start of it. Of signals this machine only keeps what is to be done: whoever decides signals says what
//! has become of them ([`signals`]), since only the workflow machine knows whether there is a run.
//!
//! Everything is bounded ([`limits`]).

mod apply;
pub mod batch;
mod event;
pub mod limits;
mod merge;
pub mod queue;
pub mod signals;
pub mod tables;
#[cfg(test)]
mod tests;

pub use event::{Event, tombstone, topic_key};
pub use queue::{Kind, Queue};

use klamm_machine::{Decision, Machine, Rejection, Tables, Tx};
use klamm_messages::klamm::v1::Command;

/// The machine's name in wake rows.
pub const MACHINE: &str = "held";

/// The machine of what waits. It has no settings and no state of its own.
#[derive(Debug, Clone, Copy, Default)]
pub struct Held;

impl Machine for Held {
    type Event = Event;
    type Answer = ();

    /// None of the log's commands is this machine's alone: what it decides it is asked for by [`batch`] and [`signals`].
    ///
    /// # Errors
    /// Always.
    fn decide(&self, _: &mut Tx<'_, Self>, _: &Command) -> Decision<()> {
        Err(Rejection::Internal("The machine of what waits decides no commands.".to_owned()))
    }

    fn apply(&self, tables: &mut dyn Tables, event: &Event) {
        apply::apply(tables, event);
    }
}
