//! What a workflow does at the end of a workflow task.

use crate::{Activity, ActivityEnd, End, EventId, Fact, Millis, Options, Refusal, Run, TaskFailure, Timer, Token, What};

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
    pub fn complete_task(&mut self, token: &Token, commands: &[Command], sticky: bool, again: bool) -> Result<bool, Refusal> {
        let (task, at, mut started) = self.held(token)?;
        let mut after = self.clone();
        let mut scheduled = task.scheduled;
        if !task.written {
            scheduled = after.write_of(task.at, What::WorkflowTaskScheduled { queue: task.queue, attempt: task.attempt });
            started = after.write_of(at, What::WorkflowTaskStarted { scheduled });
        }
        after.write(What::WorkflowTaskCompleted { scheduled, started });
        (after.task, after.failures, after.unhandled, after.sticky) = (None, 0, false, sticky);
        match commands.iter().try_for_each(|command| after.follow(command, !self.waiting.is_empty())) {
            Ok(()) => {
                *self = after;
                if again || !self.waiting.is_empty() {
                    self.schedule_task();
                }
                Ok(commands.last() == Some(&Command::End(End::ContinuedAsNew)))
            }
            Err(failure) => {
                // A later attempt that keeps failing is left to its time-out, which paces the retries.
                if task.attempt == 1 || failure == TaskFailure::UnhandledCommand {
                    self.fail_task(failure);
                    self.schedule_task();
                }
                Err(Refusal::Invalid)
            }
        }
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
        if self.activities.values().any(|activity| activity.options.id == options.id) {
            return Err(TaskFailure::BadCommand);
        }
        let scheduled = self.write(What::ActivityScheduled { id: options.id.clone() });
        let (options, now) = (options.within(self.timeout), self.now);
        let activity = Activity { options, at: now, attempt: 1, due: now, queued: true, started: None, heard: 0, cancel_requested: false };
        self.activities.insert(scheduled, activity);
        Ok(())
    }

    /// An activity that no worker has is cancelled at once; a worker learns of the request by its next heartbeat.
    fn cancel_activity(&mut self, scheduled: EventId) -> Result<(), TaskFailure> {
        let is_end = |fact: &Fact| matches!(fact.what, What::ActivityEnded { scheduled: ended, .. } if ended == scheduled);
        let has_just_ended = self.waiting.iter().any(is_end);
        if self.activities.get(&scheduled).map_or(!has_just_ended, |activity| activity.cancel_requested) {
            return Err(TaskFailure::BadCommand);
        }
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
        if self.timers.contains_key(id) {
            return Err(TaskFailure::BadCommand);
        }
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
