//! The processor: owns partitions, decides their commands, hands out their tasks.
//!
//! [`Backend`] is all that a gateway asks of it; [`Processor`] is the one in this process. Read first: [`processor`] (what happens
//! around a command), [`task_queues`], [`committer`].

mod answers;
pub mod backend;
pub mod codec;
pub mod committer;
pub mod lease;
pub mod log_clock;
pub mod machines;
pub mod ownership;
mod polls;
pub mod processor;
mod queries;
mod querying;
mod reads;
mod reservations;
pub mod sends;
mod serve;
pub mod task_queues;
pub mod verify;
pub mod wakes;
mod watchers;

pub use backend::Backend;
pub use codec::AvroCodec;
pub use committer::{Committer, Intervals};
pub use lease::Lease;
pub use machines::Machines;
pub use ownership::Ownership;
pub use processor::{Config, Processor};
