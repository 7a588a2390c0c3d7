//! The run is deleted, because its retention is over or a client wants it.

use klamm_machine::{Tables, TablesExt, Time, wakes};
use klamm_messages::klamm::v1::WakeRow;

use super::{TaskRows, workflow_task};
use crate::{
    MACHINE, activity, callback,
    tables::{History, RunKey, Runs, Workflows},
    update,
};

/// Removes all rows of the run; does nothing when there are none. If this was the workflow id's newest run, the id is free again.
pub(super) fn apply(tables: &mut dyn Tables, key: &RunKey) {
    if let Some(run) = tables.get::<Runs>(key) {
        let mut run = (*run).clone();
        let mut rows = TaskRows::default();
        workflow_task::end(&mut run, &mut rows);
        activity::apply_run_closed(&mut run, &mut rows);
        rows.write(tables);
        callback::write(tables, &callback::due(&run), Vec::new());
        let entity = WakeRow {
            machine: MACHINE.to_owned(),
            namespace: key.namespace.clone(),
            id: key.workflow_id.clone(),
            run_id: key.run_id.clone(),
            due: None,
        };
        wakes::set(tables, entity, run.wake_time.as_ref().map(Time::from), None);
        tables.remove::<Runs>(key);
        update::remove_rows(tables, key);
        let (from, to) = History::range(key, i64::MIN, i64::MAX);
        for (_, event) in tables.range::<History>(&from, &to, usize::MAX) {
            tables.remove::<History>(&(key.clone(), event.event_id));
        }
    }
    let id = (key.namespace.clone(), key.workflow_id.clone());
    if tables.get::<Workflows>(&id).is_some_and(|row| row.current_run_id == key.run_id) {
        tables.remove::<Workflows>(&id);
    }
}
