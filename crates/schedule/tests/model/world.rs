//! Machine and reference side by side.

use std::collections::BTreeMap;

use klamm_machine::Time;
use klamm_messages::{
    klamm::v1::{ScheduleDecision, ScheduleDecisionKind as Kind, StartWorkflow, command::Body},
    temporal::{
        enums::v1::{ScheduleOverlapPolicy as Policy, WorkflowExecutionStatus as Status},
        schedule::v1::{BackfillRequest, Schedule, SchedulePolicies, ScheduleState},
    },
};
use klamm_schedule::{spec::Spec, view};

use crate::{
    env::{self, Env},
    reference::{Reference, Sent},
    steps::{Settings, Step},
};

/// What the jitter of the schedule is drawn from.
pub const SEED: &str = "ns-id-s";
/// Starts under way, and actions that wait, at which some are answered or end: the machine sends no more than a hundred starts at a time, and
/// backfills fill no more than half of the buffer, which the reference does not know.
const UNANSWERED_MAX: usize = 20;
/// See [`UNANSWERED_MAX`].
const WAITING_MAX: usize = 30;

/// Machine and reference.
pub struct World {
    env: Env,
    reference: Reference,
    /// The starts that were sent, by the reference's number.
    starts: BTreeMap<usize, (String, StartWorkflow)>,
    /// Whether all times so far are multiples of one interval.
    is_regular: bool,
    /// When this schedule was created.
    created: i64,
}

impl World {
    pub fn new(settings: Settings) -> Self {
        let mut env = Env::new();
        env.checks_folds = false;
        env.answers = false;
        let reference = Reference::new(&settings, spec(&settings), env.now().millis());
        let mut world = Self { created: env.now().millis(), env, reference, starts: BTreeMap::new(), is_regular: true };
        world.env.accept(env::create_body(schedule(&settings), "r", None));
        world.compare("create");
        world
    }

    fn now(&self) -> i64 {
        self.env.now().millis()
    }

    /// One step, on both sides.
    pub fn take(&mut self, step: &Step) {
        match step {
            Step::Pass(millis) => {
                let begin = self.now();
                self.env.advance(*millis);
                while let Some(time) = self.reference.next_look(self.now()) {
                    self.reference.look(time.max(begin));
                }
            }
            Step::Outage(millis) => {
                self.env.pass(*millis);
                self.settle();
            }
            // What comes next finds it late.
            Step::Late(millis) => self.env.pass(*millis),
            Step::Trigger(policy) => {
                self.env.trigger(*policy);
                self.reference.trigger(self.now(), *policy);
            }
            Step::Backfill { before, length, policy } => self.backfill(*before, *length, *policy),
            Step::Pause => self.pause(true),
            Step::Unpause => self.pause(false),
            Step::Update(settings) => {
                self.is_regular &= settings.interval == self.reference.settings.interval;
                self.env.accept(env::update_body(schedule(settings), |_| ()));
                self.reference.update(self.now(), settings, spec(settings));
            }
            Step::Answer { which, is_accepted } => {
                if !self.reference.starting.is_empty() {
                    self.answer(which % self.reference.starting.len(), *is_accepted);
                }
            }
            Step::Close { which, status } => {
                let open = self.reference.open();
                if !open.is_empty() {
                    self.close(open[which % open.len()], *status);
                }
            }
            Step::Recreate(settings) => self.recreate(settings),
        }
        if !matches!(step, Step::Late(_)) {
            self.settle();
        }
        self.match_sent();
        while self.reference.starting.len() > UNANSWERED_MAX || self.reference.buffer.len() > WAITING_MAX {
            match self.reference.running.first() {
                _ if !self.reference.starting.is_empty() => self.answer(0, true),
                Some(running) => self.close(running.id, Status::Completed),
                None => panic!("{step:?}: what waits waits for nothing"),
            }
            self.match_sent();
        }
        self.compare(&format!("{step:?}"));
    }

    /// Both look at what is due now.
    fn settle(&mut self) {
        self.env.settle();
        while self.reference.next_look(self.now()).is_some() {
            self.reference.look(self.now());
        }
    }

    fn backfill(&mut self, before: i64, length: i64, policy: Policy) {
        let start = self.now() - before * 1000;
        let end = start + length * 1000;
        let time = |millis| Some(Time::from_millis(millis).into());
        self.env.patch(|patch| {
            patch.backfill_request = vec![BackfillRequest { start_time: time(start), end_time: time(end), overlap_policy: policy as i32 }];
        });
        self.reference.backfill(self.now(), start, end, policy);
    }

    fn pause(&mut self, paused: bool) {
        self.env.patch(|patch| *if paused { &mut patch.pause } else { &mut patch.unpause } = "note".to_owned());
        self.reference.pause(self.now(), paused);
    }

    fn answer(&mut self, index: usize, is_accepted: bool) {
        let (workflow_id, start) = &self.starts[&self.reference.starting[index].id];
        let body = if is_accepted { env::answered(workflow_id, start) } else { env::rejected(workflow_id, start, "no", false) };
        self.env.accept(body);
        self.reference.answer(self.now(), index, is_accepted);
    }

    fn close(&mut self, id: usize, status: Status) {
        let (workflow_id, start) = &self.starts[&id];
        self.env.accept(env::closed(workflow_id, start, status, &id.to_string()));
        self.reference.close(self.now(), id, status);
        // Answers and ends that come again find nothing, unless the schedule knows runs by their number only.
        let is_known_by_number = !self.reference.overlapping.is_empty();
        let (workflow_id, start) = &self.starts[&id];
        let (answered, closed) = (env::answered(workflow_id, start), env::closed(workflow_id, start, status, &id.to_string()));
        self.env.ignores(answered);
        if !is_known_by_number {
            self.env.ignores(closed);
        }
    }

    /// The schedule goes and comes again; runs of the one before are nobody's.
    fn recreate(&mut self, settings: &Settings) {
        self.check_audit();
        let open: Vec<_> = self.reference.open().into_iter().map(|id| self.starts[&id].clone()).collect();
        self.env.accept(env::delete_body());
        assert!(self.env.rows.0.is_empty(), "nothing is left");
        self.env.accept(env::create_body(schedule(settings), "r", None));
        for (workflow_id, start) in open {
            self.env.ignores(env::answered(&workflow_id, &start));
            self.env.ignores(env::closed(&workflow_id, &start, Status::Failed, "late"));
        }
        self.reference = Reference::new(settings, spec(settings), self.now());
        self.starts.clear();
        (self.is_regular, self.created) = (true, self.now());
    }

    /// Both have sent the same; the machine's starts are kept for their answers.
    fn match_sent(&mut self) {
        let expected = std::mem::take(&mut self.reference.sent);
        let sent = std::mem::take(&mut self.env.sent);
        let said: Vec<_> = sent.iter().map(|command| said(&command.workflow_id, command.body.as_ref().expect("a body"))).collect();
        let expected_said: Vec<_> = expected.iter().map(expected_words).collect();
        assert_eq!(said, expected_said, "what was sent");
        for command in sent {
            if let Some(Body::StartWorkflow(start)) = command.body {
                let id = self.starts.len() + 1;
                self.starts.insert(id, (command.workflow_id, start));
            }
        }
    }

    /// Both stand alike.
    fn compare(&mut self, step: &str) {
        let (progress, reference) = (self.env.progress(), &self.reference);
        let state = progress.state.clone().unwrap_or_default();
        let counts = (progress.action_count, progress.overlap_skipped, progress.missed_catchup_window, progress.buffer_dropped);
        assert_eq!(counts, (reference.actions, reference.skipped, reference.missed, 0), "{step}: counters");
        let limit = if state.limited_actions { Some(state.remaining_actions) } else { None };
        assert_eq!(
            (state.paused, limit, progress.conflict_token),
            (reference.paused, reference.remaining, reference.token),
            "{step}: state"
        );
        let millis = |time: &Option<prost_types::Timestamp>| Time::from(time.as_ref().expect("a time")).millis();
        let waiting: Vec<_> = progress.buffer.iter().map(|action| (millis(&action.nominal_time), action.manual)).collect();
        assert_eq!(waiting, reference.buffer.iter().map(|action| (action.nominal, action.manual)).collect::<Vec<_>>(), "{step}: buffer");
        let run_id = |id: usize| self.starts[&id].1.run_id.clone();
        let runs = |actions: &[crate::reference::Action]| actions.iter().map(|action| run_id(action.id)).collect::<Vec<_>>();
        let starting: Vec<_> = progress.starting.iter().map(|starting| starting.run_id.clone()).collect();
        assert_eq!(starting, runs(&reference.starting), "{step}: starting");
        let running: Vec<_> = progress.running.iter().map(|running| running.run_id.clone()).collect();
        assert_eq!(running, runs(&reference.running), "{step}: running");
        assert_eq!(progress.overlapping_count, reference.overlapping.len() as i64, "{step}: overlapping");
        let tracked = reference.running.len() + reference.starting.iter().filter(|action| action.is_tracked).count();
        assert!(tracked <= 1, "{step}: one at a time");
        let recent = progress.recent_actions.iter();
        let recent: Vec<_> =
            recent.map(|action| (action.start_workflow_result.clone().expect("a run").run_id, action.start_workflow_status())).collect();
        assert_eq!(recent, reference.recent.iter().map(|(_, id, status)| (run_id(*id), *status)).collect::<Vec<_>>(), "{step}: recent");
        let outcome = self.env.outcome();
        let result = outcome.last_completion_result.map(|result| String::from_utf8(result.payloads[0].data.clone()).expect("text"));
        assert_eq!(result, reference.result.map(|id| id.to_string()), "{step}: result");
        let failure = outcome.continued_failure.map(|failure| failure.message);
        assert_eq!(failure, reference.failure.map(|id| id.to_string()), "{step}: failure");
        self.compare_view(step);
    }

    /// Describe shows what stands, and no future time that is not to come.
    fn compare_view(&self, step: &str) {
        let shown = view::describe(env::ID, &self.env.definition(), &self.env.progress(), self.env.now());
        let info = shown.info.expect("info");
        assert_eq!(info.buffer_size, self.reference.buffer.len() as i64, "{step}: buffer size");
        let limit = self.reference.remaining.unwrap_or(10).min(10);
        assert_eq!(info.future_action_times.len() as i64, limit, "{step}: future times");
        assert!(info.future_action_times.iter().map(Time::from).is_sorted(), "{step}: future times in order");
        if self.reference.paused {
            assert!(info.future_action_times.iter().all(|time| Time::from(time) >= self.env.now()), "{step}: future times to come");
        }
        let wakes = self.env.wakes();
        assert!(wakes.len() <= 1, "{step}: one wake row");
        let wake = wakes.first().and_then(|row| row.due.as_ref()).map(Time::from);
        assert_eq!(wake, self.env.progress().wake_time.as_ref().map(Time::from), "{step}: the wake row");
    }

    /// The audit agrees with the counters, and every time of the spec was decided once.
    fn check_audit(&mut self) {
        let decisions = self.env.decisions();
        let mut counts: BTreeMap<Kind, i64> = BTreeMap::new();
        for decision in &decisions {
            *counts.entry(decision.kind()).or_default() += decision.count;
        }
        assert_eq!(counts, self.reference.counts, "counts of decisions");
        let progress = self.env.progress();
        let counted = [Kind::Fired, Kind::SkippedOverlap, Kind::MissedCatchupWindow].map(|kind| counts.get(&kind).copied().unwrap_or(0));
        assert_eq!(counted, [progress.action_count, progress.overlap_skipped, progress.missed_catchup_window], "counters and audit");
        if self.is_regular {
            self.check_times(decisions.iter().map(|decision| &**decision));
        }
    }

    /// Each time of the spec has one final decision, or waits for it.
    fn check_times<'d>(&self, decisions: impl Iterator<Item = &'d ScheduleDecision>) {
        let interval = self.reference.settings.interval * 1000;
        let mut decided = Vec::new();
        for decision in decisions.filter(|decision| !decision.manual && decision.kind() != Kind::Buffered) {
            let first = Time::from(decision.nominal_time.as_ref().expect("a time")).millis();
            let times: Vec<_> = (0..decision.count).map(|n| (first + n * interval, decision.kind())).collect();
            let last = decision.last_nominal_time.as_ref().map_or(first, |time| Time::from(time).millis());
            // Times left out by a pause or an update may lie between, and those that became actions.
            assert!(times.last().is_some_and(|(time, _)| *time <= last));
            if times.last().is_some_and(|(time, _)| *time == last) {
                decided.extend(times);
            } else {
                decided
                    .extend(self.reference.decided.iter().filter(|(time, kind)| (first..=last).contains(time) && *kind == decision.kind()));
            }
        }
        let mut expected = self.reference.decided.clone();
        expected.sort_unstable();
        decided.sort_unstable();
        assert_eq!(decided, expected, "decisions");
        let mut times: Vec<_> = decided.iter().map(|(time, _)| *time).collect();
        let waiting = self.reference.buffer.iter().chain(&self.reference.starting).filter(|action| !action.manual);
        times.extend(waiting.map(|action| action.nominal));
        times.sort_unstable();
        let count = times.len();
        times.dedup();
        assert_eq!(times.len(), count, "no time twice");
        assert!(times.first().is_none_or(|time| *time + self.reference.settings.interval * 1000 > self.created));
    }

    /// The end of a life.
    pub fn finish(&mut self) {
        self.settle();
        self.match_sent();
        self.compare("the end");
        self.check_audit();
        self.env.check_folds();
        self.env.check_replay();
        assert!(env::fold(&self.env.log).bytes() == self.env.rows.bytes());
    }
}

/// A command in words.
fn said(workflow_id: &str, body: &Body) -> String {
    match body {
        Body::StartWorkflow(start) => {
            let is_manual = start.request.as_ref().expect("a request").workflow_id_reuse_policy == 1;
            format!("start {workflow_id} {is_manual}")
        }
        Body::RequestCancelWorkflow(_) => format!("cancel {workflow_id}"),
        Body::TerminateWorkflow(_) => format!("terminate {workflow_id}"),
        other => panic!("{other:?}"),
    }
}

/// The same of the reference's.
fn expected_words(sent: &Sent) -> String {
    let id = |nominal: &i64| {
        let time = chrono::DateTime::from_timestamp(nominal.div_euclid(1000), 0).expect("a time");
        format!("w-{}", time.format("%Y-%m-%dT%H:%M:%SZ"))
    };
    match sent {
        Sent::Start { nominal, manual } => format!("start {} {manual}", id(nominal)),
        Sent::Cancel { nominal } => format!("cancel {}", id(nominal)),
        Sent::Terminate { nominal } => format!("terminate {}", id(nominal)),
    }
}

/// The schedule of these settings.
fn schedule(settings: &Settings) -> Schedule {
    let mut spec = env::every(settings.interval);
    spec.jitter = Some(env::seconds(settings.jitter));
    Schedule {
        spec: Some(spec),
        policies: Some(SchedulePolicies {
            overlap_policy: settings.policy as i32,
            catchup_window: Some(env::seconds(settings.window)),
            pause_on_failure: settings.pause_on_failure,
            ..SchedulePolicies::default()
        }),
        state: Some(ScheduleState {
            paused: settings.paused,
            limited_actions: settings.limit.is_some(),
            remaining_actions: settings.limit.unwrap_or(0),
            ..ScheduleState::default()
        }),
        ..env::minutely()
    }
}

/// Its compiled spec.
fn spec(settings: &Settings) -> Spec {
    Spec::compile(schedule(settings).spec.as_ref().expect("a spec")).expect("a valid spec")
}
