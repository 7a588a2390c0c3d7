//! Each child starts once, and its parent is told of its start and of its end once.

use std::{collections::BTreeMap, sync::Arc};

use klamm_messages::temporal::{
    common::v1::WorkflowExecution,
    enums::v1::WorkflowExecutionStatus,
    history::v1::{HistoryEvent, WorkflowExecutionStartedEventAttributes, history_event::Attributes},
};
use klamm_workflow::tables::RunKey;

use super::{Life, key};

/// A child, by its parent's run and the event that has asked for it.
type ChildKey = (String, i64);

/// What a parent knows of a child.
#[derive(Debug, Default)]
struct Told {
    workflow_id: String,
    /// Run ids of its starts.
    started: Vec<String>,
    not_started: usize,
    /// Run ids and statuses of its ends.
    ended: Vec<(String, WorkflowExecutionStatus)>,
}

/// Checks all parents and children against each other. Gives the number of children that were started.
pub fn check(lives: &[Life]) -> usize {
    let statuses: BTreeMap<RunKey, WorkflowExecutionStatus> = lives.iter().map(|(run, _)| (key(run), run.status())).collect();
    let mut first_runs: BTreeMap<ChildKey, Vec<RunKey>> = BTreeMap::new();
    for (run, _) in lives {
        if let Some(started) = &run.started
            && let Some(parent) = &started.parent_workflow_execution
            && is_first(started)
        {
            first_runs.entry((parent.run_id.clone(), started.parent_initiated_event_id)).or_default().push(key(run));
        }
    }
    for (parent, events) in lives {
        for (initiated_event_id, told) in told(&parent.run_id, events) {
            let name = format!("child {} of event {initiated_event_id} of {:?}", told.workflow_id, key(parent));
            let started = first_runs.get(&(parent.run_id.clone(), initiated_event_id)).map_or(&[][..], Vec::as_slice);
            assert!(started.len() <= 1, "{name} was started as {started:?}");
            assert!(told.started.len() + told.not_started <= 1, "{name}: its parent was told of {told:?}");
            if let Some(run_id) = told.started.first() {
                assert!(started.iter().any(|run| run.run_id == *run_id), "{name} is {started:?}, its parent was told of {run_id}");
            }
            assert!(told.not_started == 0 || started.is_empty(), "{name} was started, and its parent was told otherwise");
            assert!(told.ended.len() <= told.started.len(), "{name}: its parent was told of {told:?}");
            for (run_id, status) in &told.ended {
                let last = RunKey::new(&parent.namespace, &told.workflow_id, run_id);
                assert_eq!(statuses.get(&last), Some(status), "{name} has ended otherwise than its parent was told");
            }
            // A workflow completes when all of its children have ended.
            let is_over = told.ended.len() + told.not_started == 1;
            assert!(is_over || parent.status() != WorkflowExecutionStatus::Completed, "{name}: its parent was told of {told:?}");
        }
    }
    first_runs.len()
}

/// What a run was told of each of its children, by the events that have asked for them.
fn told(run_id: &str, events: &[Arc<HistoryEvent>]) -> BTreeMap<i64, Told> {
    let mut children: BTreeMap<i64, Told> = BTreeMap::new();
    for event in events {
        let (initiated_event_id, what) = match event.attributes.as_ref().expect("an event") {
            Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(initiated) => {
                let told = Told { workflow_id: initiated.workflow_id.clone(), ..Told::default() };
                children.insert(event.event_id, told);
                continue;
            }
            Attributes::StartChildWorkflowExecutionFailedEventAttributes(event) => (event.initiated_event_id, None),
            Attributes::ChildWorkflowExecutionStartedEventAttributes(event) => {
                (event.initiated_event_id, Some((&event.workflow_execution, WorkflowExecutionStatus::Running)))
            }
            Attributes::ChildWorkflowExecutionCompletedEventAttributes(event) => {
                (event.initiated_event_id, Some((&event.workflow_execution, WorkflowExecutionStatus::Completed)))
            }
            Attributes::ChildWorkflowExecutionFailedEventAttributes(event) => {
                (event.initiated_event_id, Some((&event.workflow_execution, WorkflowExecutionStatus::Failed)))
            }
            Attributes::ChildWorkflowExecutionCanceledEventAttributes(event) => {
                (event.initiated_event_id, Some((&event.workflow_execution, WorkflowExecutionStatus::Canceled)))
            }
            Attributes::ChildWorkflowExecutionTimedOutEventAttributes(event) => {
                (event.initiated_event_id, Some((&event.workflow_execution, WorkflowExecutionStatus::TimedOut)))
            }
            Attributes::ChildWorkflowExecutionTerminatedEventAttributes(event) => {
                (event.initiated_event_id, Some((&event.workflow_execution, WorkflowExecutionStatus::Terminated)))
            }
            _ => continue,
        };
        let child = children.get_mut(&initiated_event_id);
        let child = child.unwrap_or_else(|| panic!("{run_id} was told of a child that it has not asked for, by event {}", event.event_id));
        match what {
            None => child.not_started += 1,
            Some((execution, WorkflowExecutionStatus::Running)) => child.started.push(run_of(execution)),
            Some((execution, status)) => child.ended.push((run_of(execution), status)),
        }
    }
    children
}

fn run_of(execution: &Option<WorkflowExecution>) -> String {
    execution.as_ref().map(|execution| execution.run_id.clone()).unwrap_or_default()
}

/// Whether the run is the first one of its chain.
fn is_first(started: &WorkflowExecutionStartedEventAttributes) -> bool {
    started.continued_execution_run_id.is_empty()
}
