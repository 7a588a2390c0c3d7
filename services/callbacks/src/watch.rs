//! Watches one partition.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use klamm_messages::{
    klamm::v1::CallbackRow,
    temporal::failure::v1::{ApplicationFailureInfo, Failure, failure::FailureInfo},
};
use klamm_nexus::CallError;
use klamm_supervise::Part;
use tokio::task::JoinSet;

use crate::{
    CallbackSource, Client, Due,
    breakers::{Breakers, Leave},
};

/// Most calls of one partition under way at a time.
const CALLS_MAX: usize = 128;
/// Most calls of one partition to the same destination.
const CALLS_OF_DESTINATION_MAX: usize = 8;
/// Destinations that are looked at together.
const DESTINATIONS: usize = 32;
/// Longest time between two looks. A row that nobody told of is found by this.
const LOOK: Duration = Duration::from_secs(1);
/// Pause before a call is made again whose result could not be recorded.
const PAUSE: Duration = Duration::from_secs(1);
/// Longest text of a failure that is kept.
const MESSAGE_CHARS_MAX: usize = 2000;

/// Identifies a row while its call is under way.
type Key = (String, String, String, i32);

/// Makes the partition's calls. Never ends.
pub(crate) async fn watch<S: CallbackSource>(source: Arc<S>, client: Client, part: Part, partition: u32) {
    let mut calling: JoinSet<CallbackRow> = JoinSet::new();
    let mut under_way = UnderWay::default();
    let mut from = None;
    loop {
        part.round();
        let mut more = false;
        if under_way.rows.len() < CALLS_MAX {
            let Due { rows, next } = source.due(partition, from.take(), DESTINATIONS, CALLS_OF_DESTINATION_MAX);
            for row in rows {
                if let Some(leave) = under_way.begin(&row, source.breakers()) {
                    let (source, client) = (source.clone(), client.clone());
                    calling.spawn(async move { call(&*source, &client, partition, &row, leave).await });
                }
            }
            more = next.is_some();
            from = next;
        }
        tokio::select! {
            biased;
            Some(ended) = calling.join_next() => match ended {
                Ok(row) => under_way.end(&row),
                // The task panicked, and nobody knows whose it was. The rows are there still, so all are called again.
                Err(error) => {
                    tracing::error!(partition, error = %error, "callbacks are called again");
                    calling.abort_all();
                    while calling.join_next().await.is_some() {}
                    under_way = UnderWay::default();
                }
            },
            () = std::future::ready(()), if more && under_way.rows.len() < CALLS_MAX => {}
            () = source.changed(partition) => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Makes one call and has its result recorded.
async fn call<S: CallbackSource>(source: &S, client: &Client, partition: u32, row: &Arc<CallbackRow>, leave: Leave) -> CallbackRow {
    let row = CallbackRow::clone(row);
    // The run may have been deleted a moment ago.
    let Some(call) = source.call(partition, &row) else { return row };
    let result = client.complete(&call).await;
    leave.end(result.as_ref().err().is_none_or(|error| !error.is_retryable), Instant::now());
    if let Err(error) = &result {
        let CallbackRow { namespace, workflow_id, run_id, attempt, .. } = &row;
        tracing::warn!(namespace, workflow_id, run_id, attempt, error = error.message, "a callback was not taken");
    }
    if !source.record(partition, &row, result.err().map(failure)).await {
        tokio::time::sleep(PAUSE).await;
    }
    row
}

/// The failure that the machine keeps of an attempt.
fn failure(error: CallError) -> Failure {
    let info = ApplicationFailureInfo { non_retryable: !error.is_retryable, ..ApplicationFailureInfo::default() };
    Failure {
        message: error.message.chars().take(MESSAGE_CHARS_MAX).collect(),
        failure_info: Some(FailureInfo::ApplicationFailureInfo(info)),
        ..Failure::default()
    }
}

/// The calls under way.
#[derive(Debug, Default)]
struct UnderWay {
    rows: HashSet<Key>,
    of_destination: BTreeMap<String, usize>,
}

impl UnderWay {
    /// Takes note that the row's call begins. `None` when it is under way already, there is no room for it, or the destination's breaker is
    /// open.
    fn begin(&mut self, row: &CallbackRow, breakers: &Arc<Breakers>) -> Option<Leave> {
        let count = self.of_destination.get(&row.destination).copied().unwrap_or_default();
        let key = key(row);
        if self.rows.len() >= CALLS_MAX || count >= CALLS_OF_DESTINATION_MAX || self.rows.contains(&key) {
            return None;
        }
        let leave = breakers.begin(&row.destination, Instant::now())?;
        self.rows.insert(key);
        self.of_destination.insert(row.destination.clone(), count + 1);
        Some(leave)
    }

    /// Takes note that the row's call has ended.
    fn end(&mut self, row: &CallbackRow) {
        if !self.rows.remove(&key(row)) {
            return;
        }
        if let Some(count) = self.of_destination.get_mut(&row.destination) {
            *count -= 1;
            if *count == 0 {
                self.of_destination.remove(&row.destination);
            }
        }
    }
}

fn key(row: &CallbackRow) -> Key {
    (row.namespace.clone(), row.workflow_id.clone(), row.run_id.clone(), row.callback)
}

#[cfg(test)]
mod tests;
