//! Completion callbacks: who is called when a run, or its chain, has closed.
//!
//! A callback stands by while its run is open. When the run closes and no other run takes the callback over, it is to be called: its row
//! stands in the table of callbacks until an attempt has ended. The calls are made outside of the machine. Each tells by a
//! RecordCallbackAttempt what came of it.
//!
//! Temporal: chasm/lib/callback/statemachine.go, chasm/lib/workflow/workflow.go.

mod apply;
mod attach;
pub(crate) mod record_attempt;
mod reset;
mod rows;
mod wake;

pub(crate) use apply::{apply_attempts, apply_closed, apply_options_updated, apply_started, note_request};
pub(crate) use attach::{check_limit, handed_on};
pub(crate) use reset::stay;
pub(crate) use rows::{due, write};
pub(crate) use wake::{next_wake, wake};
