//! Reading on when the next records are gone.

use crate::{Error, Log, Offset, ReadBatch, ReadLimit};

/// Reads from `from`, or from the partition's start when `from` is below the start (trimmed or expired). For readers that want whatever is
/// left.
///
/// # Errors
/// Those of [`Log::read`], but for [`Error::Trimmed`].
pub fn read_onward(log: &dyn Log, topic: &str, partition: u32, mut from: Offset, limit: ReadLimit) -> Result<ReadBatch, Error> {
    loop {
        match log.read(topic, partition, from, limit) {
            // The start may move on before the next read.
            Err(Error::Trimmed { start, .. }) if start > from => from = start,
            read => return read,
        }
    }
}
