//! What goes wrong with calls of the log, and how often.

use std::sync::{Arc, Mutex};

use klamm_log::{
    MemoryLog,
    memory::{Fault, Operation},
};

use crate::prng::Prng;

/// A handle on the faults of a log.
#[derive(Clone)]
pub struct Faults(Arc<Mutex<Plan>>);

struct Plan {
    rng: Prng,
    /// Calls out of a hundred that fail.
    percent: usize,
    /// No room: so many more writes are refused.
    full: usize,
    /// After so many more reads one fails.
    reads_left: Option<usize>,
    healed: bool,
    paused: bool,
}

impl Faults {
    /// Makes `percent` of the calls of `log` fail, by the numbers of `seed`.
    pub fn install(log: &MemoryLog, seed: u64, percent: usize) -> Self {
        let plan = Arc::new(Mutex::new(Plan { rng: Prng::new(seed), percent, full: 0, reads_left: None, healed: false, paused: false }));
        let hook = plan.clone();
        log.set_fault_hook(Some(Box::new(move |operation| hook.lock().expect("one thread").next(operation))));
        Self(plan)
    }

    /// From now on nothing fails.
    pub fn heal(&self) {
        let mut plan = self.0.lock().expect("one thread");
        plan.percent = 0;
        plan.full = 0;
        plan.healed = true;
    }

    /// A read fails after `reads` more.
    pub fn fail_read_after(&self, reads: usize) {
        self.0.lock().expect("one thread").reads_left = Some(reads);
    }

    /// It does not, if it has not yet.
    pub fn let_reads_be(&self) {
        self.0.lock().expect("one thread").reads_left = None;
    }

    /// The disk is full for the next writes; for how many.
    pub fn fill(&self) -> usize {
        let mut plan = self.0.lock().expect("one thread");
        plan.full = if plan.percent > 0 { 1 + plan.rng.below(20) } else { 0 };
        plan.full
    }

    /// Nothing fails while `work` looks at the log.
    pub fn paused<R>(&self, work: impl FnOnce() -> R) -> R {
        self.0.lock().expect("one thread").paused = true;
        let result = work();
        self.0.lock().expect("one thread").paused = false;
        result
    }
}

impl Plan {
    fn next(&mut self, operation: Operation<'_>) -> Option<Fault> {
        if self.paused {
            return None;
        }
        let write = matches!(operation, Operation::Append { .. } | Operation::Commit { .. });
        if write && self.full > 0 {
            self.full -= 1;
            return Some(Fault::full());
        }
        if let (Operation::Read { .. }, Some(left), false) = (operation, self.reads_left, self.healed) {
            self.reads_left = left.checked_sub(1);
            if left == 0 {
                return Some(Fault::unavailable());
            }
        }
        let percent = match operation {
            Operation::Read { .. } => self.percent.div_ceil(4),
            Operation::Commit { .. } => self.percent * 2,
            _ => self.percent,
        };
        if self.percent == 0 || !self.rng.chance(percent) {
            return None;
        }
        let commits = self.rng.chance(50);
        Some(match (operation, self.rng.below(4)) {
            (Operation::Read { .. }, _) | (_, 0) => Fault::unavailable(),
            (Operation::Commit { .. }, 1 | 2) => Fault::LeaveOpen { commits },
            (Operation::Append { .. }, 1) => Fault::full(),
            _ => Fault::LoseAnswer,
        })
    }
}
