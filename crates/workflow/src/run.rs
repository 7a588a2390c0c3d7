//! One run while a command about it is being decided: the verbs that all commands use.
//!
//! Here are the verbs that read the run and that say what happened. The sub-modules have the others: events that may have to wait for the
//! running workflow task ([`buffered`]), the workflow task itself ([`workflow_task`]), and the end of the run ([`closing`], [`outcome`]).

pub(crate) mod buffered;
pub(crate) mod closing;
pub(crate) mod event;
mod outcome;
pub(crate) mod speculative;
mod task_events;
pub(crate) mod task_phase;
pub(crate) mod workflow_task;

use std::sync::Arc;

use klamm_machine::{Table, Time, Tx, time};
use klamm_messages::{
    klamm::v1::{HistoryRecord, ResetPhase, RunState, WorkflowTaskPhase, WorkflowTaskState, history_record::Record},
    temporal::{
        enums::v1::{EventType, TaskQueueKind, WorkflowExecutionStatus},
        history::v1::{HistoryEvent, history_event::Attributes},
        taskqueue::v1::TaskQueue,
    },
};

use crate::{
    Event, Workflow,
    tables::{RunKey, Runs},
    update,
};
use task_events::{scheduled_attributes, started_attributes};
use task_phase::speculative_task;

pub(crate) use event::new_event;
pub(crate) use outcome::names;

/// A run that is being decided about.
pub(crate) struct Run<'t, 'a> {
    /// The decision.
    pub(crate) tx: &'t mut Tx<'a, Workflow>,
    /// Which run.
    pub(crate) key: RunKey,
    /// The key of its row. A decision reads the row tens of times.
    row: Vec<u8>,
}

impl<'t, 'a> Run<'t, 'a> {
    /// The run under `key`. It need not exist yet: a start creates it by its first event.
    pub(crate) fn new(tx: &'t mut Tx<'a, Workflow>, key: RunKey) -> Self {
        Self { tx, row: Runs::key(&key), key }
    }

    /// The command's time, which is the event time of all that happens now.
    pub(crate) fn now(&self) -> Time {
        self.tx.context.now
    }

    /// The run's state, with all that this decision has emitted. A default one when the run does not exist.
    pub(crate) fn state(&self) -> Arc<RunState> {
        self.tx.get_at::<Runs>(&self.row).unwrap_or_default()
    }

    /// Says that an internal event happened. The record states the whole of what it describes.
    pub(crate) fn record(&mut self, record: Record) {
        self.tx.emit(Event::Record(Box::new(HistoryRecord {
            namespace: self.key.namespace.clone(),
            workflow_id: self.key.workflow_id.clone(),
            run_id: self.key.run_id.clone(),
            record: Some(record),
        })));
    }

    /// Whether the run exists and has not closed.
    pub(crate) fn is_open(&self) -> bool {
        is_open(&self.state())
    }

    /// Appends a public event with the next id and the command's time, and gives its id. This is for events that never wait: those that a
    /// command of the workflow makes, those of the workflow task, and closing events.
    pub(crate) fn add_event(&mut self, event_type: EventType, attributes: Attributes) -> i64 {
        self.add_whole_event(new_event(event_type, attributes, self.now()))
    }

    /// Appends a public event whose time, links and metadata the caller has set. Its id (and task id) is assigned here and given back. A
    /// speculative workflow task becomes an ordinary one first.
    pub(crate) fn add_whole_event(&mut self, event: HistoryEvent) -> i64 {
        let is_speculative = speculative_task(&self.state()).is_some();
        if is_speculative {
            self.keep_speculative_workflow_task("");
        }
        self.append(event)
    }

    /// Makes the speculative task an ordinary one: its events are written. Does nothing when the pending task is no such task. `identity`
    /// is that of the worker that has the task, where its own word is the reason.
    pub(crate) fn keep_speculative_workflow_task(&mut self, identity: &str) {
        let state = self.state();
        let Some(task) = speculative_task(&state).cloned() else { return };
        drop(state);
        let task = WorkflowTaskState { recorded: true, speculative: false, identity: identity.to_owned(), ..task };
        let scheduled = new_event(EventType::WorkflowTaskScheduled, scheduled_attributes(&task), Time::or_epoch(task.scheduled_time));
        self.append(scheduled);
        if task.phase() == WorkflowTaskPhase::Started {
            let started = new_event(EventType::WorkflowTaskStarted, started_attributes(&task), Time::or_epoch(task.started_time));
            self.append(started);
        }
        // The events do not tell the stamp that is in the task's token, and the time-outs that count already.
        self.record_workflow_task(task);
    }

    /// States the pending workflow task, or how the next attempt begins.
    pub(crate) fn record_workflow_task(&mut self, mut task: WorkflowTaskState) {
        task.sent_updates = update::sent(&self.state());
        self.record(Record::WorkflowTask(task));
    }

    /// Appends a public event as it is.
    fn append(&mut self, mut event: HistoryEvent) -> i64 {
        // Nobody may hold the state while the event is applied, else it is copied.
        let event_id = self.state().next_event_id.max(1);
        event.event_id = event_id;
        // Temporal's clients only require that the task id grows from event to event.
        event.task_id = event_id;
        self.record(Record::Event(event));
        event_id
    }
}

/// Whether the run has begun and not closed.
pub(crate) fn is_open(state: &RunState) -> bool {
    state.started.is_some()
        && matches!(state.status(), WorkflowExecutionStatus::Running | WorkflowExecutionStatus::Paused)
        && !is_being_built(state)
}

/// Whether the run is being built by a reset: it is not there for anybody yet.
pub(crate) fn is_being_built(state: &RunState) -> bool {
    let is_copied = state
        .started
        .as_ref()
        .is_some_and(|started| !started.original_execution_run_id.is_empty() && started.original_execution_run_id != state.run_id);
    is_copied && state.reset.as_ref().is_none_or(|reset| reset.phase() != ResetPhase::Done)
}

/// Whether an operator holds the run back: it is open, and neither its workflow nor its activities get tasks.
pub(crate) fn is_paused(state: &RunState) -> bool {
    state.status == WorkflowExecutionStatus::Paused as i32
}

/// Name of the run's workflow type.
pub(crate) fn workflow_type(state: &RunState) -> String {
    state.started.as_ref().and_then(|started| started.workflow_type.as_ref()).map(|t| t.name.clone()).unwrap_or_default()
}

/// The workflow's own task queue.
pub(crate) fn normal_task_queue(state: &RunState) -> TaskQueue {
    TaskQueue {
        kind: TaskQueueKind::Normal as i32,
        ..state.started.as_ref().and_then(|started| started.task_queue.clone()).unwrap_or_default()
    }
}

/// When the run's first workflow task is, or was, due: its start and what it waits for (start delay, back-off). Temporal: ExecutionTime.
pub(crate) fn execution_time(state: &RunState) -> Option<Time> {
    let start = state.start_time.as_ref().map(Time::from)?;
    let backoff = state.started.as_ref().and_then(|started| time::duration_or_none(started.first_workflow_task_backoff.as_ref()));
    Some(start.after(backoff.unwrap_or_default()))
}

/// First run of the chain that the run belongs to.
pub(crate) fn first_run_id(state: &RunState) -> String {
    state.started.as_ref().map(|started| started.first_execution_run_id.clone()).unwrap_or_default()
}
