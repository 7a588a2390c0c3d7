//! Parts of the process: threads and tasks under supervision.

use std::{
    collections::{BTreeMap, VecDeque},
    future::poll_fn,
    io,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex};
use tokio::sync::{Notify, watch};

use crate::{Health, Panicked, Severity, panics::caught};

/// Panics of a part within this time count together.
const WINDOW: Duration = Duration::from_secs(60);
/// After so many panics within [`WINDOW`] running the part again does not mend it: the process is not ready.
const PANICS_MAX: usize = 3;
/// Pause after the first panic; it doubles with each further one within [`WINDOW`].
const PAUSE: Duration = Duration::from_millis(50);
/// Longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Knows all parts of a process. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Supervisor(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    health: Health,
    parts: Mutex<BTreeMap<String, Arc<State>>>,
    /// Names of all parts that have ever run, for metrics.
    names: Mutex<Vec<String>>,
    stopped: watch::Sender<Option<String>>,
}

impl Default for Shared {
    fn default() -> Self {
        Self { health: Health::default(), parts: Mutex::default(), names: Mutex::default(), stopped: watch::Sender::new(None) }
    }
}

/// A thread or task with a name. It calls [`Part::round`] at each of its rounds.
#[derive(Debug, Clone)]
pub struct Part {
    state: Arc<State>,
    supervisor: Supervisor,
}

#[derive(Debug)]
struct State {
    name: String,
    /// Times of the last panics, and what the last one said.
    panics: Mutex<(VecDeque<Instant>, String)>,
    last_round: Mutex<Instant>,
    stalls_after: Option<Duration>,
    /// True when the part is to end: it is not run again.
    closed: AtomicBool,
    /// Wakes the part if it pauses before it is run again.
    closing: (Mutex<()>, Condvar, Notify),
    /// A test wants the next round to panic.
    fault: AtomicBool,
    fault_asked: Notify,
}

impl Supervisor {
    /// The process's health.
    pub fn health(&self) -> &Health {
        &self.0.health
    }

    /// A part of this name. It counts as running from now on until it ends or is dropped. The metrics count parts together whose names
    /// differ only behind a `/`.
    pub fn part(&self, name: impl Into<String>) -> Part {
        self.make_part(name.into(), None)
    }

    /// As [`Supervisor::part`], for a part that makes a round at least every `stalls_after`. If it does not, the process is not ready.
    pub fn part_with_rounds(&self, name: impl Into<String>, stalls_after: Duration) -> Part {
        self.make_part(name.into(), Some(stalls_after))
    }

    fn make_part(&self, name: String, stalls_after: Option<Duration>) -> Part {
        let state = Arc::new(State {
            name: name.clone(),
            panics: Mutex::default(),
            last_round: Mutex::new(Instant::now()),
            stalls_after,
            closed: AtomicBool::new(false),
            closing: Default::default(),
            fault: AtomicBool::new(false),
            fault_asked: Notify::new(),
        });
        let label = label(&name).to_owned();
        let mut names = self.0.names.lock();
        if !names.contains(&label) {
            names.push(label);
        }
        drop(names);
        self.0.parts.lock().insert(name, state.clone());
        Part { state, supervisor: self.clone() }
    }

    /// Looks at the parts. A part that has stood still for too long is reported, one that has run well for a while is cleared, and the
    /// metrics are brought up to date. To be called before health or metrics are shown.
    pub fn look(&self) {
        let parts: Vec<_> = self.0.parts.lock().values().cloned().collect();
        for part in &parts {
            part.judge(&self.0.health);
        }
        for name in self.0.names.lock().iter() {
            metrics::counter!("klamm_panics_total", "part" => name.clone()).increment(0);
            let running = parts.iter().filter(|part| label(&part.name) == name).count();
            metrics::gauge!("klamm_parts_running", "part" => name.clone()).set(running as f64);
        }
        let reasons = self.0.health.reasons();
        for severity in Severity::ALL {
            let count = reasons.iter().filter(|reason| reason.severity == severity).count();
            metrics::gauge!("klamm_health_reasons", "severity" => severity.name()).set(count as f64);
        }
    }

    /// The process cannot go on. Its main task is told ([`Supervisor::until_stopped`]) and ends it.
    pub fn stop_process(&self, reason: String) {
        tracing::error!(reason, "the process stops");
        self.0.health.report("process", Severity::Fatal, reason.clone());
        self.0.stopped.send_if_modified(|stopped| {
            let is_first = stopped.is_none();
            stopped.get_or_insert(reason);
            is_first
        });
    }

    /// Completes with the reason when the process has to end.
    pub async fn until_stopped(&self) -> String {
        let mut stopped = self.0.stopped.subscribe();
        match stopped.wait_for(Option::is_some).await {
            Ok(reason) => reason.clone().unwrap_or_default(),
            // The sender lives as long as `self`.
            Err(_) => std::future::pending().await,
        }
    }

    /// Names of the parts that run.
    pub fn running(&self) -> Vec<String> {
        self.0.parts.lock().keys().cloned().collect()
    }

    /// For tests: lets the next round of the part with this name panic; false when there is no such part. Only the supervisor's holder can
    /// do this.
    #[doc(hidden)]
    pub fn panic_in(&self, name: &str) -> bool {
        self.0.parts.lock().get(name).is_some_and(|part| {
            part.fault.store(true, Ordering::SeqCst);
            part.fault_asked.notify_one();
            true
        })
    }
}

impl Part {
    /// The part's name.
    pub fn name(&self) -> &str {
        &self.state.name
    }

    /// Notes that the part has made a round.
    ///
    /// # Panics
    /// When a test asked for it ([`Supervisor::panic_in`]).
    pub fn round(&self) {
        *self.state.last_round.lock() = Instant::now();
        assert!(!self.state.fault.swap(false, Ordering::SeqCst), "a test asked for this panic");
    }

    /// Completes when a test wants the next round to panic. For tasks that may wait for long.
    #[doc(hidden)]
    pub async fn fault_asked(&self) {
        self.state.fault_asked.notified().await;
    }

    /// Runs something. Its panic is logged and counted, and given to the caller, who knows what must not go on now.
    ///
    /// # Errors
    /// What the panic said.
    pub fn catch<T>(&self, run: impl FnOnce() -> T) -> Result<T, Panicked> {
        caught(run).inspect_err(|panicked| self.tell(panicked))
    }

    /// As [`Part::catch`], for a future.
    ///
    /// # Errors
    /// What the panic said.
    pub async fn catch_task<T>(&self, future: impl Future<Output = T>) -> Result<T, Panicked> {
        self.polled(future).await.inspect_err(|panicked| self.tell(panicked))
    }

    async fn polled<T>(&self, future: impl Future<Output = T>) -> Result<T, Panicked> {
        let mut future = pin!(future);
        poll_fn(|context| match caught(|| future.as_mut().poll(context)) {
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Ok(Poll::Pending) => Poll::Pending,
            Err(panicked) => Poll::Ready(Err(panicked)),
        })
        .await
    }

    /// Starts a thread that runs `body` until it returns. When `body` panics, it is run again after a pause.
    ///
    /// # Errors
    /// The operating system's, when it gives no thread.
    pub fn thread(self, mut body: impl FnMut(&Self) + Send + 'static) -> io::Result<JoinHandle<()>> {
        let name = self.state.name.clone();
        thread::Builder::new().name(name).spawn(move || {
            while let Err(panicked) = caught(|| body(&self)) {
                let pause = self.panicked(&panicked);
                let mut guard = self.state.closing.0.lock();
                if !self.is_closed() {
                    self.state.closing.1.wait_for(&mut guard, pause);
                }
                if self.is_closed() {
                    break;
                }
            }
            self.ended();
        })
    }

    /// Runs the future that `body` makes until it completes. When the future panics, `body` makes the next one after a pause.
    pub async fn task<F: Future<Output = ()>>(self, mut body: impl FnMut(Self) -> F) {
        // However the task ends, even by being aborted, the part ends with it.
        let part = Ended(&self);
        while let Err(panicked) = self.polled(body(self.clone())).await {
            let pause = self.panicked(&panicked);
            let _ = tokio::time::timeout(pause, self.state.closing.2.notified()).await;
            if self.is_closed() {
                break;
            }
        }
        drop(part);
    }

    /// Runs something on the pool for blocking work. If it panics, the panic goes on in the caller.
    pub async fn blocking<T: Send + 'static>(&self, run: impl FnOnce() -> T + Send + 'static) -> T {
        match tokio::task::spawn_blocking(move || caught(run)).await {
            Ok(Ok(output)) => output,
            Ok(Err(panicked)) => std::panic::resume_unwind(Box::new(panicked)),
            // The runtime is ending.
            Err(_) => std::future::pending().await,
        }
    }

    /// Tells the part to end: it is not run again.
    pub fn close(&self) {
        let guard = self.state.closing.0.lock();
        self.state.closed.store(true, Ordering::SeqCst);
        drop(guard);
        self.state.closing.1.notify_all();
        self.state.closing.2.notify_one();
    }

    /// Notes that the part has ended as it should. It is no part of the process any more.
    pub fn ended(&self) {
        let mut parts = self.supervisor.0.parts.lock();
        if parts.get(&self.state.name).is_some_and(|known| Arc::ptr_eq(known, &self.state)) {
            parts.remove(&self.state.name);
            self.supervisor.0.health.clear(&self.state.name);
        }
    }

    fn is_closed(&self) -> bool {
        self.state.closed.load(Ordering::SeqCst)
    }

    fn tell(&self, panicked: &Panicked) {
        metrics::counter!("klamm_panics_total", "part" => label(&self.state.name).to_owned()).increment(1);
        tracing::error!(part = self.state.name, panic = %panicked, "panicked; this is a bug in klamm, please report it");
    }

    /// Notes a panic. Gives how long to pause before the part is run again.
    fn panicked(&self, panicked: &Panicked) -> Duration {
        self.tell(panicked);
        let now = Instant::now();
        let mut panics = self.state.panics.lock();
        panics.0.retain(|at| now.duration_since(*at) < WINDOW);
        panics.0.push_back(now);
        panics.1 = panicked.text.clone();
        let count = panics.0.len();
        drop(panics);
        *self.state.last_round.lock() = now;
        self.state.judge(&self.supervisor.0.health);
        PAUSE.saturating_mul(1 << (count - 1).min(16)).min(PAUSE_MAX)
    }
}

impl State {
    /// Reports what is wrong with the part, or that nothing is.
    fn judge(&self, health: &Health) {
        let now = Instant::now();
        let mut panics = self.panics.lock();
        panics.0.retain(|at| now.duration_since(*at) < WINDOW);
        let (count, text) = (panics.0.len(), panics.1.clone());
        drop(panics);
        let silent = now.saturating_duration_since(*self.last_round.lock());
        if self.stalls_after.is_some_and(|limit| silent > limit) {
            health.report(&*self.name, Severity::Failure, format!("{} has stood still for {} s", self.name, silent.as_secs()));
        } else if count >= PANICS_MAX {
            let text = format!("{} panics again and again, and is run anew each time; the last time: {text}", self.name);
            health.report(&*self.name, Severity::Failure, text);
        } else if count > 0 {
            health.report(&*self.name, Severity::Warning, format!("{} panicked and runs again: {text}", self.name));
        } else {
            health.clear(&self.name);
        }
    }
}

/// Ends a part when dropped.
struct Ended<'a>(&'a Part);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.ended();
    }
}

/// The name under which a part is counted.
fn label(name: &str) -> &str {
    name.split('/').next().unwrap_or(name)
}

#[cfg(test)]
mod tests;
