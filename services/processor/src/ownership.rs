//! How a process loses its partitions, and what those who wait are told then.

use std::sync::OnceLock;

use tokio_util::sync::CancellationToken;

use crate::{backend::Error, lease::Lease};

/// Whether the processor's process still owns its partitions. They are lost together, once, for good: whoever owns them again does so
/// with a new processor.
#[derive(Debug, Default)]
pub struct Ownership {
    lease: Lease,
    reason: OnceLock<String>,
    lost: CancellationToken,
}

impl Ownership {
    /// Owned, as long as nothing else is heard; reads need `lease`.
    pub fn new(lease: Lease) -> Self {
        Self { lease, ..Self::default() }
    }

    /// They are lost: what waits ends with this reason.
    pub fn lose(&self, reason: String) {
        if self.reason.set(reason).is_ok() {
            self.lost.cancel();
        }
    }

    /// Why they are lost; `None` while they are owned.
    pub fn lost(&self) -> Option<&str> {
        self.reason.get().map(String::as_str)
    }

    /// Completes when they are lost.
    pub async fn until_lost(&self) {
        self.lost.cancelled().await;
    }

    /// Refuses what needs ownership.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub fn check(&self) -> Result<(), Error> {
        self.lost().map_or(Ok(()), |reason| Err(Error::Unavailable(reason.to_owned())))
    }

    /// Refuses what also needs the lease.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub fn check_lease(&self) -> Result<(), Error> {
        self.check()?;
        if self.lease.is_held() {
            return Ok(());
        }
        Err(Error::Unavailable("This process cannot tell for now whether it still owns the partition; try again.".to_owned()))
    }

    /// The future's result, or Unavailable once ownership is lost.
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

    #[test]
    fn reads_need_the_lease() {
        let ownership = Ownership::new(Lease::ended());
        assert_eq!(ownership.check(), Ok(()));
        assert!(matches!(ownership.check_lease(), Err(Error::Unavailable(_))));
    }
}
