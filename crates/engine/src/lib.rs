//! One partition. Commands of the log come in; the machine decides them; overlay and store keep the rows; outputs, sends and answers go
//! out.
//!
//! [`Partition`] is generic over the [`Machine`](klamm_machine::Machine), and has no threads and no clock. A driver hands it records and
//! carries out what it returns, so tests can run it in virtual time. [`recover::recover`] brings a partition back after a start: it folds
//! the output topics into the [store](klamm_store) and replays the commands whose outputs were not committed. Read first: [`Partition`],
//! [`Codec`], then [`overlay`].

pub mod codec;
pub mod compare;
pub mod dead_letters;
mod diverted;
pub mod error;
pub mod first_use;
pub mod fold;
pub mod identity;
pub mod namespace_topic;
pub mod numbering;
pub mod outputs;
pub mod overlay;
pub mod partition;
pub mod positions;
pub mod recover;
mod refused;
pub mod scratch;
pub mod settle;
pub mod sources;
pub mod target;
pub mod topics;
mod written;

pub use codec::{Codec, Encoded, Folded, topic};
pub use error::Error;
pub use namespace_topic::{NamespaceTopic, Purpose, tasks_topic};
pub use partition::{Batch, Handled, Outgoing, Partition};
pub use target::Target;
pub use topics::{LARGE_MESSAGE_BYTES, Topics};
