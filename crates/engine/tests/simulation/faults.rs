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
    /// No room: every write is refused.
    full: bool,
    paused: bool,
}

impl Faults {
    /// Makes `percent` of the calls of `log` fail, by the numbers of `seed`.
    pub fn install(log: &MemoryLog, seed: u64, percent: usize) -> Self {
        let plan = Arc::new(Mutex::new(Plan { rng: Prng::new(seed), percent, full: false, paused: false }));
        let hook = plan.clone();
        log.set_fault_hook(Some(Box::new(move |operation| hook.lock().expect("one thread").next(operation))));
        Self(plan)
    }

    /// From now on nothing fails.
    pub fn heal(&self) {
        let mut plan = self.0.lock().expect("one thread");
        plan.percent = 0;
        plan.full = false;
    }

    /// The disk fills, or has room again; which of both it is now.
    pub fn toggle_full(&self) -> bool {
        let mut plan = self.0.lock().expect("one thread");
        plan.full = !plan.full && plan.percent > 0;
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
        if write && self.full {
            return Some(Fault::full());
        }
        let percent = if matches!(operation, Operation::Read { .. }) { self.percent.div_ceil(4) } else { self.percent };
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
