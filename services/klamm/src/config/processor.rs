//! `[processor]`: batches, transactions, and how much is kept.

use std::time::Duration;

use klamm_processor::Intervals;
use serde::{Deserialize, Serialize};

use super::units::Span;

/// `[processor]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Processor {
    /// A partition's outputs go out in one transaction, this long after the first of them.
    pub batch_interval: Span,
    /// Most transactions per second of this process, over all its partitions. Intervals are stretched to keep within it.
    pub transactions_per_second: u32,
    /// Commands younger than this are not trimmed.
    pub keep_commands: Span,
    /// How many commands of a partition may wait for their transaction before new ones are refused.
    pub uncommitted_commands_max: u64,
    /// How many bytes may wait for transactions, over all partitions. At most an eighth of the process's memory limit.
    pub uncommitted_bytes_max: usize,
}

impl Default for Processor {
    fn default() -> Self {
        let intervals = Intervals::default();
        Self {
            batch_interval: Span(intervals.batch),
            transactions_per_second: 8,
            keep_commands: Span(intervals.keep_commands),
            uncommitted_commands_max: 100_000,
            uncommitted_bytes_max: 256 << 20,
        }
    }
}

impl Processor {
    /// Intervals of the committer: those that are set here, with defaults for the others.
    pub fn intervals(&self) -> Intervals {
        Intervals { batch: self.batch_interval.0, keep_commands: self.keep_commands.0, ..Intervals::default() }
    }

    /// Shortest time between two transactions of this process.
    pub fn transaction_interval(&self) -> Duration {
        Duration::from_secs(1) / self.transactions_per_second.max(1)
    }
}
