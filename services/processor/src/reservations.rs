//! Reservations: polls that wait here ride in the commands that may schedule a task for them.
//!
//! Which task a command schedules is known only when it is decided; here it is guessed from the command and the run as it stands. A wrong
//! guess costs nothing but the ride: the poll waits on, or the task goes over its queue.

use std::sync::Arc;

use klamm_machine::TablesExt;
use klamm_messages::{
    klamm::v1::{Command, CompleteWorkflowTask, Reservation, RunState, WorkflowTaskPhase, command::Body},
    temporal::{
        command::v1::command::Attributes, common::v1::WorkflowExecution, enums::v1::TaskQueueType, taskqueue::v1::TaskQueue,
        workflowservice::v1::RespondWorkflowTaskCompletedRequest,
    },
};
use klamm_workflow::tables::{RunKey, Runs, Workflows};

use crate::{Processor, backend::TaskQueueSide, reads::is_closed, task_queues::Reserved};

/// A queue's side and name.
type Queue = (TaskQueueSide, String);

impl Processor {
    /// Lets polls ride in the command, where its queues can spare some.
    pub(crate) fn reserve(&self, partition: u32, command: &mut Command) -> Vec<Reserved> {
        let mut reserved = Vec::new();
        for (side, task_queue) in self.queues_of(partition, command) {
            let Some((held, poll)) = self.task_queues.reserve(&command.namespace, &task_queue, side) else { continue };
            command.reservations.push(Reservation {
                task_queue_type: queue_type(side) as i32,
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
    fn queues_of(&self, partition: u32, command: &Command) -> Vec<Queue> {
        let next = |run_id: &str| self.next_workflow_task_queue(partition, command, run_id).into_iter().collect();
        match &command.body {
            Some(Body::StartWorkflow(start)) => {
                let request = start.request.as_ref().filter(|request| request.workflow_start_delay.is_none());
                request.and_then(|request| workflow_queue(request.task_queue.as_ref())).into_iter().collect()
            }
            Some(Body::SignalWithStartWorkflow(start)) => {
                if self.state(partition, command, "").is_some_and(|run| !is_closed(&run)) {
                    return next("");
                }
                let request = start.request.as_ref().filter(|request| request.workflow_start_delay.is_none());
                request.and_then(|request| workflow_queue(request.task_queue.as_ref())).into_iter().collect()
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

    /// Queues of the activities that the worker schedules, and of the next workflow task where one follows at once.
    fn queues_of_completion(&self, partition: u32, command: &Command, complete: &CompleteWorkflowTask) -> Vec<Queue> {
        let (Some(token), Some(request)) = (&complete.token, &complete.request) else { return Vec::new() };
        let mut queues: Vec<_> = request
            .commands
            .iter()
            .filter_map(|command| match &command.attributes {
                Some(Attributes::ScheduleActivityTaskCommandAttributes(activity)) if !activity.request_eager_execution => {
                    Some((TaskQueueSide::Activity, activity.task_queue.as_ref()?.name.clone()))
                }
                _ => None,
            })
            .collect();
        if request.return_new_workflow_task {
            return queues;
        }
        let Some(run) = self.state(partition, command, &token.run_id) else { return queues };
        if request.force_create_new_workflow_task || !run.buffered_events.is_empty() {
            let sticky = sticky_queue(request).map(|queue| (TaskQueueSide::Workflow, queue.name.clone()));
            queues.extend(sticky.or_else(|| normal_queue(&run)));
        }
        queues
    }

    /// The queue of the workflow task that an event from outside would schedule; `None` when one is pending already.
    fn next_workflow_task_queue(&self, partition: u32, command: &Command, run_id: &str) -> Option<Queue> {
        let run = self.state(partition, command, run_id)?;
        let phase = run.workflow_task.as_ref().map_or(WorkflowTaskPhase::None, |task| task.phase());
        let pending = matches!(phase, WorkflowTaskPhase::Scheduled | WorkflowTaskPhase::Started);
        if pending || run.first_workflow_task_time.is_some() || is_closed(&run) {
            return None;
        }
        match run.sticky.as_ref().filter(|sticky| !sticky.task_queue.is_empty()) {
            Some(sticky) => Some((TaskQueueSide::Workflow, sticky.task_queue.clone())),
            None => normal_queue(&run),
        }
    }

    /// The run that the command is about, the newest of its workflow id where `run_id` is empty.
    fn state(&self, partition: u32, command: &Command, run_id: &str) -> Option<Arc<RunState>> {
        let partition = self.read(partition).ok()?;
        let tables = partition.tables();
        let run_id = match run_id {
            "" => tables.get::<Workflows>(&(command.namespace.clone(), command.workflow_id.clone()))?.current_run_id.clone(),
            run_id => run_id.to_owned(),
        };
        tables.get::<Runs>(&RunKey::new(&command.namespace, &command.workflow_id, run_id))
    }
}

fn queue_type(side: TaskQueueSide) -> TaskQueueType {
    match side {
        TaskQueueSide::Workflow => TaskQueueType::Workflow,
        TaskQueueSide::Activity => TaskQueueType::Activity,
    }
}

fn workflow_queue(queue: Option<&TaskQueue>) -> Option<Queue> {
    Some((TaskQueueSide::Workflow, queue?.name.clone()))
}

fn normal_queue(run: &RunState) -> Option<Queue> {
    workflow_queue(run.started.as_ref()?.task_queue.as_ref())
}

fn sticky_queue(request: &RespondWorkflowTaskCompletedRequest) -> Option<&TaskQueue> {
    request.sticky_attributes.as_ref()?.worker_task_queue.as_ref()
}

fn run_id(execution: Option<&WorkflowExecution>) -> &str {
    execution.map_or("", |execution| &execution.run_id)
}
