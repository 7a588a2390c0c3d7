//! One partition: commands of the log in; machine; overlay and store; outputs, sends and answers out.
//!
//! [`Partition`] is generic over the [`Machine`](klamm_machine::Machine) and itself without threads or clocks: whoever drives it
//! hands it records and carries out what it returns, so that tests run it in virtual time. It is recovered by
//! [`recover::recover`], which folds the output topics into the [store](klamm_store) and replays the uncommitted tail.
//! Read first: [`Partition`], [`Codec`], then [`overlay`].

pub mod codec;
pub mod compare;
pub mod error;
pub mod fold;
pub mod outputs;
pub mod overlay;
pub mod partition;
pub mod positions;
pub mod recover;
pub mod scratch;
pub mod settle;
pub mod sources;
pub mod topics;

pub use codec::{Codec, Encoded, Folded, topic};
pub use error::Error;
pub use partition::{Batch, Handled, Outgoing, Partition};
pub use topics::{LARGE_MESSAGE_BYTES, Topics};
