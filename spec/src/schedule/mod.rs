//! What a schedule is: it starts workflows at the times that its definition names, and keeps account of each of them.
//!
//! Read in this order: [`times`], [`definition`], [`state`], [`overlap`], [`due`], [`outcome`], [`change`].

pub mod change;
pub mod definition;
pub mod due;
pub mod outcome;
pub mod overlap;
pub mod state;
pub mod times;

pub use definition::{Backfill, Definition, Overlap, Patch};
pub use state::{Action, Decision, Schedule, Sent, Verdict};
pub use times::{Calendar, Times};
