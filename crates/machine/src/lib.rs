//! What a pure state machine of klamm is.
//!
//! A [`Machine`] decides commands into events and applies events to tables. It never waits, reads a clock, draws a random number or touches
//! Kafka or RocksDB. Everything it needs comes in by the [`Context`] and the command. So replaying the command log gives the same events,
//! and folding the events gives the same tables. Types to read first: [`Machine`], [`Tx`], [`Table`].

pub mod context;
pub mod key;
pub mod memory;
pub mod rejection;
pub mod savepoint;
pub mod stream_queue;
pub mod table;
pub mod time;
pub mod tx;
pub mod wakes;
pub mod warning;

pub use context::{Context, named_id};
pub use memory::Memory;
pub use rejection::Rejection;
pub use savepoint::Savepoint;
pub use table::{Kind, Row, Table, Tables, TablesExt};
pub use time::Time;
pub use tx::{DeadLetterRecord, Decision, ForeignRecord, LineageRecord, Machine, Outcome, Publication, StreamTask, Tx, outcome_kind};
pub use warning::Warning;
