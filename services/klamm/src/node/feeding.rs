//! Feeds the visibility index from its topic.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use klamm_engine::{Topics, topic};
use klamm_log::{Clock, Log, SystemClock};
use klamm_supervise::{Part, Supervisor};
use klamm_visibility::{Error, Feeder, Index};
use tokio::task::JoinHandle;

use crate::{
    node::{readable::until_beyond, visibility_topic::TopicSource},
    setup_error::SetupError,
};

/// How often the index takes new records. At this pace a short workflow is written only once.
const FEED_INTERVAL: Duration = Duration::from_millis(200);

/// The pause grows by this for each record that was taken last. So records that come one by one are taken several at a time.
const PER_RECORD: Duration = Duration::from_millis(1);

/// After a step that took long and has caught up, the feeder rests for as long, at most for this. So the index takes more changes at a time, which
/// costs less for each.
const REST_MAX: Duration = Duration::from_millis(300);

type TopicFeeder = Feeder<TopicSource>;

/// When the index takes new records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// At once, while few records come. So a user's change is in the next list.
    Prompt,
    /// Five times a second.
    Steady,
}

/// Feeds the index for as long as the task runs, on a thread for blocking work. After a panic, another feeder goes on where the index is.
pub fn feed(log: &Arc<dyn Log>, topics: &Topics, index: Index, pace: Pace, supervisor: &Supervisor) -> Result<JoinHandle<()>, SetupError> {
    let failed = |error: String| SetupError::new("starting the visibility index", error, "delete visibility.sqlite: it is rebuilt");
    let topic = topics.full(topic::VISIBILITY);
    let source = TopicSource::new(log.clone(), topic.clone()).map_err(|error| failed(error.to_string()))?;
    let made_of = index.clone();
    let make = move || Feeder::new(made_of.clone(), source.clone(), SystemClock.now_ms());
    let mut first = Some(make().map_err(|error| failed(error.to_string()))?);
    let part = supervisor.part("visibility-feeder");
    let news = News { log: log.clone(), topic, index, pace };
    Ok(tokio::spawn(part.task(move |part| run(part, first.take(), make.clone(), news.clone()))))
}

/// Where new records come from.
#[derive(Clone)]
struct News {
    log: Arc<dyn Log>,
    topic: Arc<str>,
    index: Index,
    pace: Pace,
}

impl News {
    /// Waits until it is time to look for new records again, after so many were taken in so much time.
    async fn wait(&self, records: usize, took: Duration) {
        let rest = rest(took);
        match self.pace {
            Pace::Steady => tokio::time::sleep(FEED_INTERVAL.max(rest)).await,
            Pace::Prompt => {
                let pause = FEED_INTERVAL.min(PER_RECORD * u32::try_from(records).unwrap_or(u32::MAX));
                tokio::time::sleep(pause.max(rest)).await;
                until_beyond(&self.log, &self.topic, self.index.next_offsets(), FEED_INTERVAL).await;
            }
        }
    }
}

/// Runs the feeder, and a new one after each that fails.
async fn run(
    part: Part,
    mut feeder: Option<TopicFeeder>,
    make: impl Fn() -> Result<TopicFeeder, Error> + Clone + Send + 'static,
    news: News,
) {
    loop {
        let (known, make, round) = (feeder.take(), make.clone(), part.clone());
        let step = move || {
            round.round();
            let mut feeder = match known {
                Some(feeder) => feeder,
                None => make()?,
            };
            let fed = feeder.step(SystemClock.now_ms());
            Ok::<_, Error>((feeder, fed))
        };
        let begun = Instant::now();
        let fed = match part.blocking(step).await {
            Ok((back, fed)) => {
                feeder = Some(back);
                fed
            }
            Err(error) => Err(error),
        };
        match fed.inspect_err(|error| tracing::warn!(error = %error, "the visibility index cannot take records for now: it tries again")) {
            Ok(fed) if fed.lag_records > 0 => {}
            Ok(fed) => news.wait(fed.records, begun.elapsed()).await,
            Err(_) => tokio::time::sleep(FEED_INTERVAL).await,
        }
    }
}

/// How long the feeder rests after a step that took so long.
fn rest(took: Duration) -> Duration {
    took.min(REST_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_steps_are_followed_by_a_rest_within_bounds() {
        assert_eq!(rest(Duration::from_millis(200)), Duration::from_millis(200));
        assert_eq!(rest(Duration::from_secs(9)), REST_MAX);
    }
}
