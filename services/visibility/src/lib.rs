//! The queryable index over runs: List, Count and Scan with Temporal's filter language.
//!
//! [`Index`] is a SQLite database that holds the newest document of every run, fed in batches from the visibility topic
//! ([`Index::apply`], [`Feeder`]); the offset reached is written in the same transaction, so a restart goes on where it stood
//! and a lost or foreign file is rebuilt from the topic. It is a copy: nothing else knows about it and losing it loses nothing.
//! Calls block (disk): async callers go through `spawn_blocking`. Read first: [`Index`], [`query::Query`], [`feeder`].
//!
//! What it never does: read a topic itself ([`VisibilitySource`] is handed in), judge values of search attributes (the gateway
//! and the workflow machine have), or answer for anything but visibility (describe and history read the owner's state).

pub mod document;
pub mod error;
pub mod feeder;
pub mod index;
pub mod query;
mod token;

pub use error::{Error, Result};
pub use feeder::{Batch, Fed, Feeder, Record, VisibilitySource};
pub use index::{Change, ChangeBody, Count, Group, Index, Location, PAGE_SIZE_MAX, Page};
pub use query::{Query, Scope, Types};
