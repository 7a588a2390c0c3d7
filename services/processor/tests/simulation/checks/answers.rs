//! What clients and workers were told is so.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use klamm_messages::temporal::history::v1::{HistoryEvent, history_event::Attributes};
use klamm_processor::backend::Reply;
use klamm_workflow::{answer::Answer, tables::RunKey};

use super::{Life, key};
use crate::{
    book::{Book, Request, What},
    program::text,
};

/// Checks everything that was told against the runs as they have ended.
pub fn check(book: &Book, lives: &[Life]) {
    let histories: BTreeMap<RunKey, &Vec<Arc<HistoryEvent>>> = lives.iter().map(|(run, events)| (key(run), events)).collect();
    // Nobody can see any more what has happened to runs of these ids.
    let forgotten: BTreeSet<_> = lives.iter().filter(|(run, _)| run.outcome_only).map(|(run, _)| run.workflow_id.clone()).collect();
    for (run, events) in &book.read {
        let history = histories.get(run).unwrap_or_else(|| panic!("{run:?} was read and is not there"));
        // Of some, the end alone may be left.
        let kept = history.first().map_or(0, |first| events.iter().filter(|event| event.event_id < first.event_id).count());
        assert!(kept == 0 || forgotten.contains(&run.workflow_id), "{run:?} was read, and has lost events");
        assert!(history.starts_with(&events[kept..]), "{run:?} was read, and is another one");
    }
    let mut ended_activities = BTreeSet::new();
    for request in &book.requests {
        let found = found(request, &histories);
        // Accepted requests whose effect must be seen.
        let is_accepted = request.accepted.is_some() && (!forgotten.contains(&request.command.workflow_id) || !found.is_empty());
        match &request.what {
            What::Start => {
                if let Some(Reply::Workflow(Answer::Started(started))) = &request.accepted {
                    let run = RunKey::new(&request.command.namespace, &request.command.workflow_id, &started.run_id);
                    assert!(histories.contains_key(&run), "{run:?} was started and is not there");
                }
            }
            What::Signal | What::Terminate => {
                assert!(found.values().all(|count| *count == 1), "{} takes effect on a run once: {found:?}", request.name);
                assert!(!is_accepted || !found.is_empty(), "{} was accepted and has no effect", request.name);
            }
            What::Complete => {
                let count: usize = found.values().sum();
                // A completion that cannot be taken is refused, and its task fails.
                assert!(count <= 1 && (!is_accepted || count == 1), "{} is there {count} times, accepted: {is_accepted}", request.name);
            }
            What::CompleteActivity { run, scheduled_event_id } => {
                let count: usize = found.values().sum();
                assert!(count <= 1, "{} is there {count} times", request.name);
                if is_accepted {
                    assert!(ended_activities.insert((run.clone(), *scheduled_event_id)), "{} is not the first result", request.name);
                    assert_eq!(count, 1, "{} was accepted", request.name);
                }
            }
            What::Other => {}
        }
    }
}

/// How many events a request has left, by run.
fn found(request: &Request, histories: &BTreeMap<RunKey, &Vec<Arc<HistoryEvent>>>) -> BTreeMap<String, usize> {
    let command = &request.command;
    let of_workflow = histories.iter().filter(|(run, _)| run.workflow_id == command.workflow_id);
    let count = |events: &Vec<Arc<HistoryEvent>>| events.iter().filter(|event| name(event).as_deref() == Some(&*request.name)).count();
    of_workflow.map(|(run, events)| (run.run_id.clone(), count(events))).filter(|(_, count)| *count > 0).collect()
}

/// The name of the request that caused an event.
fn name(event: &HistoryEvent) -> Option<String> {
    match event.attributes.as_ref()? {
        Attributes::WorkflowExecutionSignaledEventAttributes(event) => Some(event.request_id.clone()),
        Attributes::WorkflowExecutionTerminatedEventAttributes(event) => Some(event.reason.clone()),
        Attributes::WorkflowTaskCompletedEventAttributes(event) => Some(event.identity.clone()),
        Attributes::ActivityTaskCompletedEventAttributes(event) => text(event.result.as_ref()),
        _ => None,
    }
}
