//! Pollers that ride in commands.

use klamm_machine::Outcome;
use klamm_messages::{
    klamm::v1::{Command, CommandSettings, Reservation, StartActivityTask, StartWorkflowTask, TaskKind, TaskRow, command::Body},
    temporal::{enums::v1::TaskQueueType, taskqueue::v1::TaskQueue},
};
use klamm_workflow::{
    Answer, Answered, Event,
    answer::{StartedActivityTask, StartedReservation, StartedTask},
};

/// A poller of a workflow task queue that rides in a command.
pub fn workflow(task_queue: TaskQueue, poll_id: &str) -> Reservation {
    rider(TaskQueueType::Workflow, task_queue, poll_id)
}

/// The same of an activity task queue.
pub fn activity(task_queue: TaskQueue, poll_id: &str) -> Reservation {
    rider(TaskQueueType::Activity, task_queue, poll_id)
}

fn rider(side: TaskQueueType, task_queue: TaskQueue, poll_id: &str) -> Reservation {
    Reservation {
        task_queue_type: side as i32,
        task_queue: Some(task_queue),
        poll_id: poll_id.to_owned(),
        identity: "worker".to_owned(),
        worker_version: None,
    }
}

/// Compares what a command with riders gave with what the same without them and then each rider's own start give. `decide` decides one command
/// after the other, from where the first began; each is made of the tasks that wait by then.
pub fn check(
    command: &Command,
    outcome: &Outcome<Answered>,
    events: &[Event],
    mut decide: impl FnMut(&dyn Fn(&[TaskRow]) -> Command) -> (Outcome<Answered>, Vec<Event>),
) {
    let alone = Command { reservations: Vec::new(), ..command.clone() };
    let (without, mut expected) = decide(&|_| alone.clone());
    let (answered, own_settings) = match (outcome, without) {
        (Outcome::Answer(answered), Outcome::Answer(without)) => {
            assert_eq!(answered.answer, without.answer);
            (answered, command.settings.as_ref().map(own_settings))
        }
        // Nobody is given a task by a command that is refused.
        (refused, without) => {
            assert_eq!(*refused, without);
            return assert_eq!(events, expected, "events of a refused command with riders");
        }
    };
    for started in &answered.started {
        let rider = command.reservations.iter().find(|rider| rider.poll_id == started.poll_id).expect("it rode along");
        let own = |waiting: &[TaskRow]| Command {
            settings: own_settings.clone(),
            body: Some(own_start(rider, started, waiting)),
            ..alone.clone()
        };
        let (own, events) = decide(&own);
        match (own, &started.task) {
            (Outcome::Answer(Answered { answer: Answer::WorkflowTaskStarted(own), .. }), StartedTask::Workflow(task)) => {
                assert_eq!(own, *task);
            }
            (Outcome::Answer(Answered { answer: Answer::ActivityTaskStarted(own), .. }), StartedTask::Activity(task)) => {
                assert_eq!(own, *task);
            }
            other => panic!("not started: {other:?}"),
        }
        expected.extend(events);
    }
    assert_eq!(events, expected, "events with riders");
}

/// What a start command brings that the owner of the partition makes for a poller of its own: limits and retention as everybody, and no types,
/// since it upserts nothing.
fn own_settings(settings: &CommandSettings) -> CommandSettings {
    CommandSettings { search_attribute_types: Default::default(), ..settings.clone() }
}

/// The start command of a rider's own for what it was given. It names the workflow task as it waits: a transient one that events have
/// overtaken is scheduled anew when it starts, and what was started then has other ids.
fn own_start(rider: &Reservation, started: &StartedReservation, waiting: &[TaskRow]) -> Body {
    let Reservation { task_queue, poll_id, identity, worker_version, .. } = rider.clone();
    let run_id = started.run.run_id.clone();
    match &started.task {
        StartedTask::Workflow(_) => {
            let is_meant = |row: &&TaskRow| row.kind == TaskKind::Workflow as i32 && row.run_id == run_id;
            let &TaskRow { scheduled_event_id, stamp, .. } = waiting.iter().find(is_meant).expect("the task waits");
            Body::StartWorkflowTask(StartWorkflowTask { run_id, scheduled_event_id, stamp, poll_id, identity, task_queue, worker_version })
        }
        StartedTask::Activity(task) => {
            let StartedActivityTask { scheduled_event_id, stamp, .. } = **task;
            Body::StartActivityTask(StartActivityTask { run_id, scheduled_event_id, stamp, poll_id, identity, worker_version })
        }
    }
}
