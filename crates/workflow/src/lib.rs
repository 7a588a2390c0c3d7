//! The workflow machine: Temporal's workflow semantics as a pure state machine.
//!
//! [`Workflow`] implements [`klamm_machine::Machine`]: commands of the log come in, public and internal events go out. It has no clock,
//! randomness, async or IO. Read first: [`Answer`], [`Event`], [`tables`]. Then read the tables of contents: commands of the log in
//! `decide`, commands of a completed workflow task in `commands`, events in `apply`. `reservations` is about pollers that ride in a
//! command, `streams` about the tasks that go to topics instead, `lineage` about what runs tell as OpenLineage events, `askers` about those who are told of the runs that they have asked for, `callback` about those who are called over HTTP,
//! `children` about the runs that a workflow starts, `external` about signals and cancel requests to other workflows, `successor` about the
//! next run of a chain, `update` about requests that workflows answer. All of these use the verbs of `run`.

#![allow(deprecated, reason = "deprecated fields of Temporal's messages are stored and shown as older workers send them")]

pub mod answer;
pub mod event;
pub mod tables;
pub mod visibility;

mod activity;
mod apply;
mod askers;
mod callback;
mod children;
mod closed_run;
mod commands;
mod concerned;
mod decide;
mod external;
mod lineage;
mod paused;
mod priority;
mod publish;
mod reservations;
mod run;
mod streams;
mod successor;
mod timer;
pub mod update;
mod workflow;

pub use answer::{Answer, Answered};
pub use decide::{limits::DEFAULTS as DEFAULT_LIMITS, start_workflow::knows_request};
pub use event::Event;
pub use publish::drop_unused_schemas;
pub use workflow::{MACHINE, Workflow};

use klamm_machine::{Decision, Machine, Outcome, Tables, Tx};
use klamm_messages::klamm::v1::Command;

impl Machine for Workflow {
    type Event = Event;
    type Answer = Answered;

    fn decide(&self, tx: &mut Tx<'_, Self>, command: &Command) -> Decision<Answered> {
        let decided = decide::decide(tx, command)?;
        streams::start(tx, command);
        publish::perform(tx, command);
        lineage::publish(tx, command);
        Ok(match decided {
            Outcome::Answer(answer) => Outcome::Answer(Answered { answer, started: reservations::start(tx, command) }),
            Outcome::Refused(rejection) => Outcome::Refused(rejection),
        })
    }

    fn apply(&self, tables: &mut dyn Tables, event: &Event) {
        apply::apply(tables, event);
    }
}
