//! How a process gives up all of its partitions, and what waiting callers are told then.

use std::{sync::OnceLock, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{backend::Error, lease::Lease};

/// How long an answer waits for a lease that has ended to be extended.
pub const LEASE_PATIENCE: Duration = Duration::from_secs(5);

/// Whether the processor may own partitions, and may answer from them. When all are given up together, that is for good: to own partitions
/// again, the process makes a new processor. A partition that is lost alone reports that itself.
#[derive(Debug, Default)]
pub struct Ownership {
    lease: Lease,
    reason: OnceLock<String>,
    lost: CancellationToken,
}

impl Ownership {
    /// The partitions count as owned until [`Ownership::lose`]. Answers from memory need `lease`.
    pub fn new(lease: Lease) -> Self {
        Self { lease, ..Self::default() }
    }

    /// Notes that the partitions are lost. All who wait get this reason.
    pub fn lose(&self, reason: String) {
        if self.reason.set(reason).is_ok() {
            self.lost.cancel();
        }
    }

    /// Why the partitions are lost; `None` while they are owned.
    pub fn lost(&self) -> Option<&str> {
        self.reason.get().map(String::as_str)
    }

    /// Completes when the partitions are lost.
    pub async fn until_lost(&self) {
        self.lost.cancelled().await;
    }

    /// Fails when the partitions are lost.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub fn check(&self) -> Result<(), Error> {
        self.lost().map_or(Ok(()), |reason| Err(Error::Unavailable(reason.to_owned())))
    }

    /// For how long this process has not known whether it still owns the partitions; `None` while it knows.
    pub fn lease_ended_for(&self) -> Option<Duration> {
        self.lease.ended_for()
    }

    /// Waits until it is certain that the partitions are still owned, at most [`LEASE_PATIENCE`]. Then what was read from them before is
    /// the owner's state too, since a processor that has lost its partitions never owns them again. On a busy machine a lease may end now
    /// and then; that is no error.
    ///
    /// # Errors
    /// [`Error::Unavailable`]: the partitions are lost, or nobody knows whether they are.
    pub async fn confirm(&self) -> Result<(), Error> {
        self.check()?;
        if self.lease.is_held() {
            return Ok(());
        }
        let held = async {
            self.lease.until_held().await;
            Ok(())
        };
        match tokio::time::timeout(LEASE_PATIENCE, self.while_owned(held)).await {
            Ok(result) => result.and_then(|()| self.check()),
            Err(_) => {
                Err(Error::Unavailable("This process cannot tell for now whether it still owns the partition; try again.".to_owned()))
            }
        }
    }

    /// The future's result, or Unavailable as soon as the partitions are lost.
    ///
    /// # Errors
    /// The future's own, and [`Error::Unavailable`].
    pub async fn while_owned<T>(&self, future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        tokio::select! {
            biased;
            result = future => result,
            () = self.until_lost() => Err(Error::Unavailable(self.lost().unwrap_or_default().to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_waits_is_told_when_ownership_is_lost() {
        let ownership = Ownership::new(Lease::always());
        assert_eq!(ownership.while_owned(async { Ok(7) }).await, Ok(7));
        let waiting = ownership.while_owned(std::future::pending::<Result<(), Error>>());
        let (waited, ()) = tokio::join!(waiting, async { ownership.lose("Overtaken.".to_owned()) });
        assert_eq!(waited, Err(Error::Unavailable("Overtaken.".to_owned())));
        ownership.lose("later".to_owned());
        assert_eq!(ownership.check(), Err(Error::Unavailable("Overtaken.".to_owned())), "the first reason stays");
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_read_waits_for_the_lease_and_only_a_loss_ends_it_early() {
        let lease = Lease::ended();
        let ownership = Ownership::new(lease.clone());
        assert_eq!(ownership.check(), Ok(()), "commands need none");
        let began = tokio::time::Instant::now();
        assert!(matches!(ownership.confirm().await, Err(Error::Unavailable(reason)) if reason.contains("cannot tell for now")));
        assert_eq!(began.elapsed(), LEASE_PATIENCE);

        let (confirmed, ()) = tokio::join!(ownership.confirm(), async { lease.extend(crate::lease::boot_ms() + 60_000) });
        assert_eq!(confirmed, Ok(()));

        let ownership = Ownership::new(Lease::ended());
        let (confirmed, ()) = tokio::join!(ownership.confirm(), async { ownership.lose("Overtaken.".to_owned()) });
        assert_eq!(confirmed, Err(Error::Unavailable("Overtaken.".to_owned())));
    }
}
