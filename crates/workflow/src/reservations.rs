//! Reservations: pollers ride in a command, and the tasks that the command schedules are started for them in the same step.
//!
//! The result is as if the poller's own StartWorkflowTask or StartActivityTask came next on the log: the same decision, the same events.

use klamm_machine::{Outcome, Tx};
use klamm_messages::{
    klamm::v1::{
        ActivityPhase, Command, HistoryRecord, Reservation, RunState, StartActivityTask, StartWorkflowTask, WorkflowTaskPhase,
        history_record::Record,
    },
    temporal::{enums::v1::TaskQueueType, history::v1::history_event::Attributes},
};

use crate::{
    Answer, Event, Workflow, activity,
    answer::{StartedReservation, StartedTask},
    decide::start_workflow_task,
    run::{is_open, is_paused},
    tables::{RunKey, Runs},
};

/// Starts the tasks that the accepted command has scheduled, for the pollers that ride in it and wait on these queues. The first scheduled
/// is started first, and each poller gets one task at most. A poller that is not in the result has got none.
pub(crate) fn start(tx: &mut Tx<'_, Workflow>, command: &Command) -> Vec<StartedReservation> {
    let mut waiting: Vec<&Reservation> = command.reservations.iter().collect();
    let mut started = Vec::new();
    if waiting.is_empty() {
        return started;
    }
    let scheduled: Vec<_> = tx.emitted().iter().filter_map(scheduling).collect();
    for (run, scheduling) in scheduled {
        let Some(task) = tx.get::<Runs>(&run).and_then(|state| task_of(&state, scheduling)) else { continue };
        let Some(at) = waiting.iter().position(|reservation| task.is_for(reservation)) else { continue };
        if let Some(task) = task.start(tx, command, &run, waiting[at]) {
            started.push(StartedReservation { poll_id: waiting[at].poll_id.clone(), run, task });
            waiting.remove(at);
        }
    }
    started
}

/// Which of its run's tasks an event schedules.
#[derive(Debug, Clone, Copy)]
enum Scheduling {
    /// The workflow task.
    Workflow,
    /// The activity that this event scheduled.
    Activity(i64),
}

/// The run and the task that the event puts onto a queue; `None` for other events.
fn scheduling(event: &Event) -> Option<(RunKey, Scheduling)> {
    let Event::Record(record) = event else { return None };
    let HistoryRecord { namespace, workflow_id, run_id, record } = &**record;
    let scheduling = match record.as_ref()? {
        Record::Event(event) => match event.attributes.as_ref()? {
            Attributes::WorkflowTaskScheduledEventAttributes(_) => Scheduling::Workflow,
            Attributes::ActivityTaskScheduledEventAttributes(_) => Scheduling::Activity(event.event_id),
            _ => return None,
        },
        Record::WorkflowTask(task) if task.phase() == WorkflowTaskPhase::Scheduled => Scheduling::Workflow,
        Record::Activity(activity) if activity.phase() == ActivityPhase::Scheduled => Scheduling::Activity(activity.scheduled_event_id),
        _ => return None,
    };
    Some((RunKey::new(namespace, workflow_id, run_id), scheduling))
}

/// A task that waits on a queue.
struct Waiting {
    task_queue_type: TaskQueueType,
    task_queue: String,
    scheduled_event_id: i64,
    stamp: i64,
}

/// The task, unless it has been started meanwhile or is gone.
fn task_of(run: &RunState, scheduling: Scheduling) -> Option<Waiting> {
    if !is_open(run) {
        return None;
    }
    match scheduling {
        Scheduling::Workflow => {
            let task = run.workflow_task.as_ref().filter(|task| task.phase() == WorkflowTaskPhase::Scheduled)?;
            Some(Waiting {
                task_queue_type: TaskQueueType::Workflow,
                task_queue: task.task_queue.as_ref()?.name.clone(),
                scheduled_event_id: task.scheduled_event_id,
                stamp: task.stamp,
            })
        }
        Scheduling::Activity(scheduled_event_id) => {
            let pending = run.activities.get(&scheduled_event_id)?;
            let state = pending.state.as_ref().filter(|state| state.phase() == ActivityPhase::Scheduled && !activity::is_paused(state))?;
            Some(Waiting {
                task_queue_type: TaskQueueType::Activity,
                task_queue: pending.scheduled.as_ref()?.task_queue.as_ref()?.name.clone(),
                scheduled_event_id,
                stamp: state.stamp,
            })
            .filter(|_| !is_paused(run))
        }
    }
}

impl Waiting {
    /// Whether the poller waits on the task's queue.
    fn is_for(&self, reservation: &Reservation) -> bool {
        let polled = reservation.task_queue.as_ref().map_or("", |queue| &queue.name);
        reservation.task_queue_type() == self.task_queue_type && polled == self.task_queue
    }

    /// Starts the task for the poller; `None` when the poller may not have it.
    fn start(&self, tx: &mut Tx<'_, Workflow>, command: &Command, run: &RunKey, poller: &Reservation) -> Option<StartedTask> {
        let decision = if self.task_queue_type == TaskQueueType::Workflow {
            let start = StartWorkflowTask {
                run_id: run.run_id.clone(),
                scheduled_event_id: self.scheduled_event_id,
                stamp: self.stamp,
                poll_id: poller.poll_id.clone(),
                identity: poller.identity.clone(),
                task_queue: poller.task_queue.clone(),
                worker_version: poller.worker_version.clone(),
            };
            start_workflow_task::decide(tx, command, &start)
        } else {
            let start = StartActivityTask {
                run_id: run.run_id.clone(),
                scheduled_event_id: self.scheduled_event_id,
                stamp: self.stamp,
                poll_id: poller.poll_id.clone(),
                identity: poller.identity.clone(),
                worker_version: poller.worker_version.clone(),
            };
            activity::start::decide(tx, command, &start)
        };
        match decision {
            Ok(Outcome::Answer(Answer::WorkflowTaskStarted(task))) => Some(StartedTask::Workflow(task)),
            Ok(Outcome::Answer(Answer::ActivityTaskStarted(task))) => Some(StartedTask::Activity(task)),
            _ => None,
        }
    }
}
