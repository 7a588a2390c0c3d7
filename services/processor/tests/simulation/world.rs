//! A simulated installation: a log, one or two processes, clients and workers, and everything that goes wrong.

use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use klamm_engine::{NamespaceTopic, Topics, topic};
use klamm_log::{Cleanup, Log, MemoryLog, Record, TopicSpec, memory};
use klamm_messages::klamm::v1::{Command, command::Body};
use klamm_processor::Processor;

use crate::{
    book::{Book, Call, SharedBook},
    checks,
    doomed::Doom,
    executor::{Executor, TaskId},
    faults::Faults,
    line::Line,
    meanwhile,
    member::{Limits, Member, ROOMY_BYTES, ROOMY_COMMANDS, Snapshot, Up, empty_store},
    panics,
    prng::Prng,
    requests::NAMESPACE,
    virtual_time::VirtualClock,
    witness::Witness,
};

/// What happened, a line each.
pub type Trace = Rc<RefCell<String>>;

/// The whole installation.
pub struct World {
    /// What decides everything.
    pub rng: Prng,
    /// All tasks but those that tasks of the processor have spawned.
    pub executor: Executor,
    /// The log's clock.
    pub clock: Arc<VirtualClock>,
    /// The log.
    pub log: MemoryLog,
    /// Its faults.
    pub faults: Faults,
    /// Names of its topics.
    pub topics: Topics,
    /// Sees what is done with it.
    pub witness: Arc<Witness>,
    /// How processes are set up.
    pub limits: Limits,
    /// The machines.
    pub members: Vec<Member>,
    /// Who took each partition over last, and has not given it up.
    pub owners: Vec<Option<usize>>,
    /// What processes that have died had on its way.
    pub ghosts: BTreeMap<u32, VecDeque<Vec<Record>>>,
    /// Clients and workers.
    pub book: SharedBook,
    /// Workflow ids that clients know.
    pub workflow_ids: Vec<String>,
    /// Schedules that clients know.
    pub schedule_ids: Vec<String>,
    /// The namespace that is deleted.
    pub doom: Doom,
    /// Names given out.
    pub names: u64,
    trace: Trace,
}

impl World {
    /// A new installation, all of it decided by `seed`.
    pub fn new(seed: u64, trace: Trace) -> Self {
        let mut rng = Prng::new(seed);
        let clock = Arc::new(VirtualClock::new());
        let transaction_marks = rng.chance(70);
        let log = MemoryLog::new(clock.clone(), memory::Settings { transaction_marks, ..memory::Settings::default() });
        let outcomes = NamespaceTopic { partitions: Some(3), ..NamespaceTopic::outcomes(NAMESPACE) };
        let topics = Topics::new("sim.", rng.weighted(&[(1, 1), (4, 2), (4, 3)])).with_namespaces([outcomes]);
        log.ensure_topics(&soon_compacted(&topics)).expect("an empty log");
        let percent = rng.weighted(&[(2, 0), (3, 2), (3, 6), (1, 20)]);
        let faults = Faults::install(&log, rng.next(), percent);
        let witness = Arc::new(Witness::new(&log, &faults, &topics));
        let limits = Limits {
            loses_all_together: rng.chance(40),
            uncommitted_commands_max: rng.weighted(&[(1, 10), (1, 40), (3, ROOMY_COMMANDS)]),
            uncommitted_bytes_max: rng.weighted(&[(1, 60_000), (4, ROOMY_BYTES)]),
            has_rates: rng.chance(25),
        };
        let names = ["one", "two"].into_iter().take(rng.weighted(&[(1, 1), (2, 2)]));
        let member = |name: &str| Member {
            name: name.to_owned(),
            store: empty_store(),
            flushed: Snapshot::new(),
            clock: Arc::new(VirtualClock::new()),
            up: None,
        };
        let members: Vec<_> = names.map(member).collect();
        let partitions = topics.partitions as usize;
        let executor = Executor::default();
        meanwhile::begin(&executor, rng.next());
        let world = Self {
            rng,
            executor,
            clock,
            log,
            faults,
            witness,
            limits,
            members,
            owners: vec![None; partitions],
            ghosts: BTreeMap::new(),
            book: Rc::new(RefCell::new(Book::new(partitions))),
            workflow_ids: Vec::new(),
            schedule_ids: Vec::new(),
            doom: Doom::Unknown,
            names: 0,
            topics,
            trace,
        };
        let World { limits, members, .. } = &world;
        world.note(|| format!("seed {seed}: {partitions} partitions, {} members, {percent} % faults, {limits:?}", members.len()));
        world
    }

    /// Adds a line to the trace.
    pub fn note(&self, line: impl FnOnce() -> String) {
        let mut trace = self.trace.borrow_mut();
        trace.push_str(&format!("{:>8} ", self.elapsed().as_millis()));
        trace.push_str(&line());
        trace.push('\n');
    }

    /// Virtual time since the beginning.
    pub fn elapsed(&self) -> Duration {
        klamm_log::Clock::elapsed(&*self.clock)
    }

    /// Whatever must not be has not been.
    pub fn look(&self) {
        self.forget_ended();
        let news = std::mem::take(&mut self.book.borrow_mut().news);
        news.into_iter().for_each(|line| self.note(|| line));
        assert_eq!(self.witness.broken(), Vec::<String>::new());
        assert_eq!(panics::seen(), Vec::<String>::new());
        for (index, member) in self.members.iter().enumerate() {
            let Some(up) = &member.up else { continue };
            for number in (0..self.topics.partitions).filter(|number| self.owner(*number) == Some(index)) {
                let failure = up.processor.partition_failure(number).filter(|failure| failure.contains("has stopped"));
                assert_eq!(failure, None, "nothing stops the owner of partition {number}");
            }
        }
    }

    /// The owner of a partition, as long as it has not found out that something is wrong.
    pub fn owner(&self, number: u32) -> Option<usize> {
        let owner = self.owners[number as usize]?;
        self.members[owner].up.as_ref().is_some_and(|up| up.has(number)).then_some(owner)
    }

    /// The owner's processor.
    pub fn owning(&self, number: u32) -> Option<(usize, Arc<Processor>)> {
        let owner = self.owner(number)?;
        Some((owner, self.members[owner].up.as_ref()?.processor.clone()))
    }

    /// The partition of a workflow id.
    pub fn partition_of(&self, workflow_id: &str) -> u32 {
        klamm_machine::key::partition_of(NAMESPACE, workflow_id, self.topics.partitions)
    }

    /// The partition of a command.
    pub fn partition_of_command(&self, command: &Command) -> u32 {
        match command.body {
            Some(Body::Cluster(_)) => 0,
            _ => klamm_machine::key::partition_of(&command.namespace, &command.workflow_id, self.topics.partitions),
        }
    }

    /// A partition changes hands.
    pub fn hand_over(&mut self, number: u32, owner: Option<usize>) {
        self.owners[number as usize] = owner;
        self.book.borrow_mut().changes_of_hands[number as usize] += 1;
    }

    /// A name that nobody has had.
    pub fn name(&mut self, what: &str) -> String {
        self.names += 1;
        format!("{what}-{}", self.names)
    }

    /// A call of a member's process begins.
    pub fn call(&mut self, call: Call, future: impl Future<Output = ()> + 'static) {
        self.note(|| format!("call of {}: {}", self.members[call.member].name, call.name));
        let task = self.executor.spawn(future);
        self.book.borrow_mut().calls.insert(task, call);
    }

    /// A task goes on.
    pub fn poll(&mut self, task: TaskId) {
        self.executor.poll(task);
        self.forget_ended();
    }

    fn forget_ended(&self) {
        self.book.borrow_mut().calls.retain(|task, _| self.executor.has(*task));
    }

    /// A caller goes away.
    pub fn leave(&mut self, task: TaskId) {
        let Some(call) = self.book.borrow_mut().calls.remove(&task) else { return };
        self.executor.cancel(task);
        self.note(|| format!("the caller of {} is gone", call.name));
    }

    /// A member's process starts.
    pub fn start(&mut self, index: usize) {
        let Self { log, faults, witness, topics, limits, executor, members, .. } = self;
        let line = Line::new(log.clone(), topics.full(topic::COMMANDS), faults.clone(), witness.clone());
        members[index].up = Some(Up::start(&members[index], line, topics, limits, executor));
        self.note(|| format!("{} starts", self.members[index].name));
    }

    /// A member's process is no more: its callers are cut off, and what it had on its way may still arrive.
    pub async fn stop(&mut self, index: usize) {
        let Some(mut up) = self.members[index].up.take() else { return };
        up.stop(&self.executor);
        let calls: Vec<_> = {
            let book = self.book.borrow();
            book.calls.iter().filter(|(_, call)| call.member == index).map(|(task, _)| *task).collect()
        };
        calls.into_iter().for_each(|task| self.leave(task));
        for (partition, groups) in up.line.cut() {
            self.ghosts.entry(partition).or_default().extend(groups.into_iter().map(|group| group.records));
        }
        for number in 0..self.topics.partitions {
            if self.owners[number as usize] == Some(index) {
                self.hand_over(number, None);
            }
        }
        let processor = Arc::downgrade(&up.processor);
        drop(up);
        // What its tasks had spawned ends now, and what that had spawned.
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        assert!(processor.upgrade().is_none(), "nothing of a process outlives it");
    }

    /// A member takes a partition over, if its process runs.
    pub async fn gain(&mut self, index: usize, number: u32) {
        let Some(up) = &self.members[index].up else { return };
        if up.has(number) {
            // It does not know that somebody else has owned it meanwhile.
            up.processor.lose_partition(number, "It is to be gained anew.".to_owned());
        }
        if up.processor.ownership().lost().is_some() {
            // It has given all of them up, for good.
            self.stop(index).await;
            self.start(index);
        }
        let Some(up) = &self.members[index].up else { return };
        let outcome = up.line.at_once(|| up.processor.gain(&[number]));
        let outcome = match outcome {
            Ok(reports) => {
                self.hand_over(number, Some(index));
                if self.rng.chance(15) {
                    let store = &self.members[index].store;
                    self.faults.paused(|| checks::stores::check(store, &self.log, &self.topics, number));
                }
                reports.iter().map(|report| format!("{} replayed", report.replayed)).collect()
            }
            Err(error) => error.to_string(),
        };
        self.note(|| format!("{} takes partition {number} over: {outcome}", self.members[index].name));
    }
}

impl Drop for World {
    fn drop(&mut self) {
        meanwhile::end();
    }
}

/// The topics as they are, but that compaction has something to do within the few virtual minutes of a simulation.
fn soon_compacted(topics: &Topics) -> Vec<TopicSpec> {
    let mut specs = topics.specs();
    for spec in &mut specs {
        if let Cleanup::Compact { min_compaction_lag, .. } = &mut spec.cleanup {
            *min_compaction_lag = Duration::from_secs(1);
        }
    }
    specs
}
