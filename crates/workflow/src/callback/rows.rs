//! The rows of callbacks that are to be called now.

use std::sync::Arc;

use klamm_machine::{Table, Tables, TablesExt};
use klamm_messages::{
    klamm::v1::{AttachedCallback, CallbackRow, RunState},
    temporal::{common::v1::callback::Variant, enums::v1::CallbackState},
};

use crate::tables::{Callbacks, callbacks::destination};

/// The rows that a run has in the table of callbacks.
pub(crate) fn due(run: &RunState) -> Vec<CallbackRow> {
    let due = run.callbacks.values().filter_map(|callback| {
        let attempts = callback.attempts.as_ref().filter(|attempts| attempts.state() == CallbackState::Scheduled)?;
        Some(CallbackRow {
            destination: destination(url(callback)).to_owned(),
            namespace: run.namespace.clone(),
            workflow_id: run.workflow_id.clone(),
            run_id: run.run_id.clone(),
            callback: attempts.callback,
            attempt: attempts.attempt,
        })
    });
    due.collect()
}

/// Writes the difference between the rows that a run had and those that it has now.
pub(crate) fn write(tables: &mut dyn Tables, before: &[CallbackRow], now: Vec<CallbackRow>) {
    for row in before.iter().filter(|row| !now.contains(row)) {
        tables.remove::<Callbacks>(row);
    }
    for row in now {
        if !before.contains(&row) {
            tables.save(Callbacks::key(&row), Some(Arc::new(row)));
        }
    }
}

fn url(callback: &AttachedCallback) -> &str {
    match callback.callback.as_ref().and_then(|callback| callback.variant.as_ref()) {
        Some(Variant::Nexus(nexus)) => &nexus.url,
        _ => "",
    }
}
