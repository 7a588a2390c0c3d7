//! The end of a simulation: faults stop, workers go on, and everything must come to an end.

use std::{collections::BTreeSet, time::Duration};

use klamm_machine::Kind;
use klamm_messages::klamm::v1::{RunState, ScheduleProgress};
use klamm_processor::{
    Backend,
    task_queues::{Figures, TaskType},
};
use klamm_schedule::tables::Progresses;
use klamm_scheduler::WakeSource;
use klamm_workflow::tables::RunKey;

use crate::{
    book::{Hand, What},
    checks,
    doomed::Doom,
    member::Member,
    program::plan,
    requests::{self, DOOMED, NAMESPACE},
    workers::Polled,
    world::World,
};

/// Virtual time within which all is done.
const PATIENCE: Duration = Duration::from_secs(240);
/// Virtual time within which all calls have ended after that: the longest poll, and something more.
const LAST_CALLS: Duration = Duration::from_secs(30);
/// A committer's rounds.
const ROUND: Duration = Duration::from_millis(250);
/// Clients look this often whether a run waits for them.
const LOOK: Duration = Duration::from_secs(1);
/// Polls that wait on each queue of each member…
const POLLS: usize = 2;
/// …for so long each.
const POLL: Duration = Duration::from_secs(5);
/// Virtual time within which it is known what became of all appends.
const DOUBTS: Duration = Duration::from_secs(5);

/// What workers do with the tasks that they have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Workers {
    Work,
    Rest,
}

impl World {
    /// No more faults: all requests are answered, all workflows end, all sends arrive, all is committed. Then checks everything.
    pub async fn heal(&mut self) {
        self.faults.heal();
        self.clock.set_off_by(0);
        self.members.iter().for_each(|member| member.clock.set_off_by(0));
        self.note(|| "healed".to_owned());
        if self.rng.chance(50) {
            // What waits is answered by itself, and not because something else comes.
            self.end_calls(Workers::Rest).await;
        }
        self.end_workflows().await;
        self.end_calls(Workers::Work).await;
        self.end_doomed().await;
        self.end_calls(Workers::Work).await;
        let alive = tokio::runtime::Handle::current().metrics().num_alive_tasks();
        let here = self.members.iter().filter_map(|member| member.up.as_ref()).map(|up| up.here().len()).sum::<usize>();
        assert_eq!(alive, 2 * here, "of what the processors spawn, a partition's sends and its scheduler wait, and nothing else");
        self.check_all();
    }

    /// Workers do all tasks, and clients do what they have to do, until nothing is left.
    async fn end_workflows(&mut self) {
        let begun = self.elapsed();
        // Sticky queues are polled by some, and their tasks go to the others when nobody polls.
        let polled = if self.rng.chance(50) { &Polled::ALL[..] } else { &Polled::ALL[..2] };
        let (mut next_round, mut next_look) = (begun, begun);
        let mut closed = BTreeSet::new();
        loop {
            if self.elapsed() - begun > PATIENCE {
                self.tell_what_stands_still();
                panic!("no end: {}", self.unfinished().join("; "));
            }
            self.gain_all().await;
            self.settle_ghosts();
            if self.elapsed() >= next_round {
                next_round = self.elapsed() + ROUND;
                self.round();
            }
            if self.elapsed() >= next_look {
                next_look = self.elapsed() + LOOK;
                self.check_readers(&closed);
                closed = self.closed_runs();
                if self.unfinished().is_empty() {
                    return;
                }
                self.serve();
            }
            self.poll_all(polled);
            if self.go_on(Workers::Work).await && self.elapsed() - begun > DOUBTS {
                self.check_polls();
            }
        }
    }

    /// Every partition has an owner.
    async fn gain_all(&mut self) {
        while (0..self.topics.partitions).any(|number| self.owner(number).is_none()) {
            self.gain_one().await;
        }
    }

    fn settle_ghosts(&mut self) {
        for number in 0..self.topics.partitions {
            while self.ghosts.get(&number).is_some_and(|groups| !groups.is_empty()) {
                self.ghost(number);
            }
        }
    }

    fn round(&mut self) {
        for member in 0..self.members.len() {
            self.mend(member);
            self.commit(member);
            self.look();
        }
    }

    /// Clients ask again for what was not answered, and send the signals that runs wait for.
    fn serve(&mut self) {
        let pending = self.book.borrow().pending();
        pending.into_iter().for_each(|index| self.submit(index));
        for (number, run) in self.open_runs() {
            let missing = i64::try_from(plan(&run.workflow_id).signals).expect("few") - run.signal_count;
            if missing > 0 && run.buffered_events.is_empty() && self.owner(number).is_some() {
                let name = self.name("signal");
                let command = requests::signal(&run.workflow_id, &name);
                let index = self.book.borrow_mut().request(name, What::Signal, command);
                self.submit(index);
            }
        }
    }

    /// Workers poll.
    fn poll_all(&mut self, polled: &[Polled]) {
        for member in 0..self.members.len() {
            let owns = (0..self.topics.partitions).any(|number| self.owner(number) == Some(member));
            for polled in polled.iter().filter(|_| owns) {
                for _ in self.polls(member, *polled)..POLLS {
                    self.poll_queue(member, *polled, None, POLL);
                }
            }
        }
    }

    /// Polls of a queue that are under way.
    fn polls(&self, member: usize, polled: Polled) -> usize {
        let book = self.book.borrow();
        book.calls.values().filter(|call| call.member == member && call.name == polled.name()).count()
    }

    /// Everything goes on that can; when nothing can, time goes by. Whether nothing could.
    async fn go_on(&mut self, workers: Workers) -> bool {
        for _ in 0..40 {
            let mut is_idle = true;
            for member in 0..self.members.len() {
                let line = self.members[member].up.as_ref().map(|up| up.line.clone());
                if line.is_some_and(|line| !line.under_way().is_empty() || !line.untold().is_empty()) {
                    is_idle = false;
                    self.arrive(member);
                    self.tell(member);
                }
            }
            let hands = if workers == Workers::Work { std::mem::take(&mut self.book.borrow_mut().hands) } else { Vec::new() };
            for hand in hands {
                match hand {
                    Hand::Workflow(task) => self.complete(*task),
                    Hand::Activity(task) => self.complete_activity(*task),
                }
            }
            let ready = self.executor.ready();
            if !ready.is_empty() {
                is_idle = false;
                let task = ready[self.rng.below(ready.len())];
                self.poll(task);
                self.look();
            }
            if is_idle || self.rng.chance(20) {
                tokio::task::yield_now().await;
            }
            if is_idle && self.executor.ready().is_empty() {
                // To the next timer, whoever waits for it.
                let _ = tokio::time::timeout(Duration::from_millis(50), self.executor.until_ready()).await;
                return true;
            }
        }
        false
    }

    /// Nobody calls any more, and whoever waits is answered.
    async fn end_calls(&mut self, workers: Workers) {
        let begun = self.elapsed();
        let mut next_round = begun;
        while !self.book.borrow().calls.is_empty() {
            if self.elapsed() - begun > LAST_CALLS {
                let book = self.book.borrow();
                let names: Vec<_> = book.calls.values().map(|call| call.name.as_str()).collect();
                panic!("these calls never end: {names:?}");
            }
            self.gain_all().await;
            self.settle_ghosts();
            if self.elapsed() >= next_round {
                next_round = self.elapsed() + ROUND;
                self.round();
            }
            self.go_on(workers).await;
        }
    }

    /// The namespace that is deleted goes, with all that is in it. Whoever empties it owns all partitions.
    async fn end_doomed(&mut self) {
        let begun = self.elapsed();
        let mut next_round = begun;
        while self.doom != Doom::Unknown {
            assert!(self.elapsed() - begun < PATIENCE, "the namespace does not go: {:?}", self.doom);
            for number in 0..self.topics.partitions {
                if self.members[0].up.is_none() {
                    self.start(0);
                }
                if self.owner(number) != Some(0) {
                    self.gain(0, number).await;
                }
            }
            self.settle_ghosts();
            let pending = self.book.borrow().pending();
            pending.into_iter().for_each(|index| self.submit(index));
            if self.elapsed() >= next_round {
                next_round = self.elapsed() + ROUND;
                self.round();
            }
            self.go_on(Workers::Work).await;
            let is_deleted = self.doom_to_the_end();
            if is_deleted && self.owning(0).is_some_and(|(_, processor)| processor.namespaces().is_empty()) {
                self.note(|| "the namespace is gone".to_owned());
                break;
            }
        }
    }

    /// Nobody waits for an event of a run that was closed before the last look.
    fn check_readers(&self, closed: &BTreeSet<RunKey>) {
        let book = self.book.borrow();
        let late = book.calls.values().filter(|call| call.awaits.as_ref().is_some_and(|run| closed.contains(run)));
        let late: Vec<_> = late.map(|call| call.name.as_str()).collect();
        assert!(late.is_empty(), "these have happened, and somebody waits on: {late:?}");
    }

    /// No task waits while a poll waits, when nothing is under way. A poll may wait for the start of its task, where the partition has to make room.
    fn check_polls(&self) {
        if self.limits.has_rates || self.limits.are_tight() {
            return;
        }
        for (index, member) in self.members.iter().enumerate() {
            let Some(up) = &member.up else { continue };
            for Figures { queue, backlog_age, .. } in up.processor.task_queue_figures() {
                if queue.namespace != NAMESPACE {
                    // Nobody polls there.
                    continue;
                }
                let polled = if queue.task_type == TaskType::Activity { Polled::Activities } else { Polled::Workflows };
                let is_polled = self.polls(index, polled) > 0;
                assert!(!is_polled || backlog_age.is_zero(), "a task has waited for {backlog_age:?} on {queue:?}, and so does a poll");
            }
        }
    }

    fn closed_runs(&self) -> BTreeSet<RunKey> {
        let runs = (0..self.topics.partitions).flat_map(|number| checks::runs(&self.witness, number));
        runs.filter(|run| run.namespace == NAMESPACE && run.close_time.is_some()).map(|run| checks::key(&run)).collect()
    }

    fn open_runs(&self) -> Vec<(u32, RunState)> {
        let of = |number| checks::runs(&self.witness, number).into_iter().map(move |run| (number, run));
        (0..self.topics.partitions).flat_map(of).filter(|(_, run)| run.namespace == NAMESPACE && run.close_time.is_none()).collect()
    }

    /// What has not come to its end.
    fn unfinished(&self) -> Vec<String> {
        let runs = self.open_runs().into_iter().map(|(_, run)| format!("{} is open", run.workflow_id));
        let book = self.book.borrow();
        let requests = book.requests.iter().filter(|request| request.accepted.is_none() && !request.is_over);
        let requests = requests.map(|request| format!("{} is not answered", request.name));
        let hands = book.hands.iter().map(|_| "a worker has a task".to_owned());
        let schedules = (0..self.topics.partitions).flat_map(|number| checks::rows::<Progresses>(&self.witness, number));
        let schedules = schedules.filter(|progress| is_busy(progress)).map(|_| "a schedule is busy".to_owned());
        runs.chain(requests).chain(hands).chain(schedules).collect()
    }

    /// For the trace: what might have gone on.
    fn tell_what_stands_still(&self) {
        for (number, run) in self.open_runs() {
            let RunState { workflow_id, workflow_task, sticky, wake_time, activities, timers, buffered_events, .. } = run;
            let (activities, timers, buffered) = (activities.len(), timers.len(), buffered_events.len());
            self.note(|| format!("{workflow_id} of {number}: {workflow_task:?}, {sticky:?}, wakes at {wake_time:?}"));
            self.note(|| format!("{workflow_id} has {activities} activities, {timers} timers, {buffered} buffered events"));
        }
        for Member { name, up, .. } in &self.members {
            let Some(up) = up else { continue };
            let owned = up.processor.take_overs();
            self.note(|| format!("{name} owns {owned:?}; {:?} are under way, {:?} untold", up.line.under_way(), up.line.untold()));
            for figures in up.processor.task_queue_figures() {
                self.note(|| format!("{name}: {figures:?}"));
            }
            for number in 0..self.topics.partitions {
                let (failure, now) = (up.processor.partition_failure(number), up.processor.log_now());
                let due = up.processor.due(number, None, now, 10);
                self.note(|| format!("{name} at {now:?}, partition {number}: {failure:?}, {due:?}"));
            }
        }
    }

    fn check_all(&mut self) {
        let mut lives = Vec::new();
        for number in 0..self.topics.partitions {
            let (owner, processor) = self.owning(number).expect("all are owned");
            // A batch may have been under way, and something has come since.
            for _ in 0..3 {
                processor.commit(number, true);
            }
            assert_eq!(processor.uncommitted_bytes(), 0, "everything is committed");
            let store = self.members[owner].store.clone();
            checks::stores::check(&store, &self.log, &self.topics, number);
            checks::outputs::check(&self.log, &self.topics, number);
            if self.rng.chance(5) {
                let verified = processor.verify(number).expect("a log without faults");
                assert!(verified.differences.is_empty(), "{verified:?}");
            }
            lives.extend(checks::lives(&self.witness, number));
            let tasks = store.scan(number as u16, &[Kind::Task as u8], &[Kind::Task as u8 + 1], usize::MAX).expect("a store in memory");
            assert!(tasks.is_empty(), "{} tasks wait on queues of partition {number}", tasks.len());
            checks::stores::check_decided(&store, &self.witness, number);
            checks::stores::check_gone(&store, DOOMED, number);
        }
        lives.iter().for_each(checks::histories::check);
        checks::published::check(&self.log, &self.topics, &lives);
        checks::answers::check(&self.book.borrow(), &lives);
        let children = checks::children::check(&lives);
        let sends = checks::sends::check(&self.witness, self.topics.partitions);
        self.look();
        self.note(|| format!("done: {} runs, {children} children, {sends} sends", lives.len()));
    }
}

/// Whether a schedule has something to do.
fn is_busy(progress: &ScheduleProgress) -> bool {
    let waits =
        !progress.buffer.is_empty() || !progress.starting.is_empty() || !progress.running.is_empty() || progress.overlapping_count > 0;
    let state = progress.state.clone().unwrap_or_default();
    waits || state.limited_actions && state.remaining_actions > 0
}
