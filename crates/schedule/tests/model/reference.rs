//! The reference: what a schedule does, as plainly as it can be said. It walks every second multiple of the interval, keeps every decision,
//! and knows no pieces, no wake rows, no events.

use std::collections::BTreeMap;

use klamm_machine::Time;
use klamm_messages::{
    klamm::v1::ScheduleDecisionKind as Kind,
    temporal::enums::v1::{ScheduleOverlapPolicy as Policy, WorkflowExecutionStatus as Status},
};
use klamm_schedule::spec::Spec;

use crate::steps::Settings;

/// An action that waits, is being started or runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    pub nominal: i64,
    pub policy: Policy,
    pub manual: bool,
    /// Its number among all that ever waited or started; 0 while nobody has looked at it.
    pub number: usize,
    /// Of those that started: what told them apart, and whether policies look at them.
    pub id: usize,
    pub is_tracked: bool,
    pub is_cancelled: bool,
    pub is_terminated: bool,
}

/// What is sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Sent {
    Start { nominal: i64, manual: bool },
    Cancel { nominal: i64 },
    Terminate { nominal: i64 },
}

/// A schedule.
#[derive(Debug)]
pub struct Reference {
    pub settings: Settings,
    pub remaining: Option<i64>,
    pub paused: bool,
    pub token: i64,
    pub skipped: i64,
    pub missed: i64,
    pub actions: i64,
    pub buffer: Vec<Action>,
    pub starting: Vec<Action>,
    pub running: Vec<Action>,
    /// Runs that no policy looks at.
    pub overlapping: Vec<Action>,
    /// The last ten that were started, by their numbers: number, what tells them apart, and status.
    pub recent: Vec<(usize, usize, Status)>,
    pub result: Option<usize>,
    pub failure: Option<usize>,
    pub sent: Vec<Sent>,
    /// Final decisions about times of the spec, and how many others of each kind there were about anything.
    pub decided: Vec<(i64, Kind)>,
    pub counts: BTreeMap<Kind, i64>,
    spec: Spec,
    taken: i64,
    valid_from: i64,
    started: usize,
    numbered: usize,
}

impl Reference {
    pub fn new(settings: &Settings, spec: Spec, now: i64) -> Self {
        Self {
            remaining: settings.limit,
            paused: settings.paused,
            settings: settings.clone(),
            token: 1,
            skipped: 0,
            missed: 0,
            actions: 0,
            buffer: Vec::new(),
            starting: Vec::new(),
            running: Vec::new(),
            overlapping: Vec::new(),
            recent: Vec::new(),
            result: None,
            failure: None,
            sent: Vec::new(),
            decided: Vec::new(),
            counts: BTreeMap::new(),
            spec,
            taken: now,
            valid_from: now,
            started: 0,
            numbered: 0,
        }
    }

    pub fn can_act(&self) -> bool {
        !self.paused && self.remaining != Some(0)
    }

    fn why_not(&self) -> Kind {
        if self.paused { Kind::Paused } else { Kind::LimitReached }
    }

    fn resolve(&self, policy: Policy) -> Policy {
        match (policy, self.settings.policy) {
            (Policy::Unspecified, Policy::Unspecified) => Policy::Skip,
            (Policy::Unspecified, policy) | (policy, _) => policy,
        }
    }

    /// When the time `nominal` of the spec is due.
    fn actual(&self, nominal: i64) -> i64 {
        let due = self.spec.next(crate::world::SEED, Time::from_millis(nominal - 1)).expect("a time");
        assert_eq!(due.nominal.millis(), nominal);
        due.actual.millis()
    }

    /// Multiples of the interval after `after`, with when they are due; the first that is due after `end` ends them.
    fn times(&self, after: i64, end: i64) -> Vec<(i64, i64)> {
        let interval = self.settings.interval * 1000;
        let nominal = (1..).map(|n| (after.div_euclid(interval) + n) * interval);
        nominal.map(|nominal| (nominal, self.actual(nominal))).take_while(|(_, actual)| *actual <= end).collect()
    }

    /// Times that nobody has decided on yet.
    fn due(&self, now: i64) -> Vec<(i64, i64)> {
        self.times(self.taken, now).into_iter().filter(|(_, actual)| *actual >= self.valid_from).collect()
    }

    /// When the next look is due.
    pub fn next_look(&self, end: i64) -> Option<i64> {
        self.due(end).first().filter(|_| self.can_act()).map(|(_, actual)| *actual)
    }

    fn count(&mut self, kind: Kind, action: &Action) {
        *self.counts.entry(kind).or_default() += 1;
        if !action.manual && kind != Kind::Buffered {
            self.decided.push((action.nominal, kind));
        }
    }

    /// Everything that is due.
    pub fn look(&mut self, now: i64) {
        self.take_times(now);
        self.take_buffer();
    }

    pub fn take_times(&mut self, now: i64) {
        let can_act = self.can_act();
        for (nominal, actual) in self.due(now) {
            let action = new(nominal, Policy::Unspecified, false);
            if !can_act {
                self.count(self.why_not(), &action);
            } else if now - actual > self.settings.window * 1000 {
                self.missed += 1;
                self.count(Kind::MissedCatchupWindow, &action);
            } else {
                self.buffer.push(action);
            }
            self.taken = actual;
        }
    }

    /// Goes through the buffer until nothing more can be done.
    pub fn take_buffer(&mut self) {
        let running = !self.running.is_empty() || self.starting.iter().any(|action| action.is_tracked);
        let ends =
            running && self.buffer.iter().any(|action| matches!(self.resolve(action.policy), Policy::CancelOther | Policy::TerminateOther));
        let terminates = self.buffer.iter().any(|action| self.resolve(action.policy) == Policy::TerminateOther);
        let (overlapping, others): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.buffer).into_iter().partition(|action| self.resolve(action.policy) == Policy::AllowAll);
        // Which of the others starts: the first, or the newest that would replace it.
        let replaces = |action: &Action| matches!(self.resolve(action.policy), Policy::CancelOther | Policy::TerminateOther);
        let chosen = if running || others.is_empty() { None } else { Some(others.iter().rposition(replaces).unwrap_or(0)) };
        let mut start = None;
        let mut waiting: Vec<Action> = Vec::new();
        for (index, action) in others.into_iter().enumerate() {
            let policy = self.resolve(action.policy);
            if Some(index) == chosen {
                start = Some(action);
            } else if !running && (index == 0 || matches!(policy, Policy::CancelOther | Policy::TerminateOther)) {
                self.count(Kind::Superseded, &action);
            } else if policy == Policy::Skip || (policy == Policy::BufferOne && !waiting.is_empty()) {
                self.skipped += 1;
                self.count(Kind::SkippedOverlap, &action);
            } else {
                waiting.push(action);
            }
        }
        let mut again = false;
        for action in overlapping {
            if ends {
                self.count(Kind::Superseded, &action);
            } else {
                again |= !self.start(action, false);
            }
        }
        if let Some(action) = start {
            again |= !self.start(action, true);
        }
        for action in &mut waiting {
            if action.number == 0 {
                self.numbered += 1;
                action.number = self.numbered;
                *self.counts.entry(Kind::Buffered).or_default() += 1;
            }
        }
        self.buffer = waiting;
        if ends {
            for run in &mut self.running {
                if terminates && !std::mem::replace(&mut run.is_terminated, true) {
                    self.sent.push(Sent::Terminate { nominal: run.nominal });
                } else if !terminates && !run.is_terminated && !std::mem::replace(&mut run.is_cancelled, true) {
                    self.sent.push(Sent::Cancel { nominal: run.nominal });
                }
            }
        }
        if again && !self.buffer.is_empty() {
            self.take_buffer();
        }
    }

    /// Starts the action if the schedule may; else it is dropped.
    fn start(&mut self, action: Action, is_tracked: bool) -> bool {
        if !action.manual {
            if !self.can_act() {
                self.count(self.why_not(), &action);
                return false;
            }
            if let Some(remaining) = &mut self.remaining {
                *remaining -= 1;
                self.token += 1;
            }
        }
        self.started += 1;
        let number = if action.number == 0 { self.numbered + 1 } else { action.number };
        self.numbered = self.numbered.max(number);
        self.sent.push(Sent::Start { nominal: action.nominal, manual: action.manual });
        self.starting.push(Action { number, id: self.started, is_tracked, ..action });
        true
    }

    pub fn trigger(&mut self, now: i64, policy: Policy) {
        self.take_times(now);
        self.buffer.push(new(now, policy, true));
        self.take_buffer();
    }

    pub fn backfill(&mut self, now: i64, start: i64, end: i64, policy: Policy) {
        self.take_times(now);
        for (nominal, _) in self.times(start - 1, end) {
            self.buffer.push(new(nominal, policy, true));
        }
        self.take_buffer();
    }

    pub fn pause(&mut self, now: i64, paused: bool) {
        self.take_times(now);
        if self.paused && !paused {
            self.valid_from = now;
        }
        self.paused = paused;
        self.token += 1;
        self.take_buffer();
    }

    pub fn update(&mut self, now: i64, settings: &Settings, spec: Spec) {
        self.take_times(now);
        self.settings = settings.clone();
        (self.remaining, self.paused, self.spec) = (settings.limit, settings.paused, spec);
        self.valid_from = now;
        self.token += 1;
        self.take_buffer();
    }

    pub fn answer(&mut self, now: i64, index: usize, is_accepted: bool) {
        let action = self.starting.remove(index);
        if is_accepted {
            self.begin(action);
        } else {
            self.count(Kind::StartRejected, &action);
        }
        self.look(now);
    }

    fn begin(&mut self, action: Action) {
        self.actions += 1;
        self.count(Kind::Fired, &action);
        self.recent.push((action.number, action.id, Status::Running));
        self.recent.sort_by_key(|(number, ..)| *number);
        if self.recent.len() > 10 {
            self.recent.remove(0);
        }
        if action.is_tracked { self.running.push(action) } else { self.overlapping.push(action) }
    }

    /// The run of this number ends, whether its start was answered or not.
    pub fn close(&mut self, now: i64, id: usize, status: Status) {
        if let Some(index) = self.starting.iter().position(|action| action.id == id) {
            let action = self.starting.remove(index);
            self.begin(action);
        }
        self.running.retain(|action| action.id != id);
        self.overlapping.retain(|action| action.id != id);
        for recent in &mut self.recent {
            if recent.1 == id {
                recent.2 = status;
            }
        }
        match status {
            Status::Completed => (self.result, self.failure) = (Some(id), None),
            Status::Failed => self.failure = Some(id),
            _ => {}
        }
        if self.settings.pause_on_failure && !self.paused && matches!(status, Status::Failed | Status::TimedOut) {
            self.paused = true;
            self.token += 1;
        }
        self.look(now);
    }

    /// Everything that may end.
    pub fn open(&self) -> Vec<usize> {
        self.starting.iter().chain(&self.running).chain(&self.overlapping).map(|action| action.id).collect()
    }
}

/// An action that nobody has looked at yet.
fn new(nominal: i64, policy: Policy, manual: bool) -> Action {
    Action { nominal, policy, manual, number: 0, id: 0, is_tracked: false, is_cancelled: false, is_terminated: false }
}
