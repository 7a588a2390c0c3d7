//! Watching one partition.

use std::{sync::Arc, time::Duration};

use klamm_machine::Time;
use tokio::time::Instant;

use crate::{WakeSource, backlog::Backlog};

/// Longest sleep: clocks may be set.
const SLEEP_MAX: Duration = Duration::from_secs(1);
/// Pause when due rows have been sent and are still there, or could not be sent.
const PAUSE: Duration = Duration::from_millis(10);

/// Sends the partition's wake-ups when they are due, `batch` at a time. Never ends.
pub(crate) async fn watch<S: WakeSource>(source: Arc<S>, partition: u32, batch: usize, now: impl Fn() -> Time + Send) {
    let mut backlog = Backlog::new(batch);
    loop {
        let time = now();
        if backlog.wants_rows(Instant::now()) && source.next(partition).is_some_and(|due| due <= time) {
            let rows = source.due(partition, time, backlog.scan_limit());
            backlog.refill(rows, Instant::now());
        }
        let rows = backlog.take();
        if !rows.is_empty() && source.wake_up(partition, &rows).await {
            metrics::counter!("klamm_wake_ups_total").increment(rows.len() as u64);
            for row in &rows {
                let due = row.due.as_ref().map_or(time, Time::from);
                metrics::histogram!("klamm_wake_up_lateness_seconds").record(time.since(due).as_secs_f64());
            }
            backlog.sent(&rows, Instant::now());
            // What was applied is gone from the rows: look again before sleeping, and let others run in between.
            tokio::task::yield_now().await;
            continue;
        }
        // Rows that could not be sent are found again.
        backlog.forget();
        let (time, next) = (now(), source.next(partition));
        let sleep = match next {
            Some(due) if due <= time => PAUSE,
            Some(due) => due.since(time).min(SLEEP_MAX),
            None => SLEEP_MAX,
        };
        source.sleeps_until(partition, time.after(sleep));
        // A row may have appeared between the look and the line above.
        if source.next(partition).is_some_and(|due| next.is_none_or(|next| due < next)) {
            continue;
        }
        tokio::select! {
            () = tokio::time::sleep(sleep) => {}
            () = source.changed(partition) => {}
        }
    }
}
