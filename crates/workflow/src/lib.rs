//! The workflow machine: Temporal's workflow semantics as a pure state machine.
//!
//! [`Workflow`] implements [`klamm_machine::Machine`]: commands of the log in, public history events and internal events out.
//! It has no clock, randomness, async or IO. Read first: [`Answer`], [`Event`], [`tables`], then the tables of contents: commands of
//! the log in `decide`, commands of a completed workflow task in `commands`, events in `apply`; pollers that ride in a
//! command in `reservations`; what schedules are told about the runs that they start in `scheduled`. What all of them say is said with the
//! verbs of `run`.

#![allow(deprecated, reason = "deprecated fields of Temporal's messages are stored and shown as older workers send them")]

pub mod answer;
pub mod event;
pub mod tables;
pub mod visibility;

mod activity;
mod apply;
mod commands;
mod decide;
mod reservations;
mod run;
mod scheduled;
mod timer;

pub use answer::{Answer, Answered};
pub use event::Event;

use klamm_machine::{Decision, Machine, Outcome, Tables, Tx};
use klamm_messages::klamm::v1::Command;

/// Name of this machine in wake rows and WakeUp commands.
pub const MACHINE: &str = "workflow";

/// The workflow machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct Workflow;

impl Machine for Workflow {
    type Event = Event;
    type Answer = Answered;

    fn decide(&self, tx: &mut Tx<'_, Self>, command: &Command) -> Decision<Answered> {
        Ok(match decide::decide(tx, command)? {
            Outcome::Answer(answer) => Outcome::Answer(Answered { answer, started: reservations::start(tx, command) }),
            Outcome::Refused(rejection) => Outcome::Refused(rejection),
        })
    }

    fn apply(&self, tables: &mut dyn Tables, event: &Event) {
        apply::apply(tables, event);
    }
}
