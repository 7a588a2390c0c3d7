//! What workers do: they poll, do their tasks or fail to, and leave.

use std::time::Duration;

use klamm_processor::{
    Backend,
    backend::{ActivityTask, Goodbye, WorkflowTask},
};

use crate::{
    book::{Call, Hand, What},
    calls::{self, Polling},
    program::{ACTIVITIES, WORKFLOWS, queue},
    requests::{self, Completion, NAMESPACE},
    world::World,
};

/// Names of the workers' own queues, one of each worker.
const STICKY: [&str; 2] = ["sticky-1", "sticky-2"];
/// Keys of the workers.
const WORKERS: [&str; 2] = ["worker-1", "worker-2"];

/// What a worker polls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Polled {
    /// The queue of activities.
    Activities,
    /// The queue of workflow tasks.
    Workflows,
    /// The worker's own queue of workflow tasks.
    Sticky,
}

impl Polled {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Activities, Self::Workflows, Self::Sticky];

    /// The name of the call.
    pub fn name(self) -> &'static str {
        match self {
            Self::Activities => "poll of activities",
            Self::Workflows => "poll of workflows",
            Self::Sticky => "poll of a sticky queue",
        }
    }
}

impl World {
    /// A worker polls.
    pub fn poll_for_task(&mut self, member: usize) {
        let patience = Duration::from_millis(self.rng.weighted(&[(1, 50), (2, 1_000), (2, 20_000)]));
        let polled = self.rng.weighted(&[(3, Polled::Activities), (3, Polled::Workflows), (2, Polled::Sticky)]);
        let rate = (self.limits.has_rates && self.rng.chance(30)).then_some(4.0);
        self.poll_queue(member, polled, rate, patience);
    }

    /// A worker polls a queue, which may have so many tasks per second.
    pub fn poll_queue(&mut self, member: usize, polled: Polled, rate: Option<f64>, patience: Duration) {
        let Some(up) = &self.members[member].up else { return };
        let (processor, book) = (up.processor.clone(), self.book.clone());
        let worker = self.rng.below(WORKERS.len());
        let task_queue = match polled {
            Polled::Activities => queue(ACTIVITIES),
            Polled::Workflows => queue(WORKFLOWS),
            Polled::Sticky => requests::sticky_queue(STICKY[worker]),
        };
        let polling = Polling { task_queue, worker: WORKERS[worker], rate, patience };
        let call = Call::new(polled.name().to_owned(), member);
        match polled {
            Polled::Activities => self.call(call, calls::poll_activity(processor, book, polling)),
            Polled::Workflows | Polled::Sticky => self.call(call, calls::poll_workflow(processor, book, polling)),
        }
    }

    /// A worker says goodbye to a member.
    pub fn goodbye(&mut self, member: usize) {
        let Some(up) = &self.members[member].up else { return };
        let worker = self.rng.below(WORKERS.len());
        up.processor.forget_worker(Goodbye {
            namespace: NAMESPACE.to_owned(),
            sticky_task_queue: STICKY[worker].to_owned(),
            worker_instance_key: WORKERS[worker].to_owned(),
            task_queue: WORKFLOWS.to_owned(),
            ..Goodbye::default()
        });
        self.note(|| format!("{} says goodbye to {}", WORKERS[worker], self.members[member].name));
    }

    /// A worker does something about a task that it has.
    pub fn work(&mut self) {
        let hands = self.book.borrow().hands.len();
        if hands == 0 {
            return;
        }
        let hand = self.rng.below(hands);
        let hand = self.book.borrow_mut().hands.swap_remove(hand);
        match (hand, self.rng.below(100)) {
            // A worker dies, or takes too long.
            (_, 0..5) => self.note(|| "a worker forgets its task".to_owned()),
            (Hand::Workflow(task), 5..10) if task.query.is_none() => {
                let name = self.name("fail");
                let index = self.book.borrow_mut().request(name.clone(), What::Other, requests::fail(&task, &name));
                self.submit(index);
            }
            (Hand::Workflow(task), _) => self.complete(*task),
            (Hand::Activity(task), 5..15) => {
                let name = self.name("fail");
                let index = self.book.borrow_mut().request(name, What::Other, requests::fail_activity(&task));
                self.submit(index);
            }
            (Hand::Activity(task), 15..30) => {
                let name = self.name("heartbeat");
                let index = self.book.borrow_mut().request(name, What::Other, requests::heartbeat(&task));
                self.submit(index);
                self.book.borrow_mut().hands.push(Hand::Activity(task));
            }
            (Hand::Activity(task), _) => self.complete_activity(*task),
        }
    }

    /// A worker does a workflow task.
    pub fn complete(&mut self, task: WorkflowTask) {
        let Some((member, processor)) = self.owning(self.partition_of(&task.run.workflow_id)) else { return };
        let name = self.name("completion");
        let completion = Completion {
            sticky: self.rng.chance(50).then(|| STICKY[self.rng.below(STICKY.len())].to_owned()),
            wants_next: self.rng.chance(30),
            forces_next: self.rng.chance(5),
        };
        let eager = self.rng.chance(20);
        let call = Call::new(name.clone(), member);
        let future = calls::work(processor, self.book.clone(), task, name, completion, eager);
        self.call(call, future);
    }

    /// A worker does an activity.
    pub fn complete_activity(&mut self, task: ActivityTask) {
        let name = self.name("result");
        let what = What::CompleteActivity { run: task.run.clone(), scheduled_event_id: task.task.scheduled_event_id };
        let command = requests::complete_activity(&task, &name);
        let index = self.book.borrow_mut().request(name, what, command);
        self.submit(index);
    }
}
