//! Changes of a run on which all its waiting tasks depend.

use klamm_messages::klamm::v1::{RunState, TaskRow};

use super::{TaskRows, workflow_task};
use crate::activity;

/// Makes the change, and brings the rows of the run's waiting tasks into line with it.
pub(super) fn change(run: &mut RunState, rows: &mut TaskRows, change: impl FnOnce(&mut RunState)) {
    let before = of(run);
    change(run);
    let after = of(run);
    if before != after {
        before.into_iter().for_each(|row| rows.remove(row));
        after.into_iter().for_each(|row| rows.put(row));
    }
}

/// The rows of all tasks of the run that wait for workers.
fn of(run: &RunState) -> Vec<TaskRow> {
    let activities = run.activities.values().filter_map(|activity| activity::task_row(run, activity));
    workflow_task::waiting_row(run).into_iter().chain(activities).collect()
}
