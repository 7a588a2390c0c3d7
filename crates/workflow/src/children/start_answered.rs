//! ChildStartAnswered: what came of the start of a child.

use klamm_machine::{Decision, Outcome, Tx};
use klamm_messages::{
    klamm::v1::{ChildStartAnswered, Command, CommandSettings, Parent, PendingChild, ScheduleFirstWorkflowTask, command::Body},
    temporal::{
        enums::v1::{EventType, ParentClosePolicy},
        history::v1::{StartChildWorkflowExecutionFailedEventAttributes, history_event::Attributes},
    },
};

use super::{started, tell::to_child, waiting::waiting_run};
use crate::{
    Answer, Workflow,
    decide::{limits, locate},
    run::{Run, is_open},
};

/// Decides the command. The child's first workflow task waits for this, so that the parent knows of the child before anything can come of
/// it.
///
/// A parent that has closed meanwhile writes nothing down. Its child was told of that, unless it outlives the parent, by its policy or because
/// a reset has ended the parent: then it gets its first workflow task all the same, because nobody else would ever schedule one.
pub(crate) fn decide(tx: &mut Tx<'_, Workflow>, command: &Command, body: &ChildStartAnswered) -> Decision<Answer> {
    let parent = body.parent.clone().unwrap_or_default();
    let settings = locate::settings(command);
    let key = waiting_run(tx, &command.namespace, &command.workflow_id, &parent);
    let mut run = Run::new(tx, key);
    let state = run.state();
    let waits = |child: &&PendingChild| child.workflow_id == body.workflow_id && child.started_run_id.is_empty();
    let Some(child) = state.children.get(&parent.initiated_event_id).filter(waits) else { return Ok(Outcome::Answer(Answer::Empty)) };
    let is_open = is_open(&state);
    let was_reset = state.reset_base.as_ref().is_some_and(|base| !base.reset_run_id.is_empty());
    let outlives = was_reset || child.parent_close_policy() == ParentClosePolicy::Abandon;
    drop(state);
    if !body.run_id.is_empty() && (is_open || outlives) {
        schedule_first_task(&mut run, body, &settings);
    }
    if !is_open {
        return Ok(Outcome::Answer(Answer::Empty));
    }
    if body.run_id.is_empty() {
        record_failed(&mut run, &parent, body);
    } else {
        started::record(&mut run, &parent, &body.workflow_id, &body.run_id);
    }
    run.schedule_workflow_task();
    limits::enforce(&mut run, &settings, Answer::Empty)
}

/// Lets the child run.
fn schedule_first_task(run: &mut Run<'_, '_>, body: &ChildStartAnswered, settings: &CommandSettings) {
    let first = Body::ScheduleFirstWorkflowTask(ScheduleFirstWorkflowTask { run_id: body.run_id.clone() });
    run.tx.send(to_child(&run.key.namespace, &body.workflow_id, settings, first));
}

/// Writes StartChildWorkflowExecutionFailed. As in Temporal, it does not name the completion that has asked for the child.
fn record_failed(run: &mut Run<'_, '_>, parent: &Parent, body: &ChildStartAnswered) {
    let initiated = started::initiated(run, parent.initiated_event_id);
    run.add_or_buffer_event(
        EventType::StartChildWorkflowExecutionFailed,
        Attributes::StartChildWorkflowExecutionFailedEventAttributes(StartChildWorkflowExecutionFailedEventAttributes {
            namespace: run.key.namespace.clone(),
            namespace_id: parent.namespace_id.clone(),
            workflow_id: initiated.workflow_id,
            workflow_type: initiated.workflow_type,
            cause: body.cause,
            control: initiated.control,
            initiated_event_id: parent.initiated_event_id,
            ..StartChildWorkflowExecutionFailedEventAttributes::default()
        }),
    );
}
