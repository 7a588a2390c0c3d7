//! Room on the disk. Writes are refused while little is left. So RocksDB itself never meets a full disk, and trimming still works.

use std::sync::atomic::{AtomicI64, Ordering};

use klamm_disk::Reserve;

use crate::Error;

/// The disk is asked again after so many bytes were written, since asking costs a system call.
const LOOK_EVERY_BYTES: i64 = 1 << 20;

/// Says whether a write may go on.
pub(super) struct Room {
    reserve: Reserve,
    /// Bytes that may be written before the next look.
    granted: AtomicI64,
}

impl Room {
    pub(super) fn new(reserve: Reserve) -> Self {
        Self { reserve, granted: AtomicI64::new(0) }
    }

    /// Whether `bytes` more may be written.
    pub(super) fn take(&self, bytes: usize) -> Result<(), Error> {
        let taken = i64::try_from(bytes).unwrap_or(i64::MAX);
        if self.granted.fetch_sub(taken, Ordering::Relaxed) >= taken {
            return Ok(());
        }
        let left = self.reserve.left_after(bytes as u64).map_err(|reason| {
            self.granted.store(0, Ordering::Relaxed);
            Error::Full { reason }
        })?;
        // Half of what is left, so that the disk is asked more often as room runs out.
        self.granted.store(i64::try_from(left / 2).unwrap_or(i64::MAX).min(LOOK_EVERY_BYTES), Ordering::Relaxed);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, atomic::AtomicU64};

    use super::*;

    #[test]
    fn the_reserve_is_never_granted_and_room_made_is_seen() {
        let free = Arc::new(AtomicU64::new(3000));
        let seen = free.clone();
        let room = Room::new(Reserve::new(Arc::new(move || Some(seen.load(Ordering::Relaxed))), 1000));
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
}
