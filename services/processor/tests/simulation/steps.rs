//! What may happen next.

use std::{collections::VecDeque, time::Duration};

use klamm_engine::topic;
use klamm_log::{Log, Record};
use klamm_processor::cleaner;

use crate::{
    member::{Member, restore, snapshot},
    prng::Prng,
    world::World,
};

/// A step of the simulation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A task that was woken goes on.
    Run,
    /// What the tasks of the processors have spawned goes on.
    Spawned,
    /// Appends of a process arrive.
    Arrive,
    /// A process is told how an append went.
    Tell,
    /// A client asks for something new.
    Ask,
    /// A request again that was not answered.
    AskAgain,
    /// A worker polls.
    Poll,
    /// A worker does something about a task that it has.
    Work,
    /// A client does something with the namespace that is deleted.
    Doom,
    /// Somebody asks a run a query.
    Query,
    /// Somebody waits for an event.
    Read,
    /// A caller goes away.
    Leave,
    /// A worker says goodbye.
    Goodbye,
    /// A committer mends its partitions.
    Mend,
    /// A committer commits.
    Commit,
    /// A cleaner cleans a partition.
    Clean,
    /// Time goes by.
    Time,
    /// A wall clock is set.
    Clock,
    /// The disk fills up for a while.
    Full,
    /// Somebody writes what is no command.
    Poison,
    /// A store is flushed.
    Flush,
    /// A store is found damaged, and is thrown away.
    Damage,
    /// A process dies.
    Crash,
    /// A process ends as it should.
    Restart,
    /// A process gives a partition up.
    Lose,
    /// A partition changes hands, its owner not knowing.
    TakeOver,
    /// A partition without owner gets one.
    Gain,
    /// What a dead process had sent arrives, or is lost.
    Ghost,
}

/// How often each comes, where nothing else is drawn.
const STEPS: [(usize, Step); 28] = [
    (500, Step::Run),
    (120, Step::Spawned),
    (220, Step::Arrive),
    (260, Step::Tell),
    (70, Step::Ask),
    (30, Step::AskAgain),
    (80, Step::Poll),
    (110, Step::Work),
    (12, Step::Doom),
    (20, Step::Query),
    (20, Step::Read),
    (12, Step::Leave),
    (4, Step::Goodbye),
    (20, Step::Mend),
    (70, Step::Commit),
    (6, Step::Clean),
    (120, Step::Time),
    (2, Step::Clock),
    (2, Step::Full),
    (2, Step::Poison),
    (5, Step::Flush),
    (2, Step::Damage),
    (3, Step::Crash),
    (2, Step::Restart),
    (3, Step::Lose),
    (3, Step::TakeOver),
    (60, Step::Gain),
    (10, Step::Ghost),
];

/// Steps that a simulation may do without, or do more often: each draws for itself how often it has them.
const MOODY: [Step; 18] = [
    Step::Doom,
    Step::Query,
    Step::Read,
    Step::Leave,
    Step::Goodbye,
    Step::Mend,
    Step::Clean,
    Step::Clock,
    Step::Full,
    Step::Poison,
    Step::Flush,
    Step::Damage,
    Step::Crash,
    Step::Restart,
    Step::Lose,
    Step::TakeOver,
    Step::Ghost,
    Step::Poll,
];

/// How often each step comes in a simulation.
pub fn drawn(rng: &mut Prng) -> Vec<(usize, Step)> {
    let mut steps = STEPS.to_vec();
    for (weight, step) in &mut steps {
        if MOODY.contains(step) {
            *weight *= rng.weighted(&[(2, 0), (4, 1), (2, 3)]);
        }
    }
    steps
}

impl World {
    /// Does a step.
    pub async fn step(&mut self, step: Step) {
        let number = self.rng.below(self.topics.partitions as usize) as u32;
        let member = self.rng.below(self.members.len());
        match step {
            Step::Run => self.run_one(),
            Step::Spawned => tokio::task::yield_now().await,
            Step::Arrive => self.arrive(member),
            Step::Tell => self.tell(member),
            Step::Ask => self.ask(),
            Step::AskAgain => self.ask_again(),
            Step::Poll => self.poll_for_task(member),
            Step::Work => self.work(),
            Step::Doom => self.doom(),
            Step::Query => self.query(),
            Step::Read => self.read(),
            Step::Leave => self.leave_one(),
            Step::Goodbye => self.goodbye(member),
            Step::Mend => self.mend(member),
            Step::Commit => self.commit(member),
            Step::Clean => self.clean(member, number),
            Step::Time => {
                let ms = self.rng.weighted(&[(10, 1), (10, 10), (8, 60), (3, 300), (1, 2_000)]);
                self.pass(Duration::from_millis(ms)).await;
            }
            Step::Clock => self.set_clock(member),
            Step::Full => {
                let writes = self.faults.fill();
                self.note(|| format!("full for {writes} writes"));
            }
            Step::Poison => self.poison(number),
            Step::Flush => self.flush(member),
            Step::Damage => self.damage(member),
            Step::Crash => self.crash(member).await,
            Step::Restart => self.restart(member).await,
            Step::Lose => self.lose(number),
            Step::TakeOver => self.take_over(member, number).await,
            Step::Gain => self.gain_one().await,
            Step::Ghost => self.ghost(number),
        }
        self.look();
    }

    /// Time goes by.
    pub async fn pass(&mut self, time: Duration) {
        tokio::time::advance(time).await;
    }

    fn run_one(&mut self) {
        let ready = self.executor.ready();
        if !ready.is_empty() {
            let task = ready[self.rng.below(ready.len())];
            self.poll(task);
        }
    }

    /// Something that a member's process has appended arrives.
    pub fn arrive(&mut self, member: usize) {
        let Some(up) = &self.members[member].up else { return };
        let line = up.line.clone();
        let partitions = line.under_way();
        if !partitions.is_empty() {
            let partition = partitions[self.rng.below(partitions.len())];
            if let Some(told) = line.arrive(partition) {
                self.note(|| format!("from {} arrive at {partition}: {told}", self.members[member].name));
            }
        }
    }

    /// A member's process is told of an append.
    pub fn tell(&mut self, member: usize) {
        let Some(up) = &self.members[member].up else { return };
        let line = up.line.clone();
        let partitions = line.untold();
        if !partitions.is_empty() {
            line.tell(partitions[self.rng.below(partitions.len())]);
        }
    }

    /// A committer mends its partitions. What that appends is waited for on its thread.
    pub fn mend(&mut self, member: usize) {
        if let Some(up) = &self.members[member].up {
            up.line.at_once(|| up.rounds.mend());
        }
    }

    /// A committer commits.
    pub fn commit(&mut self, member: usize) {
        let Some(up) = &mut self.members[member].up else { return };
        if up.processor.ownership().lost().is_some() {
            return;
        }
        let commits = up.rounds.commit();
        if commits > 0 {
            self.note(|| format!("{} commits {commits}", self.members[member].name));
        }
    }

    fn clean(&mut self, member: usize, number: u32) {
        let Some(up) = &self.members[member].up else { return };
        if up.has(number) {
            // Before anything is trimmed.
            self.witness.read(number);
            cleaner::clean(&up.processor, number, Duration::from_secs(1));
            self.note(|| format!("{} cleans {number}", self.members[member].name));
        }
    }

    fn set_clock(&mut self, member: usize) {
        let ms = self.rng.weighted(&[(1, 0), (1, -3_000), (1, 3_000), (1, 40)]);
        let clock = if self.rng.chance(50) { &self.clock } else { &self.members[member].clock };
        clock.set_off_by(ms);
        self.note(|| format!("a clock is off by {ms} ms"));
    }

    /// Somebody writes what is no command.
    fn poison(&mut self, number: u32) {
        let commands = self.topics.full(topic::COMMANDS);
        self.log.append(&commands, number, vec![Record::new("poison", vec![0xff; 3])]).expect("appended");
        self.note(|| format!("poison on {number}"));
    }

    fn flush(&mut self, member: usize) {
        if let Some(up) = &self.members[member].up {
            up.processor.flush();
        }
        let partitions = self.topics.partitions;
        let member = &mut self.members[member];
        member.flushed = snapshot(&member.store, partitions);
    }

    fn damage(&mut self, member: usize) {
        let store = &self.members[member].store;
        store.renew(store.generation()).expect("a store in memory");
        self.members[member].flushed.clear();
        self.note(|| format!("the store of {} is thrown away", self.members[member].name));
    }

    /// A member's process dies. Its store is left as it was, as of the last flush, or not at all.
    async fn crash(&mut self, member: usize) {
        self.stop(member).await;
        let left = self.rng.weighted(&[(2, "all"), (2, "flushed"), (1, "nothing")]);
        let partitions = self.topics.partitions;
        let Self { members, .. } = self;
        let Member { store, flushed, .. } = &mut members[member];
        match left {
            "flushed" => restore(store, partitions, flushed),
            "nothing" => {
                flushed.clear();
                restore(store, partitions, flushed);
            }
            _ => {}
        }
        self.note(|| format!("{} dies, {left} of its store is left", self.members[member].name));
    }

    /// A member's process ends as it should, after a last commit.
    async fn restart(&mut self, member: usize) {
        let Some(up) = &self.members[member].up else { return };
        up.processor.close();
        up.line.at_once(|| up.rounds.finish());
        up.processor.lose("The process ends.".to_owned());
        self.stop(member).await;
        self.note(|| format!("{} ends", self.members[member].name));
    }

    fn lose(&mut self, number: u32) {
        let Some((owner, processor)) = self.owning(number) else { return };
        self.note(|| format!("{} gives {number} up", self.members[owner].name));
        processor.lose_partition(number, "It is given up.".to_owned());
        self.hand_over(number, None);
    }

    /// A member takes a partition over that another one owns.
    async fn take_over(&mut self, member: usize, number: u32) {
        if self.owner(number).is_some_and(|owner| owner != member) && self.members[member].up.is_some() {
            self.gain(member, number).await;
        }
    }

    /// A partition without owner gets one, if there is such a partition.
    pub async fn gain_one(&mut self) {
        let unowned: Vec<_> = (0..self.topics.partitions).filter(|number| self.owner(*number).is_none()).collect();
        if unowned.is_empty() {
            return;
        }
        let number = unowned[self.rng.below(unowned.len())];
        let member = self.rng.below(self.members.len());
        if self.members[member].up.is_none() {
            self.start(member);
        }
        self.gain(member, number).await;
    }

    /// What a dead process had on its way to a partition arrives, or is lost.
    pub fn ghost(&mut self, number: u32) {
        let Some(records) = self.ghosts.get_mut(&number).and_then(VecDeque::pop_front) else { return };
        if self.rng.chance(60) {
            let commands = self.topics.full(topic::COMMANDS);
            self.log.append(&commands, number, records).expect("appended");
            self.note(|| format!("what a dead process sent arrives at {number}"));
        } else {
            // Nothing of it arrives, nor what came behind it.
            self.ghosts.remove(&number);
        }
    }
}
