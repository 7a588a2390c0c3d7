//! The lease: the right to answer from memory.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use tokio::sync::Notify;

/// Says whether this process may answer from memory. Once the lease has ended, another process could own the partitions without this one
/// knowing.
///
/// Commands need no lease: their order on the log is the same for all owners.
#[derive(Debug, Clone, Default)]
pub struct Lease(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    until: AtomicI64,
    extended: Notify,
}

impl Lease {
    /// A lease that never ends, for a process that holds the lock of its data directory.
    pub fn always() -> Self {
        Self(None)
    }

    /// A lease that has ended until somebody extends it.
    pub fn ended() -> Self {
        Self(Some(Arc::new(Inner { until: AtomicI64::new(i64::MIN), extended: Notify::new() })))
    }

    /// Extends the lease: it lasts at least until `until`, by [`boot_ms`].
    pub fn extend(&self, until: i64) {
        if let Some(lease) = &self.0 {
            lease.until.fetch_max(until, Ordering::SeqCst);
            lease.extended.notify_waiters();
        }
    }

    /// How long ago the lease ended; `None` while it lasts.
    pub fn ended_for(&self) -> Option<Duration> {
        let until = self.0.as_ref()?.until.load(Ordering::SeqCst);
        let past = boot_ms().saturating_sub(until);
        u64::try_from(past).ok().map(Duration::from_millis)
    }

    /// Whether the lease lasts now.
    pub fn is_held(&self) -> bool {
        self.0.as_ref().is_none_or(|lease| boot_ms() < lease.until.load(Ordering::SeqCst))
    }

    /// Completes when the lease lasts.
    pub async fn until_held(&self) {
        while let Some(lease) = &self.0 {
            // Registered before the look, so that no extension in between is missed.
            let extended = lease.extended.notified();
            if self.is_held() {
                return;
            }
            extended.await;
        }
    }
}

/// Milliseconds since some moment in the past, by a clock that nobody sets. The time while the machine is suspended counts.
pub fn boot_ms() -> i64 {
    #[cfg(target_os = "linux")]
    let clock = rustix::time::ClockId::Boottime;
    // On other systems the C library's monotonic clock counts the time of suspension.
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
        assert!(past.ended_for().is_some() && lease.ended_for().is_none() && Lease::always().ended_for().is_none());
    }

    #[tokio::test]
    async fn who_waits_for_a_lease_is_told() {
        Lease::always().until_held().await;
        let lease = Lease::ended();
        let extending = async {
            lease.extend(boot_ms() - 1);
            tokio::task::yield_now().await;
            lease.extend(boot_ms() + 60_000);
        };
        tokio::join!(lease.until_held(), extending);
        assert!(lease.is_held());
    }
}
