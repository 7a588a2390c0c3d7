//! Random commands: whatever comes, state is the fold of events, ids are contiguous, one run at most is open, and nothing panics.

use klamm_machine::{Decision, Publication, TablesExt};
use klamm_messages::{
    klamm::v1::{
        ActivityTaskToken, Command, CommandLimits, CommandSettings, CompleteActivityTask, ExternalAnswered, ExternalOutcome,
        FailActivityTask, FailWorkflowTask, ResetStickyTaskQueue, RunState, StartActivityTask, TaskKind, WorkflowTaskPhase, command::Body,
    },
    temporal::{
        common::v1::{Header, Memo, Payload, SearchAttributes},
        enums::v1::{WorkflowIdConflictPolicy, WorkflowTaskFailedCause},
        workflowservice::v1::{RespondWorkflowTaskFailedRequest, StartWorkflowExecutionRequest},
    },
};
use klamm_workflow::{
    Answer,
    answer::{StartedActivityTask, StartedTask, StartedWorkflowTask},
    tables::{Runs, Tasks},
};
use proptest::prelude::*;

use crate::{
    activity,
    activity_check::{check_activities, is_open},
    callbacks, cancel, cancel_activity, cancel_timer,
    chains::{Follows, follows},
    complete, continue_as_new, deletion,
    env::{self, Env, complete_body, signal_body, sticky, terminate_body, token},
    external::{cancel_external, check_pending, is_external, signal_external},
    fail,
    operations::{Operation, operate, operation},
    pause, payload, publish, published, reset, riders, scheduled, streams, timer, update_with_start, updates,
};

/// One step of somebody.
#[derive(Debug, Clone)]
enum Step {
    Start {
        terminates: bool,
        delay: i64,
        run_timeout: i64,
        follows: Follows,
        eager: bool,
    },
    /// A start that uses the open run and attaches a callback.
    Attach,
    /// A call of a callback ends, for good or not.
    CallbackAttempt {
        failure: Option<bool>,
    },
    /// A schedule starts it.
    ScheduledStart(Follows),
    SignalWithStart(Follows),
    Signal {
        request: u8,
    },
    Cancel,
    Terminate,
    Delete,
    Poll {
        same: bool,
    },
    Complete {
        commands: Vec<Do>,
        sticky: bool,
        force: bool,
        inline: bool,
        messages: Vec<updates::Says>,
        again: bool,
    },
    /// A workflow is asked for an update.
    Update {
        id: u8,
    },
    /// The same with a start.
    UpdateWithStart {
        id: u8,
        conflict: i32,
    },
    Fail,
    ResetSticky,
    StartActivity,
    CompleteActivity,
    FailActivity,
    /// An operator holds the run back, lets it go on, or gives it another priority.
    PauseWorkflow {
        request: u8,
    },
    UnpauseWorkflow,
    UpdateOptions {
        priority: i32,
    },
    /// The newest run, or the first, is reset.
    Reset {
        first: bool,
        point: i64,
        request: u8,
        excludes: bool,
    },
    /// An operator does something to an activity, or to all.
    Operate {
        how: Operation,
        all: bool,
    },
    Wake,
    Pass {
        millis: u64,
    },
    /// The next signal or cancel request that was sent to another workflow arrives, or the answer to one does.
    Deliver {
        /// What the target says; 0: what this partition says.
        outcome: u8,
    },
    /// Pollers ride in the next command.
    Ride {
        workflow: bool,
        sticky: bool,
        activities: u8,
    },
}

/// One command of the workflow.
#[derive(Debug, Clone)]
enum Do {
    Activity(u8),
    /// On a topic of others, on one that is missing, or nowhere.
    Publish(u8),
    Timer(u8),
    CancelTimer(u8),
    CancelActivity(i64),
    Complete,
    Fail,
    Cancel,
    ContinueAsNew,
    /// Of nobody, or of the workflow itself.
    SignalOther(bool),
    CancelOther(bool),
}

fn command() -> impl Strategy<Value = Do> {
    prop_oneof![
        6 => (0..3_u8).prop_map(Do::Activity),
        2 => (0..3_u8).prop_map(Do::Publish),
        6 => (0..3_u8).prop_map(Do::Timer),
        3 => (0..3_u8).prop_map(Do::CancelTimer),
        3 => (4..12_i64).prop_map(Do::CancelActivity),
        1 => Just(Do::Complete),
        1 => Just(Do::Fail),
        1 => Just(Do::Cancel),
        1 => Just(Do::ContinueAsNew),
        2 => any::<bool>().prop_map(Do::SignalOther),
        2 => any::<bool>().prop_map(Do::CancelOther),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (any::<bool>(), prop_oneof![3 => Just(0), 1 => 1..20_i64], prop_oneof![3 => Just(0), 1 => 1..30_i64], follows(), prop::bool::weighted(0.3))
            .prop_map(|(terminates, delay, run_timeout, follows, eager)| Step::Start { terminates, delay, run_timeout, follows, eager }),
        2 => follows().prop_map(Step::ScheduledStart),
        1 => follows().prop_map(Step::SignalWithStart),
        1 => Just(Step::Attach),
        3 => prop::option::of(any::<bool>()).prop_map(|failure| Step::CallbackAttempt { failure }),
        5 => (0..6_u8).prop_map(|request| Step::Signal { request }),
        1 => Just(Step::Cancel),
        1 => Just(Step::Terminate),
        1 => Just(Step::Delete),
        8 => any::<bool>().prop_map(|same| Step::Poll { same }),
        10 => (prop::collection::vec(command(), 0..4), any::<bool>(), prop::bool::weighted(0.3), any::<bool>(), updates::says(), prop::bool::weighted(0.1))
            .prop_map(|(commands, sticky, force, inline, messages, again)| Step::Complete { commands, sticky, force, inline, messages, again }),
        6 => (0..5_u8).prop_map(|id| Step::Update { id }),
        2 => (0..5_u8, 1..4_i32).prop_map(|(id, conflict)| Step::UpdateWithStart { id, conflict }),
        3 => Just(Step::Fail),
        1 => Just(Step::ResetSticky),
        4 => Just(Step::StartActivity),
        3 => Just(Step::CompleteActivity),
        2 => Just(Step::FailActivity),
        2 => (0..3_u8).prop_map(|request| Step::PauseWorkflow { request }),
        4 => Just(Step::UnpauseWorkflow),
        1 => (0..6_i32).prop_map(|priority| Step::UpdateOptions { priority }),
        3 => (any::<bool>(), 2..24_i64, 0..6_u8, any::<bool>())
            .prop_map(|(first, point, request, excludes)| Step::Reset { first, point, request, excludes }),
        3 => (operation(), any::<bool>()).prop_map(|(how, all)| Step::Operate { how, all }),
        4 => Just(Step::Wake),
        4 => (1..15_000_u64).prop_map(|millis| Step::Pass { millis }),
        8 => (0..5_u8).prop_map(|outcome| Step::Deliver { outcome }),
        12 => (any::<bool>(), any::<bool>(), 0..3_u8).prop_map(|(workflow, sticky, activities)| Step::Ride { workflow, sticky, activities }),
    ]
}

/// What commands bring of the configuration: what they bring in production, or limits that a few steps reach.
fn settings() -> impl Strategy<Value = CommandSettings> {
    let small = (8..60_u32, 1_000..20_000_u64, 4..40_u32, 500..10_000_u64).prop_map(|(count, bytes, suggested_count, suggested_bytes)| {
        CommandSettings {
            history_count_limit: count,
            history_size_limit_bytes: bytes,
            history_count_suggest_continue_as_new: suggested_count,
            history_size_suggest_continue_as_new_bytes: suggested_bytes,
            limits: Some(CommandLimits { pending_activities: 2, pending_children: 2, signals: 5, ..CommandLimits::default() }),
            ..env::production()
        }
    });
    let all = || vec!["*".to_owned()];
    let outcomes = CommandSettings { outcome_only: all(), outcomes: all(), ..env::production() };
    let published = CommandSettings { outcomes: all(), ..env::production() };
    let streamed = publish::publishing(streams::streaming(env::production()));
    prop_oneof![3 => Just(env::production()), 2 => small, 1 => Just(outcomes), 2 => Just(published), 3 => Just(streamed)]
}

/// Several entries for a map.
fn entries<M: FromIterator<(String, Payload)>>() -> M {
    ["a", "b", "c", "d", "e"].into_iter().map(|key| (key.to_owned(), payload(format!("\"{key}\"").as_bytes()))).collect()
}

/// The partition and what its workers hold.
struct World {
    env: Env,
    tasks: Vec<StartedWorkflowTask>,
    activities: Vec<ActivityTaskToken>,
    polls: usize,
    /// Starts of the schedule so far.
    scheduled: i64,
    /// How many signals and cancel requests to other workflows, and answers to them, have arrived.
    delivered: usize,
    /// Resets so far.
    resets: usize,
    /// How many publications have been looked through for tasks of stream task queues.
    read: usize,
}

impl World {
    fn new(settings: CommandSettings) -> Self {
        let mut env = Env::new();
        env.settings = CommandSettings { retention: Some(env::seconds(60)), ..settings };
        Self { env, tasks: Vec::new(), activities: Vec::new(), polls: 0, scheduled: 0, delivered: 0, resets: 0, read: 0 }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Start { terminates, delay, run_timeout, follows, eager } => {
                let body = self.env.start_body(|request| {
                    if *terminates {
                        request.workflow_id_conflict_policy = WorkflowIdConflictPolicy::TerminateExisting as i32;
                    }
                    request.workflow_start_delay = Some(env::seconds(*delay));
                    request.workflow_run_timeout = Some(env::seconds(*run_timeout));
                    request.retry_policy = follows.policy();
                    request.cron_schedule = follows.cron();
                    request.request_eager_execution = *eager;
                    request.completion_callbacks = vec![callbacks::callback("start")];
                    request.memo = Some(Memo { fields: entries() });
                    request.header = Some(Header { fields: entries() });
                    request.search_attributes = Some(SearchAttributes { indexed_fields: entries() });
                });
                if let Ok(klamm_machine::Outcome::Answer(Answer::Started(started))) = self.env.decide(body) {
                    self.tasks.extend(started.eager_workflow_task.map(|task| *task));
                }
            }
            Step::Attach => {
                let body = self.env.start_body(|request| {
                    let request_id = request.request_id.clone();
                    callbacks::attaching(request, &request_id, &["attached"]);
                });
                self.decide(body);
            }
            Step::CallbackAttempt { failure } => {
                if let Some(row) = callbacks::due(&self.env).first() {
                    self.decide(callbacks::attempt_body(row, *failure));
                }
            }
            Step::ScheduledStart(follows) => {
                self.scheduled += 1;
                let body = scheduled::body(&mut self.env, self.scheduled, |request| {
                    request.retry_policy = follows.policy();
                    request.cron_schedule = follows.cron();
                });
                assert!(matches!(self.env.decide(body), Ok(klamm_machine::Outcome::Answer(_))), "a schedule's start is always accepted");
            }
            Step::SignalWithStart(follows) => {
                let body = self.env.signal_with_start_body(|request| {
                    request.retry_policy = follows.policy();
                    request.cron_schedule = follows.cron();
                });
                self.decide(body);
            }
            Step::Signal { request: 0 } => self.decide(signal_body("s", "")),
            Step::Signal { request } => self.decide(signal_body("s", &format!("r{request}"))),
            Step::Cancel => self.decide(env::cancel_body("")),
            Step::Terminate => self.decide(terminate_body("")),
            Step::Delete => self.decide(deletion::delete_body("")),
            Step::Poll { same } => self.poll(*same),
            Step::Update { id } => self.decide(updates::update_body(&format!("u{id}"))),
            Step::UpdateWithStart { id, conflict } => {
                let change = |request: &mut StartWorkflowExecutionRequest| request.workflow_id_conflict_policy = *conflict;
                let body = update_with_start::body(&mut self.env, &format!("u{id}"), change);
                self.decide(body);
            }
            Step::Complete { commands, sticky: is_sticky, force, inline, messages, again } => {
                let Some(task) = self.tasks.pop() else { return };
                if *again {
                    // The worker will complete it a second time.
                    self.tasks.push(task.clone());
                }
                let (named, messages) = updates::said(messages);
                let commands = commands.iter().map(attributes).chain(named).collect();
                let body = complete_body(&task, commands, |request| {
                    request.messages = messages;
                    request.sticky_attributes = sticky().filter(|_| *is_sticky);
                    request.force_create_new_workflow_task = *force;
                    request.return_new_workflow_task = *inline;
                });
                let decision = self.env.decide(body);
                if let Ok(klamm_machine::Outcome::Answer(Answer::WorkflowTaskCompleted { new_workflow_task: Some(task), .. })) = decision {
                    self.tasks.push(*task);
                }
            }
            Step::Fail => {
                let Some(task) = self.tasks.pop() else { return };
                let request = RespondWorkflowTaskFailedRequest {
                    cause: WorkflowTaskFailedCause::NonDeterministicError as i32,
                    ..RespondWorkflowTaskFailedRequest::default()
                };
                self.decide(Body::FailWorkflowTask(FailWorkflowTask { token: Some(token(&task)), request: Some(request) }));
            }
            Step::ResetSticky => {
                let run_id = self.env.current().run_id;
                self.decide(Body::ResetStickyTaskQueue(ResetStickyTaskQueue { run_id }));
            }
            Step::StartActivity => self.start_activity(),
            Step::CompleteActivity => {
                let Some(token) = self.activities.pop() else { return };
                self.decide(Body::CompleteActivityTask(CompleteActivityTask {
                    token: Some(token),
                    result: None,
                    ..CompleteActivityTask::default()
                }));
            }
            Step::FailActivity => {
                let Some(token) = self.activities.pop() else { return };
                let failure = Some(Default::default());
                let body = FailActivityTask { token: Some(token), failure, ..FailActivityTask::default() };
                self.decide(Body::FailActivityTask(body));
            }
            Step::PauseWorkflow { request } => self.decide(pause::pause(&format!("r{request}"))),
            Step::UnpauseWorkflow => self.decide(pause::unpause()),
            Step::UpdateOptions { priority } => self.decide(pause::update_priority(*priority)),
            Step::Reset { first, point, request, excludes } => {
                self.resets += 1;
                let base = if *first { "run-1" } else { "" };
                self.decide(reset::reset(base, *point, &format!("reset-{}", self.resets), |body| {
                    body.request_id = format!("r{request}");
                    body.exclude_signals = *excludes;
                }));
            }
            Step::Operate { how, all } => self.decide(operate(how, *all)),
            Step::Wake => {
                if self.env.next_wake().is_some_and(|due| due <= self.env.elapsed()) {
                    self.env.wake();
                }
            }
            Step::Pass { millis } => self.env.advance(*millis),
            Step::Deliver { outcome } => self.deliver(*outcome),
            Step::Ride { workflow, sticky, activities } => self.ride(*workflow, *sticky, *activities),
        }
        self.take_started();
    }

    /// Lets the next command arrive that was sent to another workflow, or back.
    fn deliver(&mut self, outcome: u8) {
        let Some(sent) = self.env.sent.iter().filter(|command| is_external(command)).nth(self.delivered).cloned() else { return };
        self.delivered += 1;
        let command = match (&sent.asked_by, ExternalOutcome::try_from(i32::from(outcome))) {
            (Some(asked_by), Ok(outcome)) if outcome != ExternalOutcome::Unspecified => Command {
                workflow_id: asked_by.workflow_id.clone(),
                asked_by: None,
                body: Some(Body::ExternalAnswered(ExternalAnswered { asked_by: Some(asked_by.clone()), outcome: outcome as i32 })),
                ..sent
            },
            _ => sent,
        };
        assert!(self.env.decide_command(&command).is_ok(), "what a run has sent, and what it is told, is always accepted");
    }

    /// Lets pollers ride in the next command, whatever it is.
    fn ride(&mut self, workflow: bool, is_sticky: bool, activities: u8) {
        let mut id = || {
            self.polls += 1;
            format!("rider-{}", self.polls)
        };
        self.env.riders.clear();
        if workflow {
            self.env.riders.push(riders::workflow(env::queue("q"), &id()));
        }
        if is_sticky && let Some(queue) = sticky().and_then(|sticky| sticky.worker_task_queue) {
            self.env.riders.push(riders::workflow(queue, &id()));
        }
        for _ in 0..activities {
            self.env.riders.push(riders::activity(env::queue("activities"), &id()));
        }
    }

    /// What riders have been given is in workers' hands, and so is what was published.
    fn take_started(&mut self) {
        for started in std::mem::take(&mut self.env.started) {
            match started.task {
                StartedTask::Workflow(task) => self.tasks.push(*task),
                StartedTask::Activity(task) => self.activities.push(activity_token(*task)),
            }
        }
        for publication in &self.env.publications[self.read..] {
            if let Publication::Task(task) = publication {
                self.activities.push(task.token.clone());
            }
        }
        self.read = self.env.publications.len();
    }

    fn decide(&mut self, body: Body) {
        let _: Decision<Answer> = self.env.decide(body);
    }

    fn poll(&mut self, same: bool) {
        let Some(row) = self.env.waiting_workflow_task() else { return };
        if !same {
            self.polls += 1;
        }
        let body = env::start_task_body(&row, &format!("poll-{}", self.polls));
        if let Ok(klamm_machine::Outcome::Answer(Answer::WorkflowTaskStarted(task))) = self.env.decide(body) {
            self.tasks.push(*task);
        }
    }

    fn start_activity(&mut self) {
        let from = klamm_machine::key::KeyBytes::new(klamm_machine::Kind::Task).finish();
        let rows = self.env.rows.range::<Tasks>(&from, &klamm_machine::key::prefix_end(&from), usize::MAX);
        let Some((_, row)) = rows.into_iter().find(|(_, row)| row.kind == TaskKind::Activity as i32) else { return };
        let body = StartActivityTask {
            run_id: row.run_id.clone(),
            scheduled_event_id: row.scheduled_event_id,
            stamp: row.stamp,
            poll_id: format!("activity-{}", self.polls),
            ..StartActivityTask::default()
        };
        if let Ok(klamm_machine::Outcome::Answer(Answer::ActivityTaskStarted(task))) = self.env.decide(Body::StartActivityTask(body)) {
            self.activities.push(activity_token(*task));
        }
    }

    /// What holds after every step.
    fn check(&self) {
        let from = klamm_machine::key::KeyBytes::new(klamm_machine::Kind::Run).finish();
        let runs = self.env.rows.range::<Runs>(&from, &klamm_machine::key::prefix_end(&from), usize::MAX);
        let open = runs.iter().filter(|(_, run)| is_open(run)).count();
        assert!(open <= 1, "{open} open runs");
        for (_, run) in &runs {
            self.check_run(run);
        }
        published::check(&self.env);
        streams::check(&self.env);
        publish::check(&self.env);
        self.check_told();
    }

    /// The schedule has an answer to each of its starts; of each run that it was told to be started, it is told once that it closed, when the
    /// newest run of its chain has.
    fn check_told(&self) {
        let mut answers = 0;
        let mut open: Vec<(i64, &str)> = Vec::new();
        for command in &self.env.sent {
            match command.body.as_ref() {
                Some(Body::ScheduledStartAnswered(answered)) => {
                    answers += 1;
                    assert_eq!(answered.scheduled_by.as_ref().map(|by| by.action), Some(answers));
                    if !answered.run_id.is_empty() {
                        open.push((answers, &answered.run_id));
                    }
                }
                Some(Body::ScheduledRunClosed(closed)) => {
                    let action = closed.scheduled_by.as_ref().map_or(0, |by| by.action);
                    let at = open.iter().position(|run| *run == (action, closed.first_run_id.as_str()));
                    open.remove(at.expect("the run was told to be started, and not yet to be closed"));
                }
                _ if is_external(command) => {}
                other => panic!("sent: {other:?}"),
            }
        }
        assert_eq!(answers, self.scheduled);
        let state = self.env.state();
        let by = state.execution.as_ref().and_then(|execution| execution.scheduled_by.as_ref());
        let running = by.filter(|_| is_open(&state));
        assert_eq!(open.iter().map(|(action, _)| *action).collect::<Vec<_>>(), running.map(|by| by.action).into_iter().collect::<Vec<_>>());
    }

    fn check_run(&self, run: &RunState) {
        callbacks::check(&self.env, run);
        let events = self.env.events(&klamm_workflow::tables::RunKey::new(&run.namespace, &run.workflow_id, &run.run_id));
        let ids: Vec<_> = events.iter().map(|event| event.event_id).collect();
        check_activities(&self.env, run, &events);
        check_pending(run, &events);
        // Where only the outcome is kept, the last event is all that stays.
        let first = if run.outcome_only { run.next_event_id - 1 } else { 1 };
        assert_eq!(ids, (first..run.next_event_id).collect::<Vec<_>>(), "event ids of {}", run.run_id);
        updates::check(&self.env, run);
        let phase = run.workflow_task.as_ref().map(|task| task.phase());
        if !is_open(run) {
            assert!(run.timers.is_empty() && run.buffered_events.is_empty());
            assert_ne!(phase, Some(WorkflowTaskPhase::Started));
            assert!(env::tasks(&self.env.rows).iter().all(|task| task.run_id != run.run_id), "a task of a closed run waits");
        }
        if phase != Some(WorkflowTaskPhase::Started) {
            assert!(run.buffered_events.is_empty(), "events wait for nothing");
        }
    }
}

fn activity_token(task: StartedActivityTask) -> ActivityTaskToken {
    ActivityTaskToken {
        namespace: "default".to_owned(),
        workflow_id: env::ID.to_owned(),
        run_id: task.run_id,
        scheduled_event_id: task.scheduled_event_id,
        attempt: task.attempt,
        stamp: task.stamp,
        ..ActivityTaskToken::default()
    }
}

fn attributes(command: &Do) -> crate::Attributes {
    match command {
        Do::Activity(id) => activity(&format!("a{id}")),
        Do::Publish(id) => {
            let destination = ["invoices", "missing", "nowhere"][usize::from(*id)];
            publish::publish(&format!("p{id}"), &format!("{{\"destination\": \"{destination}\", \"text\": \"a\"}}"))
        }
        Do::Timer(id) => timer(&format!("t{id}"), 1 + i64::from(*id) * 5),
        Do::CancelTimer(id) => cancel_timer(&format!("t{id}")),
        Do::CancelActivity(id) => cancel_activity(*id),
        Do::Complete => complete("done"),
        Do::Fail => fail("boom"),
        Do::Cancel => cancel(),
        Do::SignalOther(itself) => signal_external(if *itself { env::ID } else { "nobody" }, "", "s"),
        Do::CancelOther(itself) => cancel_external(if *itself { env::ID } else { "nobody" }, ""),
        Do::ContinueAsNew => crate::Attributes::ContinueAsNewWorkflowExecutionCommandAttributes(continue_as_new()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// [`Env`] compares the folds after each accepted command.
    #[test]
    fn state_is_the_fold_of_events(settings in settings(), steps in prop::collection::vec(step(), 1..60)) {
        let mut world = World::new(settings);
        for step in &steps {
            world.take(step);
            world.check();
        }
    }

    /// The same commands give the same bytes on the topics, whatever order the maps of a process have.
    #[test]
    fn a_replay_gives_the_same_bytes(settings in settings(), steps in prop::collection::vec(step(), 1..40)) {
        let live = || {
            let mut world = World::new(settings.clone());
            world.env.checks_folds = false;
            steps.iter().for_each(|step| world.take(step));
            world.env
        };
        let (first, again) = (live(), live());
        prop_assert_eq!(&first.log, &again.log);
        prop_assert!(first.on_the_topics() == again.on_the_topics(), "the bytes differ of what is the same");
    }
}
