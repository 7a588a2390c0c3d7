//! The right to read and to hand out tasks.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

/// Whether this process may answer from memory: another one could own the partitions without its knowing once the lease has ended.
///
/// Commands need none: their order on the log is the same for all owners.
#[derive(Debug, Clone, Default)]
pub struct Lease(Option<Arc<AtomicI64>>);

impl Lease {
    /// The one of a process that holds its data directory's lock: it never ends.
    pub fn always() -> Self {
        Self(None)
    }

    /// One that has ended until it is extended.
    pub fn ended() -> Self {
        Self(Some(Arc::new(AtomicI64::new(i64::MIN))))
    }

    /// It lasts until `until` at least, by [`boot_ms`].
    pub fn extend(&self, until: i64) {
        if let Some(lease) = &self.0 {
            lease.fetch_max(until, Ordering::Relaxed);
        }
    }

    /// Whether it lasts now.
    pub fn is_held(&self) -> bool {
        self.0.as_ref().is_none_or(|until| boot_ms() < until.load(Ordering::Relaxed))
    }
}

/// Milliseconds of a clock that counts suspension and is never set, since some moment in the past.
pub fn boot_ms() -> i64 {
    #[cfg(target_os = "linux")]
    let clock = rustix::time::ClockId::Boottime;
    // There the monotonic clock of the C library counts suspension.
    #[cfg(not(target_os = "linux"))]
    let clock = rustix::time::ClockId::Monotonic;
    let now = rustix::time::clock_gettime(clock);
    now.tv_sec * 1_000 + now.tv_nsec / 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_lasts_until_its_end_and_is_never_shortened() {
        assert!(Lease::always().is_held());
        let lease = Lease::ended();
        assert!(!lease.is_held());
        lease.extend(boot_ms() + 60_000);
        lease.extend(boot_ms() - 1);
        assert!(lease.is_held(), "an older beat does not end it");
        let past = Lease::ended();
        past.extend(boot_ms() - 1);
        assert!(!past.is_held());
    }
}
