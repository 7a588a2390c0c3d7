//! What may happen next.

use klamm_engine::{Error, recover::recover, settle::standing, topic};
use klamm_log::{Error as LogError, Log, ReadLimit, Record};
use klamm_messages::klamm::v1::{Command, WakeRow, WakeUp, command::Body};

use crate::{
    codec::TestCodec,
    instance::{Instance, wakes},
    machine::TestMachine,
    stores::{MEMBERS, Snapshot, restore, snapshot},
    world::World,
};

/// A step of the simulation.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    /// A new request.
    Ask,
    /// A request again that wasn't answered.
    AskAgain,
    /// An instance decides some commands.
    Deliver,
    /// An instance sends some commands.
    Send,
    /// An instance commits.
    Commit,
    /// The scheduler looks at an instance.
    Schedule,
    /// Delayed wake-ups arrive.
    LateWakeUps,
    /// The clock moves, now and then backwards.
    Time,
    /// A member dies.
    Crash,
    /// A partition changes hands, its owner not knowing.
    TakeOver,
    /// A partition without owner gets one.
    Recover,
    /// A member's store is flushed.
    Flush,
    /// Output topics are compacted.
    Compact,
    /// Commands are trimmed.
    Trim,
    /// A record that is no command.
    Poison,
    /// Checks an instance.
    Check,
    /// The disk fills up for a while.
    Full,
}

/// How often each comes.
pub const STEPS: [(usize, Step); 17] = [
    (18, Step::Ask),
    (5, Step::AskAgain),
    (30, Step::Deliver),
    (12, Step::Send),
    (18, Step::Commit),
    (8, Step::Schedule),
    (3, Step::LateWakeUps),
    (12, Step::Time),
    (2, Step::Crash),
    (3, Step::TakeOver),
    (14, Step::Recover),
    (2, Step::Flush),
    (2, Step::Compact),
    (1, Step::Trim),
    (1, Step::Poison),
    (1, Step::Check),
    (1, Step::Full),
];

impl World {
    /// Does a step.
    pub fn step(&mut self, step: Step) {
        let partition = self.rng.below(self.topics.partitions as usize) as u32;
        match step {
            Step::Ask => self.ask(),
            Step::AskAgain => self.ask_again(),
            Step::Deliver => self.with_any(Self::deliver),
            Step::Send => self.with_any(Self::send),
            Step::Commit => self.with_any(Self::commit),
            Step::Schedule => self.with_any(Self::schedule),
            Step::LateWakeUps => self.late_wake_ups(),
            Step::Time => self.time(),
            Step::Crash => self.crash(),
            Step::TakeOver => self.take_over(partition),
            Step::Recover => self.recover_one(),
            Step::Flush => self.flush(),
            Step::Compact => self.compact(partition),
            Step::Trim => self.trim(partition),
            Step::Poison => self.poison(partition),
            Step::Check => self.with_any(|world, instance| {
                world.check(instance);
            }),
            Step::Full => {
                let writes = self.faults.fill();
                self.note(|| format!("full for {writes} writes"));
            }
        }
    }

    fn with_any(&mut self, work: impl FnOnce(&mut Self, usize)) {
        if !self.instances.is_empty() {
            let instance = self.rng.below(self.instances.len());
            work(self, instance);
        }
    }

    fn ask(&mut self) {
        if self.clients.requests.len() < self.requests_max {
            let number = self.clients.ask(&mut self.rng, self.topics.partitions);
            self.append_request(number);
        }
    }

    fn ask_again(&mut self) {
        let waiting = self.clients.waiting();
        if !waiting.is_empty() {
            let number = waiting[self.rng.below(waiting.len())];
            self.append_request(number);
        }
    }

    /// A client (or the gateway for it) appends its command; it doesn't know what became of it unless it is answered.
    pub fn append_request(&mut self, number: usize) {
        let request = &self.clients.requests[number];
        let result = self.log.append(&self.commands_topic(), request.partition, vec![request.record.clone()]);
        self.note(|| format!("ask r{number} {} {}/{}: {}", request.kind, request.partition, request.command.workflow_id, outcome(&result)));
    }

    /// An instance reads some commands and decides them.
    pub fn deliver(&mut self, index: usize) {
        let count = 1 + self.rng.below(6);
        self.deliver_some(index, count);
    }

    /// As [`World::deliver`], a number of them at most.
    pub fn deliver_some(&mut self, index: usize, count: usize) {
        let commands = self.commands_topic();
        let Instance { partition, member, .. } = &mut self.instances[index];
        let (number, member) = (partition.number(), *member);
        let limit = ReadLimit { records: count, ..ReadLimit::default() };
        let read = match self.log.read(&commands, number, partition.next_offset(), limit) {
            Ok(read) => read,
            Err(LogError::Trimmed { .. }) => {
                // Only who lies behind the outputs can miss commands that were trimmed.
                let instance = &self.instances[index];
                assert!(instance.zombie || self.is_fenced(instance), "{number}: the owner's commands were trimmed");
                return self.drop_instance(index, "trimmed");
            }
            Err(error) => return self.note(|| format!("deliver {number}@{member}: {error}")),
        };
        for stored in &read.records {
            let partition = &mut self.instances[index].partition;
            if partition.is_full() {
                return self.note(|| format!("full tail {number}@{member}"));
            }
            let handled = partition.handle(stored).expect("a version that is known");
            let answer = self.commands.decided(number, &handled);
            self.note(|| format!("decide {number}/{}@{member}: {} rows, {answer:?}", handled.offset, handled.changes.len()));
            // An answer may be lost on its way.
            if let Some(answer) = answer.filter(|_| !self.rng.chance(10)) {
                self.clients.answered(stored, &answer);
            }
        }
    }

    /// An instance sends some of what its machine wants sent.
    fn send(&mut self, index: usize) {
        for _ in 0..1 + self.rng.below(4) {
            let Some(outgoing) = self.instances[index].partition.first_unsent().cloned() else { return };
            let commands = self.commands_topic();
            let (topic, target) = outgoing.target.place(&commands);
            let result = self.log.append(topic, target, vec![outgoing.record]);
            let Instance { partition, member, .. } = &mut self.instances[index];
            let from = partition.number();
            if result.is_ok() {
                partition.sent_to(&outgoing.target, 1);
            }
            let member = *member;
            self.note(|| format!("send {from}@{member} to {topic}/{target}: {}", outcome(&result)));
            if result.is_err() {
                return;
            }
        }
    }

    /// An instance commits the batch under way when it is ready, or cuts one.
    pub fn commit(&mut self, index: usize) {
        let Instance { partition, member, .. } = &mut self.instances[index];
        let (number, member) = (partition.number(), *member);
        if partition.in_flight().is_none() {
            let Some(batch) = partition.cut() else { return };
            self.outputs.cut(batch, &self.topics);
        }
        let Some(batch) = partition.ready().cloned() else {
            return self.note(|| format!("commit {number}@{member}: sends are not acked"));
        };
        for outgoing in partition.unsent() {
            let offset = outgoing.cause;
            assert!(offset >= batch.position.next_command_offset, "{number}: committed while what {offset} has sent is not acked");
        }
        let instance = &mut self.instances[index];
        let Some(producer) = &mut instance.producer else { return self.settle(index) };
        let result = producer.commit(batch.outputs);
        self.note(|| format!("commit {number}@{member} up to {}: {}", batch.position.next_command_offset, outcome(&result)));
        match result {
            Ok(offsets) => {
                assert!(!self.is_fenced(&self.instances[index]), "{number}@{member} committed, and another is the holder");
                self.instances[index].partition.committed(&offsets).expect("a store in memory");
            }
            Err(LogError::InDoubt { .. }) => {
                self.instances[index].producer = None;
                if self.rng.chance(50) {
                    self.settle(index);
                }
            }
            Err(LogError::Unavailable { .. } | LogError::Full { .. }) => {}
            Err(LogError::Fenced { .. }) => self.drop_instance(index, "fenced"),
            Err(error) => panic!("commit of {number}: {error}"),
        }
    }

    /// After a commit in doubt: a new holder, then a look at the topics.
    fn settle(&mut self, index: usize) {
        let Instance { partition, member, zombie, .. } = &mut self.instances[index];
        let (number, member) = (partition.number(), *member);
        // A zombie may see on the command log that it is one, and stop; or it comes between.
        if *zombie && self.rng.chance(50) {
            return self.drop_instance(index, "no longer the owner");
        }
        let producer = match self.log.transactional(&self.topics.transactional_id(number)) {
            Ok(producer) => producer,
            Err(error) => return self.note(|| format!("settle {number}@{member}: {error}")),
        };
        let holder = self.next_holder(number);
        let instance = &mut self.instances[index];
        instance.holder = holder;
        let batch = instance.partition.in_flight().cloned().expect("a commit is in doubt");
        match standing(&self.log, &self.topics, &instance.store, number, &batch) {
            Ok(Some(offsets)) => {
                instance.partition.committed(&offsets).expect("a store in memory");
                instance.producer = Some(producer);
                self.note(|| format!("settle {number}@{member}: committed"));
            }
            Ok(None) => {
                instance.producer = Some(producer);
                self.note(|| format!("settle {number}@{member}: not committed"));
            }
            Err(Error::Log(LogError::Fenced { .. })) => self.drop_instance(index, "overtaken"),
            Err(error) => self.note(|| format!("settle {number}@{member}: {error}")),
        }
    }

    fn drop_instance(&mut self, index: usize, why: &str) {
        let instance = self.instances.remove(index);
        self.note(|| format!("release {}@{}: {why}", instance.partition.number(), instance.member));
    }

    /// The scheduler looks at an instance's wake rows: wake-ups are sent, lost, doubled, delayed, or sent too early.
    fn schedule(&mut self, index: usize) {
        use klamm_log::Clock;
        let now = klamm_machine::Time::from_millis(self.clock.now_ms());
        let limit = 1 + self.rng.below(3);
        let partition = &mut self.instances[index].partition;
        let number = partition.number();
        let rows = wakes(partition);
        let at = |row: &WakeRow| row.due.as_ref().map(klamm_machine::Time::from);
        let expected: Vec<_> = rows.iter().filter(|row| at(row) <= Some(now)).take(limit).cloned().collect();
        if self.rng.chance(50) {
            assert_eq!(partition.next_wake(None), rows.first().and_then(at), "{number}: the earliest wake");
        }
        let due = partition.due_wakes(None, now, limit);
        assert_eq!(due, expected, "{number}: wakes that are due");
        let later = rows.iter().filter_map(at).find(|due| *due > now);
        assert_eq!(partition.next_wake(Some(now)), later, "{number}: the earliest wake that is due later");
        for row in due {
            match self.rng.below(10) {
                0 => self.note(|| format!("wake-up lost {number}/{}", row.id)),
                1 => self.delayed.push((number, row)),
                2 => {
                    self.wake_up(number, &row);
                    self.wake_up(number, &row);
                }
                _ => self.wake_up(number, &row),
            }
        }
        if let Some(row) = rows.last().filter(|_| self.rng.chance(30)) {
            self.wake_up(number, row);
        }
    }

    /// Appends a wake-up.
    pub fn wake_up(&mut self, number: u32, row: &WakeRow) {
        let WakeRow { machine, namespace, id, run_id, due } = row.clone();
        let wake_up = WakeUp { machine, namespace: namespace.clone(), id: id.clone(), run_id, due };
        let command = Command { version: 1, namespace, workflow_id: id, body: Some(Body::WakeUp(wake_up)), ..Command::default() };
        let record = klamm_engine::partition::command_record(&TestCodec, &command);
        let result = self.log.append(&self.commands_topic(), number, vec![record]);
        self.note(|| format!("wake up {number}/{}: {}", row.id, outcome(&result)));
    }

    /// Wake-ups that were delayed arrive, in another order.
    pub fn late_wake_ups(&mut self) {
        while let Some((number, row)) = self.delayed.pop() {
            self.wake_up(number, &row);
        }
    }

    fn time(&mut self) {
        use klamm_log::Clock;
        let by = self.rng.weighted(&[(4, 1), (4, 20), (2, 150), (1, -40)]);
        self.clock.set(self.clock.now_ms() + by);
    }

    /// A member dies. Its store is left as it was, as of the last flush, or not at all.
    fn crash(&mut self) {
        let member = self.rng.below(MEMBERS);
        for index in (0..self.instances.len()).rev() {
            if self.instances[index].member == member {
                self.check(index);
                self.instances.remove(index);
            }
        }
        let left = self.rng.weighted(&[(2, "all"), (2, "flushed"), (1, "nothing")]);
        match left {
            "flushed" => restore(&self.members[member].store, &self.members[member].flushed),
            "nothing" => restore(&self.members[member].store, &Snapshot::new()),
            _ => {}
        }
        if left == "nothing" {
            self.members[member].flushed = Snapshot::new();
        }
        self.note(|| format!("crash of member {member}, {left} of its store is left"));
    }

    /// Another member takes a partition over while its owner goes on; or the same one makes it anew.
    fn take_over(&mut self, number: u32) {
        let Some(owner) = self.owner(number) else { return };
        self.instances[owner].zombie = true;
        let member = self.rng.below(MEMBERS);
        self.recover(number, member);
    }

    fn recover_one(&mut self) {
        let unowned: Vec<u32> = (0..self.topics.partitions).filter(|number| self.owner(*number).is_none()).collect();
        if !unowned.is_empty() {
            let number = unowned[self.rng.below(unowned.len())];
            let member = self.rng.below(MEMBERS);
            self.recover(number, member);
        }
    }

    /// `member` becomes the owner of a partition without one, unless the log fails.
    pub fn recover(&mut self, number: u32, member: usize) {
        self.instances.retain(|instance| instance.member != member || instance.partition.number() != number);
        let settings = klamm_engine::partition::Settings { member: format!("member-{member}"), ..self.settings.clone() };
        let store = self.members[member].store.clone();
        let (machine, codec) = (std::sync::Arc::new(TestMachine), std::sync::Arc::new(TestCodec));
        // The process may die within the fold: its store keeps what was written until then.
        if self.rng.chance(25) {
            self.faults.fail_read_after(self.rng.below(20));
        }
        let recovered = recover(number, machine, codec, settings, &self.log, store.clone());
        self.faults.let_reads_be();
        match recovered {
            Ok(owned) => {
                assert!(!owned.report.store_cleared, "{number}: no store is ahead of its log");
                self.note(|| format!("recovered {number}@{member}: {} replayed", owned.report.replayed));
                let (partition, producer, holder) = (owned.partition, Some(owned.producer), self.next_holder(number));
                self.instances.push(Instance { member, partition, producer, holder, zombie: false, store });
                self.check(self.instances.len() - 1);
            }
            Err(Error::Log(error)) => self.note(|| format!("recover {number}@{member}: {error}")),
            Err(error) => panic!("recovery of {number}: {error}"),
        }
    }

    fn flush(&mut self) {
        let member = self.rng.below(MEMBERS);
        self.members[member].flushed = snapshot(&self.members[member].store);
        self.note(|| format!("flush of member {member}"));
    }

    /// Superseded records go.
    pub fn compact(&mut self, partition: u32) {
        self.read_log();
        for short in [topic::HISTORY, topic::SCHEDULES, topic::VISIBILITY] {
            self.log.compact(&self.topics.full(short), partition).expect("a compacted topic");
        }
        if partition == 0 {
            self.log.compact(&self.topics.full(topic::CLUSTER), 0).expect("a compacted topic");
        }
        self.note(|| format!("compact {partition}"));
    }

    /// Commands that are committed go, all or some.
    fn trim(&mut self, partition: u32) {
        self.read_log();
        let history = self.outputs.standing.get(&(topic::HISTORY, partition));
        let newest = history.and_then(|records| records.iter().rev().find_map(|stored| crate::checks::outputs::position(&stored.record)));
        let committed = newest.map_or(0, |position| position.next_command_offset);
        let before = committed - self.rng.below(4).min(committed as usize) as i64;
        self.log.trim(&self.commands_topic(), partition, before).expect("within the log");
        self.note(|| format!("trim {partition} up to {before}"));
    }

    /// Somebody writes what is no command.
    fn poison(&mut self, partition: u32) {
        let result = self.log.append(&self.commands_topic(), partition, vec![Record::new("poison", vec![0xff; 3])]);
        self.note(|| format!("poison {partition}: {}", outcome(&result)));
    }
}

fn outcome<T>(result: &Result<T, LogError>) -> String {
    result.as_ref().map_or_else(ToString::to_string, |_| "ok".to_owned())
}
