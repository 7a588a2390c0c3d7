//! What clients and workers see, as text, of the model; and of the machine's events.

use klamm_machine::Time;
use klamm_messages::temporal::{
    enums::v1::{TaskQueueKind, TimeoutType, WorkflowTaskFailedCause},
    history::v1::{HistoryEvent, history_event::Attributes},
};
use klamm_spec::{ActivityEnd, End, Fact, Run, TaskFailure, Timeout, What};

/// A history of the model: time and event.
pub fn model(history: &[Fact]) -> Vec<String> {
    history.iter().map(|fact| format!("{} {:?}", fact.time, fact.what)).collect()
}

/// Tasks of a run that wait for workers: id of the scheduling event, and the queue.
pub fn waiting(run: &Run) -> Vec<(i64, String)> {
    let workflow = run.task.iter().filter(|task| task.started.is_none()).map(|task| (task.scheduled, queue(task.sticky)));
    let queued = run.activities.iter().filter(|(_, activity)| activity.is_queued(run.now));
    let mut all: Vec<_> = queued.map(|(scheduled, _)| (*scheduled, "activities".to_owned())).chain(workflow).collect();
    all.sort();
    all
}

/// Where a workflow task waits.
pub fn queue(sticky: bool) -> String {
    if sticky { "sticky" } else { "normal" }.to_owned()
}

/// An event of the machine.
pub fn event(event: &HistoryEvent) -> String {
    let time = Time::or_epoch(event.event_time).millis();
    let what = what(event.attributes.as_ref().expect("every event has attributes"));
    format!("{time} {what:?}")
}

fn what(attributes: &Attributes) -> What {
    match attributes {
        Attributes::WorkflowExecutionStartedEventAttributes(a) => {
            let continues = Some(a.continued_execution_run_id.clone()).filter(|run| !run.is_empty());
            What::WorkflowStarted { continues }
        }
        Attributes::WorkflowExecutionSignaledEventAttributes(a) => What::Signaled { name: a.signal_name.clone() },
        Attributes::WorkflowExecutionCancelRequestedEventAttributes(_) => What::CancelRequested,
        Attributes::WorkflowTaskScheduledEventAttributes(a) => What::WorkflowTaskScheduled {
            sticky: a.task_queue.as_ref().is_some_and(|queue| queue.kind() == TaskQueueKind::Sticky),
            attempt: a.attempt.unsigned_abs(),
        },
        Attributes::WorkflowTaskStartedEventAttributes(a) => What::WorkflowTaskStarted { scheduled: a.scheduled_event_id },
        Attributes::WorkflowTaskCompletedEventAttributes(a) => {
            What::WorkflowTaskCompleted { scheduled: a.scheduled_event_id, started: a.started_event_id }
        }
        Attributes::WorkflowTaskFailedEventAttributes(a) => {
            What::WorkflowTaskFailed { scheduled: a.scheduled_event_id, started: a.started_event_id, why: why(a.cause()) }
        }
        Attributes::WorkflowTaskTimedOutEventAttributes(a) => {
            What::WorkflowTaskTimedOut { scheduled: a.scheduled_event_id, started: a.started_event_id, timeout: timeout(a.timeout_type()) }
        }
        Attributes::ActivityTaskScheduledEventAttributes(a) => What::ActivityScheduled { id: a.activity_id.clone() },
        Attributes::ActivityTaskStartedEventAttributes(a) => {
            What::ActivityStarted { scheduled: a.scheduled_event_id, attempt: a.attempt.unsigned_abs() }
        }
        Attributes::ActivityTaskCompletedEventAttributes(a) => {
            What::ActivityEnded { scheduled: a.scheduled_event_id, started: a.started_event_id, end: ActivityEnd::Completed }
        }
        Attributes::ActivityTaskFailedEventAttributes(a) => {
            What::ActivityEnded { scheduled: a.scheduled_event_id, started: a.started_event_id, end: ActivityEnd::Failed }
        }
        Attributes::ActivityTaskTimedOutEventAttributes(a) => {
            use klamm_messages::temporal::failure::v1::failure::FailureInfo::TimeoutFailureInfo;
            let Some(TimeoutFailureInfo(info)) = a.failure.as_ref().and_then(|failure| failure.failure_info.as_ref()) else {
                panic!("a time-out without its failure: {a:?}")
            };
            let end = ActivityEnd::TimedOut(timeout(info.timeout_type()));
            What::ActivityEnded { scheduled: a.scheduled_event_id, started: a.started_event_id, end }
        }
        Attributes::ActivityTaskCancelRequestedEventAttributes(a) => What::ActivityCancelRequested { scheduled: a.scheduled_event_id },
        Attributes::ActivityTaskCanceledEventAttributes(a) => {
            What::ActivityEnded { scheduled: a.scheduled_event_id, started: a.started_event_id, end: ActivityEnd::Canceled }
        }
        Attributes::TimerStartedEventAttributes(a) => What::TimerStarted { id: a.timer_id.clone() },
        Attributes::TimerFiredEventAttributes(a) => What::TimerFired { id: a.timer_id.clone(), started: a.started_event_id },
        Attributes::TimerCanceledEventAttributes(a) => What::TimerCanceled { id: a.timer_id.clone(), started: a.started_event_id },
        Attributes::WorkflowExecutionCompletedEventAttributes(_) => What::WorkflowEnded(End::Completed),
        Attributes::WorkflowExecutionFailedEventAttributes(_) => What::WorkflowEnded(End::Failed),
        Attributes::WorkflowExecutionCanceledEventAttributes(_) => What::WorkflowEnded(End::Canceled),
        Attributes::WorkflowExecutionTerminatedEventAttributes(_) => What::WorkflowEnded(End::Terminated),
        Attributes::WorkflowExecutionTimedOutEventAttributes(_) => What::WorkflowEnded(End::TimedOut),
        Attributes::WorkflowExecutionContinuedAsNewEventAttributes(_) => What::WorkflowEnded(End::ContinuedAsNew),
        other => panic!("an event that the specification does not know: {other:?}"),
    }
}

fn why(cause: WorkflowTaskFailedCause) -> TaskFailure {
    match cause {
        WorkflowTaskFailedCause::NonDeterministicError => TaskFailure::Worker,
        WorkflowTaskFailedCause::UnhandledCommand => TaskFailure::UnhandledCommand,
        WorkflowTaskFailedCause::ForceCloseCommand => TaskFailure::ForceClose,
        _ => TaskFailure::BadCommand,
    }
}

fn timeout(timeout: TimeoutType) -> Timeout {
    match timeout {
        TimeoutType::StartToClose => Timeout::StartToClose,
        TimeoutType::ScheduleToStart => Timeout::ScheduleToStart,
        TimeoutType::ScheduleToClose => Timeout::ScheduleToClose,
        TimeoutType::Heartbeat => Timeout::Heartbeat,
        TimeoutType::Unspecified => panic!("a time-out without a type"),
    }
}
