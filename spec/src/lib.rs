//! What workflows and schedules are, in plain code: the executable specification.
//!
//! Read this before the machines in `crates/`. It says what clients and workers can see, and nothing about logs, stores or speed: a state is
//! cloned where that reads best, and a list is searched from its beginning. `tests/side_by_side` drives random lives through this model and
//! through the real machines, and compares all that can be seen.
//!
//! - [`Workflow`]: one workflow id and its runs, of which at most one is open.
//! - [`Run`]: a history of [`Fact`]s, and what is [`pending`]: a workflow task, activities and timers.
//! - [`workflow_task`]: how the workflow learns what happened; [`command`]: what it does then.
//! - [`activity`]: attempts and how they end.
//! - [`clock`]: what happens by time alone.
//! - [`schedule`]: what starts workflows at given times.
//!
//! The rules are those of Temporal's server. The machines name the files of the server that they come from.

#![allow(missing_docs, reason = "fields are explained where they stand, if their names do not say all")]

pub mod activity;
pub mod client;
pub mod clock;
pub mod command;
pub mod fact;
pub mod pending;
pub mod run;
pub mod schedule;
pub mod workflow;
pub mod workflow_task;

pub use command::Command;
pub use fact::{ActivityEnd, End, Fact, TaskFailure, Timeout, What};
pub use pending::{Activity, Options, Timer, WorkflowTask};
pub use run::Run;
pub use schedule::Schedule;
pub use workflow::{Conflict, Reuse, Start, Workflow};

/// Milliseconds. All times and durations here are whole ones.
pub type Millis = i64;
/// Number of an event in its run's history: 1, 2, 3, …
pub type EventId = i64;

/// Why a request is refused. It then changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    NotFound,       // there is no such run, task, activity or schedule, or it is no longer open
    AlreadyStarted, // a run or a schedule with this id is already there
    Closing,        // the workflow is about to close: try again
    Invalid,        // the request makes no sense in the present state
}

/// Fails unless `holds`.
pub fn ensure<E>(holds: bool, otherwise: E) -> Result<(), E> {
    if holds { Ok(()) } else { Err(otherwise) }
}
