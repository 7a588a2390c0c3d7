//! The workflow machine: Temporal's workflow semantics as a pure state machine.
//!
//! [`Workflow`] implements [`klamm_machine::Machine`]: commands of the log in, public history events and internal events out.
//! It has no clock, randomness, async or IO. Read first: [`Answer`], [`Event`], [`tables`], then the table of contents of
//! commands in `decide`.

pub mod answer;
pub mod event;
pub mod tables;

pub use answer::Answer;
pub use event::Event;
