//! The visibility document of a run: what lists, counts and filters can see of the run.

use klamm_machine::{Time, time};
use klamm_messages::{
    klamm::v1::{RunState, VisibilityDocument},
    temporal::common::v1::SearchAttributes,
};

use crate::{
    paused,
    run::{execution_time, normal_task_queue, workflow_type},
};

/// The run's search attributes as they are shown: those that were set, and those that follow from the run's state.
pub fn search_attributes(run: &RunState) -> Option<SearchAttributes> {
    let Some(pauses) = paused::search_attribute(run) else { return run.search_attributes.clone() };
    let mut shown = run.search_attributes.clone().unwrap_or_default();
    shown.indexed_fields.insert(paused::PAUSE_INFO.to_owned(), pauses);
    Some(shown)
}

/// The whole document, from the run's present state. Lengths, sizes and duration are set once the run has closed.
pub fn document(run: &RunState) -> VisibilityDocument {
    let started = run.started.as_ref();
    let execution_time = execution_time(run);
    let close_time = run.close_time.as_ref().map(Time::from);
    let closed = run.close_time.is_some();
    let parent = started.and_then(|started| started.parent_workflow_execution.clone()).unwrap_or_default();
    let root = started.and_then(|started| started.root_workflow_execution.clone());
    let (root_workflow_id, root_run_id) =
        root.map_or_else(|| (run.workflow_id.clone(), run.run_id.clone()), |root| (root.workflow_id, root.run_id));
    VisibilityDocument {
        namespace: run.namespace.clone(),
        workflow_id: run.workflow_id.clone(),
        run_id: run.run_id.clone(),
        workflow_type: workflow_type(run),
        task_queue: normal_task_queue(run).name,
        status: run.status,
        start_time: run.start_time,
        execution_time: execution_time.map(Into::into),
        close_time: run.close_time,
        execution_duration: close_time.zip(execution_time).map(|(close, execution)| time::to_proto(close.since(execution))),
        history_length: if closed { run.next_event_id.saturating_sub(1) } else { 0 },
        history_size_bytes: if closed { run.history_size_bytes } else { 0 },
        state_transition_count: if closed { run.state_transition_count } else { 0 },
        memo: run.memo.clone(),
        search_attributes: search_attributes(run),
        parent_workflow_id: parent.workflow_id,
        parent_run_id: parent.run_id,
        root_workflow_id,
        root_run_id,
        first_run_id: started.map(|started| started.first_execution_run_id.clone()).unwrap_or_default(),
    }
}
