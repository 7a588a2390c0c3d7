//! What clients do: they ask for changes until they are answered, ask queries, and read histories.

use std::time::Duration;

use klamm_log::Clock;
use klamm_messages::temporal::enums::v1::ScheduleOverlapPolicy;
use klamm_processor::backend::Reply;
use klamm_workflow::{answer::Answer, tables::RunKey};

use crate::{
    book::{Call, UnderWay, What},
    calls, checks,
    requests::{self, NAMESPACE},
    world::World,
};

/// Most workflows that clients start.
const WORKFLOWS_MAX: usize = 14;
/// Most schedules that clients create.
const SCHEDULES_MAX: usize = 3;

impl World {
    /// A client asks for something new.
    pub fn ask(&mut self) {
        let known = self.workflow_ids.len();
        let workflow_id = |world: &mut Self| match known {
            0 => "nothing".to_owned(),
            _ => world.workflow_ids[world.rng.below(known)].clone(),
        };
        let (what, command, name) = match self.rng.below(100) {
            0..30 => {
                if known >= WORKFLOWS_MAX {
                    return;
                }
                let (id, name) = (self.name("w"), self.name("start"));
                self.workflow_ids.push(id.clone());
                (What::Start, requests::start(&id, &name), name)
            }
            30..60 => {
                let (id, name) = (workflow_id(self), self.name("signal"));
                (What::Signal, requests::signal(&id, &name), name)
            }
            60..68 => {
                let (id, name) = (workflow_id(self), self.name("signal"));
                (What::Signal, requests::signal_with_start(&id, &name), name)
            }
            68..74 => {
                let (id, name) = (workflow_id(self), self.name("cancel"));
                (What::Other, requests::cancel(&id, &name), name)
            }
            74..79 => {
                let (id, name) = (workflow_id(self), self.name("terminate"));
                (What::Terminate, requests::terminate(&id, &name), name)
            }
            79..90 => {
                if self.schedule_ids.len() >= SCHEDULES_MAX {
                    return;
                }
                let (id, name) = (self.name("schedule"), self.name("create"));
                self.schedule_ids.push(id.clone());
                let overlap = self.rng.weighted(&[
                    (3, ScheduleOverlapPolicy::AllowAll),
                    (1, ScheduleOverlapPolicy::BufferAll),
                    (1, ScheduleOverlapPolicy::Skip),
                    (1, ScheduleOverlapPolicy::CancelOther),
                    (1, ScheduleOverlapPolicy::TerminateOther),
                ]);
                let (seconds, actions) = (1 + self.rng.below(3) as i64, 1 + self.rng.below(5) as i64);
                (What::Other, requests::create_schedule(&id, &name, seconds, actions, overlap), name)
            }
            90..98 if !self.schedule_ids.is_empty() => {
                let name = self.name("trigger");
                let id = &self.schedule_ids[self.rng.below(self.schedule_ids.len())];
                (What::Other, requests::trigger(id, &name, self.clock.now_ms()), name)
            }
            98.. if !self.schedule_ids.is_empty() => {
                let name = self.name("delete");
                let id = &self.schedule_ids[self.rng.below(self.schedule_ids.len())];
                (What::Other, requests::delete_schedule(id), name)
            }
            _ => return,
        };
        let index = self.book.borrow_mut().request(name, what, command);
        self.submit(index);
    }

    /// Makes a request, or makes it again: mostly of the owner of its partition.
    pub fn submit(&mut self, index: usize) {
        let number = self.partition_of_command(&self.book.borrow().requests[index].command);
        let wrong = self.rng.chance(5).then(|| self.rng.below(self.members.len()));
        let Some(member) = wrong.or_else(|| self.owner(number)) else { return };
        let Some(up) = &self.members[member].up else { return };
        let processor = up.processor.clone();
        let book = self.book.clone();
        let run_id = self.name("run");
        requests::draw_run_id(&mut book.borrow_mut().requests[index].command, run_id);
        let call = Call::new(book.borrow().requests[index].name.clone(), member);
        let under_way = UnderWay::new(&book, index);
        let future = calls::submit(processor, book, index, under_way);
        self.call(call, future);
    }

    /// A request that was not answered is made again.
    pub fn ask_again(&mut self) {
        let pending = self.book.borrow().pending();
        if !pending.is_empty() {
            let index = pending[self.rng.below(pending.len())];
            self.submit(index);
        }
    }

    /// Somebody asks a run a query: often one that has just been signalled.
    pub fn query(&mut self) {
        let signalled = self.book.borrow().requests.iter().rev().find_map(|request| match &request.accepted {
            Some(Reply::Workflow(Answer::Signaled { run_id })) => {
                Some(RunKey::new(&request.command.namespace, &request.command.workflow_id, run_id))
            }
            _ => None,
        });
        let run = signalled.filter(|_| self.rng.chance(60)).or_else(|| self.any_run());
        let Some(run) = run else { return };
        let number = self.partition_of(&run.workflow_id);
        let Some((member, processor)) = self.owning(number) else { return };
        let patience = Duration::from_millis(self.rng.weighted(&[(1, 100), (3, 10_000)]));
        let call = Call::new(format!("query of {}", run.workflow_id), member);
        self.call(call, calls::query(processor, self.book.clone(), run, number as usize, patience));
    }

    /// Somebody waits for an event.
    pub fn read(&mut self) {
        let Some(run) = self.any_run() else { return };
        let Some((member, processor)) = self.owning(self.partition_of(&run.workflow_id)) else { return };
        let event_id = self.rng.below(20) as i64;
        let patience = Duration::from_millis(self.rng.weighted(&[(1, 100), (3, 20_000)]));
        let call = Call { awaits: Some(run.clone()), ..Call::new(format!("event {event_id} of {}", run.workflow_id), member) };
        self.call(call, calls::read(processor, self.book.clone(), run, event_id, patience));
    }

    /// A run that the command log knows.
    fn any_run(&mut self) -> Option<RunKey> {
        let number = self.rng.below(self.topics.partitions as usize) as u32;
        let runs = checks::runs(&self.witness, number);
        let runs: Vec<_> = runs.into_iter().filter(|run| run.namespace == NAMESPACE).collect();
        (!runs.is_empty()).then(|| checks::key(&runs[self.rng.below(runs.len())]))
    }

    /// A caller goes away.
    pub fn leave_one(&mut self) {
        let calls: Vec<_> = self.book.borrow().calls.keys().copied().collect();
        if !calls.is_empty() {
            let task = calls[self.rng.below(calls.len())];
            self.leave(task);
        }
    }
}
