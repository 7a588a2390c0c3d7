//! Watches one partition.

use std::{sync::Arc, time::Duration};

use klamm_machine::Time;
use klamm_messages::klamm::v1::WakeRow;
use klamm_supervise::Part;
use tokio::{task::JoinSet, time::Instant};

use crate::{
    Due, WakeSource,
    backlog::{Backlog, Look},
};

/// Longest sleep. Somebody may set a clock meanwhile, so a longer sleep could miss a due time.
const SLEEP_MAX: Duration = Duration::from_secs(1);
/// Pause when rows could not be sent.
const PAUSE: Duration = Duration::from_millis(10);

/// Sends the partition's wake-ups when they are due, at most `in_flight_max` at a time. Never ends.
pub(crate) async fn watch<S: WakeSource>(source: Arc<S>, part: Part, partition: u32, in_flight_max: usize, now: impl Fn() -> Time + Send) {
    let mut backlog = Backlog::new(in_flight_max);
    let mut sending: JoinSet<Result<usize, Vec<WakeRow>>> = JoinSet::new();
    let mut in_flight = 0;
    loop {
        part.round();
        let time = now();
        // The sleep will not be longer than this. Its exact length is known only further down.
        source.sleeps_until(partition, time.after(SLEEP_MAX));
        let look = if backlog.wants_rows(Instant::now()) { backlog.look(Instant::now()) } else { Look::default() };
        let Due { rows, next } = source.due(partition, look.after, time, look.limit);
        if look.limit > 0 {
            backlog.refill(look, rows, time, Instant::now());
        }
        let room = in_flight_max - in_flight;
        // Each append has a cost, so rows go in large groups: when more rows wait than fit, they wait until half of the room is free.
        let rows = if room * 2 >= in_flight_max || backlog.len() <= room { backlog.take(room) } else { Vec::new() };
        if !rows.is_empty() {
            backlog.sent(&rows, Instant::now());
            in_flight += rows.len();
            let source = source.clone();
            sending.spawn(async move {
                let is_sent = source.wake_up(partition, &rows).await;
                if is_sent { Ok(tell(&rows, time)) } else { Err(rows) }
            });
        }
        let until_due = next.map_or(SLEEP_MAX, |due| due.since(time));
        let until_again = backlog.again().map_or(SLEEP_MAX, |again| again.duration_since(Instant::now()));
        let sleep = until_due.min(until_again).min(SLEEP_MAX);
        source.sleeps_until(partition, time.after(sleep));
        // What has come back makes room, so it is looked at first.
        tokio::select! {
            biased;
            Some(sent) = sending.join_next() => match sent {
                Ok(Ok(count)) => in_flight -= count,
                Ok(Err(rows)) => {
                    in_flight -= rows.len();
                    backlog.failed(&rows);
                    tokio::time::sleep(PAUSE).await;
                }
                // The task panicked. A later read finds its rows again.
                Err(error) => {
                    tracing::error!(partition, error = %error, "wake-ups were not sent");
                    sending.abort_all();
                    while sending.join_next().await.is_some() {}
                    in_flight = 0;
                }
            },
            () = source.changed(partition) => {}
            () = tokio::time::sleep(sleep) => {}
        }
    }
}

/// Counts wake-ups that were sent at `time`.
fn tell(rows: &[WakeRow], time: Time) -> usize {
    metrics::counter!("klamm_wake_ups_total").increment(rows.len() as u64);
    for row in rows {
        let due = row.due.as_ref().map_or(time, Time::from);
        metrics::histogram!("klamm_wake_up_lateness_seconds").record(time.since(due).as_secs_f64());
    }
    rows.len()
}

#[cfg(test)]
mod tests;
