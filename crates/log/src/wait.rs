//! Waiting for records on a thread.

use std::{
    task::{Poll, Waker},
    time::Duration,
};

use crate::{Error, Log, Offset, parking::until_readable};

/// As [`Log::wait`], but for several partitions, each given as `(topic, partition, offset)`: waits until one of them is readable.
pub fn wait_any(log: &dyn Log, positions: &[(&str, u32, Offset)], timeout: Duration) -> Result<bool, Error> {
    let any = |waker: &Waker| {
        let mut any = false;
        for (topic, partition, offset) in positions {
            any |= log.readable(topic, *partition, *offset, waker)?;
        }
        Ok(any)
    };
    until_readable(any, timeout)
}

/// As [`Log::wait`], but blocks no thread and has no timeout.
pub async fn readable(log: &dyn Log, topic: &str, partition: u32, offset: Offset) -> Result<(), Error> {
    std::future::poll_fn(|context| match log.readable(topic, partition, offset, context.waker()) {
        Ok(true) => Poll::Ready(Ok(())),
        Ok(false) => Poll::Pending,
        Err(error) => Poll::Ready(Err(error)),
    })
    .await
}
