//! `[processor]`: batches, transactions and what is kept.

use std::time::Duration;

use klamm_processor::Intervals;
use serde::{Deserialize, Serialize};

use super::units::Span;

/// `[processor]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Processor {
    /// Outputs of a partition go out this long after the first of them, in one transaction.
    pub batch_interval: Span,
    /// Transactions per second of this process, over all its partitions; intervals stretch to hold it.
    pub transactions_per_second: u32,
    /// Commands younger than this are not trimmed.
    pub keep_commands: Span,
    /// Commands of a partition that may wait for their transaction before new ones are refused.
    pub uncommitted_commands_max: u64,
    /// Bytes of a partition's outputs likewise.
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
    /// Intervals of the committer: those set here, the others as they are.
    pub fn intervals(&self) -> Intervals {
        Intervals { batch: self.batch_interval.0, keep_commands: self.keep_commands.0, ..Intervals::default() }
    }

    /// Shortest time between two transactions of this process.
    pub fn transaction_interval(&self) -> Duration {
        Duration::from_secs(1) / self.transactions_per_second.max(1)
    }
}
