//! What is pending in a run: a workflow task, activities, timers.

use crate::{EventId, Millis, Timeout};

/// How long a task waits on a sticky queue.
pub const STICKY_TIMEOUT: Millis = 5_000;

/// A workflow task. The events of later attempts are not written yet: they get the given ids if nothing comes in between.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkflowTask {
    pub run: String,                        // id of its run
    pub attempt: u32,                       // 1, or more after failures
    pub sticky: bool,                       // whether it waits on the sticky queue
    pub at: Millis,                         // when it was scheduled
    pub scheduled: EventId,                 // id of its WorkflowTaskScheduled
    pub timeout: Millis,                    // how long a worker may take
    pub started: Option<(Millis, EventId)>, // since when a worker has it, and id of its WorkflowTaskStarted
}

impl WorkflowTask {
    /// When it times out, and how. A task that waits can time out only on a sticky queue.
    pub fn deadline(&self) -> Option<(Millis, Timeout)> {
        match self.started {
            Some((at, _)) => Some((at + self.timeout, Timeout::StartToClose)),
            None if self.sticky => Some((self.at + STICKY_TIMEOUT, Timeout::ScheduleToStart)),
            None => None,
        }
    }
}

/// How an activity is to be run. A time-out of zero means no limit.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    pub id: String,                // at most one activity with an id is pending at a time
    pub schedule_to_close: Millis, // how long it may take, over all attempts
    pub schedule_to_start: Millis, // how long an attempt may wait for a worker
    pub start_to_close: Millis,    // how long an attempt may run
    pub heartbeat: Millis,         // how long a worker may be silent
    pub first_pause: Millis,       // before the second attempt; it doubles with each further one, up to a hundred times the first
    pub attempts_max: u32,         // zero: no limit
}

impl Options {
    /// Fills in what was left out. Schedule-to-close, or else the run's time-out, bounds all other time-outs.
    pub fn within(&self, run_timeout: Option<Millis>) -> Self {
        let shorter = |own: Millis, bound: Millis| if own == 0 || (bound > 0 && own > bound) { bound } else { own };
        let schedule_to_close = shorter(self.schedule_to_close, run_timeout.unwrap_or(0));
        let schedule_to_start = shorter(self.schedule_to_start, schedule_to_close);
        let start_to_close = shorter(self.start_to_close, schedule_to_close);
        let heartbeat = self.heartbeat.min(start_to_close);
        Self { schedule_to_close, schedule_to_start, start_to_close, heartbeat, ..self.clone() }
    }
}

/// An activity that has not ended, in the attempt that runs or waits.
#[derive(Debug, Clone, PartialEq)]
pub struct Activity {
    pub options: Options,
    pub at: Millis,              // when it was scheduled
    pub attempt: u32,            // 1, 2, …
    pub due: Millis,             // from when on the attempt waits on its queue
    pub started: Option<Millis>, // since when a worker has it
    pub heard: Millis,           // when the worker began or last said that it works
    pub cancel_requested: bool,  // whether the workflow asked for its end
}

impl Activity {
    /// Whether it waits for a worker.
    pub fn is_queued(&self, now: Millis) -> bool {
        self.started.is_none() && self.due <= now
    }

    /// When it times out, and how.
    pub fn deadline(&self) -> Option<(Millis, Timeout)> {
        let Options { schedule_to_close, schedule_to_start, start_to_close, heartbeat, .. } = self.options;
        let mut limits = match self.started {
            Some(started) => vec![(started, start_to_close, Timeout::StartToClose), (self.heard, heartbeat, Timeout::Heartbeat)],
            None => vec![(self.due, schedule_to_start, Timeout::ScheduleToStart)],
        };
        limits.push((self.at, schedule_to_close, Timeout::ScheduleToClose));
        limits.into_iter().filter(|(_, limit, _)| *limit > 0).map(|(from, limit, timeout)| (from + limit, timeout)).min()
    }

    /// Whether no other attempt may follow, however much time is left.
    pub fn is_last(&self) -> bool {
        self.cancel_requested || (self.options.attempts_max > 0 && self.attempt >= self.options.attempts_max)
    }

    /// If another attempt may follow, makes this its next one.
    pub fn try_again(&mut self, now: Millis) -> bool {
        let Options { first_pause, schedule_to_close, .. } = self.options;
        let due = now + (first_pause << (self.attempt - 1).min(20)).min(first_pause * 100);
        if self.is_last() || (schedule_to_close > 0 && due > self.at + schedule_to_close) {
            return false;
        }
        *self = Self { attempt: self.attempt + 1, due, started: None, ..self.clone() };
        true
    }
}

/// A timer that runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Timer {
    pub started: EventId, // id of its TimerStarted
    pub due: Millis,
}
