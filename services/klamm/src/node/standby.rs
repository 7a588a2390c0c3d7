//! A warm standby: one thread folds the output topics into the store, so that a take-over has little left to fold.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use klamm_engine::{Error as EngineError, Topics, fold};
use klamm_log::{Clock, Error as LogError, Log, SystemClock};
use klamm_machine::Time;
use klamm_processor::{AvroCodec, Machines};
use klamm_store::Store;
use parking_lot::{Condvar, Mutex};
use tokio::sync::watch;

use super::{NodeOptions, NodeParts};
use crate::setup_error::SetupError;

/// How often a standby folds what is new.
const INTERVAL: Duration = Duration::from_millis(250);
/// How often it flushes the store, so that a restart has little to fold.
const FLUSH: Duration = Duration::from_secs(30);

/// The folding thread.
pub struct Standby {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    log: Arc<dyn Log>,
    store: Arc<Store>,
    topics: Topics,
    store_dir: PathBuf,
    state: Mutex<State>,
    wake: Condvar,
    stopping: AtomicBool,
    progress: watch::Sender<()>,
}

#[derive(Default)]
struct State {
    /// The partitions are owned or being taken over: whoever owns writes the store.
    paused: bool,
    /// The thread does not touch the store now.
    idle: bool,
    /// All partitions were folded to their ends once.
    warm: bool,
    problem: Option<(String, String)>,
}

impl Standby {
    /// Starts to fold.
    pub fn start(options: &NodeOptions, parts: &NodeParts) -> Result<Self, SetupError> {
        let shared = Arc::new(Shared {
            log: parts.log.clone(),
            store: parts.store.clone(),
            topics: options.topics.clone(),
            store_dir: options.store_dir.clone(),
            state: Mutex::default(),
            wake: Condvar::new(),
            stopping: AtomicBool::new(false),
            progress: watch::Sender::new(()),
        });
        let folding = shared.clone();
        let thread = std::thread::Builder::new()
            .name("standby".to_owned())
            .spawn(move || folding.run())
            .map_err(|error| SetupError::new("starting a thread", error, "raise the limits of the process"))?;
        Ok(Self { shared, thread: Mutex::new(Some(thread)) })
    }

    /// Told of whenever the partitions were folded.
    pub fn progress(&self) -> watch::Receiver<()> {
        self.shared.progress.subscribe()
    }

    /// Whether all partitions have been folded to their ends.
    pub fn is_warm(&self) -> bool {
        self.shared.state.lock().warm
    }

    /// Why this process can never take over.
    pub fn problem(&self) -> Option<SetupError> {
        let state = self.shared.state.lock();
        state.problem.as_ref().map(|(problem, hint)| SetupError::new("folding the topics", problem, hint.clone()))
    }

    /// Stops folding until [`Standby::resume`]; the store is free when it returns.
    pub async fn pause(&self) {
        self.shared.state.lock().paused = true;
        let mut progress = self.shared.progress.subscribe();
        while !self.shared.state.lock().idle {
            let _ = progress.changed().await;
        }
    }

    /// Folds on, from where the store stands.
    pub fn resume(&self) {
        self.shared.state.lock().paused = false;
        self.shared.wake.notify_all();
    }

    /// Stops for good.
    pub fn stop(&self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        self.shared.wake.notify_all();
        if let Some(thread) = self.thread.lock().take()
            && thread.join().is_err()
        {
            tracing::error!("the standby's thread panicked");
        }
    }
}

impl Shared {
    fn run(&self) {
        let mut last_flush = Instant::now();
        let mut away = false;
        self.forget_what_is_stale();
        while !self.stopping.load(Ordering::SeqCst) {
            if self.may_fold() {
                let folded = self.fold();
                match &folded {
                    Ok(()) if away => tracing::info!("the standby folds again"),
                    Err(error) if !away => tracing::warn!(error = %error, "the standby waits"),
                    _ => {}
                }
                away = folded.is_err();
                let mut state = self.state.lock();
                match folded {
                    Ok(()) => {
                        state.warm = true;
                        self.log.prepare_transactional(self.transactional_ids());
                    }
                    Err(error) => state.problem = self.fatal(&error),
                }
            }
            if last_flush.elapsed() >= FLUSH {
                last_flush = Instant::now();
                self.flush();
            }
            let mut state = self.state.lock();
            state.idle = true;
            self.progress.send_replace(());
            if !self.stopping.load(Ordering::SeqCst) {
                self.wake.wait_for(&mut state, INTERVAL);
            }
        }
        self.flush();
    }

    /// Takes the store for a round, unless the standby is paused.
    fn may_fold(&self) -> bool {
        let mut state = self.state.lock();
        state.idle = state.paused;
        !state.paused
    }

    fn fold(&self) -> Result<(), EngineError> {
        let machines = Machines::default();
        (0..self.topics.partitions)
            .try_for_each(|number| fold::fold(&machines, &AvroCodec, &*self.log, &self.topics, &self.store, number).map(drop))
    }

    /// What this process holds when it has taken over.
    fn transactional_ids(&self) -> Vec<String> {
        (0..self.topics.partitions).map(|number| self.topics.transactional_id(number)).collect()
    }

    /// A store that missed tombstones would bring runs back that have gone.
    fn forget_what_is_stale(&self) {
        let now = Time::from_millis(SystemClock.now_ms());
        for number in 0..self.topics.partitions {
            match fold::forget_if_stale(&self.store, number, now) {
                Ok(false) => {}
                Ok(true) => tracing::warn!(partition = number, "the store was away for too long: it is thrown away and folded anew"),
                Err(error) => tracing::warn!(partition = number, error = %error, "the store could not be looked at"),
            }
        }
    }

    /// Only the owner's committer flushes while the partitions are owned.
    fn flush(&self) {
        if !self.state.lock().paused
            && let Err(error) = self.store.flush()
        {
            tracing::warn!(error = %error, "the store could not be flushed");
        }
    }

    /// What no waiting mends.
    fn fatal(&self, error: &EngineError) -> Option<(String, String)> {
        let EngineError::Log(LogError::PastEnd { topic, partition, end }) = error else { return None };
        let problem = format!(
            "the store in {} has read {topic}/{partition} beyond its end, which is {end}: it belongs to another cluster, or the topic was made anew or lost records",
            self.store_dir.display()
        );
        Some((problem, "if the topics are right, delete that directory: the store is rebuilt from them".to_owned()))
    }
}
