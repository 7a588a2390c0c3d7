//! Records of triggers that wait, as a pure state machine: signals wait for a run of their workflow id, and records of a batch for others.
//!
//! [`Held`] implements [`klamm_machine::Machine`]. Its events are the records of the topic `held`, one for each record that waits, and a
//! tombstone when it waits no longer. What waits for the same is a [`Queue`]: it goes on in the order in which it came. [`batch`] decides when
//! a batch is complete, and makes one start of it. Of signals this machine only keeps what is to be done: whoever decides signals says what
//! has become of them ([`signals`]), since only the workflow machine knows whether there is a run.
//!
//! Everything is bounded ([`limits`]).

mod apply;
pub mod batch;
mod event;
mod held;
pub mod limits;
mod merge;
mod queue;
pub mod signals;
pub mod tables;
#[cfg(test)]
mod tests;
mod waiting;
mod wake;

pub use event::{Event, tombstone, topic_key};
pub use held::Held;
pub use queue::{Kind, Queue};
pub use wake::MACHINE;
