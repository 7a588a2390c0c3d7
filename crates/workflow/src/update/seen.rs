//! What those who wait for an update see of it.

use klamm_machine::{Tables, TablesExt};
use klamm_messages::{
    klamm::v1::UpdatePhase,
    temporal::{
        history::v1::history_event::Attributes,
        update::v1::{Outcome, outcome::Value},
    },
};

use super::{failures, known::completed_key};
use crate::{
    run::is_open,
    successor::next_run_id,
    tables::{CompletedUpdates, History, RunKey, Runs},
};

/// How an update of a run stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    /// The run has no such update: it never had one, or the update has ended without an event.
    Unknown,
    /// It waits for the workflow. The number tells it from others of the same id; 0: a reset has brought it.
    Waits {
        /// Its number among the updates that were asked of the run.
        number: i64,
    },
    /// The workflow has accepted it.
    Accepted,
    /// It has this outcome.
    Completed(Box<Outcome>),
    /// The run has closed before the workflow has accepted it.
    Closed {
        /// Another run goes on with the work, so the update can be asked of that one.
        continues: bool,
    },
}

/// How the update stands.
pub fn seen(tables: &(impl Tables + ?Sized), key: &RunKey, update_id: &str) -> Seen {
    let Some(run) = tables.get::<Runs>(key) else { return Seen::Unknown };
    if let Some(row) = completed_key(key.names(), update_id).and_then(|key| tables.get_at::<CompletedUpdates>(&key)) {
        let event = tables.get::<History>(&(key.clone(), row.event_id));
        return match event.as_ref().and_then(|event| event.attributes.as_ref()) {
            Some(Attributes::WorkflowExecutionUpdateCompletedEventAttributes(a)) => {
                Seen::Completed(Box::new(a.outcome.clone().unwrap_or_default()))
            }
            _ => Seen::Unknown,
        };
    }
    let Some(update) = run.updates.get(update_id) else { return Seen::Unknown };
    match (update.phase() == UpdatePhase::Accepted, is_open(&run)) {
        (true, true) => Seen::Accepted,
        (true, false) => Seen::Completed(Box::new(Outcome { value: Some(Value::Failure(failures::completed_workflow())) })),
        (false, true) => Seen::Waits { number: update.number },
        (false, false) => {
            let last = tables.get::<History>(&(key.clone(), run.next_event_id - 1));
            Seen::Closed { continues: last.is_some_and(|event| next_run_id(&event).is_some()) }
        }
    }
}
