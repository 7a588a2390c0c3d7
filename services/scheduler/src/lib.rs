//! The scheduler: watches the wake rows of the partitions that its process owns and emits WakeUp commands onto their logs.
//!
//! It decides nothing: a lost, doubled, stale or early wake-up changes nothing, and a wake row goes only when an event removes it. So it
//! may send too often, never too seldom. It runs on the log's time.

use std::{
    collections::HashMap,
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use klamm_machine::{Table, Time, wakes::Wakes};
use klamm_messages::klamm::v1::WakeRow;

/// Wake-ups sent to one partition at once: so that a mass of due timers never stands in front of clients.
pub const IN_FLIGHT_MAX: usize = 512;
/// A wake row that is still there so long after its wake-up was sent gets another one.
const SEND_AGAIN: Duration = Duration::from_secs(1);
/// Longest sleep: clocks may be set.
const SLEEP_MAX: Duration = Duration::from_secs(1);

/// The partitions' wake rows, and the way to their logs.
pub trait WakeSource: Send + Sync + 'static {
    /// Number of partitions.
    fn partition_count(&self) -> u32;
    /// At most `limit` wake rows of a partition due at or before `now`, earliest first.
    fn due(&self, partition: u32, now: Time, limit: usize) -> Vec<WakeRow>;
    /// Due time of a partition's earliest wake row.
    fn next(&self, partition: u32) -> Option<Time>;
    /// Appends WakeUp commands for these rows; false when that failed for now.
    fn wake_up(&self, partition: u32, rows: &[WakeRow]) -> bool;
    /// The scheduler sleeps until this time: a wake row due earlier completes [`WakeSource::changed`].
    fn sleeps_until(&self, time: Time);
    /// Completes when a wake row has appeared that is due before the scheduler would look again.
    fn changed(&self) -> impl Future<Output = ()> + Send;
}

/// Runs until the returned future is dropped. `now` is the log's clock.
pub async fn run<S: WakeSource>(source: Arc<S>, now: impl Fn() -> Time + Send) {
    let mut sent: HashMap<Vec<u8>, Instant> = HashMap::new();
    loop {
        let time = now();
        let mut next: Option<Time> = None;
        let mut more = false;
        sent.retain(|_, at| at.elapsed() < SEND_AGAIN);
        for partition in 0..source.partition_count() {
            if source.next(partition).is_some_and(|due| due <= time) {
                // Rows whose wake-up is on its way stand in front; ask for as many more.
                let rows = source.due(partition, time, IN_FLIGHT_MAX + sent.len().min(IN_FLIGHT_MAX));
                let fresh: Vec<_> = rows.into_iter().filter(|row| !sent.contains_key(&Wakes::key(row))).take(IN_FLIGHT_MAX).collect();
                if !fresh.is_empty() && source.wake_up(partition, &fresh) {
                    metrics::counter!("klamm_wake_ups_total").increment(fresh.len() as u64);
                    for row in &fresh {
                        let due = row.due.as_ref().map_or(time, Time::from);
                        metrics::histogram!("klamm_wake_up_lateness_seconds").record(time.since(due).as_secs_f64());
                        sent.insert(Wakes::key(row), Instant::now());
                    }
                    more = true;
                }
            }
            next = next.into_iter().chain(source.next(partition)).min();
        }
        if more {
            // What was applied is gone from the rows: look again before sleeping, and let others run in between.
            tokio::task::yield_now().await;
            continue;
        }
        let time = now();
        let sleep = match next {
            Some(due) if due <= time => Duration::from_millis(10),
            Some(due) => due.since(time).min(SLEEP_MAX),
            None => SLEEP_MAX,
        };
        source.sleeps_until(time.after(sleep));
        // A row may have appeared between the look and the line above.
        if (0..source.partition_count()).filter_map(|partition| source.next(partition)).any(|due| next.is_none_or(|next| due < next)) {
            continue;
        }
        tokio::select! {
            () = tokio::time::sleep(sleep) => {}
            () = source.changed() => {}
        }
    }
}
