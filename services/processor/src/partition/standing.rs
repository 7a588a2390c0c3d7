//! A partition's standing: it works, it is being built anew, it has stopped for good, or it is lost.

use std::time::{Duration, Instant};

use klamm_supervise::{Health, Severity};
use parking_lot::RwLock;
use tokio_util::sync::CancellationToken;

use crate::{backend::Error, clock::now};

/// Pause after a failed attempt to build a partition anew. It doubles with each further failure, up to [`PAUSE_MAX`].
const PAUSE_MIN: Duration = Duration::from_millis(250);
/// Longest pause between two attempts.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// What has to be built anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mend {
    /// The partition alone, from its store and the log.
    Partition,
    /// The store of this generation has to be thrown away first.
    Store(u64),
}

/// The standing of one partition. Whenever it changes, health and metrics are told.
pub(crate) struct Standing {
    number: u32,
    health: Health,
    state: RwLock<State>,
    /// Cancelled when the partition has stopped for good or is lost. This ends all waiting for the partition.
    ended: CancellationToken,
}

enum State {
    Works,
    Broken(Broken),
    Stopped(String),
    Lost(String),
}

/// A partition that waits to be built anew.
struct Broken {
    mend: Mend,
    text: String,
    /// Failed attempts.
    tries: u32,
    /// When the next attempt may begin; `None`: at once.
    not_before: Option<Instant>,
}

impl Broken {
    /// Adds another reason. Once the store has to be thrown away, a reason without that does not replace it.
    fn also(&mut self, mend: Mend, text: String) {
        if !matches!(self.mend, Mend::Store(_)) || matches!(mend, Mend::Store(_)) {
            self.mend = mend;
        }
        self.text = text;
    }
}

/// Source under which health shows why a partition does not work.
fn source_of(partition: u32) -> String {
    format!("partition {partition}")
}

impl Standing {
    /// The standing of a partition that works.
    pub(crate) fn new(number: u32, health: Health) -> Self {
        let standing = Self { number, health, state: RwLock::new(State::Works), ended: CancellationToken::new() };
        // An earlier ownership in this process may have left another report.
        standing.health.clear(&source_of(number));
        standing.show_failed(false);
        standing
    }

    /// Why the partition does not work; `None` while it works.
    pub(crate) fn problem(&self) -> Option<String> {
        match &*self.state.read() {
            State::Works => None,
            State::Broken(Broken { text, .. }) | State::Stopped(text) | State::Lost(text) => Some(text.clone()),
        }
    }

    /// Whether the partition works.
    pub(crate) fn works(&self) -> bool {
        matches!(&*self.state.read(), State::Works)
    }

    /// Fails when the partition does not work.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.problem().map_or(Ok(()), |reason| Err(Error::Unavailable(reason)))
    }

    /// Fails when the partition is lost; whether it works does not matter.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub(crate) fn check_here(&self) -> Result<(), Error> {
        match &*self.state.read() {
            State::Lost(reason) => Err(Error::Unavailable(reason.clone())),
            State::Works | State::Broken(_) | State::Stopped(_) => Ok(()),
        }
    }

    /// Completes when the partition has stopped for good or is lost.
    pub(crate) async fn until_ended(&self) {
        self.ended.cancelled().await;
    }

    /// The future's result, or Unavailable as soon as the partition has stopped for good or is lost.
    ///
    /// # Errors
    /// The future's own, and [`Error::Unavailable`].
    pub(crate) async fn while_here<T>(&self, future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        tokio::select! {
            biased;
            result = future => result,
            () = self.until_ended() => Err(Error::Unavailable(self.problem().unwrap_or_default())),
        }
    }

    /// Stops the partition until it has been built anew. A partition that has ended stays ended, since those who waited for it were told
    /// so.
    pub(crate) fn breaks(&self, mend: Mend, reason: &str) {
        self.broken(mend, reason, |_| ());
    }

    /// The partition could not be built anew. The next attempt follows after a pause that grows each time.
    pub(crate) fn mended_in_vain(&self, mend: Mend, reason: &str) {
        self.broken(mend, reason, |broken| {
            let pause = PAUSE_MIN.saturating_mul(1 << broken.tries.min(16)).min(PAUSE_MAX);
            broken.tries += 1;
            broken.not_before = Some(now() + pause);
        });
    }

    /// The store was thrown away. The partition has to be built anew with an empty one, at once.
    pub(crate) fn store_renewed(&self, reason: &str) {
        self.broken(Mend::Partition, reason, |broken| {
            broken.mend = Mend::Partition;
            broken.not_before = None;
        });
    }

    fn broken(&self, mend: Mend, reason: &str, change: impl FnOnce(&mut Broken)) {
        let text = format!("Partition {} is being rebuilt; try again. ({reason})", self.number);
        let mut state = self.state.write();
        let is_news = match &mut *state {
            State::Stopped(_) | State::Lost(_) => return,
            State::Works => {
                let mut broken = Broken { mend, text: text.clone(), tries: 0, not_before: None };
                change(&mut broken);
                *state = State::Broken(broken);
                true
            }
            State::Broken(broken) => {
                let is_news = broken.text != text;
                broken.also(mend, text.clone());
                change(broken);
                is_news
            }
        };
        if is_news {
            tracing::error!(partition = self.number, reason, "the partition stops and is rebuilt from the log");
            self.show_failed(true);
        }
        self.health.report(source_of(self.number), Severity::Failure, text);
    }

    /// What has to be built anew now. `None`: nothing, or it is too early for another attempt.
    pub(crate) fn wants(&self) -> Option<Mend> {
        match &*self.state.read() {
            State::Broken(Broken { mend, not_before, .. }) if not_before.is_none_or(|time| time <= now()) => Some(*mend),
            _ => None,
        }
    }

    /// The partition has been built anew and works. False when it has ended meanwhile.
    pub(crate) fn mended(&self) -> bool {
        let mut state = self.state.write();
        if matches!(&*state, State::Stopped(_) | State::Lost(_)) {
            return false;
        }
        *state = State::Works;
        self.health.clear(&source_of(self.number));
        self.show_failed(false);
        true
    }

    /// Stops the partition for good. False when it is lost already.
    pub(crate) fn stop(&self, why: &str) -> bool {
        let reason = format!("Partition {} has stopped: {why}", self.number);
        let mut state = self.state.write();
        // The new owner of a lost partition reports its state.
        if matches!(&*state, State::Lost(_)) {
            return false;
        }
        tracing::error!(partition = self.number, error = why, "the partition stops");
        self.show_failed(true);
        *state = State::Stopped(reason.clone());
        self.ended.cancel();
        self.health.report(source_of(self.number), Severity::Failure, reason);
        true
    }

    /// Marks the partition as lost: from now on another process owns it, or nobody does. All who wait for it get `reason`. The first reason
    /// stays.
    pub(crate) fn lose(&self, reason: &str) {
        let mut state = self.state.write();
        if !matches!(&*state, State::Lost(_)) {
            *state = State::Lost(reason.to_owned());
        }
        self.ended.cancel();
        self.health.clear(&source_of(self.number));
    }

    /// Shows in a metric whether the partition has failed.
    fn show_failed(&self, failed: bool) {
        metrics::gauge!("klamm_partition_failed", "partition" => self.number.to_string()).set(if failed { 1.0 } else { 0.0 });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing() -> (Standing, Health) {
        let health = Health::default();
        (Standing::new(3, health.clone()), health)
    }

    fn told(health: &Health) -> Vec<String> {
        health.reasons().into_iter().map(|reason| format!("{}: {}", reason.source, reason.text)).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn tries_in_vain_are_made_again_after_a_pause_that_grows() {
        let (standing, _) = standing();
        standing.breaks(Mend::Partition, "damaged");
        let mut pauses = Vec::new();
        for _ in 0..10 {
            let began = now();
            while standing.wants().is_none() {
                tokio::time::advance(Duration::from_millis(10)).await;
            }
            pauses.push(now().duration_since(began).as_millis());
            standing.mended_in_vain(Mend::Partition, "still damaged");
        }
        assert_eq!(pauses, [0, 250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
        assert!(standing.mended());
        standing.breaks(Mend::Partition, "damaged once more");
        assert_eq!(standing.wants(), Some(Mend::Partition), "at once: it worked in between");
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_has_to_go_is_not_forgotten_and_a_new_one_is_tried_at_once() {
        let (standing, _) = standing();
        standing.breaks(Mend::Store(4), "damaged");
        standing.breaks(Mend::Partition, "something else");
        assert_eq!(standing.wants(), Some(Mend::Store(4)));
        standing.mended_in_vain(Mend::Store(5), "damaged again");
        assert_eq!(standing.wants(), None);
        standing.store_renewed("it was thrown away");
        assert_eq!(standing.wants(), Some(Mend::Partition));
        standing.mended_in_vain(Mend::Partition, "no");
        tokio::time::advance(PAUSE_MIN).await;
        assert_eq!(standing.wants(), None, "the disk is no better: the pause has grown");
    }

    #[tokio::test]
    async fn one_that_has_stopped_or_is_lost_is_mended_by_nobody() {
        let (standing, health) = standing();
        standing.breaks(Mend::Partition, "damaged");
        assert!(standing.check().is_err() && !standing.works());
        assert_eq!(told(&health), ["partition 3: Partition 3 is being rebuilt; try again. (damaged)"]);
        assert!(standing.stop("a panic"));
        assert!(!standing.mended() && standing.wants().is_none());
        assert_eq!(told(&health), ["partition 3: Partition 3 has stopped: a panic"]);
        let waited = standing.while_here(std::future::pending::<Result<(), Error>>()).await;
        assert_eq!(waited, Err(Error::Unavailable("Partition 3 has stopped: a panic".to_owned())));

        standing.lose("Overtaken.");
        standing.lose("later");
        standing.breaks(Mend::Partition, "damaged");
        assert!(!standing.stop("a panic"));
        assert_eq!(standing.check(), Err(Error::Unavailable("Overtaken.".to_owned())));
        assert!(told(&health).is_empty(), "whoever owns it tells how it is");
    }
}
