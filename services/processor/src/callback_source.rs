//! The processor as the source of callbacks: shows which are to be called, and takes what came of the calls.

use std::{collections::BTreeMap, future::pending, sync::Arc};

use klamm_callbacks::{Breakers, Call, CallbackSource, Due};
use klamm_machine::{Table, Tables, TablesExt};
use klamm_messages::{
    klamm::v1::{AttachedCallback, CallbackRow, Command, RecordCallbackAttempt, RunState, command::Body},
    temporal::{
        common::v1::{
            callback::{Nexus, Variant},
            link::{
                WorkflowEvent,
                workflow_event::{EventReference, Reference, RequestIdReference},
            },
        },
        enums::v1::EventType,
        failure::v1::Failure,
    },
};
use klamm_nexus::{Completion, completion::Outcome};
use klamm_workflow::tables::{Callbacks, History, RunKey, Runs};
use tokio::sync::watch;

use crate::Processor;

impl CallbackSource for Processor {
    fn partitions(&self) -> watch::Receiver<BTreeMap<u32, i64>> {
        self.partitions.take_overs()
    }

    fn due(&self, partition: u32, from: Option<Vec<u8>>, destinations: usize, each: usize) -> Due {
        self.partitions.look(partition, |state| due(&state.tables(), from, destinations, each)).unwrap_or_default()
    }

    fn call(&self, partition: u32, row: &CallbackRow) -> Option<Call> {
        self.partitions.look(partition, |state| call(&state.tables(), row)).ok().flatten()
    }

    async fn record(&self, partition: u32, row: &CallbackRow, failure: Option<Failure>) -> bool {
        let attempt = RecordCallbackAttempt { run_id: row.run_id.clone(), callback: row.callback, attempt: row.attempt, failure };
        let command = Command {
            version: 1,
            settings: Some(self.process.workflow_settings(&row.namespace)),
            namespace: row.namespace.clone(),
            workflow_id: row.workflow_id.clone(),
            body: Some(Body::RecordCallbackAttempt(attempt)),
            ..Command::default()
        };
        match self.submitter.submit(Box::new(command)).await {
            Ok(_) => true,
            Err(error) => {
                tracing::warn!(partition, error = %error, "what came of a callback could not be recorded; it is called again");
                false
            }
        }
    }

    fn breakers(&self) -> &Arc<Breakers> {
        &self.breakers
    }

    async fn changed(&self, partition: u32) {
        match self.partitions.find(partition) {
            Some(owned) => owned.callbacks_changed().notified().await,
            // The partition has just been lost, and its watch ends soon.
            None => pending().await,
        }
    }
}

/// Rows from the place `from` on, at most `each` of a destination.
fn due(tables: &(impl Tables + ?Sized), from: Option<Vec<u8>>, destinations: usize, each: usize) -> Due {
    let (start, end) = Callbacks::all();
    let mut from = from.unwrap_or(start);
    let mut rows: Vec<Arc<CallbackRow>> = Vec::new();
    for _ in 0..destinations {
        let found = tables.range::<Callbacks>(&from, &end, each);
        let Some((_, first)) = found.first() else { return Due { rows, next: None } };
        let destination = first.destination.clone();
        from = Callbacks::end_of(&destination);
        rows.extend(found.into_iter().map(|(_, row)| row).take_while(|row| row.destination == destination));
    }
    Due { rows, next: Some(from) }
}

/// What the row asks for. `None`: it is gone.
fn call(tables: &(impl Tables + ?Sized), row: &CallbackRow) -> Option<Call> {
    tables.get_at::<Callbacks>(&Callbacks::key(row))?;
    let key = RunKey::new(&row.namespace, &row.workflow_id, &row.run_id);
    let run = tables.get::<Runs>(&key)?;
    let attached = run.callbacks.get(&row.callback)?;
    let Some(Variant::Nexus(Nexus { url, header })) = &attached.callback.as_ref()?.variant else { return None };
    // The closing event is the last one.
    let closing = tables.get::<History>(&(key, run.next_event_id - 1))?;
    let completion = Completion {
        outcome: Outcome::of_closing_event(&closing)?,
        start_time: run.start_time,
        close_time: closing.event_time,
        link: Some(link(&run, attached)),
    };
    Some(Call { url: url.clone(), headers: header.clone(), completion })
}

/// Leads to the event that attached the callback: the first one, or the one that a request has made.
fn link(run: &RunState, attached: &AttachedCallback) -> WorkflowEvent {
    let reference = if attached.request_id.is_empty() {
        Reference::EventRef(EventReference { event_id: 1, event_type: EventType::WorkflowExecutionStarted as i32 })
    } else {
        let event_type = EventType::WorkflowExecutionOptionsUpdated as i32;
        Reference::RequestIdRef(RequestIdReference { request_id: attached.request_id.clone(), event_type })
    };
    WorkflowEvent {
        namespace: run.namespace.clone(),
        workflow_id: run.workflow_id.clone(),
        run_id: run.run_id.clone(),
        reference: Some(reference),
    }
}

#[cfg(test)]
mod tests {
    use klamm_machine::Memory;
    use klamm_messages::temporal::{
        common::v1::Callback,
        history::v1::{HistoryEvent, WorkflowExecutionCompletedEventAttributes, history_event::Attributes},
    };

    use super::*;

    fn row(destination: &str, workflow_id: &str) -> CallbackRow {
        CallbackRow {
            destination: destination.to_owned(),
            namespace: "n".to_owned(),
            workflow_id: workflow_id.to_owned(),
            run_id: "r".to_owned(),
            callback: 1,
            attempt: 0,
        }
    }

    fn names(due: &Due) -> Vec<String> {
        due.rows.iter().map(|row| format!("{}{}", row.destination, row.workflow_id)).collect()
    }

    #[test]
    fn destinations_have_a_part_each_and_all_have_their_turn() {
        let mut tables = Memory::default();
        for (destination, count) in [("a", 5), ("b", 1), ("c", 2)] {
            (0..count).map(|id| row(destination, &id.to_string())).for_each(|row| tables.put::<Callbacks>(&row.clone(), row));
        }
        let first = due(&tables, None, 2, 2);
        assert_eq!(names(&first).iter().map(|name| &name[..1]).collect::<Vec<_>>(), ["a", "a", "b"]);
        let second = due(&tables, first.next, 2, 2);
        assert_eq!((names(&second).len(), second.next), (2, None));
        assert_eq!(names(&due(&Memory::default(), None, 2, 2)), Vec::<String>::new());
    }

    #[test]
    fn a_call_tells_how_the_run_has_closed_and_what_attached_the_callback() {
        let mut tables = Memory::default();
        let key = RunKey::new("n", "w", "r");
        let nexus = Nexus { url: "http://host/path".to_owned(), header: [("token".to_owned(), "t".to_owned())].into() };
        let attached = |request_id: &str| AttachedCallback {
            callback: Some(Callback { variant: Some(Variant::Nexus(nexus.clone())), links: Vec::new() }),
            request_id: request_id.to_owned(),
            ..AttachedCallback::default()
        };
        let run = RunState {
            namespace: "n".to_owned(),
            workflow_id: "w".to_owned(),
            run_id: "r".to_owned(),
            next_event_id: 4,
            callbacks: [(1, attached("")), (2, attached("request"))].into(),
            ..RunState::default()
        };
        tables.put::<Runs>(&key, run);
        let attributes = WorkflowExecutionCompletedEventAttributes::default();
        let closing = HistoryEvent {
            event_id: 3,
            attributes: Some(Attributes::WorkflowExecutionCompletedEventAttributes(attributes)),
            ..HistoryEvent::default()
        };
        tables.put::<History>(&(key, 3), closing);
        let rows = [row("http://host", "w"), CallbackRow { callback: 2, ..row("http://host", "w") }];
        assert!(call(&tables, &rows[0]).is_none(), "the row is gone");
        rows.iter().for_each(|row| tables.put::<Callbacks>(row, row.clone()));
        let calls = rows.map(|row| call(&tables, &row).unwrap());
        assert_eq!((calls[0].url.as_str(), calls[0].headers["token"].as_str()), ("http://host/path", "t"));
        assert_eq!(calls[0].completion.outcome, Outcome::Succeeded(None));
        let references = calls.map(|call| call.completion.link.unwrap().reference.unwrap());
        assert!(matches!(&references[0], Reference::EventRef(event) if event.event_id == 1));
        assert!(matches!(&references[1], Reference::RequestIdRef(request) if request.request_id == "request"));
    }
}
