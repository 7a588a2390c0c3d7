//! The schedule machine: what a schedule is, when it is due, and what it does then, as a pure state machine.
//!
//! [`Schedule`] implements [`klamm_machine::Machine`]: commands of the log come in, records of the topic `schedules` go out. A schedule
//! starts workflows by commands to the workflow machine. Commands also tell it the result of each start, and when the run has ended. The
//! engine sends each exactly once, so nothing here retries. Read first: [`Event`], [`tables`], then the table of contents in `decide`.
//! Commands use the verbs of `work`: what is due (`due`, `backfill`), overlap (`buffer`, `overlap`), starts, the audit, the wake row.
//! [`spec`] compiles a schedule's spec and finds its times. [`view`] and [`visibility`] are what describe and lists show.

#![allow(deprecated, reason = "deprecated fields of Temporal's messages are stored and shown as clients send them")]

pub mod answer;
pub mod event;
pub mod spec;
pub mod tables;
pub mod view;
pub mod visibility;

mod apply;
mod audit;
mod backfill;
mod buffer;
mod check;
mod compiled;
mod decide;
mod due;
mod finish;
mod limits;
mod overlap;
mod policies;
mod remains;
mod schedule;
mod searching;
mod starts;
mod times;
mod unanswered;
mod wake;
mod work;

pub use answer::Answer;
pub use event::{Event, audit_number, audit_suffix, key_suffix};
pub use limits::STEPS_MAX;
pub use schedule::{MACHINE, Schedule};
pub use work::not_found;

use klamm_machine::{Decision, Machine, Tables, Tx};
use klamm_messages::klamm::v1::Command;

impl Machine for Schedule {
    type Event = Event;
    type Answer = Answer;

    fn decide(&self, tx: &mut Tx<'_, Self>, command: &Command) -> Decision<Answer> {
        decide::decide(tx, command)
    }

    fn apply(&self, tables: &mut dyn Tables, event: &Event) {
        apply::apply(tables, event);
    }
}
