//! The processor: owns partitions, decides their commands, hands out their tasks.
//!
//! A gateway uses nothing but the trait [`Backend`] (a crate of its own). [`Processor`] is the backend in this process. Each file knows
//! only files that stand above it in this list:
//!
//! ```text
//!   process      what all partitions share, and whom they tell: answers, watchers, namespaces, the home of task queues
//!   partition    one partition: its state, its standing, sends, commits, mending
//!   partitions   the partitions that this process owns: drives, commits and gives them up
//!   upkeep, gaining        looking after the store, taking partitions over
//!   reads, submitting, dispatcher, asking, verify       what callers want of them
//!   processor    all of it put together
//!   serve, wake_source, callback_source, command_sink  the processor as a gateway's backend, as the source of wake-ups and of
//!                                           callbacks, and as the place where commands of records go
//!   committer, readers, awaiting_sends, care, cleaner, reclaimer   threads and tasks that work on it
//! ```

mod actions;
mod answers;
mod arrivals;
mod asking;
pub mod awaiting_sends;
mod batch_waiting;
mod by_record;
mod by_trigger;
mod callback_source;
pub mod care;
pub mod cleaner;
mod clock;
pub mod codec;
mod command_sink;
pub mod committer;
pub mod config;
mod deciding;
mod dispatcher;
mod first_uses;
mod gaining;
mod holding;
mod known;
pub mod lease;
pub mod log_clock;
pub mod machines;
pub mod memory;
mod namespaces;
pub mod ownership;
mod partition;
mod partitions;
mod process;
pub mod processor;
mod queries;
pub mod queue_metrics;
mod readers;
mod reads;
mod rebuilt;
pub mod reclaimer;
mod refusing;
mod reservations;
mod row_names;
mod runs;
mod serve;
pub mod side_by_side;
mod submitting;
pub mod task_queues;
mod to_read;
mod triggers;
mod update_waiters;
mod updating;
mod upkeep;
pub mod verify;
mod wake_source;
mod warnings;
mod watchers;

pub use klamm_backend::{self as backend, Backend};

pub use cleaner::Cleaner;
pub use codec::AvroCodec;
pub use committer::{Committer, Intervals};
pub use config::Config;
pub use lease::Lease;
pub use machines::{Event, Machines};
pub use ownership::Ownership;
pub use processor::Processor;
pub use readers::Readers;
