//! The queryable index over runs: List, Count and Scan with Temporal's filter language.
//!
//! [`Index`] is a SQLite database that holds the newest document of every run. It is fed in batches from the visibility topic
//! ([`Index::apply`], [`Feeder`]). The offset reached is written in the same transaction, so after a restart the feeder goes on there. A
//! lost or foreign file is rebuilt from the topic: the index is a copy, and losing it loses nothing.
//! Calls block on the disk. Async callers use [`klamm_filters::VisibilityQueries`]. The crate `klamm-filters` has the filter language. Read
//! first: [`Index`], [`feeder`].
//!
//! There are three things that the index does not do. It does not read a topic itself ([`VisibilitySource`] is handed in). It does not
//! check values of search attributes, because the gateway and the workflow machine have done so. It answers only lists and counts: describe
//! and
//! history read the owner's state.

mod asked;
pub mod document;
pub mod error;
pub mod feeder;
pub mod index;
mod token;

pub use error::{Error, Result};
pub use feeder::{Batch, Fed, Feeder, Record, SourceError, VisibilitySource};
pub use index::{Change, ChangeBody, Index, Location, PAGE_SIZE_MAX};
