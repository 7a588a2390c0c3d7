//! Random lives of a workflow, lived by the model and by the machine: clients and workers must not see a difference.

mod machine;
mod shown;

use klamm_spec::{ActivityEnd, Command, Conflict, End, Options, Refusal, Reuse, Start, Workflow, WorkflowTask};
use proptest::prelude::*;

use crate::cases;
use machine::{ActivityToken, Machine};

/// One step of a client, a worker, or time.
#[derive(Debug, Clone)]
enum Step {
    Start { request: u8, conflict: Conflict, reuse: Reuse, delay: i64, timeout: Option<i64> },
    Signal { request: u8 },
    RequestCancel,
    Terminate,
    PollWorkflow,
    Complete { token: u8, commands: Vec<Command>, sticky: bool, again: bool },
    FailTask { token: u8 },
    PollActivity { at: u8 },
    CompleteActivity { token: u8 },
    FailActivity { token: u8 },
    Heartbeat { token: u8 },
    ConfirmCanceled { token: u8 },
    Pass { millis: i64 },
    Burst,
}

fn options() -> impl Strategy<Value = Options> {
    let limit = || prop_oneof![2 => Just(0), 1 => 1..40_000_i64];
    (0..3_u8, limit(), limit(), 1..30_000_i64, limit(), prop_oneof![Just(1_000), 1..5_000_i64], 0..4_u32).prop_map(
        |(id, schedule_to_close, schedule_to_start, start_to_close, heartbeat, initial, attempts)| Options {
            id: format!("a{id}"),
            schedule_to_close,
            schedule_to_start,
            start_to_close,
            heartbeat,
            first_pause: initial,
            attempts_max: attempts,
        },
    )
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        8 => options().prop_map(Command::Activity),
        3 => (4..14_i64).prop_map(Command::CancelActivity),
        6 => (0..3_u8, 1..20_000_i64).prop_map(|(id, duration)| Command::Timer { id: format!("t{id}"), duration }),
        3 => (0..3_u8).prop_map(|id| Command::CancelTimer(format!("t{id}"))),
    ]
}

/// Commands of one task; one that closes comes last.
fn commands() -> impl Strategy<Value = Vec<Command>> {
    let close = prop_oneof![
        12 => Just(None),
        1 => Just(Some(Command::End(End::Completed))),
        1 => Just(Some(Command::End(End::Failed))),
        1 => Just(Some(Command::End(End::Canceled))),
        1 => Just(Some(Command::End(End::ContinuedAsNew))),
    ];
    (prop::collection::vec(command(), 0..4), close).prop_map(|(mut commands, close)| {
        commands.extend(close);
        commands
    })
}

fn start() -> impl Strategy<Value = Step> {
    let conflict = prop_oneof![Just(Conflict::Fail), Just(Conflict::UseExisting), Just(Conflict::TerminateExisting)];
    let reuse = prop_oneof![Just(Reuse::Allow), Just(Reuse::AllowFailedOnly), Just(Reuse::Reject)];
    let timeout = prop_oneof![3 => Just(None), 1 => (1..60_000_i64).prop_map(Some)];
    (0..9_u8, conflict, reuse, prop_oneof![4 => Just(0), 1 => 1..10_000_i64], timeout)
        .prop_map(|(request, conflict, reuse, delay, timeout)| Step::Start { request, conflict, reuse, delay, timeout })
}

fn step() -> impl Strategy<Value = Step> {
    // The newest token most of the time, an old one now and then.
    let token = || prop_oneof![6 => Just(0), 1 => 1..4_u8];
    prop_oneof![
        2 => start(),
        5 => (0..6_u8).prop_map(|request| Step::Signal { request }),
        1 => Just(Step::RequestCancel),
        1 => Just(Step::Terminate),
        10 => Just(Step::PollWorkflow),
        12 => (token(), commands(), any::<bool>(), any::<bool>())
            .prop_map(|(token, commands, sticky, again)| Step::Complete { token, commands, sticky, again }),
        3 => token().prop_map(|token| Step::FailTask { token }),
        6 => (0..3_u8).prop_map(|at| Step::PollActivity { at }),
        4 => token().prop_map(|token| Step::CompleteActivity { token }),
        3 => token().prop_map(|token| Step::FailActivity { token }),
        2 => token().prop_map(|token| Step::Heartbeat { token }),
        2 => token().prop_map(|token| Step::ConfirmCanceled { token }),
        6 => prop_oneof![1..2_000_i64, 1..30_000_i64].prop_map(|millis| Step::Pass { millis }),
        1 => Just(Step::Burst),
    ]
}

/// A workflow and what workers hold.
struct World {
    model: Workflow,
    machine: Machine,
    tasks: Vec<(WorkflowTask, machine::TaskToken)>,
    activities: Vec<ActivityToken>,
    starts: u32,
}

impl World {
    fn new() -> Self {
        Self { model: Workflow::default(), machine: Machine::default(), tasks: Vec::new(), activities: Vec::new(), starts: 0 }
    }

    fn take(&mut self, step: &Step) {
        if self.model.runs.is_empty() && !matches!(step, Step::Start { .. }) {
            return;
        }
        match step {
            Step::Start { request, conflict, reuse, delay, timeout } => {
                self.starts += 1;
                let (run, request) = (format!("run-{}", self.starts), format!("start-{request}"));
                let start = Start { run, request, conflict: *conflict, reuse: *reuse, delay: *delay, timeout: *timeout };
                same(self.machine.start(&start), self.model.start(&start));
            }
            Step::Signal { request } => self.signal(&if *request == 0 { String::new() } else { format!("signal-{request}") }),
            Step::RequestCancel => {
                self.machine.request_cancel().expect("a cancel request is always taken");
                self.model.newest().request_cancel();
            }
            Step::Terminate => same(self.machine.terminate(), self.model.newest().terminate()),
            Step::PollWorkflow => {
                let (machine, model) = (self.machine.start_task(), self.model.newest().start_task());
                let of_machine = machine.as_ref().map(|task| (&task.run, task.scheduled, Some(task.started), task.attempt));
                let of_model = model.as_ref().map(|task| (&task.run, task.scheduled, task.started.map(|(_, id)| id), task.attempt));
                assert_eq!(of_machine, of_model);
                self.tasks.extend(model.zip(machine));
            }
            Step::Complete { token, commands, sticky, again } => {
                let Some((task, token)) = nth_newest(&self.tasks, *token) else { return };
                let machine = self.machine.complete_task(&token, commands, *sticky, *again);
                let next = self.machine.newest_run();
                same(machine, self.model.complete(&task, commands, *sticky, *again, &next));
            }
            Step::FailTask { token } => {
                let Some((task, token)) = nth_newest(&self.tasks, *token) else { return };
                let model = self.model.run(&task.run).and_then(|run| run.report_task_failed(&task));
                same(self.machine.fail_task(&token), model);
            }
            Step::PollActivity { at } => {
                let waiting = self.machine.waiting_activities();
                let Some(task) = waiting.get(usize::from(*at)).or(waiting.first()) else { return };
                let token = self.machine.start_activity(task).expect("a task that waits can be started");
                assert_eq!(self.model.newest().start_activity(token.scheduled), Some(token.attempt));
                self.activities.push(token);
            }
            Step::CompleteActivity { token } => self.report(*token, Machine::complete_activity, ActivityEnd::Completed),
            Step::FailActivity { token } => self.report(*token, Machine::fail_activity, ActivityEnd::Failed),
            Step::ConfirmCanceled { token } => self.report(*token, Machine::confirm_canceled, ActivityEnd::Canceled),
            Step::Heartbeat { token } => {
                let Some(token) = nth_newest(&self.activities, *token) else { return };
                let model = self.model.run(&token.run).and_then(|run| run.heartbeat(token.scheduled, token.attempt));
                same(self.machine.heartbeat(&token), model);
            }
            Step::Pass { millis } => {
                let until = self.model.now + millis;
                self.machine.pass(until);
                self.model.pass(until);
            }
            Step::Burst => (0..101).for_each(|_| self.signal("")),
        }
    }

    fn signal(&mut self, request: &str) {
        same(self.machine.signal("s", request), self.model.newest().signal("s", request));
    }

    /// A worker reports the end of an activity to the run that it belongs to.
    fn report(&mut self, token: u8, machine: impl Fn(&mut Machine, &ActivityToken) -> Result<(), Refusal>, end: ActivityEnd) {
        let Some(token) = nth_newest(&self.activities, token) else { return };
        let model = self.model.run(&token.run).and_then(|run| run.report(token.scheduled, token.attempt, end));
        same(machine(&mut self.machine, &token), model);
    }

    /// Compares what clients and workers can see.
    fn compare(&self) {
        for run in &self.model.runs {
            let (machine, model) = (self.machine.history(&run.id), shown::model(&run.history));
            assert_eq!(machine, model, "history of {}", run.id);
        }
        let Some(newest) = self.model.runs.last() else { return };
        assert_eq!(self.machine.waiting(), shown::waiting(newest), "tasks that wait for workers");
        assert_eq!(self.machine.next_due(), newest.next_due(), "when something is due next");
    }
}

/// The newest token, or an older one.
fn nth_newest<T: Clone>(tokens: &[T], at: u8) -> Option<T> {
    tokens.iter().rev().nth(usize::from(at)).or(tokens.last()).cloned()
}

/// Both gave the same answer.
#[track_caller]
fn same<A: PartialEq + std::fmt::Debug>(machine: Result<A, Refusal>, model: Result<A, Refusal>) {
    assert_eq!(machine, model, "the machine's answer and the model's");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: cases(400), ..ProptestConfig::default() })]

    #[test]
    fn the_machine_does_what_the_specification_says(steps in prop::collection::vec(step(), 1..60)) {
        let mut world = World::new();
        for step in &steps {
            world.take(step);
            world.compare();
        }
    }
}
