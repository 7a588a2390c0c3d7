//! What a workflow does at the end of a workflow task.

use crate::{Activity, ActivityEnd, End, EventId, Fact, Millis, Options, Refusal, Run, TaskFailure, Timer, What, WorkflowTask, ensure};

/// One command of a workflow.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    Activity(Options),
    CancelActivity(EventId),                // asks for the end of an activity, by the id of its ActivityScheduled
    Timer { id: String, duration: Millis }, // at most one timer with an id runs at a time
    CancelTimer(String),
    End(End), // always the last command of its task
}

impl Run {
    /// The worker has done the task. All its commands take effect, or none: Invalid when one cannot be carried out. The task has then failed
    /// and is scheduled again. True when the workflow continues as new.
    pub fn complete_task(&mut self, task: &WorkflowTask, commands: &[Command], sticky: bool, again: bool) -> Result<bool, Refusal> {
        let (started_at, started) = self.held(task)?;
        let WorkflowTask { attempt, scheduled, .. } = *task;
        let mut after = self.clone();
        if attempt > 1 {
            after.write_of(task.at, What::WorkflowTaskScheduled { sticky: task.sticky, attempt });
            after.write_of(started_at, What::WorkflowTaskStarted { scheduled });
        }
        after.write(What::WorkflowTaskCompleted { scheduled, started });
        (after.task, after.failures, after.unhandled, after.sticky) = (None, 0, false, sticky);
        if let Err(failure) = commands.iter().try_for_each(|command| after.follow(command, !self.waiting.is_empty())) {
            // A later attempt that keeps failing is left to its time-out, which paces the retries.
            if attempt == 1 || failure == TaskFailure::UnhandledCommand {
                self.fail_task(failure);
                self.schedule_task();
            }
            return Err(Refusal::Invalid);
        }
        *self = after;
        if again || !self.waiting.is_empty() {
            self.schedule_task();
        }
        Ok(commands.last() == Some(&Command::End(End::ContinuedAsNew)))
    }

    /// Carries out a command. `news`: events came while the worker had the task.
    fn follow(&mut self, command: &Command, news: bool) -> Result<(), TaskFailure> {
        match command {
            Command::Activity(options) => self.schedule_activity(options),
            Command::CancelActivity(scheduled) => self.cancel_activity(*scheduled),
            Command::Timer { id, duration } => self.start_timer(id, *duration),
            Command::CancelTimer(id) => self.cancel_timer(id),
            // A workflow may close only when it has seen all events.
            Command::End(_) if news && !self.waiting.is_empty() => Err(TaskFailure::UnhandledCommand),
            Command::End(end) => {
                self.close(*end);
                Ok(())
            }
        }
    }

    fn schedule_activity(&mut self, options: &Options) -> Result<(), TaskFailure> {
        ensure(self.activities.values().all(|activity| activity.options.id != options.id), TaskFailure::BadCommand)?;
        let scheduled = self.write(What::ActivityScheduled { id: options.id.clone() });
        let (options, now) = (options.within(self.timeout), self.now);
        let activity = Activity { options, at: now, attempt: 1, due: now, started: None, heard: 0, cancel_requested: false };
        self.activities.insert(scheduled, activity);
        Ok(())
    }

    /// An activity that no worker has is cancelled at once; a worker learns of the request by its next heartbeat.
    fn cancel_activity(&mut self, scheduled: EventId) -> Result<(), TaskFailure> {
        let is_end = |fact: &Fact| matches!(fact.what, What::ActivityEnded { scheduled: ended, .. } if ended == scheduled);
        let has_just_ended = self.waiting.iter().any(is_end);
        let may_cancel = self.activities.get(&scheduled).map_or(has_just_ended, |activity| !activity.cancel_requested);
        ensure(may_cancel, TaskFailure::BadCommand)?;
        self.write(What::ActivityCancelRequested { scheduled });
        let Some(activity) = self.activities.get_mut(&scheduled) else { return Ok(()) };
        activity.cancel_requested = true;
        if activity.started.is_none() {
            self.activities.remove(&scheduled);
            // The workflow hears of this as of everything else: by an event, which is written behind those of its commands.
            self.waiting.push(Fact { time: self.now, what: What::ActivityEnded { scheduled, started: 0, end: ActivityEnd::Canceled } });
        }
        Ok(())
    }

    fn start_timer(&mut self, id: &str, duration: Millis) -> Result<(), TaskFailure> {
        ensure(!self.timers.contains_key(id), TaskFailure::BadCommand)?;
        let started = self.write(What::TimerStarted { id: id.to_owned() });
        self.timers.insert(id.to_owned(), Timer { started, due: self.now + duration });
        Ok(())
    }

    /// A timer that has just fired is taken back: the worker does not know of it yet.
    fn cancel_timer(&mut self, id: &str) -> Result<(), TaskFailure> {
        let fired = |fact: &Fact| match &fact.what {
            What::TimerFired { id: fired, started } if fired == id => Some(*started),
            _ => None,
        };
        let running = self.timers.remove(id).map(|timer| timer.started);
        let started = running.or_else(|| self.waiting.iter().find_map(fired)).ok_or(TaskFailure::BadCommand)?;
        self.waiting.retain(|fact| fired(fact) != Some(started));
        self.write(What::TimerCanceled { id: id.to_owned(), started });
        Ok(())
    }
}
