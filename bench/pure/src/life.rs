//! One workflow from its start to its end, each task started at once for a poll that rides in a command.

use klamm_processor::machines::Answered;
use klamm_workflow::answer::{StartedActivityTask, StartedTask, StartedWorkflowTask};

use crate::{partition::Alone, requests::Requests};

/// Runs the workflow; true once it has completed, with no task left.
pub fn live(partition: &mut Alone, requests: &Requests, number: usize, activities: usize) -> bool {
    let workflow_id = format!("bench-direct-00000000-{number:08}");
    let run_id = format!("00000000-0000-4000-9000-{number:012}");
    let mut task = workflow_task(partition.handle(requests.start(&workflow_id, &run_id)));
    for activity in 0..activities {
        let started = activity_task(partition.handle(requests.schedule_activity(&workflow_id, &task, activity)));
        task = workflow_task(partition.handle(requests.complete_activity(&workflow_id, &started)));
    }
    partition.handle(requests.complete_workflow(&workflow_id, &task)).started.is_empty()
}

fn workflow_task(answered: Answered) -> StartedWorkflowTask {
    match started(answered) {
        StartedTask::Workflow(task) => *task,
        StartedTask::Activity(_) => panic!("an activity was started for a poll of workflow tasks"),
    }
}

fn activity_task(answered: Answered) -> StartedActivityTask {
    match started(answered) {
        StartedTask::Activity(task) => *task,
        StartedTask::Workflow(_) => panic!("a workflow task was started for a poll of activities"),
    }
}

fn started(answered: Answered) -> StartedTask {
    answered.started.into_iter().next().expect("the poll that rode in the command got its task").task
}
