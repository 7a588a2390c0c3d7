//! StartWorkflowTask: a poller has been given a workflow task. Temporal: service/history/api/recordworkflowtaskstarted.

use klamm_machine::{Decision, Outcome, Tx};
use klamm_messages::{
    klamm::v1::{Command, StartWorkflowTask, WorkflowTaskPhase},
    temporal::enums::v1::TaskQueueKind,
};

use super::locate;
use crate::{
    Answer, Workflow,
    run::{Run, is_open, task_phase::is_sticky, workflow_task::Poll},
    tables::RunKey,
};

/// Decides the command. The first start of a scheduling wins. The same poll gets the same answer again; any other poll is told to go on
/// waiting.
pub(crate) fn decide(tx: &mut Tx<'_, Workflow>, command: &Command, body: &StartWorkflowTask) -> Decision<Answer> {
    let obsolete = Ok(Outcome::Answer(Answer::TaskObsolete));
    let mut run = Run::new(tx, RunKey::new(&command.namespace, &command.workflow_id, &body.run_id));
    let state = run.state();
    let Some(task) = state.workflow_task.as_ref().filter(|_| is_open(&state)) else { return obsolete };
    if task.phase() == WorkflowTaskPhase::Started && task.request_id == body.poll_id && !body.poll_id.is_empty() {
        return Ok(Outcome::Answer(
            run.started_workflow_task_again().map_or(Answer::TaskObsolete, |task| Answer::WorkflowTaskStarted(Box::new(task))),
        ));
    }
    let is_meant =
        task.phase() == WorkflowTaskPhase::Scheduled && task.scheduled_event_id == body.scheduled_event_id && task.stamp == body.stamp;
    if !is_meant {
        return obsolete;
    }
    let queue = task.task_queue.clone().unwrap_or_default();
    let polled = body.task_queue.clone().unwrap_or_default();
    if queue.kind() == TaskQueueKind::Normal && polled.kind() == TaskQueueKind::Sticky {
        return obsolete;
    }
    let left_sticky = queue.kind() == TaskQueueKind::Sticky && polled.name != queue.name;
    let clears = left_sticky && is_sticky(&state);
    drop(state);
    if clears {
        // A worker of the normal queue took the task, so the sticky worker is gone.
        run.clear_sticky();
    }
    let settings = locate::settings(command);
    let poll = Poll {
        poll_id: &body.poll_id,
        identity: &body.identity,
        worker_version: body.worker_version.as_ref(),
        settings: &settings,
        repeats_updates: true,
    };
    match run.start_workflow_task(&poll) {
        Some(mut started) => {
            started.sticky &= !left_sticky;
            Ok(Outcome::Answer(Answer::WorkflowTaskStarted(Box::new(started))))
        }
        None => obsolete,
    }
}
