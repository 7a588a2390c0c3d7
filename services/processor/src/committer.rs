//! The thread that commits the partitions' batches. It also looks after the store and the log.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use klamm_supervise::{Part, Severity};
use parking_lot::{Condvar, Mutex};

use crate::{
    Processor,
    arrivals::Arrivals,
    clock::now,
    partition::Owned,
    partitions::{COMMITS, LOG, Partitions},
};

/// How often batches are closed, and how often the log and the store are looked after.
#[derive(Debug, Clone)]
pub struct Intervals {
    /// A batch with outputs is closed after this time.
    pub batch: Duration,
    /// A batch without outputs is closed after this time (or 10,000 commands).
    pub idle_batch: Duration,
    /// The log is synced and the store flushed this often, so that a restart has little to fold.
    pub flush: Duration,
    /// Commands are trimmed and output topics compacted this often.
    pub clean: Duration,
    /// Commands younger than this are not trimmed.
    pub keep_commands: Duration,
    /// When the commits of a partition have failed for so long, the process is not ready.
    pub commit_trouble: Duration,
    /// Most transactions per second over all partitions. When many partitions are busy, their batches take longer. `None`: no limit.
    pub transactions_per_second: Option<u32>,
    /// While few commands come, a batch is closed already this long after its first command, so that its changes are seen soon. `None`:
    /// every batch takes the whole `batch` time.
    pub prompt: Option<Duration>,
}

impl Default for Intervals {
    /// 250 ms, 60 s, 30 s, an hour, 24 h, 30 s.
    fn default() -> Self {
        Self {
            batch: Duration::from_millis(250),
            idle_batch: Duration::from_secs(60),
            flush: Duration::from_secs(30),
            clean: Duration::from_secs(3600),
            keep_commands: Duration::from_secs(24 * 3600),
            commit_trouble: Duration::from_secs(30),
            transactions_per_second: None,
            prompt: None,
        }
    }
}

/// For each command of the last batch, the next batch waits this much longer, up to `batch`. So at a thousand commands per second or more,
/// batches are as large as without `prompt`.
const PROMPT_PER_COMMAND: Duration = Duration::from_millis(1);
/// How often positions are shown to tools.
const SHOW_POSITIONS: Duration = Duration::from_secs(5);
/// After so long without a round, something is wrong with the thread. Each commit, and each call to a broker that is away, ends sooner.
const STANDSTILL: Duration = Duration::from_secs(120);

/// The committing thread. It stops when this is dropped, after a last commit and flush.
pub struct Committer {
    stop: Arc<Stop>,
    part: Part,
    arrivals: Arc<Arrivals>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Stop {
    stopping: AtomicBool,
    lock: Mutex<()>,
    signal: Condvar,
}

impl Committer {
    /// Starts committing.
    ///
    /// # Errors
    /// The operating system's, when it gives no thread.
    pub fn start(processor: Arc<Processor>, intervals: Intervals) -> std::io::Result<Self> {
        let stop = Arc::new(Stop::default());
        let (stopping, supervisor) = (stop.clone(), processor.process.config.supervisor.clone());
        let arrivals = processor.process.arrivals.clone();
        let part = supervisor.part_with_rounds("committer", STANDSTILL);
        let thread = part.clone().thread(move |part| run(part, &processor, &intervals, &stopping))?;
        Ok(Self { stop, part, arrivals, thread: Some(thread) })
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        self.stop.stopping.store(true, Ordering::SeqCst);
        self.stop.signal.notify_all();
        self.part.close();
        self.arrivals.wake();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the committing thread panicked");
        }
    }
}

/// Does rounds until it has to stop. A panic while a partition is committed stops that partition. After any other panic the thread begins
/// anew.
fn run(part: &Part, processor: &Arc<Processor>, intervals: &Intervals, stop: &Stop) {
    let process = &processor.process;
    let arrivals = &process.arrivals;
    let mut rounds = Rounds::new(processor.clone(), intervals.clone(), part.clone());
    let mut wait = intervals.batch;
    let (mut seen, mut handled) = (arrivals.count(), 0);
    while !stop.stopping.load(Ordering::SeqCst) {
        let begun = Instant::now();
        let lingering = intervals.prompt.map(|prompt| intervals.lingering(prompt, handled));
        if let Some(lingering) = lingering.filter(|lingering| *lingering < wait) {
            arrivals.wait_beyond(seen, wait);
            wait = wait.saturating_sub(begun.elapsed()).min(lingering);
        }
        if !stop.stopping.load(Ordering::SeqCst) {
            let mut guard = stop.lock.lock();
            stop.signal.wait_for(&mut guard, wait);
        }
        part.round();
        handled = arrivals.count().saturating_sub(seen);
        seen = arrivals.count();
        if process.ownership.lost().is_some() {
            break;
        }
        rounds.mend();
        let round = Instant::now();
        let commits = rounds.commit();
        wait = intervals.after_round(commits, round.elapsed());
    }
    rounds.finish();
}

/// What the committing thread does, without the thread: a simulation takes the steps in an order of its own.
pub struct Rounds {
    processor: Arc<Processor>,
    intervals: Intervals,
    part: Part,
    last_idle: Instant,
    last_shown: Instant,
    last_flush: Instant,
}

impl Rounds {
    /// Nothing done yet; each of its commits is a round of `part`.
    pub fn new(processor: Arc<Processor>, intervals: Intervals, part: Part) -> Self {
        let now = now();
        Self { processor, intervals, part, last_idle: now, last_shown: now, last_flush: now }
    }

    /// Drops the partitions that were lost, and builds those anew that are broken.
    pub fn mend(&self) {
        self.processor.partitions.bury();
        self.processor.upkeep.mend();
    }

    /// Commits what waits in each partition, and does what is to be done now and then. Gives the number of transactions.
    pub fn commit(&mut self) -> usize {
        let Processor { partitions, upkeep, queues, .. } = &*self.processor;
        let idle = self.is_over(self.last_idle, self.intervals.idle_batch);
        // Handles commands that no caller drives: those whose caller went away before they were durable, those of other processes, and
        // another owner's take-over record.
        partitions.drive_all();
        // All batches are cut first, then committed: by the time of its transaction, a batch's sends have often been acknowledged.
        let cut: Vec<_> = partitions.here().values().filter(|owned| partitions.cut(owned, idle)).cloned().collect();
        let commit = |owned: &Arc<Owned>| {
            // Each commit counts as a round, because a broker that is away may take long for each of them.
            self.part.round();
            partitions.commit_cut(owned)
        };
        let commits = cut.iter().filter(|owned| commit(owned)).count();
        tell_health(&self.processor, self.intervals.commit_trouble);
        if idle {
            self.last_idle = now();
            queues.sweep();
        }
        if self.is_over(self.last_shown, SHOW_POSITIONS) {
            upkeep.show_positions();
            self.last_shown = now();
        }
        if self.is_over(self.last_flush, self.intervals.flush) {
            upkeep.flush();
            self.last_flush = now();
        }
        commits
    }

    /// A last commit and flush, while the partitions are still owned.
    pub fn finish(&self) {
        let Processor { process, partitions, upkeep, .. } = &*self.processor;
        if process.ownership.lost().is_none() {
            for number in partitions.here().keys() {
                partitions.commit(*number, true);
            }
            upkeep.flush();
        }
        partitions.bury();
        // Nobody updates these reasons any more, so the last ones would stay for ever.
        partitions.clear_health();
    }

    fn is_over(&self, since: Instant, interval: Duration) -> bool {
        now().saturating_duration_since(since) >= interval
    }
}

/// Reports the state of the log, the commits, the memory and the clocks to the process's health.
fn tell_health(processor: &Processor, patience: Duration) {
    let (process, health) = (&processor.process, processor.process.health());
    health.set(LOG, Severity::Failure, process.log.problem());
    health.set(COMMITS, Severity::Failure, failing_commits(&processor.partitions, patience));
    process.memory.look(health);
    process.log_clock.look(health);
}

/// Describes a partition whose commits have failed for `patience` or longer, so that nobody should rely on this process.
fn failing_commits(partitions: &Partitions, patience: Duration) -> Option<String> {
    partitions.here().values().find_map(|owned| {
        let (number, reason) = (owned.number(), owned.commits_fail_for(patience)?);
        Some(format!("What partition {number} has changed could not be written for more than {} s: {reason}", patience.as_secs()))
    })
}

impl Intervals {
    /// How long a batch waits after its first command for more, when the last batch had `handled` commands.
    fn lingering(&self, prompt: Duration, handled: u64) -> Duration {
        prompt.max(PROMPT_PER_COMMAND * u32::try_from(handled).unwrap_or(u32::MAX)).min(self.batch)
    }

    /// How long to wait after a round that made `commits` transactions and took `took`.
    fn after_round(&self, commits: usize, took: Duration) -> Duration {
        let Some(limit) = self.transactions_per_second.filter(|limit| *limit > 0) else { return self.batch };
        let rationed = Duration::from_secs(1) * u32::try_from(commits).unwrap_or(u32::MAX) / limit;
        rationed.saturating_sub(took).max(self.batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transactions_are_rationed_and_intervals_stretch() {
        let intervals = Intervals { transactions_per_second: Some(8), ..Intervals::default() };
        let wait = |commits, took| intervals.after_round(commits, Duration::from_millis(took)).as_millis();
        assert_eq!(wait(0, 0), 250);
        assert_eq!(wait(2, 20), 250, "two transactions in a quarter of a second are as many as there may be");
        assert_eq!(wait(8, 100), 900, "eight busy partitions take a second each");
        assert_eq!(wait(8, 3_000), 250);
        assert_eq!(Intervals::default().after_round(8, Duration::ZERO), Duration::from_millis(250));
    }
    #[test]
    fn few_commands_are_written_out_soon_and_many_together() {
        let intervals = Intervals::default();
        let lingering = |handled| intervals.lingering(Duration::from_millis(8), handled).as_millis();
        assert_eq!([lingering(0), lingering(5), lingering(100), lingering(100_000), lingering(u64::MAX)], [8, 8, 100, 250, 250]);
    }
}
