//! The workflow task of a run: scheduling, starting, failing and timing out.
//!
//! Temporal: service/history/workflow/workflow_task_state_machine.go. A task with attempt 1 writes its public events as things happen. A
//! task with a higher attempt is "transient": only internal events tell of it, and its public Scheduled and Started are written when it
//! completes. Invariant: the ids of a transient task are those that its public events will have, because none of them is written yet.

use std::time::Duration;

use klamm_machine::{Time, time};
use klamm_messages::{
    klamm::v1::{CommandSettings, RunState, StickyState, WorkflowTaskPhase, WorkflowTaskState, history_record::Record},
    temporal::{
        common::v1::WorkerVersionStamp,
        enums::v1::{EventType, SuggestContinueAsNewReason, TaskQueueKind, TimeoutType, WorkflowTaskFailedCause},
        failure::v1::Failure,
        history::v1::{
            WorkflowTaskFailedEventAttributes, WorkflowTaskScheduledEventAttributes, WorkflowTaskStartedEventAttributes,
            WorkflowTaskTimedOutEventAttributes, history_event::Attributes,
        },
        taskqueue::v1::TaskQueue,
    },
};

use super::{
    Run, buffered, is_open, is_paused, new_event, normal_task_queue,
    task_events::{scheduled_attributes, started_attributes, transient_events},
    task_phase::{is_pending, is_started, is_sticky},
};
use crate::{answer::StartedWorkflowTask, decide::limits::or_default, update};

/// Identity under which the server itself fails tasks and closes workflows.
pub(crate) const SERVER_IDENTITY: &str = "history-service";
/// Start-to-close time-out of a workflow task, unless the start set another.
pub(crate) const DEFAULT_TASK_TIMEOUT: Duration = Duration::from_secs(10);
/// Up to this attempt the time-out stays as it is.
const LAST_ATTEMPT_WITH_PLAIN_TIMEOUT: i32 = 3;
/// What attempt 4 gets in addition. It doubles with each further attempt.
const TIMEOUT_GROWTH: Duration = Duration::from_secs(5);
/// Largest addition (history.workflowTaskRetryMaxInterval).
const TIMEOUT_GROWTH_MAX: Duration = Duration::from_secs(600);

/// How long such a task waits on a normal queue before an ordinary one takes its place.
/// (tasks.SpeculativeWorkflowTaskScheduleToStartTimeout).
const SCHEDULE_TO_START_TIMEOUT: Duration = Duration::from_secs(5);

/// Why a workflow task failed, as WorkflowTaskFailed states it.
#[derive(Debug, Clone)]
pub(crate) struct TaskFailure {
    /// Sort of failure.
    pub(crate) cause: WorkflowTaskFailedCause,
    /// The worker's account, or the server's message.
    pub(crate) failure: Option<Failure>,
    /// Identity of the worker or server that says so.
    pub(crate) identity: String,
    /// Binary of the worker.
    pub(crate) binary_checksum: String,
    /// Version of the worker.
    pub(crate) worker_version: Option<WorkerVersionStamp>,
}

impl TaskFailure {
    /// A failure that the server itself decides on.
    pub(crate) fn by_server(cause: WorkflowTaskFailedCause) -> Self {
        Self { cause, failure: None, identity: SERVER_IDENTITY.to_owned(), binary_checksum: String::new(), worker_version: None }
    }
}

/// Who starts a workflow task.
#[derive(Debug, Clone)]
pub(crate) struct Poll<'p> {
    /// WorkflowTaskStarted.request_id.
    pub(crate) poll_id: &'p str,
    /// Identity of the worker.
    pub(crate) identity: &'p str,
    /// Its version.
    pub(crate) worker_version: Option<&'p WorkerVersionStamp>,
    /// Where continue-as-new begins to be suggested.
    pub(crate) settings: &'p CommandSettings,
    /// Whether the task brings updates again that a worker has been sent and has not answered.
    pub(crate) repeats_updates: bool,
}

impl Run<'_, '_> {
    /// Makes sure that the workflow looks at what happened: schedules a workflow task, unless one is pending or the run is closed.
    ///
    /// Waiting events are appended first; if there were any, the task begins anew at attempt 1. While a task is started nothing needs to be
    /// done, because its end schedules the next one. The exception: when more events wait than may, the started task is failed and the next
    /// scheduled.
    pub(crate) fn schedule_workflow_task(&mut self) {
        self.schedule_workflow_task_of_chain(None);
    }

    /// As [`Run::schedule_workflow_task`], for events from outside. While the start is being delayed this does nothing, because a wake-up
    /// schedules the first workflow task.
    pub(crate) fn schedule_workflow_task_unless_delayed(&mut self) {
        if self.state().first_workflow_task_time.is_none() {
            self.schedule_workflow_task();
        }
    }

    /// Schedules the next task in a chain of heartbeats. `original_scheduled_time` is when the chain's first task was scheduled.
    pub(crate) fn schedule_workflow_task_of_chain(&mut self, original_scheduled_time: Option<Time>) {
        let state = self.state();
        if !is_open(&state) {
            return;
        }
        if is_pending(&state) {
            let overflows = is_started(&state) && buffered::is_full(&state);
            drop(state);
            self.keep_speculative_workflow_task("");
            if overflows {
                self.fail_workflow_task(TaskFailure::by_server(WorkflowTaskFailedCause::ForceCloseCommand));
                self.schedule_workflow_task_of_chain(None);
            }
            return;
        }
        if is_paused(&state) {
            drop(state);
            // Its unpausing schedules a task.
            self.flush_buffered_events();
            return;
        }
        let attempt = if state.buffered_events.is_empty() { next_attempt(&state) } else { 1 };
        drop(state);
        self.flush_buffered_events();
        let state = self.state();
        let task_queue = current_task_queue(&state);
        let timeout = start_to_close_timeout(&state, attempt);
        if attempt > 1 {
            let task = WorkflowTaskState {
                phase: WorkflowTaskPhase::Scheduled as i32,
                stamp: next_stamp(&state, attempt),
                attempt,
                scheduled_event_id: state.next_event_id,
                scheduled_time: Some(self.now().into()),
                original_scheduled_time: Some(original_scheduled_time.unwrap_or(self.now()).into()),
                task_queue: Some(task_queue),
                start_to_close_timeout: Some(time::to_proto(timeout)),
                ..carried_over(&state)
            };
            drop(state);
            self.record_workflow_task(task);
            return;
        }
        drop(state);
        self.add_event(
            EventType::WorkflowTaskScheduled,
            Attributes::WorkflowTaskScheduledEventAttributes(WorkflowTaskScheduledEventAttributes {
                task_queue: Some(task_queue),
                start_to_close_timeout: Some(time::to_proto(timeout)),
                attempt,
            }),
        );
        if let Some(original) = original_scheduled_time {
            let mut task = self.state().workflow_task.clone().unwrap_or_default();
            task.original_scheduled_time = Some(original.into());
            self.record_workflow_task(task);
        }
    }

    /// Schedules a workflow task for the updates that wait, unless one is pending. If the last attempt failed, the next one is made, and
    /// takes the updates with it.
    pub(crate) fn schedule_speculative_workflow_task(&mut self) {
        let state = self.state();
        if !is_open(&state) || is_pending(&state) || is_paused(&state) {
            return;
        }
        let attempt = next_attempt(&state);
        if attempt > 1 || !state.buffered_events.is_empty() {
            drop(state);
            return self.schedule_workflow_task();
        }
        let sticky = state.sticky.as_ref().filter(|_| is_sticky(&state));
        let schedule_to_start_timeout = match sticky {
            Some(sticky) => sticky.schedule_to_start_timeout,
            None => Some(time::to_proto(SCHEDULE_TO_START_TIMEOUT)),
        };
        let now = Some(self.now().into());
        let task = WorkflowTaskState {
            phase: WorkflowTaskPhase::Scheduled as i32,
            stamp: next_stamp(&state, attempt),
            attempt,
            scheduled_event_id: state.next_event_id,
            scheduled_time: now,
            original_scheduled_time: now,
            task_queue: Some(current_task_queue(&state)),
            start_to_close_timeout: Some(time::to_proto(start_to_close_timeout(&state, attempt))),
            schedule_to_start_timeout,
            speculative: true,
            ..WorkflowTaskState::default()
        };
        drop(state);
        self.record_workflow_task(task);
    }

    /// Starts the scheduled workflow task for a poll, and gives what the poller needs. `None`: there is no scheduled task.
    pub(crate) fn start_workflow_task(&mut self, poll: &Poll<'_>) -> Option<StartedWorkflowTask> {
        let history_size_bytes = self.state().history_size_bytes;
        self.start_workflow_task_after(history_size_bytes, poll)
    }

    /// As [`Run::start_workflow_task`], with the size of the history before this decision, as the task is to state it.
    pub(crate) fn start_workflow_task_after(&mut self, history_size_bytes: i64, poll: &Poll<'_>) -> Option<StartedWorkflowTask> {
        let now = self.now();
        let state = self.state();
        let mut task = state.workflow_task.clone().filter(|task| task.phase() == WorkflowTaskPhase::Scheduled)?;
        let reasons = reasons_to_continue_as_new(&state, poll.settings);
        let overtaken = !task.recorded && task.scheduled_event_id != state.next_event_id;
        let updates = update::outgoing(&state, poll.repeats_updates);
        if task.speculative {
            if updates.is_empty() {
                drop(state);
                self.discard_speculative_workflow_task();
                return None;
            }
            // A worker of the normal queue may have taken it after the sticky worker was gone.
            task.task_queue = Some(current_task_queue(&state));
        }
        drop(state);
        if overtaken {
            // Events came after the transient task was scheduled, so it becomes an ordinary first attempt.
            task.attempt = 1;
            task.recorded = true;
            self.add_event(EventType::WorkflowTaskScheduled, scheduled_attributes(&task));
            task.scheduled_event_id = self.state().workflow_task.as_ref().map_or(0, |task| task.scheduled_event_id);
        }
        if task.recorded {
            self.add_event(
                EventType::WorkflowTaskStarted,
                Attributes::WorkflowTaskStartedEventAttributes(WorkflowTaskStartedEventAttributes {
                    scheduled_event_id: task.scheduled_event_id,
                    identity: poll.identity.to_owned(),
                    request_id: poll.poll_id.to_owned(),
                    suggest_continue_as_new: !reasons.is_empty(),
                    suggest_continue_as_new_reasons: reasons.iter().map(|reason| *reason as i32).collect(),
                    history_size_bytes,
                    worker_version: poll.worker_version.cloned(),
                    ..WorkflowTaskStartedEventAttributes::default()
                }),
            );
            self.record_sent_updates();
        } else {
            task.phase = WorkflowTaskPhase::Started as i32;
            task.started_event_id = task.scheduled_event_id + 1;
            task.started_time = Some(now.into());
            task.request_id = poll.poll_id.to_owned();
            task.identity = poll.identity.to_owned();
            task.suggest_continue_as_new = !reasons.is_empty();
            task.suggest_continue_as_new_reasons = reasons.iter().map(|reason| *reason as i32).collect();
            task.history_size_bytes = history_size_bytes;
            task.worker_version = poll.worker_version.cloned();
            let state = self.state();
            task.sent_updates = update::sent_by_start(&state).unwrap_or_else(|| update::sent(&state));
            drop(state);
            self.record(Record::WorkflowTask(task));
        }
        let started = started_workflow_task(&self.state())?;
        Some(StartedWorkflowTask { messages: update::messages(self, &updates, started.started_event_id), ..started })
    }

    /// The started workflow task again, for a poll that repeats its start.
    pub(crate) fn started_workflow_task_again(&self) -> Option<StartedWorkflowTask> {
        let state = self.state();
        let started = started_workflow_task(&state)?;
        let updates = update::outgoing(&state, true);
        Some(StartedWorkflowTask { messages: update::messages(self, &updates, started.started_event_id), ..started })
    }

    /// States the workflow task that has just started, if its worker gets updates that none has been sent before.
    fn record_sent_updates(&mut self) {
        let state = self.state();
        let Some(sent_updates) = update::sent_by_start(&state) else { return };
        let task = WorkflowTaskState { sent_updates, ..state.workflow_task.clone().unwrap_or_default() };
        drop(state);
        self.record(Record::WorkflowTask(task));
    }

    /// Writes Scheduled and Started of a transient task that is about to complete, so that the completion can name them. Gives their ids.
    /// An ordinary task has them in the history already.
    pub(crate) fn record_transient_workflow_task(&mut self, task: &WorkflowTaskState, identity: &str) -> (i64, i64) {
        if task.recorded {
            return (task.scheduled_event_id, task.started_event_id);
        }
        let task = WorkflowTaskState { identity: identity.to_owned(), ..task.clone() };
        let scheduled = new_event(EventType::WorkflowTaskScheduled, scheduled_attributes(&task), Time::or_epoch(task.scheduled_time));
        let scheduled_event_id = self.add_whole_event(scheduled);
        let task = WorkflowTaskState { scheduled_event_id, ..task };
        let started = new_event(EventType::WorkflowTaskStarted, started_attributes(&task), Time::or_epoch(task.started_time));
        (scheduled_event_id, self.add_whole_event(started))
    }

    /// Ends the started workflow task as failed. Attempt 1 writes WorkflowTaskFailed; later ones write nothing public. The sticky queue is
    /// cleared. The events that waited are *not* appended here: scheduling the next task, or closing the run, does that.
    ///
    /// The next attempt has the next number. But if the task was sticky, the next is a first attempt on the normal queue.
    pub(crate) fn fail_workflow_task(&mut self, failure: TaskFailure) {
        if is_started(&self.state()) {
            self.keep_speculative_workflow_task(&failure.identity);
        }
        let state = self.state();
        let Some(task) = state.workflow_task.clone().filter(|task| task.phase() == WorkflowTaskPhase::Started) else { return };
        drop(state);
        if task.recorded {
            self.add_event(
                EventType::WorkflowTaskFailed,
                Attributes::WorkflowTaskFailedEventAttributes(Box::new(WorkflowTaskFailedEventAttributes {
                    scheduled_event_id: task.scheduled_event_id,
                    started_event_id: task.started_event_id,
                    cause: failure.cause as i32,
                    failure: failure.failure.clone(),
                    identity: failure.identity,
                    binary_checksum: failure.binary_checksum,
                    worker_version: failure.worker_version,
                    ..WorkflowTaskFailedEventAttributes::default()
                })),
            );
        }
        self.end_attempt(&task, true, Some(failure.cause), failure.failure);
    }

    /// Lets the next workflow task be a first attempt. Nothing is written when it would be, or when a task is pending.
    pub(crate) fn forget_failed_attempts(&mut self) {
        let state = self.state();
        if is_pending(&state) || next_attempt(&state) == 1 {
            return;
        }
        let none = WorkflowTaskState { phase: WorkflowTaskPhase::None as i32, attempt: 1, ..carried_over(&state) };
        drop(state);
        self.record_workflow_task(none);
    }

    /// Drops the scheduled workflow task, because an operator holds the run back before a worker has the task. The next one is a first
    /// attempt.
    pub(crate) fn drop_scheduled_workflow_task(&mut self) {
        self.discard_scheduled_speculative_workflow_task();
        let state = self.state();
        let is_scheduled = |task: &WorkflowTaskState| task.phase() == WorkflowTaskPhase::Scheduled;
        let Some(task) = state.workflow_task.clone().filter(is_scheduled) else { return };
        drop(state);
        let cause = WorkflowTaskFailedCause::WorkflowPauseRequestedBeforeTaskStarted;
        if task.recorded {
            let attributes = WorkflowTaskFailedEventAttributes {
                scheduled_event_id: task.scheduled_event_id,
                cause: cause as i32,
                identity: SERVER_IDENTITY.to_owned(),
                ..WorkflowTaskFailedEventAttributes::default()
            };
            self.add_event(EventType::WorkflowTaskFailed, Attributes::WorkflowTaskFailedEventAttributes(Box::new(attributes)));
        }
        self.end_attempt(&task, false, Some(cause), None);
    }

    /// Ends the pending workflow task as timed out: a started one by START_TO_CLOSE, a sticky one that no worker took by SCHEDULE_TO_START.
    pub(crate) fn time_out_workflow_task(&mut self, timeout_type: TimeoutType) {
        self.keep_speculative_workflow_task("");
        let state = self.state();
        let Some(task) = state.workflow_task.clone().filter(|_| is_pending(&state)) else { return };
        drop(state);
        if task.recorded {
            self.add_event(
                EventType::WorkflowTaskTimedOut,
                Attributes::WorkflowTaskTimedOutEventAttributes(WorkflowTaskTimedOutEventAttributes {
                    scheduled_event_id: task.scheduled_event_id,
                    started_event_id: if timeout_type == TimeoutType::ScheduleToStart { 0 } else { task.started_event_id },
                    timeout_type: timeout_type as i32,
                }),
            );
        }
        // It is no fault of the workflow that a sticky worker is gone. So the attempt's number stays the same.
        self.end_attempt(&task, timeout_type != TimeoutType::ScheduleToStart, None, None);
    }

    /// Sets the sticky task queue for the next workflow task. Nothing is written when it is in force already.
    pub(crate) fn set_sticky(&mut self, sticky: StickyState) {
        if self.state().sticky.clone().unwrap_or_default() != sticky {
            self.record(Record::Sticky(sticky));
        }
    }

    /// Lets the next workflow task go to the normal queue.
    pub(crate) fn clear_sticky(&mut self) {
        self.set_sticky(StickyState::default());
    }

    /// Writes down how the next attempt begins.
    fn end_attempt(&mut self, ended: &WorkflowTaskState, counts: bool, cause: Option<WorkflowTaskFailedCause>, failure: Option<Failure>) {
        let was_sticky = is_sticky(&self.state());
        self.clear_sticky();
        self.record_workflow_task(WorkflowTaskState {
            phase: WorkflowTaskPhase::None as i32,
            attempt: if counts && !was_sticky { ended.attempt.max(1) + 1 } else { 1 },
            last_failure_cause: cause.unwrap_or(WorkflowTaskFailedCause::Unspecified) as i32,
            last_failure: failure,
            ..WorkflowTaskState::default()
        });
    }
}

/// What the poller that started the workflow task needs; `None` when no task is started.
pub(crate) fn started_workflow_task(state: &RunState) -> Option<StartedWorkflowTask> {
    let task = state.workflow_task.as_ref().filter(|task| task.phase() == WorkflowTaskPhase::Started)?;
    Some(StartedWorkflowTask {
        run_id: state.run_id.clone(),
        workflow_type: crate::run::workflow_type(state),
        scheduled_event_id: task.scheduled_event_id,
        started_event_id: task.started_event_id,
        attempt: task.attempt,
        stamp: task.stamp,
        previous_started_event_id: state.last_completed_workflow_task_started_event_id,
        scheduled_time: Time::or_epoch(task.scheduled_time),
        started_time: Time::or_epoch(task.started_time),
        transient_events: transient_events(task),
        last_stored_event_id: if task.recorded { task.started_event_id } else { state.next_event_id - 1 },
        workflow_task_queue: normal_task_queue(state),
        sticky: task.task_queue.as_ref().is_some_and(|queue| queue.kind() == TaskQueueKind::Sticky),
        history_size_bytes: task.history_size_bytes,
        messages: Vec::new(),
    })
}

/// What a new attempt keeps of the one before: how that failed.
fn carried_over(state: &RunState) -> WorkflowTaskState {
    let last = state.workflow_task.clone().unwrap_or_default();
    WorkflowTaskState { last_failure_cause: last.last_failure_cause, last_failure: last.last_failure, ..WorkflowTaskState::default() }
}

/// Number of the attempt that would be scheduled next.
fn next_attempt(state: &RunState) -> i32 {
    state.workflow_task.as_ref().map_or(1, |task| task.attempt.max(1))
}

/// Stamp of the next attempt. It is the attempt's number, but it goes on from a task that left no trace: the next one may have the same ids.
pub(crate) fn next_stamp(state: &RunState, attempt: i32) -> i64 {
    let none = state.workflow_task.as_ref().filter(|task| task.phase() == WorkflowTaskPhase::None);
    none.map_or(0, |task| task.stamp).saturating_add(i64::from(attempt.max(1)))
}

/// The queue of the next task: the sticky one, if there is one.
fn current_task_queue(state: &RunState) -> TaskQueue {
    let normal = normal_task_queue(state);
    match &state.sticky {
        Some(sticky) if !sticky.task_queue.is_empty() => {
            TaskQueue { name: sticky.task_queue.clone(), kind: TaskQueueKind::Sticky as i32, normal_name: normal.name }
        }
        _ => normal,
    }
}

/// The run's task time-out. It grows from attempt 4 on, to give a workflow that keeps failing more time, and the server a rest.
fn start_to_close_timeout(state: &RunState, attempt: i32) -> Duration {
    let timeout = state
        .started
        .as_ref()
        .and_then(|started| time::duration_or_none(started.workflow_task_timeout.as_ref()))
        .unwrap_or(DEFAULT_TASK_TIMEOUT);
    let doublings = attempt - LAST_ATTEMPT_WITH_PLAIN_TIMEOUT - 1;
    if doublings < 0 {
        return timeout;
    }
    timeout + TIMEOUT_GROWTH.saturating_mul(2_u32.saturating_pow(doublings.unsigned_abs())).min(TIMEOUT_GROWTH_MAX)
}

/// The reasons why the workflow had better continue as new, because its history has grown; empty when there are none.
fn reasons_to_continue_as_new(state: &RunState, settings: &CommandSettings) -> Vec<SuggestContinueAsNewReason> {
    let mut reasons = Vec::new();
    let size_limit = or_default(settings.history_size_suggest_continue_as_new_bytes, HISTORY_SIZE_SUGGEST_CONTINUE_AS_NEW_BYTES);
    if u64::try_from(state.history_size_bytes).unwrap_or(0) >= size_limit {
        reasons.push(SuggestContinueAsNewReason::HistorySizeTooLarge);
    }
    let count_limit = or_default(u64::from(settings.history_count_suggest_continue_as_new), HISTORY_COUNT_SUGGEST_CONTINUE_AS_NEW);
    if u64::try_from(state.next_event_id).unwrap_or(0) >= count_limit {
        reasons.push(SuggestContinueAsNewReason::TooManyHistoryEvents);
    }
    if update::are_many(state, settings) {
        reasons.push(SuggestContinueAsNewReason::TooManyUpdates);
    }
    reasons
}

/// Size from which continue-as-new is suggested, where a command carries no such setting (limit.historySize.suggestContinueAsNew).
const HISTORY_SIZE_SUGGEST_CONTINUE_AS_NEW_BYTES: u64 = 4 * 1024 * 1024;
/// Number of events likewise (limit.historyCount.suggestContinueAsNew).
const HISTORY_COUNT_SUGGEST_CONTINUE_AS_NEW: u64 = 4096;
