//! Where wake rows come from.

use std::{collections::BTreeMap, future::Future};

use klamm_machine::Time;
use klamm_messages::klamm::v1::WakeRow;
use tokio::sync::watch::Receiver;

/// Gives the wake rows of partitions, and appends commands to their logs.
pub trait WakeSource: Send + Sync + 'static {
    /// Watches the partitions that this process owns. Each has a number that tells one ownership of it from the next. The value changes
    /// whenever a partition comes or goes.
    fn partitions(&self) -> Receiver<BTreeMap<u32, i64>>;
    /// Which wake rows of a partition are due at or before `now`, at most `limit` of them, earliest first. With `after`: of those due later
    /// than that.
    fn due(&self, partition: u32, after: Option<Time>, now: Time, limit: usize) -> Due;
    /// Appends WakeUp commands for these rows, and completes when the commands have been handled. False when that failed for now.
    fn wake_up(&self, partition: u32, rows: &[WakeRow]) -> impl Future<Output = bool> + Send;
    /// Says when the scheduler will look at the partition's rows again. A new row that is due earlier completes [`WakeSource::changed`].
    fn sleeps_until(&self, partition: u32, time: Time);
    /// Completes when a wake row has appeared that is due before the scheduler looks at the partition again. A row that appeared since the
    /// last call counts too.
    fn changed(&self, partition: u32) -> impl Future<Output = ()> + Send;
}

/// A look at a partition's wake rows.
#[derive(Debug, Default)]
pub struct Due {
    /// The rows that are due, earliest first.
    pub rows: Vec<WakeRow>,
    /// Due time of the earliest row that is not due yet.
    pub next: Option<Time>,
}
