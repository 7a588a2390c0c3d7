//! The scheduler: watches the wake rows of the partitions that its process owns and emits WakeUp commands onto their logs.
//!
//! It decides nothing: a lost, doubled, stale or early wake-up changes nothing, and a wake row goes only when an event removes it. So it
//! may send too often, never too seldom. It runs on the log's time. Each partition is watched by a task of its own, so that many that are
//! due at once wait for one another nowhere but at the log; which of a partition's rows come first is told in [`backlog`].

mod backlog;
mod watch;

use std::{future::Future, sync::Arc};

use klamm_machine::Time;
use klamm_messages::klamm::v1::WakeRow;
use tokio::task::JoinSet;

/// Wake-ups on their way at once, over all partitions: so that a mass of due timers never stands in front of clients.
pub const IN_FLIGHT_MAX: usize = 512;
/// Each partition may have at least so many of them.
const IN_FLIGHT_MIN: usize = 16;

/// The partitions' wake rows, and the way to their logs.
pub trait WakeSource: Send + Sync + 'static {
    /// Number of partitions.
    fn partition_count(&self) -> u32;
    /// Which wake rows of a partition are due at or before `now`, at most `limit` of them.
    fn due(&self, partition: u32, now: Time, limit: usize) -> Due;
    /// Appends WakeUp commands for these rows, and completes when they have been handled; false when that failed for now.
    fn wake_up(&self, partition: u32, rows: &[WakeRow]) -> impl Future<Output = bool> + Send;
    /// The partition's rows are looked at again at this time: one due earlier completes [`WakeSource::changed`].
    fn sleeps_until(&self, partition: u32, time: Time);
    /// Completes when a wake row has appeared that is due before the partition would be looked at again, since this was called last too.
    fn changed(&self, partition: u32) -> impl Future<Output = ()> + Send;
}

/// A look at a partition's wake rows.
#[derive(Debug, Default)]
pub struct Due {
    /// Those that are due, earliest first.
    pub rows: Vec<WakeRow>,
    /// Due time of the earliest that is due later.
    pub next: Option<Time>,
}

/// Runs until the returned future is dropped. `now` is the log's clock.
pub async fn run<S: WakeSource>(source: Arc<S>, now: impl Fn() -> Time + Clone + Send + 'static) {
    let count = source.partition_count();
    let batch = (IN_FLIGHT_MAX / count.max(1) as usize).max(IN_FLIGHT_MIN);
    let mut partitions = JoinSet::new();
    for partition in 0..count {
        partitions.spawn(watch::watch(source.clone(), partition, batch, now.clone()));
    }
    while partitions.join_next().await.is_some() {}
}
