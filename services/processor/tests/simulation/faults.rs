//! What goes wrong with calls of the log, and how often.

use std::sync::{Arc, Mutex};

use klamm_log::{
    Error, MemoryLog,
    memory::{Fault, Operation},
};

use crate::prng::Prng;

/// What becomes of a group of records on its way to the log. The first so many of them come to stand in any case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival {
    /// All of them stand.
    Whole,
    /// No more than the first stand, and the appender is told so.
    Refused(usize, Error),
    /// All of them stand; of those behind the first nobody is told.
    Silent(usize),
    /// No more than the first stand; of the others nobody is told.
    Lost(usize),
    /// Nobody is told, and they arrive later, or never.
    Late,
}

/// A handle on the faults of a log.
#[derive(Clone)]
pub struct Faults(Arc<Mutex<Plan>>);

struct Plan {
    rng: Prng,
    /// Calls out of a hundred that fail.
    percent: usize,
    /// No room: so many more writes are refused.
    full: usize,
    paused: bool,
}

impl Faults {
    /// Makes `percent` of the calls of `log` fail, by the numbers of `seed`.
    pub fn install(log: &MemoryLog, seed: u64, percent: usize) -> Self {
        let faults = Self(Arc::new(Mutex::new(Plan { rng: Prng::new(seed), percent, full: 0, paused: false })));
        let hook = faults.clone();
        log.set_fault_hook(Some(Box::new(move |operation| hook.plan(|plan| plan.next(operation)))));
        faults
    }

    /// From now on nothing fails.
    pub fn heal(&self) {
        self.plan(|plan| (plan.percent, plan.full) = (0, 0));
    }

    /// The disk is full for the next writes; for how many.
    pub fn fill(&self) -> usize {
        self.plan(|plan| {
            plan.full = if plan.percent > 0 { 1 + plan.rng.below(20) } else { 0 };
            plan.full
        })
    }

    /// Nothing fails while `work` looks at the log.
    pub fn paused<R>(&self, work: impl FnOnce() -> R) -> R {
        self.plan(|plan| plan.paused = true);
        let result = work();
        self.plan(|plan| plan.paused = false);
        result
    }

    /// What becomes of a group of so many records.
    pub fn arrival(&self, records: usize) -> Arrival {
        self.plan(|plan| plan.arrival(records))
    }

    /// Whether a read would have to ask a broker.
    pub fn is_far(&self) -> bool {
        self.plan(|plan| plan.percent > 0 && !plan.paused && plan.rng.chance(20))
    }

    fn plan<R>(&self, work: impl FnOnce(&mut Plan) -> R) -> R {
        work(&mut self.0.lock().expect("one thread"))
    }
}

impl Plan {
    /// What the log itself does wrong. Appends go wrong on their way.
    fn next(&mut self, operation: Operation<'_>) -> Option<Fault> {
        let percent = match operation {
            Operation::Append { .. } => return None,
            Operation::Read { .. } => self.percent.div_ceil(8),
            Operation::Commit { .. } => self.percent * 2,
            Operation::Initialize { .. } => self.percent,
        };
        if self.paused {
            return None;
        }
        if matches!(operation, Operation::Commit { .. }) && self.full > 0 {
            self.full -= 1;
            return Some(Fault::full());
        }
        if self.percent == 0 || !self.rng.chance(percent) {
            return None;
        }
        let commits = self.rng.chance(50);
        Some(match (operation, self.rng.below(4)) {
            (Operation::Read { .. }, _) | (_, 0) => Fault::unavailable(),
            (Operation::Commit { .. }, 1 | 2) => Fault::LeaveOpen { commits },
            _ => Fault::LoseAnswer,
        })
    }

    fn arrival(&mut self, records: usize) -> Arrival {
        if self.full > 0 {
            self.full -= 1;
            return Arrival::Refused(0, Error::Full { reason: "fault".to_owned() });
        }
        if self.percent == 0 || !self.rng.chance(self.percent) {
            return Arrival::Whole;
        }
        let first = self.rng.below(records);
        match self.rng.below(5) {
            0 | 1 => Arrival::Refused(first, Error::Unavailable { reason: "fault".to_owned() }),
            2 => Arrival::Silent(first),
            3 => Arrival::Lost(first),
            _ => Arrival::Late,
        }
    }
}
