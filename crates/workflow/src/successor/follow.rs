//! One run closes and the next begins, in the same decision.

use klamm_messages::klamm::v1::CommandSettings;

use super::inherit::{Next, start_of};
use crate::{
    decide::start_workflow::{Start, schedule_first_workflow_task, start},
    run::Run,
    tables::{History, RunKey},
};

/// Closes the run by `close`, which gets the id of the next run; if none follows, the id is empty.
pub(crate) fn close(run: &mut Run<'_, '_>, next: Option<Next>, settings: &CommandSettings, close: impl FnOnce(&mut Run<'_, '_>, String)) {
    match next {
        Some(next) => follow(run, next, settings, close),
        None => close(run, String::new()),
    }
}

/// Closes the run and begins the next one. `close` closes the run by an event that names the next one, whose id it gets. The next run must
/// be allowed when this is called.
pub(crate) fn follow(run: &mut Run<'_, '_>, next: Next, settings: &CommandSettings, close: impl FnOnce(&mut Run<'_, '_>, String)) {
    let state = run.state();
    let start_event = run.tx.get::<History>(&(run.key.clone(), 1)).unwrap_or_default();
    let next = start_of(next, &state, &start_event, run.now(), settings);
    drop(state);

    let run_id = run.tx.context.derive_id();
    let next = Start { request_id: run.tx.context.derive_id(), ..next };
    close(run, run_id.clone());

    let key = RunKey::new(&run.key.namespace, &run.key.workflow_id, run_id);
    let mut next_run = Run::new(run.tx, key);
    start(&mut next_run, next, settings);
    schedule_first_workflow_task(&mut next_run);
}
