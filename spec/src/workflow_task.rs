//! The workflow task: by it a worker learns what happened, and says what the workflow does next.
//!
//! At most one is pending. Whatever happens schedules one. While a worker has one, events wait for its end. A first attempt writes its
//! events as they happen. Later attempts write nothing until they complete, so a workflow that keeps failing does not fill its history.

use crate::{EventId, Millis, Refusal, Run, TaskFailure, Timeout, What, WorkflowTask};

/// How long a worker may take.
const TASK_TIMEOUT: Millis = 10_000;
/// Attempts above this one get more time.
const LAST_PLAIN_ATTEMPT: u32 = 3;
/// When so many events wait for the end of a task, the task fails.
const WAITING_MAX: usize = 100;

impl Run {
    /// Something happened: makes sure that the workflow looks at it.
    pub fn schedule_task(&mut self) {
        if self.is_at_work() && self.waiting.len() >= WAITING_MAX {
            self.fail_task(TaskFailure::ForceClose);
        }
        if self.task.is_some() || self.end().is_some() {
            return;
        }
        // New events make it a first attempt.
        let attempt = if self.waiting.is_empty() { self.failures + 1 } else { 1 };
        self.write_waiting();
        self.first_task_at = None;
        let (run, sticky, at, timeout) = (self.id.clone(), self.sticky, self.now, self.task_timeout(attempt));
        let scheduled = if attempt == 1 { self.write(What::WorkflowTaskScheduled { sticky, attempt }) } else { self.next_event_id() };
        self.task = Some(WorkflowTask { run, attempt, sticky, at, scheduled, timeout, started: None });
    }

    /// Ten seconds, but no more than the run has. It grows from the fourth attempt on, to give a workflow that keeps failing more time.
    fn task_timeout(&self, attempt: u32) -> Millis {
        let timeout = TASK_TIMEOUT.min(self.timeout.unwrap_or(TASK_TIMEOUT));
        let doublings = attempt.checked_sub(LAST_PLAIN_ATTEMPT + 1);
        timeout + doublings.map_or(0, |doublings| (5_000 << doublings.min(10)).min(600_000))
    }

    /// A worker takes the task that waits; `None` when none does.
    pub fn start_task(&mut self) -> Option<WorkflowTask> {
        let mut task = self.task.clone().filter(|task| task.started.is_none())?;
        if task.attempt > 1 && task.scheduled != self.next_event_id() {
            // Events came after a later attempt was scheduled, so it becomes a first attempt.
            task.attempt = 1;
            task.scheduled = self.write(What::WorkflowTaskScheduled { sticky: task.sticky, attempt: 1 });
        }
        let scheduled = task.scheduled;
        let started = if task.attempt == 1 { self.write(What::WorkflowTaskStarted { scheduled }) } else { scheduled + 1 };
        task.started = Some((self.now, started));
        self.task = Some(task.clone());
        Some(task)
    }

    /// Since when a worker has this task, and id of its WorkflowTaskStarted. NotFound: another task is pending, or none.
    pub fn held(&self, task: &WorkflowTask) -> Result<(Millis, EventId), Refusal> {
        task.started.filter(|_| self.task.as_ref() == Some(task)).ok_or(Refusal::NotFound)
    }

    /// The worker could not do the task: the next attempt is scheduled at once.
    pub fn report_task_failed(&mut self, task: &WorkflowTask) -> Result<(), Refusal> {
        self.held(task)?;
        self.fail_task(TaskFailure::Worker);
        self.schedule_task();
        Ok(())
    }

    /// Fails the task that a worker has.
    pub fn fail_task(&mut self, why: TaskFailure) {
        if self.is_at_work() {
            self.end_attempt(|scheduled, started| What::WorkflowTaskFailed { scheduled, started, why });
            self.unhandled = why == TaskFailure::UnhandledCommand;
        }
    }

    /// The pending task times out.
    pub fn time_out_task(&mut self, timeout: Timeout) {
        self.end_attempt(|scheduled, started| What::WorkflowTaskTimedOut { scheduled, started, timeout });
    }

    /// Ends the attempt; a first one says so in the history. The next goes to the normal queue. It is no fault of the workflow that a sticky
    /// worker is gone, so that does not count.
    fn end_attempt(&mut self, event: impl Fn(EventId, EventId) -> What) {
        let Some(WorkflowTask { attempt, scheduled, started, .. }) = self.task.take() else { return };
        if attempt == 1 {
            self.write(event(scheduled, started.map_or(0, |(_, id)| id)));
        }
        self.failures = if self.sticky { 0 } else { attempt };
        (self.sticky, self.unhandled) = (false, false);
    }
}
