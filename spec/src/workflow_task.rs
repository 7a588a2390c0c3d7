//! The workflow task: by it a worker learns what happened, and says what the workflow does next.
//!
//! At most one is pending. Whatever happens schedules one. While a worker has one, events wait for its end. A first attempt writes its
//! events as they happen. Later attempts write nothing until they complete, so a workflow that keeps failing does not fill its history.

use crate::{EventId, Millis, Queue, Refusal, Run, TaskFailure, Timeout, Token, What, WorkflowTask};

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
        let queue = if self.sticky { Queue::Sticky } else { Queue::Normal };
        let written = attempt == 1;
        let scheduled = if written { self.write(What::WorkflowTaskScheduled { queue, attempt }) } else { self.next_event_id() };
        let timeout = self.task_timeout(attempt);
        self.task = Some(WorkflowTask { attempt, queue, at: self.now, scheduled, written, timeout, started: None });
    }

    /// Ten seconds, but no more than the run has. It grows from the fourth attempt on, to give a workflow that keeps failing more time.
    fn task_timeout(&self, attempt: u32) -> Millis {
        let timeout = TASK_TIMEOUT.min(self.timeout.unwrap_or(TASK_TIMEOUT));
        if attempt <= LAST_PLAIN_ATTEMPT {
            return timeout;
        }
        timeout + (5_000 << (attempt - LAST_PLAIN_ATTEMPT - 1).min(10)).min(600_000)
    }

    /// A worker takes the task that waits; `None` when none does.
    pub fn start_task(&mut self) -> Option<Token> {
        let mut task = self.task.clone().filter(|task| task.started.is_none())?;
        if !task.written && task.scheduled != self.next_event_id() {
            // Events came after a later attempt was scheduled, so it becomes a first attempt.
            (task.attempt, task.written) = (1, true);
            task.scheduled = self.write(What::WorkflowTaskScheduled { queue: task.queue, attempt: 1 });
        }
        let WorkflowTask { attempt, scheduled, .. } = task;
        let started = if task.written { self.write(What::WorkflowTaskStarted { scheduled }) } else { scheduled + 1 };
        task.started = Some((self.now, started));
        self.task = Some(task);
        Some(Token { run: self.id.clone(), scheduled, started, attempt })
    }

    /// The task that the worker with this token has, since when, and its WorkflowTaskStarted. NotFound: another task is pending, or none.
    pub fn held(&self, token: &Token) -> Result<(WorkflowTask, Millis, EventId), Refusal> {
        let is_held = |task: &&WorkflowTask| (task.scheduled, task.attempt) == (token.scheduled, token.attempt);
        let task = self.task.as_ref().filter(is_held).ok_or(Refusal::NotFound)?;
        let (at, started) = task.started.filter(|(_, started)| *started == token.started).ok_or(Refusal::NotFound)?;
        Ok((task.clone(), at, started))
    }

    /// The worker could not do the task: the next attempt is scheduled at once.
    pub fn report_task_failed(&mut self, token: &Token) -> Result<(), Refusal> {
        self.held(token)?;
        self.fail_task(TaskFailure::Worker);
        self.schedule_task();
        Ok(())
    }

    /// Fails the started task. A first attempt says so in the history.
    pub fn fail_task(&mut self, why: TaskFailure) {
        let Some(WorkflowTask { attempt, scheduled, written, started: Some((_, started)), .. }) = self.task else { return };
        if written {
            self.write(What::WorkflowTaskFailed { scheduled, started, why });
        }
        self.end_attempt(attempt, why == TaskFailure::UnhandledCommand);
    }

    /// The pending task times out.
    pub fn time_out_task(&mut self, timeout: Timeout) {
        let Some(WorkflowTask { attempt, scheduled, written, started, .. }) = self.task else { return };
        if written {
            self.write(What::WorkflowTaskTimedOut { scheduled, started: started.map_or(0, |(_, id)| id), timeout });
        }
        self.end_attempt(attempt, false);
    }

    /// Ends the attempt. The next goes to the normal queue. It is no fault of the workflow that a sticky worker is gone, so that does not count.
    fn end_attempt(&mut self, attempt: u32, unhandled: bool) {
        self.failures = if self.sticky { 0 } else { attempt };
        (self.task, self.sticky, self.unhandled) = (None, false, unhandled);
    }
}
