//! How a task is started. This depends on the machine that the task belongs to.

use klamm_messages::klamm::v1::{StartActivityTask, StartWorkflowTask, command::Body};
use klamm_workflow::answer::{Answer, StartedTask};

use crate::{
    backend::Poll,
    task_queues::{QueueId, Task, TaskType},
};

/// The command with which a poll starts a task. `None`: nobody knows how to start tasks of this machine.
pub(super) fn command(task: &Task, poll: &Poll) -> Option<Body> {
    match task.origin.machine {
        klamm_workflow::MACHINE => workflow_machines(task, poll),
        _ => None,
    }
}

/// A task of the workflow machine.
fn workflow_machines(task: &Task, poll: &Poll) -> Option<Body> {
    let row = &task.row;
    match QueueId::of_task(row).task_type {
        TaskType::Workflow => Some(Body::StartWorkflowTask(StartWorkflowTask {
            run_id: row.run_id.clone(),
            scheduled_event_id: row.scheduled_event_id,
            stamp: row.stamp,
            poll_id: uuid::Uuid::new_v4().to_string(),
            identity: poll.identity.clone(),
            task_queue: Some(poll.task_queue.clone()),
            worker_version: poll.worker_version.clone(),
        })),
        TaskType::Activity => Some(Body::StartActivityTask(StartActivityTask {
            run_id: row.run_id.clone(),
            scheduled_event_id: row.scheduled_event_id,
            stamp: row.stamp,
            poll_id: uuid::Uuid::new_v4().to_string(),
            identity: poll.identity.clone(),
            worker_version: poll.worker_version.clone(),
        })),
        TaskType::Query | TaskType::Nexus => None,
    }
}

/// The started task, if the answer is one.
pub(super) fn started(answer: Answer) -> Option<StartedTask> {
    match answer {
        Answer::WorkflowTaskStarted(task) => Some(StartedTask::Workflow(task)),
        Answer::ActivityTaskStarted(task) => Some(StartedTask::Activity(task)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Instant};

    use klamm_messages::{
        klamm::v1::{TaskKind, TaskRow},
        temporal::taskqueue::v1::TaskQueue,
    };

    use super::*;
    use crate::task_queues::Origin;

    fn task(machine: &'static str, kind: TaskKind) -> Task {
        let row = TaskRow { kind: kind as i32, scheduled_event_id: 5, stamp: 2, ..TaskRow::default() };
        Task { origin: Origin { partition: 3, machine }, key: vec![1], row: Arc::new(row), since: Instant::now() }
    }

    #[test]
    fn each_machines_tasks_are_started_by_its_own_command() {
        let poll = Poll {
            namespace: "n".to_owned(),
            task_queue: TaskQueue { name: "q".to_owned(), ..TaskQueue::default() },
            identity: "me".to_owned(),
            worker_version: None,
            worker_instance_key: String::new(),
            max_tasks_per_second: None,
            deadline: Instant::now(),
        };
        let of = |machine, kind| command(&task(machine, kind), &poll);
        let Some(Body::StartWorkflowTask(start)) = of(klamm_workflow::MACHINE, TaskKind::Workflow) else { panic!("another command") };
        assert_eq!((start.scheduled_event_id, start.stamp, start.identity.as_str()), (5, 2, "me"));
        assert_eq!(start.task_queue.map(|queue| queue.name).as_deref(), Some("q"));
        assert!(matches!(of(klamm_workflow::MACHINE, TaskKind::Activity), Some(Body::StartActivityTask(_))));
        assert_eq!(of("unheard of", TaskKind::Workflow), None);
    }
}
