//! Reads the topics of triggers: begins and ends readers as triggers are declared, changed, paused and deleted.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use klamm_log::{Log, TopicSpec};
use klamm_messages::klamm::v1::TriggerState;
use klamm_supervise::Part;
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    CommandSink,
    feed::{Declared, Feed},
    reader::{LOOK, Reader},
};

/// How long a reader whose trigger has changed may take to end by itself.
const DRAIN: Duration = Duration::from_secs(10);

/// The topic with the dead letters of a trigger.
pub type DeadLetterTopic = Arc<dyn Fn(&str) -> TopicSpec + Send + Sync>;

/// The readers of one trigger, as it is declared now.
struct Running {
    /// What the trigger said when they began.
    state: TriggerState,
    feed: Result<Feed, String>,
    /// Id of the topic that is read: one that is made anew has another one.
    topic_id: Option<Arc<str>>,
    /// Its topic of dead letters has been seen.
    ready: bool,
    stop: watch::Sender<bool>,
    readers: BTreeMap<u32, JoinHandle<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.readers.values().for_each(JoinHandle::abort);
    }
}

/// Reads the partitions of the topics of all triggers that belong to the partition `number` of the command log. Never ends.
pub(crate) async fn watch<S: CommandSink>(
    reader: Reader<S>,
    mut known: watch::Receiver<Arc<BTreeMap<String, TriggerState>>>,
    log: Arc<dyn Log>,
    dead_letters: DeadLetterTopic,
    part: Part,
    number: u32,
) {
    let mut running: BTreeMap<String, Running> = BTreeMap::new();
    loop {
        part.round();
        let declared = known.borrow_and_update().clone();
        let is_as_it_was =
            |running: &Running| declared.get(&running.state.name).is_some_and(|state| !state.paused && *state == running.state);
        let changed: Vec<_> = running.iter().filter(|(_, it)| !is_as_it_was(it)).map(|(name, _)| name.clone()).collect();
        for name in changed {
            if let Some(mut running) = running.remove(&name) {
                stop_readers(&reader, &mut running).await;
            }
        }
        // What is declared by now: others may be counting for a trigger that is newer than what is looked at here.
        reader.keep(|name| known.borrow().contains_key(name));
        for (name, state) in declared.iter().filter(|(_, state)| !state.paused) {
            let running = running.entry(name.clone()).or_insert_with(|| Running {
                state: state.clone(),
                feed: Declared::of(state).map(|declared| Feed::Trigger(Arc::new(declared))),
                topic_id: None,
                ready: false,
                stop: watch::Sender::new(false),
                readers: BTreeMap::new(),
            });
            begin(&reader, running, &log, &dead_letters, &part, number).await;
        }
        tokio::select! {
            biased;
            changed = known.changed() => if changed.is_err() {
                // The sink is gone, and this task with it soon.
                std::future::pending::<()>().await;
            },
            () = part.fault_asked() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Begins readers of partitions that have none yet.
async fn begin<S: CommandSink>(
    reader: &Reader<S>,
    running: &mut Running,
    log: &Arc<dyn Log>,
    dead_letters: &DeadLetterTopic,
    part: &Part,
    number: u32,
) {
    let name = running.state.name.clone();
    let tell = |why: &str| reader.statuses().problem(&name, None, why);
    let feed = match &running.feed {
        Ok(feed) => feed.clone(),
        Err(why) => return tell(why),
    };
    // One looks at it again and again: without it the partitions could commit nothing once there is a dead letter.
    if !running.ready || number == 0 {
        let (spec, asked) = (dead_letters(&name), log.clone());
        let made = part.blocking(move || match asked.missing_topics(std::slice::from_ref(&spec.name))?.is_empty() {
            true => Ok(()),
            false => asked.ensure_topics(std::slice::from_ref(&spec)).and_then(|()| asked.topic(&spec.name).map(drop)),
        });
        if let Err(error) = made.await {
            tell(&format!("the topic of dead letters: {error}"));
            if !running.ready {
                return;
            }
        }
        running.ready = true;
    }
    let topic = match reader.topic(feed.topic()).await {
        Ok(topic) => topic,
        Err(why) => return tell(&why.to_string()),
    };
    if running.topic_id.replace(topic.id.clone()).is_some_and(|before| before != topic.id) {
        tracing::warn!(trigger = name, topic = &*topic.spec.name, "the topic was made anew, and is read from its beginning");
        stop_readers(reader, running).await;
        running.stop = watch::Sender::new(false);
    }
    reader.statuses().clear(&name, None);
    for partition in (0..topic.spec.partitions).filter(|partition| partition % reader.owners() == number) {
        if running.readers.get(&partition).is_some_and(|it| !it.is_finished()) {
            continue;
        }
        if let Some(ended) = running.readers.remove(&partition)
            && let Err(error) = ended.await
            && error.is_panic()
        {
            // The part begins anew, and with it all of its readers.
            std::panic::resume_unwind(error.into_panic());
        }
        let (reader, feed, stopped) = (reader.clone(), feed.clone(), running.stop.subscribe());
        running.readers.insert(partition, tokio::spawn(async move { reader.read(feed, partition, stopped).await }));
    }
}

/// Ends the readers of a trigger. They finish what they are at, so that no record is looked at by two declarations.
async fn stop_readers<S: CommandSink>(reader: &Reader<S>, running: &mut Running) {
    running.stop.send_replace(true);
    let deadline = tokio::time::Instant::now() + DRAIN;
    for (partition, mut reading) in std::mem::take(&mut running.readers) {
        if tokio::time::timeout_at(deadline, &mut reading).await.is_err() {
            tracing::warn!(trigger = running.state.name, partition, "a reader of the trigger is cut off: what it waits for does not come");
            reading.abort();
        }
        if let Ok(feed) = &running.feed {
            reader.clear_problem(feed, partition);
        }
    }
}
