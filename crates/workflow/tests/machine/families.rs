//! Random lives of parents and children: commands between them are delivered late and interleaved, but in order from one workflow to
//! another. [`Env`] compares the folds after each command.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use klamm_machine::{Outcome, TablesExt};
use klamm_messages::{
    klamm::v1::{Command, PendingChild, RunState, WorkflowTaskPhase, command::Body},
    temporal::{
        common::v1::WorkflowExecution,
        enums::v1::{ParentClosePolicy, WorkflowExecutionStatus, WorkflowIdReusePolicy},
        history::v1::{HistoryEvent, history_event::Attributes},
    },
};
use klamm_workflow::{
    Answer,
    answer::StartedWorkflowTask,
    tables::{RunKey, Runs},
};
use proptest::prelude::*;

use crate::{
    cancel, children, complete, continue_as_new,
    env::{self, Env, complete_body, signal_body, start_task_body, terminate_body},
    fail,
};

/// Ids of all workflows. The first is started from outside.
const IDS: [&str; 4] = ["w", "c", "d", "e"];

/// One step of somebody. Numbers choose among what there is.
#[derive(Debug, Clone)]
enum Step {
    Start,
    Poll(u8),
    Complete(u8, Vec<Do>),
    Signal(u8),
    Cancel(u8),
    Terminate(u8),
    /// A command that one workflow has sent to another arrives.
    Deliver(u8),
    Pass(u64),
    Wake,
}

/// One command of a workflow.
#[derive(Debug, Clone)]
enum Do {
    Child { id: u8, policy: i32, reuse: i32, run_timeout: i64 },
    Complete,
    Fail,
    Cancel,
    ContinueAsNew,
}

fn command() -> impl Strategy<Value = Do> {
    prop_oneof![
        8 => (0..4_u8, 0..4_i32, 0..5_i32, prop_oneof![3 => Just(0), 1 => 1..30_i64])
            .prop_map(|(id, policy, reuse, run_timeout)| Do::Child { id, policy, reuse, run_timeout }),
        2 => Just(Do::Complete),
        1 => Just(Do::Fail),
        1 => Just(Do::Cancel),
        2 => Just(Do::ContinueAsNew),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => Just(Step::Start),
        8 => any::<u8>().prop_map(Step::Poll),
        8 => (any::<u8>(), prop::collection::vec(command(), 0..4)).prop_map(|(task, commands)| Step::Complete(task, commands)),
        2 => (0..4_u8).prop_map(Step::Signal),
        1 => (0..4_u8).prop_map(Step::Cancel),
        1 => (0..4_u8).prop_map(Step::Terminate),
        16 => any::<u8>().prop_map(Step::Deliver),
        2 => (1..15_000_u64).prop_map(Step::Pass),
        2 => Just(Step::Wake),
    ]
}

#[derive(Default)]
struct World {
    /// Commands on their way, by sender and receiver.
    lines: BTreeMap<(String, String), VecDeque<Body>>,
    /// Tasks in workers' hands, with their workflow ids.
    tasks: Vec<(String, StartedWorkflowTask)>,
}

/// One of so many, chosen by a number.
fn chosen(number: u8, count: usize) -> Option<usize> {
    (count > 0).then(|| usize::from(number) % count)
}

impl World {
    fn take(&mut self, env: &mut Env, step: &Step) {
        match step {
            Step::Start => {
                let body = env.start_body(|_| ());
                self.decide(env, "w", body);
            }
            Step::Poll(number) => {
                let rows = env::tasks(&env.rows);
                let Some(at) = chosen(*number, rows.len()) else { return };
                let id = rows[at].workflow_id.clone();
                if let Some(Answer::WorkflowTaskStarted(task)) = self.decide(env, &id, start_task_body(&rows[at], "poll")) {
                    self.tasks.push((id, *task));
                }
            }
            Step::Complete(number, commands) => {
                let Some(at) = chosen(*number, self.tasks.len()) else { return };
                let (id, task) = self.tasks.remove(at);
                self.decide(env, &id, complete_body(&task, commands.iter().map(attributes).collect(), |_| ()));
            }
            Step::Signal(id) => self.act(env, *id, signal_body("s", "")),
            Step::Cancel(id) => self.act(env, *id, env::cancel_body("")),
            Step::Terminate(id) => self.act(env, *id, terminate_body("")),
            Step::Deliver(number) => self.deliver(env, *number),
            Step::Pass(millis) => env.advance(*millis),
            Step::Wake => self.wake(env),
        }
    }

    fn act(&mut self, env: &mut Env, id: u8, body: Body) {
        self.decide(env, IDS[usize::from(id)], body);
    }

    fn wake(&mut self, env: &mut Env) {
        let Some(row) = env::wake_rows(&env.rows).into_iter().next() else { return };
        if env.next_wake().is_some_and(|due| due <= env.elapsed()) {
            env.wake();
            self.note_sent(env, &row.id);
        }
    }

    /// Decides a command about `id`, and puts what it sends on its way.
    fn decide(&mut self, env: &mut Env, id: &str, body: Body) -> Option<Answer> {
        let decision = env.decide_for(id, body);
        self.note_sent(env, id);
        match decision {
            Ok(Outcome::Answer(answer)) => Some(answer),
            _ => None,
        }
    }

    fn note_sent(&mut self, env: &mut Env, sender: &str) {
        for Command { workflow_id, body, .. } in std::mem::take(&mut env.sent) {
            self.lines.entry((sender.to_owned(), workflow_id)).or_default().push_back(body.expect("every command has a body"));
        }
    }

    fn deliver(&mut self, env: &mut Env, number: u8) {
        self.lines.retain(|_, line| !line.is_empty());
        let Some(at) = chosen(number, self.lines.len()) else { return };
        let ((_, receiver), line) = self.lines.iter_mut().nth(at).expect("chosen");
        let (receiver, body) = (receiver.clone(), line.pop_front().expect("no line is empty"));
        assert!(self.decide(env, &receiver, body).is_some(), "what machines send to each other is accepted");
    }

    fn deliver_all(&mut self, env: &mut Env) {
        while self.lines.values().any(|line| !line.is_empty()) {
            self.deliver(env, 0);
        }
    }
}

fn attributes(command: &Do) -> crate::Attributes {
    match command {
        Do::Child { id, policy, reuse, run_timeout } => children::child_with(IDS[usize::from(*id)], |a| {
            a.parent_close_policy = *policy;
            a.workflow_id_reuse_policy = WorkflowIdReusePolicy::try_from(*reuse).unwrap_or_default() as i32;
            a.workflow_run_timeout = (*run_timeout > 0).then(|| env::seconds(*run_timeout));
        }),
        Do::Complete => complete("done"),
        Do::Fail => fail("boom"),
        Do::Cancel => cancel(),
        Do::ContinueAsNew => crate::Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(continue_as_new()),
    }
}

fn runs(env: &Env) -> Vec<RunState> {
    let from = klamm_machine::key::KeyBytes::new(klamm_machine::Kind::Run).finish();
    let rows = env.rows.range::<Runs>(&from, &klamm_machine::key::prefix_end(&from), usize::MAX);
    rows.into_iter().map(|(_, run)| (*run).clone()).collect()
}

fn is_open(run: &RunState) -> bool {
    run.status == WorkflowExecutionStatus::Running as i32
}

fn execution(run: &RunState) -> WorkflowExecution {
    WorkflowExecution { workflow_id: run.workflow_id.clone(), run_id: run.run_id.clone() }
}

/// What a history says of one child.
#[derive(Debug, Default, PartialEq)]
struct Told {
    first_run_id: Option<String>,
    started_event_id: i64,
    last_run_id: Option<String>,
    failed: bool,
}

/// What a run's history says of its children, each thing at most once and in order.
fn told(events: &[HistoryEvent]) -> BTreeMap<i64, Told> {
    let mut children: BTreeMap<i64, Told> = BTreeMap::new();
    for event in events {
        let (initiated, started, execution) = match event.attributes.as_ref().expect("every event has attributes") {
            Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(_) => {
                children.insert(event.event_id, Told::default());
                continue;
            }
            Attributes::StartChildWorkflowExecutionFailedEventAttributes(a) => {
                let child = children.get_mut(&a.initiated_event_id).expect("it was initiated");
                assert_eq!(*child, Told::default(), "a start that fails is the only news");
                child.failed = true;
                continue;
            }
            Attributes::ChildWorkflowExecutionStartedEventAttributes(a) => {
                let child = children.get_mut(&a.initiated_event_id).expect("it was initiated");
                assert_eq!(*child, Told::default(), "a child starts once");
                child.first_run_id = a.workflow_execution.clone().map(|execution| execution.run_id);
                child.started_event_id = event.event_id;
                continue;
            }
            Attributes::ChildWorkflowExecutionCompletedEventAttributes(a) => {
                (a.initiated_event_id, a.started_event_id, &a.workflow_execution)
            }
            Attributes::ChildWorkflowExecutionFailedEventAttributes(a) => (a.initiated_event_id, a.started_event_id, &a.workflow_execution),
            Attributes::ChildWorkflowExecutionCanceledEventAttributes(a) => {
                (a.initiated_event_id, a.started_event_id, &a.workflow_execution)
            }
            Attributes::ChildWorkflowExecutionTimedOutEventAttributes(a) => {
                (a.initiated_event_id, a.started_event_id, &a.workflow_execution)
            }
            Attributes::ChildWorkflowExecutionTerminatedEventAttributes(a) => {
                (a.initiated_event_id, a.started_event_id, &a.workflow_execution)
            }
            _ => continue,
        };
        let child = children.get_mut(&initiated).expect("it was initiated");
        assert_eq!((child.started_event_id, &child.last_run_id), (started, &None), "an end is told once, after the start");
        assert!(child.first_run_id.is_some());
        child.last_run_id = execution.clone().map(|execution| execution.run_id);
    }
    children
}

/// What holds of each run, whatever is on its way.
fn check(env: &Env) {
    for run in runs(env) {
        let told = told(&env.events(&RunKey::new(&run.namespace, &run.workflow_id, &run.run_id)));
        let waits = !run.buffered_events.is_empty();
        for (initiated, child) in &run.children {
            let told = &told[initiated];
            assert!(!told.failed && told.last_run_id.is_none());
            let first = told.first_run_id.clone().unwrap_or_default();
            assert!(waits || child.started_run_id == first);
            assert_eq!(child.started_event_id, told.started_event_id);
        }
        if !waits {
            let pending: BTreeSet<_> =
                told.iter().filter(|(_, told)| !told.failed && told.last_run_id.is_none()).map(|(id, _)| *id).collect();
            assert_eq!(run.children.keys().copied().collect::<BTreeSet<_>>(), pending);
        }
    }
}

/// What holds when nothing is on its way: each side knows of the other what is so.
fn check_settled(env: &Env) {
    let runs = runs(env);
    let children_of = |parent: &RunState, initiated: i64| -> Vec<&RunState> {
        runs.iter()
            .filter(|run| {
                let started = run.started.as_ref().expect("every run has begun");
                started.parent_workflow_execution == Some(execution(parent)) && started.parent_initiated_event_id == initiated
            })
            .collect()
    };
    for parent in &runs {
        for (initiated, child) in &parent.children {
            let chain = children_of(parent, *initiated);
            let open: Vec<_> = chain.iter().filter(|run| is_open(run)).collect();
            if is_open(parent) {
                assert_eq!(open.len(), 1, "child {initiated} of {}", parent.run_id);
                let started = open[0].started.as_ref().expect("it has begun");
                assert_eq!(started.first_execution_run_id, child.started_run_id);
            } else if child.parent_close_policy() == ParentClosePolicy::Terminate {
                assert!(open.is_empty(), "a child outlives {}", parent.run_id);
            } else if child.parent_close_policy() == ParentClosePolicy::RequestCancel {
                // A run that continues as new after it was asked leaves no request to the next.
                assert!(open.is_empty() || chain.iter().any(|run| run.cancel_requested));
            }
        }
    }
    for run in runs.iter().filter(|run| is_open(run)) {
        let phase = run.workflow_task.as_ref().map(|task| task.phase());
        let delayed = run.first_workflow_task_time.is_some();
        assert!(delayed || phase.is_some_and(|phase| phase != WorkflowTaskPhase::Unspecified), "{} waits for ever", run.run_id);
        let started = run.started.as_ref().expect("it has begun");
        let Some(parent) = &started.parent_workflow_execution else { continue };
        let Some(parent) = runs.iter().find(|run| execution(run) == *parent).filter(|parent| is_open(parent)) else { continue };
        let child: Option<&PendingChild> = parent.children.get(&started.parent_initiated_event_id);
        assert_eq!(child.map(|child| &child.started_run_id), Some(&started.first_execution_run_id), "{} is not known", run.run_id);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn parents_and_children_know_of_each_other_what_is_so(steps in prop::collection::vec(step(), 1..80)) {
        let mut env = Env::new();
        let mut world = World::default();
        world.take(&mut env, &Step::Start);
        for step in &steps {
            world.take(&mut env, step);
            check(&env);
        }
        world.deliver_all(&mut env);
        check(&env);
        check_settled(&env);
    }
}
