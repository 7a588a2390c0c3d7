//! Machine and model side by side.

use std::collections::BTreeMap;

use klamm_machine::{Outcome, Rejection, Time};
use klamm_messages::{
    klamm::v1::{StartWorkflow, command::Body},
    temporal::schedule::v1::BackfillRequest,
};
use klamm_schedule::Answer as Token;
use klamm_spec::{
    End, Millis, Refusal,
    schedule::{Backfill, Patch, Schedule, Verdict},
};

use super::{
    defined::{Defined, policy},
    env::{self, Env, START},
    shown,
    steps::{Answer, Asked, Long, Step},
};

/// Starts under way, and actions that wait, at which some are answered or end. The machine sends no more than a hundred starts at a time, which
/// the model does not know.
const UNANSWERED_MAX: usize = 20;
/// See [`UNANSWERED_MAX`].
const WAITING_MAX: usize = 30;
/// So many undecided times at most, for the same reason. A schedule that does not act may leave more.
const UNDECIDED_MAX: usize = 30;
/// See [`UNDECIDED_MAX`].
const UNDECIDED_IDLE_MAX: usize = 100;
/// No step takes longer.
const LONGEST: Millis = 400 * 86_400_000;
/// So many times at most in one backfill.
const BACKFILL_MAX: usize = 15;
/// Decisions are kept so long: no life lasts longer.
const RETENTION: i64 = 100 * 365 * 86_400;

/// Machine and model.
pub struct World {
    env: Env,
    model: Schedule,
    /// The starts that the machine sent, by the numbers of their actions.
    starts: BTreeMap<i64, (String, StartWorkflow)>,
    /// What was decided before the present schedule.
    earlier: usize,
}

/// Draws jitter as Temporal does: by the hash of the second, as Go writes times, and of the schedule's name.
fn jitter(second: i64, longest: Millis) -> Millis {
    let seconds_of_year_1 = (second + 62_135_596_800).to_be_bytes();
    let hashed = [&[1_u8], &seconds_of_year_1[..], &[0, 0, 0, 0, 255, 255], b"ns-id-s"].concat();
    (i64::from(farmhash::fingerprint32(&hashed)) * longest) >> 32
}

impl World {
    pub fn new() -> Self {
        let mut env = Env::new();
        env.checks_folds = false;
        env.answers = false;
        env.settings.schedule_audit_retention = Some(env::seconds(RETENTION));
        let model = Schedule { now: START, jitter: Some(jitter), ..Schedule::default() };
        Self { env, model, starts: BTreeMap::new(), earlier: 0 }
    }

    /// One step, on both sides.
    pub fn take(&mut self, step: &Step) {
        match step {
            Step::Pass(long) => {
                let until = self.until(long);
                self.env.advance(until - self.model.now);
                self.model.pass(until);
            }
            Step::Outage(long) | Step::Late(long) => {
                let until = self.until(long);
                self.env.pass(until - self.model.now);
                self.model.now = until;
            }
            Step::Create(request, defined, asked) => {
                let patch = self.patch_of(asked);
                self.create(&request_id(*request), defined, patch);
            }
            Step::Update { request, token, defined } => self.update(&request_id(*request), *token, defined),
            Step::Patch(asked) => {
                let patch = self.patch_of(asked);
                self.patch(&request_id(asked.request), patch);
            }
            Step::Delete => self.delete(),
            Step::Answer(which, answer) if !self.model.starting.is_empty() => self.answer(which % self.model.starting.len(), answer),
            Step::Close(which, end, told) if !self.open().is_empty() => {
                let number = self.open()[which % self.open().len()];
                self.close(number, *end, told.as_deref());
            }
            Step::Answer(..) | Step::Close(..) => {}
        }
        if !matches!(step, Step::Late(_)) {
            self.settle();
        }
        self.match_sent();
        while self.model.starting.len() > UNANSWERED_MAX || (self.model.exists && self.model.buffer.len() > WAITING_MAX) {
            match self.model.running.iter().any(|action| !shown::is_apart(action)) {
                _ if !self.model.starting.is_empty() => self.answer(0, &Answer::Runs),
                true => self.close_oldest(),
                false => panic!("{step:?}: what waits waits for nothing"),
            }
        }
        self.compare(&format!("{step:?}"));
    }

    /// Both look at what is due now.
    fn settle(&mut self) {
        self.env.settle();
        self.model.pass(self.model.now);
    }

    /// Time goes by with nobody looking; then both look.
    pub fn outage(&mut self, millis: Millis) {
        self.env.pass(millis);
        self.model.now += millis;
        self.settle();
        self.match_sent();
    }

    /// The end of a time that passes. It does not leave more times than the machine takes at once.
    fn until(&self, long: &Long) -> Millis {
        let Schedule { now, definition, .. } = &self.model;
        let next = |after: Millis| definition.times.next(after, self.model.jitter).map(|(_, actual)| actual);
        let undecided =
            || std::iter::successors(next(self.model.decided), |actual| next(*actual)).filter(|actual| *actual >= self.model.valid_from);
        let until = match long {
            Long::Millis(millis) => now + millis,
            Long::Times(..) | Long::Window(_) if !self.model.exists => now + 1_000,
            Long::Window(more) => undecided().next().map_or(now + 1_000, |actual| actual + definition.window() + more),
            Long::Times(count, more) => {
                undecided().filter(|actual| actual > now).nth(count - 1).map_or(now + 1_000, |actual| actual + more)
            }
        };
        let most = if self.model.barred().is_none() { UNDECIDED_MAX } else { UNDECIDED_IDLE_MAX };
        let last = undecided().take_while(|actual| *actual <= until).nth(most).filter(|_| self.model.exists);
        until.min(last.unwrap_or(until)).clamp(*now, now + LONGEST)
    }

    /// The patch that is asked for, now.
    fn patch_of(&self, asked: &Asked) -> Patch {
        let now = self.model.now;
        let backfill = |(before, length, overlap): &(i64, i64, _)| {
            let (first, last) = (now + before * 1000, now + (before + length) * 1000);
            let next = |after: Millis| self.model.definition.times.next(after, self.model.jitter).map(|(_, actual)| actual);
            let most =
                std::iter::successors(next(first - 1), |actual| next(*actual)).take_while(|actual| *actual <= last).nth(BACKFILL_MAX);
            Backfill { first, last: most.unwrap_or(last), overlap: *overlap }
        };
        Patch {
            trigger: asked.trigger.map(|(after, overlap)| (now + after * 1000, overlap)),
            backfills: asked.backfills.iter().map(backfill).collect(),
            pause: asked.pause.clone(),
            unpause: asked.unpause.clone(),
        }
    }

    /// A client creates the schedule. If one is created, answers to starts of an earlier one are nobody's.
    pub fn create(&mut self, request: &str, defined: &Defined, patch: Patch) {
        let begins = !self.model.exists;
        if begins {
            self.earlier = self.model.decisions.len();
        }
        let open = self.open();
        let body = env::create_body(defined.schedule(), request, Some(patch_for_machine(&patch)));
        let machine = match self.env.decide(body) {
            Ok(Outcome::Answer(Token::Token(token))) => Ok(i64::from_be_bytes(token.try_into().expect("eight bytes"))),
            Ok(other) => panic!("{other:?}"),
            Err(rejection) => Err(refusal(&rejection)),
        };
        assert_eq!(machine, self.model.create(request, defined.definition.clone(), patch), "create");
        self.match_sent();
        for number in if begins { open } else { Vec::new() } {
            let (workflow_id, start) = &self.starts[&number];
            self.env.ignores(env::answered(workflow_id, start));
            let (workflow_id, start) = &self.starts[&number];
            self.env.ignores(env::closed(workflow_id, start, shown::status(End::Failed), "late"));
        }
    }

    fn update(&mut self, request: &str, token: Option<i64>, defined: &Defined) {
        let version = token.map(|before| self.model.version - before);
        let body = env::update_body(defined.schedule(), |update| {
            update.request_id = request.to_owned();
            update.conflict_token = version.map(|version| version.to_be_bytes().to_vec().into()).unwrap_or_default();
        });
        let machine = self.decide(body);
        assert_eq!(machine, self.model.update(request, version, defined.definition.clone()), "update");
    }

    /// A client patches the schedule.
    pub fn patch(&mut self, request: &str, patch: Patch) {
        let machine = self.decide(env::patch_body(request, |asked| *asked = patch_for_machine(&patch)));
        assert_eq!(machine, self.model.patch(request, patch), "patch");
    }

    /// A client triggers the schedule.
    pub fn trigger(&mut self) {
        self.patch("", Patch { trigger: Some((self.model.now, None)), ..Patch::default() });
        self.settle();
        self.match_sent();
    }

    /// A client asks for a backfill that begins so much later than now and is so long.
    pub fn backfill(&mut self, after: Millis, length: Millis) {
        let first = self.model.now + after;
        self.patch("", Patch { backfills: vec![Backfill { first, last: first + length, overlap: None }], ..Patch::default() });
        self.settle();
        self.match_sent();
    }

    fn delete(&mut self) {
        self.check_audit();
        let machine = self.decide(env::delete_body());
        assert_eq!(machine, self.model.delete(), "delete");
    }

    /// The start of this place among those under way is answered. The same answer once more changes nothing.
    pub fn answer(&mut self, index: usize, answer: &Answer) {
        let number = self.model.starting[index].number;
        let (workflow_id, start) = &self.starts[&number];
        let (body, answer) = match answer {
            Answer::Runs => (env::answered(workflow_id, start), Ok(start.run_id.as_str())),
            Answer::Rejected => (env::rejected(workflow_id, start, "no", false), Err("no")),
            Answer::IdTaken => (env::rejected(workflow_id, start, "", true), Err("the workflow id is taken")),
        };
        self.env.accept(body.clone());
        self.model.answer(number, answer);
        self.env.ignores(body);
        self.match_sent();
    }

    /// The run of this action ends, whether its start was answered or not. Answers and ends that come again change nothing.
    fn close(&mut self, number: i64, end: End, told: Option<&str>) {
        let (workflow_id, start) = &self.starts[&number];
        let body = env::closed(workflow_id, start, shown::status(end), told.unwrap_or_default());
        let told = match end {
            End::Completed => told,
            End::Failed => Some(told.unwrap_or_default()),
            _ => None,
        };
        self.env.accept(body.clone());
        self.model.close(number, &start.run_id, end, told);
        if self.model.exists {
            self.env.ignores(env::answered(workflow_id, start));
        }
        // Of the runs that no policy looks at the schedule knows only how many there are.
        if !self.model.running.iter().any(shown::is_apart) {
            self.env.ignores(body);
        }
        self.match_sent();
    }

    /// The oldest run ends with success.
    pub fn close_oldest(&mut self) {
        let oldest = self.model.running.iter().find(|action| !shown::is_apart(action));
        let number = oldest.expect("a run").number;
        self.close(number, End::Completed, Some("done"));
    }

    /// Everything that may end.
    fn open(&self) -> Vec<i64> {
        let Schedule { starting, running, .. } = &self.model;
        starting.iter().chain(running).map(|action| action.number).collect()
    }

    fn decide(&mut self, body: Body) -> Result<(), Refusal> {
        match self.env.decide(body) {
            Ok(Outcome::Answer(Token::Empty)) => Ok(()),
            Ok(other) => panic!("{other:?}"),
            Err(rejection) => Err(refusal(&rejection)),
        }
    }

    /// Both have sent the same. The machine's starts are kept for their answers.
    fn match_sent(&mut self) {
        let sent = std::mem::take(&mut self.env.sent);
        let machine: Vec<_> =
            sent.iter().map(|command| shown::sent_by_machine(&command.workflow_id, command.body.as_ref().expect("a body"))).collect();
        let model: Vec<_> = std::mem::take(&mut self.model.sent).iter().map(shown::sent_by_model).collect();
        assert_eq!(machine, model, "what was sent");
        for command in sent {
            if let Some(Body::StartWorkflow(start)) = command.body {
                let number = start.scheduled_by.as_ref().expect("a schedule").action;
                self.starts.insert(number, (command.workflow_id, *start));
            }
        }
    }

    /// Compares what can be seen.
    pub fn compare(&self, step: &str) {
        assert_eq!(self.env.now().millis(), self.model.now);
        assert_eq!(shown::of_machine(&self.env), shown::of_model(&self.model), "{step}: what is shown");
        shown::compare_decisions(&self.env.decisions(), &self.model.decisions);
        let wakes = self.env.wakes();
        assert!(wakes.len() <= 1, "{step}: one wake row");
        // The machine also wakes to forget decisions. That is long after all lives.
        let due = wakes.first().map(|row| env::due(row)).filter(|due| *due < Time::from_millis(START + RETENTION * 500));
        assert_eq!(due.map(Time::millis), self.model.next_due(), "{step}: when something is due next");
        assert!(self.in_the_way() <= 1, "{step}: one at a time");
    }

    /// Runs, and starts under way, that overlap policies look at.
    fn in_the_way(&self) -> usize {
        let Schedule { starting, running, exists, .. } = &self.model;
        if *exists { running.iter().chain(starting).filter(|action| !shown::is_apart(action)).count() } else { 0 }
    }

    /// No time is decided twice.
    fn check_audit(&self) {
        let Schedule { decisions, exists, buffer, starting, .. } = &self.model;
        if !exists {
            return;
        }
        let finals =
            decisions[self.earlier..].iter().filter(|decision| decision.verdict != Verdict::Buffered).map(|decision| &decision.action);
        let of_times = finals.chain(buffer).chain(starting).filter(|action| !action.manual);
        let mut times: Vec<_> = of_times.map(|action| action.nominal).collect();
        let all = times.len();
        times.sort_unstable();
        times.dedup();
        assert_eq!(times.len(), all, "no time twice");
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

/// Requests with the number 0 have no id.
fn request_id(number: u8) -> String {
    if number == 0 { String::new() } else { format!("request-{number}") }
}

fn patch_for_machine(patch: &Patch) -> klamm_messages::temporal::schedule::v1::SchedulePatch {
    let time = |millis| Some(Time::from_millis(millis).into());
    let backfill = |backfill: &Backfill| BackfillRequest {
        start_time: time(backfill.first),
        end_time: time(backfill.last),
        overlap_policy: policy(backfill.overlap) as i32,
    };
    klamm_messages::temporal::schedule::v1::SchedulePatch {
        trigger_immediately: patch.trigger.map(|(at, overlap)| {
            let mut trigger = env::trigger(policy(overlap));
            trigger.scheduled_time = time(at);
            trigger
        }),
        backfill_request: patch.backfills.iter().map(backfill).collect(),
        pause: patch.pause.clone(),
        unpause: patch.unpause.clone(),
    }
}

fn refusal(rejection: &Rejection) -> Refusal {
    match rejection {
        Rejection::NotFound(_) => Refusal::NotFound,
        Rejection::WorkflowExecutionAlreadyStarted { .. } => Refusal::AlreadyStarted,
        Rejection::FailedPrecondition(_) => Refusal::Invalid,
        other => panic!("a refusal that the specification does not know: {other:?}"),
    }
}
