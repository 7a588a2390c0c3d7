//! Triggers: what a declaration says, and what a record of a topic does by it.
//!
//! A declaration is a text in YAML. [`Trigger::read`] checks all of it: fields that are not known or not built, expressions, templates and
//! paths. What it gives can be used. [`Trigger::decide`] says of one record whether it has an effect, is filtered, or is a dead letter. It
//! is a pure function: nothing here waits, reads a clock or asks anybody.
//!
//! An effect is a request of the same form as those on topics of requests (`klamm.v1.Request` in JSON), so the same checks and defaults
//! hold for both.
//!
//! Everything is bounded ([`limits`]): a record of somebody else must never cost more than its size allows.

mod batch;
mod decide;
mod declaration;
mod expression;
mod faults;
mod flow;
mod letter;
pub mod limits;
mod path;
mod record;
mod rule;
mod span;
mod start_at;
mod template;
#[cfg(test)]
mod tests;
mod trigger;
mod values;
mod wrong;

pub use decide::{BatchTerms, Decision, Effect, Fault, fault_class};
pub use faults::{BreakAt, Window};
pub use flow::{Flow, Order, Rate};
pub use letter::{Letter, Mark};
pub use record::{Format, Input, SchemaIds, Unwrap, Value};
pub use start_at::StartAt;
pub use trigger::{Tombstone, Trigger, yaml};
pub use wrong::Wrong;
