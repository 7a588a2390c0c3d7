//! Bytes of a disk that are kept free. Writes are refused before they touch the reserve. So RocksDB itself never meets a full disk.

use std::{path::PathBuf, sync::Arc};

/// Says how many bytes are free on the disk. `None`: unknown; then no write is refused.
pub type FreeBytes = Arc<dyn Fn() -> Option<u64> + Send + Sync>;

/// Free bytes of the file system that holds `path`.
pub fn of_disk(path: PathBuf) -> FreeBytes {
    Arc::new(move || {
        let stat = rustix::fs::statvfs(&path).ok()?;
        Some(stat.f_bavail.saturating_mul(stat.f_frsize))
    })
}

/// The reserve of a disk.
pub struct Reserve {
    free_bytes: FreeBytes,
    bytes: u64,
}

impl Reserve {
    /// So many bytes are kept free.
    pub fn new(free_bytes: FreeBytes, bytes: u64) -> Self {
        Self { free_bytes, bytes }
    }

    /// What is free besides the reserve, once `written` more bytes are on the disk. This costs a system call.
    ///
    /// # Errors
    /// Why there is no room for them.
    pub fn left_after(&self, written: u64) -> Result<u64, String> {
        let Some(free) = (self.free_bytes)() else { return Ok(u64::MAX) };
        let needed = self.bytes.saturating_add(written);
        free.checked_sub(needed).ok_or_else(|| format!("{free} bytes are free on the disk, of which {} are kept in reserve", self.bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_may_come_up_to_the_reserve_and_not_into_it() {
        let reserve = Reserve::new(Arc::new(|| Some(3000)), 1000);
        assert_eq!(reserve.left_after(500), Ok(1500));
        assert_eq!(reserve.left_after(2000), Ok(0));
        assert_eq!(reserve.left_after(2001).unwrap_err(), "3000 bytes are free on the disk, of which 1000 are kept in reserve");
        assert!(reserve.left_after(u64::MAX).is_err());
    }

    #[test]
    fn a_disk_that_says_nothing_refuses_nothing() {
        assert!(Reserve::new(Arc::new(|| None), u64::MAX).left_after(u64::MAX).is_ok());
    }

    #[test]
    fn a_real_disk_says_something() {
        assert!(of_disk(std::env::temp_dir())().is_some());
    }
}
