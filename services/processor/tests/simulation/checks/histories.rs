//! Each history as its run alone must have it: whole, with one end, and each of its tasks ended once.

use std::collections::BTreeMap;

use klamm_messages::temporal::{
    enums::v1::{EventType, WorkflowExecutionStatus},
    history::v1::history_event::Attributes,
};

use super::{Life, key};

/// Checks a run and its history. All runs have ended when a simulation has.
pub fn check((run, events): &Life) {
    let name = key(run);
    if run.outcome_only {
        let [end] = &events[..] else { panic!("{name:?} is an outcome, and has {} events", events.len()) };
        let found = (end.event_id, end.event_type(), run.status());
        assert_eq!(found, (run.next_event_id - 1, EventType::WorkflowExecutionCompleted, WorkflowExecutionStatus::Completed), "{name:?}");
        return;
    }
    assert_eq!(events.len() as i64 + 1, run.next_event_id, "events of {name:?}");
    assert!(events.iter().zip(1..).all(|(event, id)| event.event_id == id), "ids of the events of {name:?}");
    let ends: Vec<_> = events.iter().filter_map(|event| Some((event.event_id, status(event.event_type())?))).collect();
    let types = || events.iter().map(|event| event.event_type().as_str_name()).collect::<Vec<_>>();
    let [(end, status)] = ends[..] else { panic!("{name:?} ends {} times: {:?}", ends.len(), types()) };
    assert_eq!((end, status), (events.len() as i64, run.status()), "the end of {name:?}");
    assert!(matches!(events[0].event_type(), EventType::WorkflowExecutionStarted), "the beginning of {name:?}");
    // Scheduled event: how often it was started, and ended.
    let mut activities: BTreeMap<i64, (usize, usize)> = BTreeMap::new();
    let mut workflow_tasks = BTreeMap::new();
    for event in events {
        let (tasks, scheduled_event_id, is_end) = match event.attributes.as_ref().expect("an event") {
            Attributes::ActivityTaskScheduledEventAttributes(_) => {
                activities.insert(event.event_id, (0, 0));
                continue;
            }
            Attributes::WorkflowTaskScheduledEventAttributes(_) => {
                workflow_tasks.insert(event.event_id, (0, 0));
                continue;
            }
            Attributes::ActivityTaskStartedEventAttributes(event) => (&mut activities, event.scheduled_event_id, false),
            Attributes::ActivityTaskCompletedEventAttributes(event) => (&mut activities, event.scheduled_event_id, true),
            Attributes::ActivityTaskFailedEventAttributes(event) => (&mut activities, event.scheduled_event_id, true),
            Attributes::ActivityTaskTimedOutEventAttributes(event) => (&mut activities, event.scheduled_event_id, true),
            Attributes::ActivityTaskCanceledEventAttributes(event) => (&mut activities, event.scheduled_event_id, true),
            Attributes::WorkflowTaskStartedEventAttributes(event) => (&mut workflow_tasks, event.scheduled_event_id, false),
            Attributes::WorkflowTaskCompletedEventAttributes(event) => (&mut workflow_tasks, event.scheduled_event_id, true),
            Attributes::WorkflowTaskFailedEventAttributes(event) => (&mut workflow_tasks, event.scheduled_event_id, true),
            Attributes::WorkflowTaskTimedOutEventAttributes(event) => (&mut workflow_tasks, event.scheduled_event_id, true),
            _ => continue,
        };
        let task = tasks.get_mut(&scheduled_event_id).unwrap_or_else(|| panic!("{name:?} has no task {scheduled_event_id}"));
        if is_end {
            task.1 += 1;
        } else {
            task.0 += 1;
        }
    }
    for (scheduled_event_id, (started, ended)) in activities.into_iter().chain(workflow_tasks) {
        let text = format!("the task {scheduled_event_id} of {name:?} was started {started} times and ended {ended} times");
        assert!(started <= 1 && ended <= 1, "{text}");
        // Only the end of a run ends a task in the middle. A sticky task may time out before it is started.
        let is_cut_off = matches!(status, WorkflowExecutionStatus::Terminated | WorkflowExecutionStatus::Canceled);
        assert!(ended == 1 || is_cut_off, "{text}");
    }
}

/// How a run ends by an event; `None`: it goes on.
fn status(event_type: EventType) -> Option<WorkflowExecutionStatus> {
    Some(match event_type {
        EventType::WorkflowExecutionCompleted => WorkflowExecutionStatus::Completed,
        EventType::WorkflowExecutionFailed => WorkflowExecutionStatus::Failed,
        EventType::WorkflowExecutionTimedOut => WorkflowExecutionStatus::TimedOut,
        EventType::WorkflowExecutionTerminated => WorkflowExecutionStatus::Terminated,
        EventType::WorkflowExecutionCanceled => WorkflowExecutionStatus::Canceled,
        EventType::WorkflowExecutionContinuedAsNew => WorkflowExecutionStatus::ContinuedAsNew,
        _ => return None,
    })
}
