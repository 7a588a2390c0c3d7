//! The machine's type.

use klamm_machine::{Decision, Machine, Rejection, Tables, Tx};
use klamm_messages::klamm::v1::Command;

use crate::{apply, event::Event};

/// The machine of what waits. It has no settings and no state of its own.
#[derive(Debug, Clone, Copy, Default)]
pub struct Held;

impl Machine for Held {
    type Event = Event;
    type Answer = ();

    /// None of the log's commands is this machine's alone: what it decides it is asked for by [`crate::batch`] and [`crate::signals`].
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
