//! Room on the disk. Writes are refused while little is left. So RocksDB itself never meets a full disk, and trimming still works.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use crate::Error;

/// Says how many bytes are free. `None`: unknown; then no write is refused.
pub type FreeBytes = Arc<dyn Fn() -> Option<u64> + Send + Sync>;

/// The disk is asked again after so many bytes were written, since asking costs a system call.
const LOOK_EVERY_BYTES: i64 = 1 << 20;

/// Says whether a write may go on.
pub(super) struct Room {
    free_bytes: FreeBytes,
    reserve_bytes: u64,
    /// Bytes that may be written before the next look.
    granted: AtomicI64,
}

impl Room {
    pub(super) fn new(free_bytes: FreeBytes, reserve_bytes: u64) -> Self {
        Self { free_bytes, reserve_bytes, granted: AtomicI64::new(0) }
    }

    /// Whether `bytes` more may be written.
    pub(super) fn take(&self, bytes: usize) -> Result<(), Error> {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        if self.granted.fetch_sub(bytes, Ordering::Relaxed) >= bytes {
            return Ok(());
        }
        let free = (self.free_bytes)().map_or(i64::MAX, |free| i64::try_from(free).unwrap_or(i64::MAX));
        let usable = free.saturating_sub(i64::try_from(self.reserve_bytes).unwrap_or(i64::MAX));
        if usable < bytes {
            self.granted.store(0, Ordering::Relaxed);
            return Err(Error::Full {
                reason: format!("{free} bytes are free on the disk, of which {} are kept in reserve", self.reserve_bytes),
            });
        }
        // Half of what is left, so that the disk is asked more often as room runs out.
        self.granted.store(LOOK_EVERY_BYTES.min((usable - bytes) / 2), Ordering::Relaxed);
        Ok(())
    }
}

/// Free bytes of the file system that holds `path`.
pub(super) fn of_disk(path: PathBuf) -> FreeBytes {
    Arc::new(move || {
        let stat = rustix::fs::statvfs(&path).ok()?;
        Some(stat.f_bavail.saturating_mul(stat.f_frsize))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use super::*;

    #[test]
    fn the_reserve_is_never_granted_and_room_made_is_seen() {
        let free = Arc::new(AtomicU64::new(3000));
        let seen = free.clone();
        let room = Room::new(Arc::new(move || Some(seen.load(Ordering::Relaxed))), 1000);
        let mut written = 0;
        while room.take(100).is_ok() {
            written += 100;
            free.store(3000 - written, Ordering::Relaxed);
        }
        assert_eq!(written, 2000);
        assert!(matches!(room.take(1), Err(Error::Full { .. })));
        free.store(5000, Ordering::Relaxed);
        assert_eq!(room.take(100), Ok(()));
    }

    #[test]
    fn a_real_disk_says_something() {
        assert!(of_disk(std::env::temp_dir())().is_some());
    }
}
