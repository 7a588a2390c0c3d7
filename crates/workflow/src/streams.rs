//! Stream task queues: activities that wait on one of them are started at once, and their tasks are published on the queue's topic.
//!
//! Whoever reads the topic is a worker. What comes of an attempt is told by the commands of all workers, which name it by its token. For the
//! machine the attempt is under way from the moment its task is published, whether or not anybody reads it.

use klamm_machine::{
    Publication, StreamTask, Tx,
    stream_queue::{self, Format},
};
use klamm_messages::klamm::v1::{Command, CommandSettings, PendingActivity};

use crate::{Workflow, activity, closed_run::trace, concerned, run::Run, tables::Runs};

/// Identity of whoever starts the activities of stream task queues.
const STREAM: &str = "stream";

/// Starts all activities that wait on stream task queues, in the runs that the command concerns, and publishes their tasks. It looks at all
/// activities of these runs and not at the events only, because an activity may wait for another reason: its queue was declared later, or the
/// run was paused.
pub(crate) fn start(tx: &mut Tx<'_, Workflow>, command: &Command) {
    let Some(settings) = command.settings.as_ref().filter(|settings| !settings.stream_queues.is_empty()) else { return };
    for key in concerned::runs(tx, command) {
        let Some(state) = tx.get::<Runs>(&key) else { continue };
        let format_of = |it: &PendingActivity| format_of(&key.namespace, it, settings).filter(|_| activity::task_row(&state, it).is_some());
        let waiting: Vec<_> = state.activities.iter().filter_map(|(id, it)| Some((*id, format_of(it)?))).collect();
        drop(state);
        let mut run = Run::new(tx, key);
        for (scheduled_event_id, format) in waiting {
            publish(&mut run, scheduled_event_id, format);
        }
    }
}

/// Whether the activity belongs to a stream task queue.
pub(crate) fn is_streamed(run: &Run<'_, '_>, scheduled_event_id: i64, settings: &CommandSettings) -> bool {
    let is_of_stream = |it| format_of(&run.key.namespace, it, settings).is_some();
    !settings.stream_queues.is_empty() && run.state().activities.get(&scheduled_event_id).is_some_and(is_of_stream)
}

/// How tasks of the activity are written. `None`: its task queue is no stream.
fn format_of(namespace: &str, activity: &PendingActivity, settings: &CommandSettings) -> Option<Format> {
    let queue = activity.scheduled.as_ref().and_then(|scheduled| scheduled.task_queue.as_ref());
    queue.and_then(|queue| stream_queue::declaration(&settings.stream_queues, namespace, &queue.name)).map(|declared| declared.format)
}

/// Starts the activity and publishes its task.
fn publish(run: &mut Run<'_, '_>, scheduled_event_id: i64, format: Format) {
    let Some(started) = activity::start::start_without_worker(run, scheduled_event_id, STREAM) else { return };
    let deadline = run.state().activities.get(&scheduled_event_id).and_then(activity::attempt_deadline);
    let task = StreamTask {
        token: started.token(&run.key),
        traceparent: trace::traceparent(started.scheduled.header.as_ref()),
        workflow_type: started.workflow_type,
        scheduled: started.scheduled,
        scheduled_time: started.scheduled_time,
        started_time: started.started_time,
        deadline,
        heartbeat_details: started.heartbeat_details,
        last_failure: started.last_failure,
        format,
    };
    run.tx.publish(Publication::Task(Box::new(task)));
}
