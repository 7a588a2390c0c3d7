//! Which commands carry schemas.

use klamm_messages::{
    klamm::v1::{Command, CompleteWorkflowTask, command::Body},
    temporal::command::v1::command::Attributes,
};

use super::{PUBLISH, TASK_QUEUE};
use crate::MACHINE;

/// Takes the schemas of destinations out of a command that cannot publish, because they are larger than most commands. What they
/// are of, and their ids, stay.
pub fn drop_unused_schemas(command: &mut Command) {
    if may_publish(command) {
        return;
    }
    let destinations = command.settings.iter_mut().flat_map(|settings| &mut settings.destinations);
    destinations.filter_map(|destination| destination.schema.as_mut()).for_each(|schema| schema.text.clear());
}

/// Whether the command may let an activity klamm.publish wait: it schedules one, or a wake-up or an operator begins another attempt.
fn may_publish(command: &Command) -> bool {
    match &command.body {
        Some(Body::CompleteWorkflowTask(completed)) => schedules(completed),
        Some(Body::WakeUp(wake_up)) => wake_up.machine == MACHINE,
        Some(
            Body::UnpauseActivity(_)
            | Body::ResetActivity(_)
            | Body::UpdateActivityOptions(_)
            | Body::UnpauseWorkflow(_)
            | Body::UpdateWorkflowOptions(_)
            | Body::ResetWorkflow(_)
            | Body::ContinueReset(_),
        ) => true,
        _ => false,
    }
}

fn schedules(completed: &CompleteWorkflowTask) -> bool {
    completed.request.iter().flat_map(|request| &request.commands).any(|command| match &command.attributes {
        Some(Attributes::ScheduleActivityTaskCommandAttributes(activity)) => {
            activity.task_queue.as_ref().is_some_and(|queue| queue.name == TASK_QUEUE)
                && activity.activity_type.as_ref().is_some_and(|kind| kind.name == PUBLISH)
        }
        _ => false,
    })
}
