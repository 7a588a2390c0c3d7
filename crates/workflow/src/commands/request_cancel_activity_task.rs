//! RequestCancelActivityTask: ActivityTaskCancelRequested. An activity that no worker has yet is cancelled at once.
//!
//! Temporal: workflow_task_completed_handler.go, handleCommandRequestCancelActivity; mutable_state_impl.go,
//! AddActivityTaskCancelRequestedEvent.

use klamm_messages::{
    klamm::v1::{ActivityState, RunState},
    temporal::{
        command::v1::RequestCancelActivityTaskCommandAttributes,
        common::v1::{Payload, Payloads},
        enums::v1::{EventType, WorkflowTaskFailedCause},
        history::v1::{ActivityTaskCancelRequestedEventAttributes, HistoryEvent, history_event::Attributes},
    },
};

use super::{
    CommandContext, CommandFailure,
    check::{add_event, invalid_action},
};
use crate::{
    activity::{
        close::{Outcome, closing_event},
        transition::BEFORE_START,
    },
    run::Run,
};

/// Details of the cancellation of an activity that was never started: a JSON string.
const NOT_STARTED: &str = "\"ACTIVITY_ID_NOT_STARTED\"";

/// Requests the cancellation.
pub(crate) fn handle(
    run: &mut Run<'_, '_>,
    attributes: &RequestCancelActivityTaskCommandAttributes,
    cx: &CommandContext<'_>,
) -> Result<(), CommandFailure> {
    const BAD: WorkflowTaskFailedCause = WorkflowTaskFailedCause::BadRequestCancelActivityAttributes;
    let scheduled_event_id = attributes.scheduled_event_id;
    if scheduled_event_id <= 0 {
        return Err(CommandFailure::new(BAD, "ScheduledEventId is not set on RequestCancelActivityTaskCommand."));
    }
    let state = run.state();
    let activity = state.activities.get(&scheduled_event_id).map(|activity| activity.state.clone().unwrap_or_default());
    let is_valid = match &activity {
        Some(activity) => !activity.cancel_requested,
        None => has_just_ended(&state, scheduled_event_id),
    };
    drop(state);
    if !is_valid {
        let message = invalid_action("add-activitytask-cancel-requested-event", format_args!("ScheduledEventID: {scheduled_event_id}"));
        return Err(CommandFailure::new(BAD, message));
    }
    let requested =
        ActivityTaskCancelRequestedEventAttributes { scheduled_event_id, workflow_task_completed_event_id: cx.completed_event_id };
    let requested_event_id =
        add_event(run, cx, EventType::ActivityTaskCancelRequested, Attributes::ActivityTaskCancelRequestedEventAttributes(requested));
    if let Some(activity) = activity.filter(|activity| BEFORE_START.check(activity).is_ok()) {
        let activity = ActivityState { cancel_requested_event_id: requested_event_id, ..activity };
        let outcome = Outcome::Canceled { details: Some(not_started()), identity: cx.identity.to_owned() };
        // This event is not the command's own, so it waits until all commands are carried out.
        let (event_type, attributes) = closing_event(&activity, 0, outcome);
        run.buffer_event(event_type, attributes);
    }
    Ok(())
}

/// Whether the activity's closing event waits in the buffer. Then the workflow cannot know of it yet, and its request is valid.
fn has_just_ended(state: &RunState, scheduled_event_id: i64) -> bool {
    let closes = |event: &HistoryEvent| match &event.attributes {
        Some(Attributes::ActivityTaskCompletedEventAttributes(a)) => a.scheduled_event_id == scheduled_event_id,
        Some(Attributes::ActivityTaskFailedEventAttributes(a)) => a.scheduled_event_id == scheduled_event_id,
        Some(Attributes::ActivityTaskTimedOutEventAttributes(a)) => a.scheduled_event_id == scheduled_event_id,
        Some(Attributes::ActivityTaskCanceledEventAttributes(a)) => a.scheduled_event_id == scheduled_event_id,
        _ => false,
    };
    state.buffered_events.iter().any(closes)
}

/// The details as a payload.
fn not_started() -> Payloads {
    let payload =
        Payload { metadata: [("encoding".to_owned(), "json/plain".into())].into(), data: NOT_STARTED.into(), ..Payload::default() };
    Payloads { payloads: vec![payload] }
}
