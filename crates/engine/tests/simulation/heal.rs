//! The end of a simulation: faults stop, and everything must come to an end.

use klamm_engine::{partition::Settings, recover::send_all, topic};
use klamm_log::{Clock, Log, Record};
use klamm_machine::Time;
use klamm_messages::klamm::v1::{Command, PositionRow, command::Body};
use prost::Message;

use crate::{
    checks::{effects, state},
    instance::{Instance, dump, wakes},
    stores::{MEMBERS, Snapshot, restore},
    world::World,
};

/// Rounds within which all is done.
const ROUNDS: usize = 500;

impl World {
    /// No more faults: all requests are answered, all timers fire, all sends arrive, all is committed. Then checks everything.
    pub fn heal(&mut self) {
        self.faults.heal();
        self.instances.retain(|instance| !instance.zombie);
        self.note(|| "healed".to_owned());
        for round in 0.. {
            assert!(round < ROUNDS, "no progress: {} requests wait", self.clients.waiting().len());
            if self.round(round) {
                break;
            }
        }
        self.check_all();
    }

    /// Everybody does what is to be done; whether nothing is left.
    fn round(&mut self, round: usize) -> bool {
        for number in 0..self.topics.partitions {
            if self.owner(number).is_none() {
                let member = self.rng.below(MEMBERS);
                self.recover(number, member);
            }
            let owner = self.owner(number).expect("recovered");
            self.deliver_some(owner, 100);
            let partition = &mut self.instances[owner].partition;
            send_all(partition, &self.log, &self.topics.full(topic::COMMANDS)).expect("a log without faults");
            self.commit(owner);
            let Some(owner) = self.owner(number) else { return false };
            let partition = &mut self.instances[owner].partition;
            let due = partition.due_wakes(None, Time::from_millis(self.clock.now_ms()), 100);
            for row in &due {
                self.wake_up(number, row);
            }
        }
        self.late_wake_ups();
        let mut idle = self.instances.iter().all(|instance| self.is_idle(instance));
        if idle && let Some(next) = self.instances.iter_mut().filter_map(|instance| instance.partition.next_wake(None)).min() {
            self.clock.set(next.millis().max(self.clock.now_ms()));
            return false;
        }
        if round % 5 == 4 || idle {
            for number in self.clients.waiting() {
                self.append_request(number);
                idle = false;
            }
        }
        idle
    }

    fn is_idle(&self, instance: &Instance) -> bool {
        let partition = &instance.partition;
        let end = self.log.end_offset(&self.topics.full(topic::COMMANDS), partition.number()).expect("a partition");
        partition.next_offset() == end && partition.waiting().0 == 0 && partition.in_flight().is_none()
    }

    fn check_all(&mut self) {
        for number in 0..self.topics.partitions {
            let owner = self.owner(number).expect("all are owned");
            assert!(self.check(owner), "{number}: store and topics stand at the same place");
            self.compact(number);
            assert!(self.check(owner), "{number}: likewise when compacted");
            self.check_skipped(number);
            self.check_from_the_beginning(owner);
        }
        self.outputs.check_shared();
        let rows = self.rows();
        effects::check_together(&rows, &self.clients);
        self.note(|| format!("done: {} requests, {} rows", self.clients.requests.len(), rows.len()));
    }

    /// What is no command was recorded and dead-lettered once; a panic was recorded once.
    fn check_skipped(&self, number: u32) {
        for stored in &self.commands.records[number as usize] {
            let decoded = Command::decode(stored.record.value.as_deref().unwrap_or_default());
            let poisoned = usize::from(decoded.is_err());
            let panicked = decoded.is_ok_and(|command| matches!(command.body, Some(Body::Test(test)) if test.kind == "panic"));
            let key = format!("~failed/{}", stored.offset);
            let failed = self.outputs.count(topic::HISTORY, number, |record| record.key.as_deref() == Some(key.as_bytes()));
            assert_eq!(failed, poisoned + usize::from(panicked), "{number}: {key}");
            let offset = stored.offset.to_string();
            let from_here = |record: &Record| record.header("klamm-source-offset").is_some_and(|header| **header == *offset.as_bytes());
            let dead = self.outputs.count(topic::COMMANDS_DEAD_LETTERS, number, from_here);
            assert_eq!(dead, poisoned, "{number}: dead letters of {offset}");
        }
    }

    /// The whole command log, decided anew by somebody who knows nothing, gives the same tables and the same outputs.
    fn check_from_the_beginning(&mut self, owner: usize) {
        let live = &self.instances[owner].partition;
        let number = live.number();
        restore(&self.rebuilt, &Snapshot::new());
        let settings = Settings { member: "another".to_owned(), ..self.settings.clone() };
        let commands = &self.commands.records[number as usize];
        let mut anew = state::replay(&settings, &self.rebuilt, PositionRow::default(), commands, live.next_offset(), number);
        assert_eq!(dump(&anew), dump(live), "{number}: live tables and those of the whole command log");
        while let Some(target) = anew.first_unsent().map(|outgoing| outgoing.target.clone()) {
            anew.sent_to(&target, 1);
        }
        if let Some(batch) = anew.cut() {
            self.outputs.cut(batch, &self.topics);
        }
        assert_eq!(wakes(&anew), [], "{number}: all timers have fired");
    }
}
