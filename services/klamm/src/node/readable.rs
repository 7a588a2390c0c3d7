//! Waits until a topic has something to read.

use std::{sync::Arc, task::Poll, time::Duration};

use klamm_log::{Log, Offset};

/// Pause between two looks. It is needed because a partition may end beyond a position and still hold nothing to read there.
const BREATH: Duration = Duration::from_millis(2);

/// Waits until a partition ends beyond its position, but no longer than `longest`.
pub async fn until_beyond(log: &Arc<dyn Log>, topic: &str, positions: impl IntoIterator<Item = (u32, Offset)>, longest: Duration) {
    let positions: Vec<_> = positions.into_iter().collect();
    tokio::time::sleep(BREATH).await;
    let any = std::future::poll_fn(|context| {
        let beyond = |(partition, offset): &(u32, Offset)| log.readable(topic, *partition, *offset, context.waker()).unwrap_or(false);
        // All partitions are asked, not only up to the first match: each that does not end beyond its position yet will wake this task when
        // it does.
        match positions.iter().filter(|position| beyond(position)).count() {
            0 => Poll::Pending,
            _ => Poll::Ready(()),
        }
    });
    let _ = tokio::time::timeout(longest, any).await;
}
