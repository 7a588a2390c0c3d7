//! Reservations: polls that wait here ride in commands that may schedule a task for them.
//!
//! Which task a command schedules is known only when the command is decided. Here it is guessed from the command and the present state of
//! the run. A wrong guess does no harm: the poll goes on waiting, or the task goes through its queue.

use std::sync::Arc;

use klamm_machine::TablesExt;
use klamm_messages::{
    klamm::v1::{Command, CompleteWorkflowTask, Reservation, RunState, command::Body},
    temporal::{
        command::v1::command::Attributes, common::v1::WorkflowExecution, enums::v1::TaskQueueType, taskqueue::v1::TaskQueue,
        workflowservice::v1::RespondWorkflowTaskCompletedRequest,
    },
};
use klamm_workflow::tables::{RunKey, Runs, Workflows};

use crate::{
    partition::State,
    partitions::Partitions,
    runs::{has_pending_task, is_closed, normal_queue, sticky_queue},
    task_queues::{QueueId, Reserved, TaskQueues, TaskType},
};

/// Lets polls that wait here ride in commands to the partitions that are here.
pub(crate) struct Reservations {
    partitions: Arc<Partitions>,
    queues: Arc<TaskQueues>,
}

impl Reservations {
    pub(crate) fn new(partitions: Arc<Partitions>, queues: Arc<TaskQueues>) -> Self {
        Self { partitions, queues }
    }

    /// Lets polls ride in the command, where the queues can spare some.
    pub(crate) fn reserve(&self, partition: u32, command: &mut Command) -> Vec<Reserved> {
        let mut reserved = Vec::new();
        for queue in self.queues_of(partition, command) {
            let Some((held, poll)) = self.queues.reserve(&queue) else { continue };
            command.reservations.push(Reservation {
                task_queue_type: queue_type(queue.task_type) as i32,
                task_queue: Some(poll.task_queue.clone()),
                poll_id: held.poll_id().to_owned(),
                identity: poll.identity.clone(),
                worker_version: poll.worker_version.clone(),
            });
            reserved.push(held);
        }
        reserved
    }

    /// The queues on which the command is likely to schedule tasks, one for each task.
    fn queues_of(&self, partition: u32, command: &Command) -> Vec<QueueId> {
        let next = |run_id: &str| self.next_workflow_task_queue(partition, command, run_id).into_iter().collect();
        match &command.body {
            Some(Body::StartWorkflow(start)) => {
                // The task of an eager start goes to the caller.
                let request = start.request.as_ref().filter(|request| {
                    begins_at_once(request.workflow_start_delay.as_ref(), &request.cron_schedule) && !request.request_eager_execution
                });
                request.and_then(|request| workflow_queue(command, request.task_queue.as_ref())).into_iter().collect()
            }
            Some(Body::SignalWithStartWorkflow(start)) => {
                if self.state(partition, command, "").is_some_and(|run| !is_closed(&run)) {
                    return next("");
                }
                let request =
                    start.request.as_ref().filter(|request| begins_at_once(request.workflow_start_delay.as_ref(), &request.cron_schedule));
                request.and_then(|request| workflow_queue(command, request.task_queue.as_ref())).into_iter().collect()
            }
            Some(Body::SignalWorkflow(signal)) => {
                next(run_id(signal.request.as_ref().and_then(|request| request.workflow_execution.as_ref())))
            }
            Some(Body::RequestCancelWorkflow(cancel)) => {
                next(run_id(cancel.request.as_ref().and_then(|request| request.workflow_execution.as_ref())))
            }
            Some(Body::CompleteActivityTask(complete)) => next(complete.token.as_ref().map_or("", |token| &token.run_id)),
            Some(Body::CancelActivityTask(cancel)) => next(cancel.token.as_ref().map_or("", |token| &token.run_id)),
            Some(Body::CompleteWorkflowTask(complete)) => self.queues_of_completion(partition, command, complete),
            _ => Vec::new(),
        }
    }

    /// Queues of the activities that the worker schedules, and of the next workflow task if one follows at once.
    fn queues_of_completion(&self, partition: u32, command: &Command, complete: &CompleteWorkflowTask) -> Vec<QueueId> {
        let (Some(token), Some(request)) = (&complete.token, &complete.request) else { return Vec::new() };
        let namespace = &command.namespace;
        let mut queues: Vec<_> = request
            .commands
            .iter()
            .filter_map(|command| match &command.attributes {
                Some(Attributes::ScheduleActivityTaskCommandAttributes(activity)) if !activity.request_eager_execution => {
                    Some(QueueId::normal(namespace, &activity.task_queue.as_ref()?.name, TaskType::Activity))
                }
                _ => None,
            })
            .collect();
        if request.return_new_workflow_task {
            return queues;
        }
        let Some(run) = self.state(partition, command, &token.run_id) else { return queues };
        if request.force_create_new_workflow_task || !run.buffered_events.is_empty() {
            let sticky = worker_queue(request).map(|queue| QueueId::sticky(namespace, &queue.name));
            queues.extend(sticky.or_else(|| workflow_queue(command, normal_queue(&run))));
        }
        queues
    }

    /// The queue of the workflow task that an event from outside would schedule. `None` when a workflow task is pending already.
    fn next_workflow_task_queue(&self, partition: u32, command: &Command, run_id: &str) -> Option<QueueId> {
        let run = self.state(partition, command, run_id)?;
        if has_pending_task(&run) || run.first_workflow_task_time.is_some() || is_closed(&run) {
            return None;
        }
        match sticky_queue(&run) {
            Some(name) => Some(QueueId::sticky(&command.namespace, name)),
            None => workflow_queue(command, normal_queue(&run)),
        }
    }

    /// The run that the command is about. When `run_id` is empty, that is the newest run of the workflow id.
    fn state(&self, partition: u32, command: &Command, run_id: &str) -> Option<Arc<RunState>> {
        let look = |state: &mut State| {
            let tables = state.tables();
            let run_id = match run_id {
                "" => tables.get::<Workflows>(&(command.namespace.clone(), command.workflow_id.clone()))?.current_run_id.clone(),
                run_id => run_id.to_owned(),
            };
            tables.get::<Runs>(&RunKey::new(&command.namespace, &command.workflow_id, run_id))
        };
        self.partitions.look(partition, look).ok().flatten()
    }
}

/// Whether a run that is started so has its first workflow task at once.
fn begins_at_once(delay: Option<&prost_types::Duration>, cron_schedule: &str) -> bool {
    delay.is_none() && cron_schedule.is_empty()
}

/// The type of a queue as commands name it. Nothing is reserved for queries, since they are not tasks of a machine.
fn queue_type(task_type: TaskType) -> TaskQueueType {
    match task_type {
        TaskType::Workflow | TaskType::Query => TaskQueueType::Workflow,
        TaskType::Activity => TaskQueueType::Activity,
        TaskType::Nexus => TaskQueueType::Nexus,
    }
}

fn workflow_queue(command: &Command, queue: Option<&TaskQueue>) -> Option<QueueId> {
    Some(QueueId::normal(&command.namespace, &queue?.name, TaskType::Workflow))
}

/// The queue of the worker that completes a task and keeps the workflow in its cache.
fn worker_queue(request: &RespondWorkflowTaskCompletedRequest) -> Option<&TaskQueue> {
    request.sticky_attributes.as_ref()?.worker_task_queue.as_ref()
}

fn run_id(execution: Option<&WorkflowExecution>) -> &str {
    execution.map_or("", |execution| &execution.run_id)
}
