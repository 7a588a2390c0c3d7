//! Reports on standard error how far a rebuild of the store has come, if it takes long.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use klamm_engine::{Topics, fold};
use klamm_log::Log;
use klamm_store::Store;
use serde_json::json;

use crate::logging;

/// Work that takes less than this is not reported.
const FIRST: Duration = Duration::from_secs(2);
/// How often progress is reported.
const INTERVAL: Duration = Duration::from_secs(2);

/// Waits for `work`. While `is_rebuilding` is true, reports meanwhile how much of the topics the store holds.
pub async fn tell_while<T>(
    work: impl Future<Output = T>,
    is_rebuilding: impl Fn() -> bool,
    topics: &Topics,
    log: &Arc<dyn Log>,
    store: &Arc<Store>,
) -> T {
    tokio::pin!(work);
    let began = Instant::now();
    let mut next = tokio::time::interval_at(tokio::time::Instant::now() + FIRST, INTERVAL);
    let mut ends = None;
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            _ = next.tick(), if is_rebuilding() => {
                let (topics, log, store, known) = (topics.clone(), log.clone(), store.clone(), ends.take());
                // This runs on a thread for blocking work, because a broker may take its time.
                let looked = tokio::task::spawn_blocking(move || {
                    let ends = known.or_else(|| ends_of(&topics, &*log))?;
                    Some((folded(&topics, &store), ends))
                });
                if let Ok(Some((folded, end))) = looked.await {
                    tell(folded, end, began.elapsed());
                    ends = Some(end);
                }
            }
        }
    }
}

fn tell(folded: i64, end: i64, took: Duration) {
    // Parts of the topics are compacted away or trimmed. Offsets still show how far along the topics the store has come.
    let percent = if end <= 0 { 100 } else { (folded.saturating_mul(100) / end).clamp(0, 100) };
    let text = format!(
        "rebuilding the store from the topics: {percent} % after {} s (offset {folded} of {end}, all partitions together)",
        took.as_secs()
    );
    logging::progress(&text, json!({ "percent": percent, "folded": folded, "end": end, "seconds": took.as_secs() }));
}

/// The offsets up to which the store has read its topics, added up.
fn folded(topics: &Topics, store: &Store) -> i64 {
    let positions = (0..topics.partitions).filter_map(|partition| fold::position(store, partition).ok().flatten());
    positions.flat_map(|position| position.next_offsets.into_values()).sum()
}

/// The offsets at which those topics end, added up; `None` when the log cannot say.
fn ends_of(topics: &Topics, log: &dyn Log) -> Option<i64> {
    let mut sum = 0;
    for partition in 0..topics.partitions {
        for name in Topics::folded(partition) {
            sum += log.end_offset(&topics.full(name), Topics::output_partition(name, partition)).ok()?;
        }
    }
    Some(sum)
}
