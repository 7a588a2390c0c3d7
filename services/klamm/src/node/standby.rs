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
use klamm_processor::{AvroCodec, Machines, side_by_side::side_by_side};
use klamm_store::Store;
use klamm_supervise::Part;
use parking_lot::{Condvar, Mutex};
use tokio::sync::watch;

use super::parts::{NodeOptions, NodeParts};
use crate::setup_error::SetupError;

/// How often a standby folds new records.
const INTERVAL: Duration = Duration::from_millis(250);
/// How often a standby flushes the store, so that little has to be folded after a restart.
const FLUSH: Duration = Duration::from_secs(30);
/// Partitions that are folded side by side at the start, when there may be much to fold. The log has four readers for all who read: if more
/// partitions wanted them than there are, they would take them from each other, and each would fetch the same records again.
const FOLDED_AT_ONCE: usize = 3;

/// The folding thread.
pub struct Standby {
    shared: Arc<Shared>,
    part: Part,
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
    /// True while this process owns the partitions or takes them over: then the owner's code writes the store.
    paused: bool,
    /// True while the thread does not touch the store.
    idle: bool,
    /// True once all partitions have been folded to their ends.
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
        let (folding, part) = (shared.clone(), parts.supervisor.part("standby"));
        let thread = part
            .clone()
            .thread(move |part| folding.run(part))
            .map_err(|error| SetupError::new("starting a thread", error, "raise the limits of the process"))?;
        Ok(Self { shared, part, thread: Mutex::new(Some(thread)) })
    }

    /// A watch that changes whenever the partitions were folded.
    pub fn progress(&self) -> watch::Receiver<()> {
        self.shared.progress.subscribe()
    }

    /// Whether all partitions have been folded to their ends once.
    pub fn is_warm(&self) -> bool {
        self.shared.state.lock().warm
    }

    /// Why this process can never take over; `None` while it can.
    pub fn problem(&self) -> Option<SetupError> {
        let state = self.shared.state.lock();
        state.problem.as_ref().map(|(problem, hint)| SetupError::new("folding the topics", problem, hint.clone()))
    }

    /// Stops folding until [`Standby::resume`]. When this returns, the store is free.
    pub async fn pause(&self) {
        self.shared.state.lock().paused = true;
        let mut progress = self.shared.progress.subscribe();
        while !self.shared.state.lock().idle {
            let _ = progress.changed().await;
        }
    }

    /// Goes on folding from where the store is.
    pub fn resume(&self) {
        self.shared.state.lock().paused = false;
        self.shared.wake.notify_all();
    }

    /// Stops for good.
    pub fn stop(&self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        self.part.close();
        self.shared.wake.notify_all();
        if let Some(thread) = self.thread.lock().take()
            && thread.join().is_err()
        {
            tracing::error!("the standby's thread panicked");
        }
    }
}

impl Shared {
    fn run(&self, part: &Part) {
        let mut last_flush = Instant::now();
        let mut away = false;
        self.forget_what_is_stale();
        while !self.stopping.load(Ordering::SeqCst) {
            part.round();
            if self.may_fold() {
                let folded = self.fold();
                match &folded {
                    Ok(_) if away => tracing::info!("the standby folds again"),
                    Err(error) if !away => tracing::warn!(error = %error, "the standby cannot fold for now: it tries again"),
                    _ => {}
                }
                away = folded.is_err();
                let mut state = self.state.lock();
                match folded {
                    Ok(true) => {
                        state.warm = true;
                        self.log.prepare_transactional(self.transactional_ids());
                    }
                    Ok(false) => {}
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

    /// Takes the store for a round of folding. False when the standby is paused.
    fn may_fold(&self) -> bool {
        let mut state = self.state.lock();
        state.idle = state.paused;
        !state.paused
    }

    /// Folds new records; false when it had to stop before it had been at all partitions. A damaged store is thrown away, and the next round begins
    /// anew.
    fn fold(&self) -> Result<bool, EngineError> {
        let machines = Machines::default();
        let generation = self.store.generation();
        let fold = |number| fold::fold(&machines, &AvroCodec, &*self.log, &self.topics, &self.store, number).map(drop);
        let folded = if self.state.lock().warm {
            (0..self.topics.partitions).try_for_each(fold).map(|()| true)
        } else {
            let numbers: Vec<_> = (0..self.topics.partitions).collect();
            // One that fails may have waited long for the broker: the others wait for the next round.
            let ended = AtomicBool::new(false);
            let fold = |number: &u32| {
                let is_over = || ended.load(Ordering::Relaxed) || self.stopping.load(Ordering::SeqCst) || self.state.lock().paused;
                if is_over() { Ok(false) } else { fold(*number).map(|()| true).inspect_err(|_| ended.store(true, Ordering::Relaxed)) }
            };
            let folded: Result<Vec<bool>, _> = side_by_side(&numbers, FOLDED_AT_ONCE, fold).into_iter().collect();
            folded.map(|folded| folded.into_iter().all(|is_folded| is_folded))
        };
        if let Err(EngineError::Store(error)) = &folded
            && error.is_damage()
        {
            tracing::error!(error = %error, "the store is damaged: it is thrown away and rebuilt from the log");
            self.state.lock().warm = false;
            self.store.renew(generation)?;
        }
        folded
    }

    /// The transactional ids that this process holds once it has taken over.
    fn transactional_ids(&self) -> Vec<String> {
        (0..self.topics.partitions).map(|number| self.topics.transactional_id(number)).collect()
    }

    /// Clears a store that may have missed tombstones, because it would bring deleted runs back.
    fn forget_what_is_stale(&self) {
        let now = Time::from_millis(SystemClock.now_ms());
        for number in 0..self.topics.partitions {
            match fold::forget_if_stale(&self.store, number, now) {
                Ok(false) => {}
                Ok(true) => {
                    tracing::warn!(partition = number, "the store has not been folded for too long: it is thrown away and folded anew")
                }
                Err(error) => tracing::warn!(partition = number, error = %error, "the store could not be looked at"),
            }
        }
    }

    /// Flushes the store, unless it is paused: while the partitions are owned, only the owner's committer flushes.
    fn flush(&self) {
        if !self.state.lock().paused
            && let Err(error) = self.store.flush()
        {
            tracing::warn!(error = %error, "the store could not be flushed");
        }
    }

    /// The problem and its hint, if the error does not go away with time.
    fn fatal(&self, error: &EngineError) -> Option<(String, String)> {
        let EngineError::Log(LogError::PastEnd { topic, partition, end }) = error else { return None };
        let problem = format!(
            "the store in {} has read {topic}/{partition} beyond its end, which is {end}: it belongs to another cluster, or the topic was made anew or lost records",
            self.store_dir.display()
        );
        Some((problem, "if the topics are right, delete that directory: the store is rebuilt from them".to_owned()))
    }
}
