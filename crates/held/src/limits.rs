//! Bounds of what waits.

use std::time::Duration;

/// Most signals that wait for one workflow. They are all delivered in the step in which its run begins.
pub const SIGNALS_MAX: u32 = 1_000;
/// Most bytes of signals that wait for one workflow.
pub const SIGNAL_BYTES_MAX: u64 = 4 << 20;
/// Most bytes of a batch, unless one record alone is larger. All of them go into one command, and their arguments into one event.
pub const BATCH_BYTES_MAX: u64 = 1 << 20;
/// A signal whose workflow is about to close is looked at again after this time.
pub const LOOK_AGAIN: Duration = Duration::from_secs(1);
