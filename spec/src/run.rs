//! One run: its history, and what is pending.

use std::collections::BTreeMap;

use crate::{Activity, End, EventId, Fact, Millis, Timer, What, WorkflowTask};

/// One run of a workflow.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Run {
    pub id: String,
    pub now: Millis, // the present time: all that happens now has it
    pub history: Vec<Fact>,
    pub waiting: Vec<Fact>, // what happened while a worker had the workflow task; it is written when that task ends
    pub task: Option<WorkflowTask>, // the one that is pending
    pub failures: u32,      // workflow tasks that failed in a row
    pub unhandled: bool,    // whether the last of them failed because the workflow wanted to close too early
    pub sticky: bool,       // whether the next workflow task goes to the sticky queue
    pub activities: BTreeMap<EventId, Activity>, // those that have not ended, by the ids of their ActivityScheduled
    pub timers: BTreeMap<String, Timer>, // those that run, by their ids
    pub begins: Millis,     // when it begins: at its start, or later when that is delayed
    pub first_task_at: Option<Millis>, // when the first workflow task of a delayed start is scheduled
    pub timeout: Option<Millis>, // how long it may take
    pub expires: Option<Millis>, // when that is over
    pub cancel_requested: bool, // whether a client asked it to cancel itself
    pub requests: Vec<String>, // requests that have taken effect here
    pub started_by: String, // the request that started it
}

impl Run {
    /// A run that is started now. Its first workflow task comes after `delay`. The time-out counts from then on.
    pub fn new(id: String, now: Millis, continues: Option<String>, delay: Millis, timeout: Option<Millis>) -> Self {
        let begins = now + delay;
        let history = vec![Fact { time: now, what: What::WorkflowStarted { continues } }];
        let first_task_at = (delay > 0).then_some(begins);
        let expires = timeout.map(|timeout| begins + timeout);
        let mut run = Self { id, now, history, begins, first_task_at, timeout, expires, ..Self::default() };
        if delay == 0 {
            run.schedule_task();
        }
        run
    }

    /// Whether a worker has the workflow task.
    pub fn is_at_work(&self) -> bool {
        self.task.as_ref().is_some_and(|task| task.started.is_some())
    }

    /// Id of the event that is written next.
    pub fn next_event_id(&self) -> EventId {
        self.history.len() as EventId + 1
    }

    /// Writes an event that happens now. Gives its id.
    pub fn write(&mut self, what: What) -> EventId {
        self.write_of(self.now, what)
    }

    /// Writes an event that happened at an earlier time. The end of an activity gets the id of its ActivityStarted, if there is one.
    pub fn write_of(&mut self, time: Millis, mut what: What) -> EventId {
        if let What::ActivityEnded { scheduled: ended, started, .. } = &mut what {
            let is_start = |fact: &Fact| matches!(fact.what, What::ActivityStarted { scheduled, .. } if scheduled == *ended);
            *started = self.history.iter().position(is_start).map_or(0, |before| before as EventId + 1);
        }
        self.history.push(Fact { time, what });
        self.history.len() as EventId
    }

    /// Something happened outside the workflow. It is written at once; but while a worker has the workflow task, it waits until that task
    /// ends.
    pub fn happens(&mut self, time: Millis, what: What) {
        match self.is_at_work() {
            true => self.waiting.push(Fact { time, what }),
            false => _ = self.write_of(time, what),
        }
    }

    /// Writes the events that waited, ends of activities last.
    pub fn write_waiting(&mut self) {
        self.waiting.sort_by_key(|fact| matches!(fact.what, What::ActivityEnded { .. }));
        for fact in std::mem::take(&mut self.waiting) {
            self.write_of(fact.time, fact.what);
        }
    }

    /// Ends the run: nothing is pending any more.
    pub fn close(&mut self, end: End) {
        self.write(What::WorkflowEnded(end));
        self.waiting.clear();
        self.activities.clear();
        self.timers.clear();
        (self.task, self.sticky, self.first_task_at, self.expires) = (None, false, None, None);
    }

    /// How the run has ended, if it has.
    pub fn end(&self) -> Option<End> {
        if let What::WorkflowEnded(end) = self.history.last()?.what { Some(end) } else { None }
    }

    /// Whether a request has taken effect on this run.
    pub fn has_taken(&self, request: &str) -> bool {
        !request.is_empty() && self.requests.iter().any(|taken| taken == request)
    }
}
