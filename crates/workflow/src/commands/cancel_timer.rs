//! CancelTimer: TimerCanceled. If the timer's TimerFired waits in the buffer, the workflow cannot know of it, so the event is taken back.
//!
//! Temporal: mutable_state_impl.go, AddTimerCanceledEvent.

use klamm_messages::temporal::{
    command::v1::CancelTimerCommandAttributes,
    enums::v1::{EventType, WorkflowTaskFailedCause},
    history::v1::{HistoryEvent, TimerCanceledEventAttributes, history_event::Attributes},
};

use super::{
    CommandContext, CommandFailure,
    check::{add_event, invalid_action},
    start_timer::check_timer_id,
};
use crate::run::Run;

/// Cancels the timer.
pub(crate) fn handle(
    run: &mut Run<'_, '_>,
    attributes: &CancelTimerCommandAttributes,
    cx: &CommandContext<'_>,
) -> Result<(), CommandFailure> {
    let bad = |message: String| CommandFailure::new(WorkflowTaskFailedCause::BadCancelTimerAttributes, message);
    let timer_id = &attributes.timer_id;
    check_timer_id(timer_id, "CancelTimerCommand", cx).map_err(bad)?;
    let running = run.state().timers.get(timer_id).map(|timer| timer.started_event_id);
    let started_event_id = running
        .or_else(|| take_fired(run, timer_id))
        .ok_or_else(|| bad(invalid_action("add-timer-canceled-event", format_args!("TimerID: {timer_id}"))))?;
    let canceled = TimerCanceledEventAttributes {
        timer_id: timer_id.clone(),
        started_event_id,
        workflow_task_completed_event_id: cx.completed_event_id,
        identity: cx.identity.to_owned(),
    };
    add_event(run, cx, EventType::TimerCanceled, Attributes::TimerCanceledEventAttributes(canceled));
    Ok(())
}

/// Takes the timer's waiting TimerFired out of the buffer. Gives the id of the timer's TimerStarted.
fn take_fired(run: &mut Run<'_, '_>, timer_id: &str) -> Option<i64> {
    let event = run.take_buffered_event(|event| fired(event).is_some_and(|(fired_id, _)| fired_id == timer_id))?;
    fired(&event).map(|(_, started_event_id)| started_event_id)
}

/// Timer id and started event id of a TimerFired.
fn fired(event: &HistoryEvent) -> Option<(&str, i64)> {
    match &event.attributes {
        Some(Attributes::TimerFiredEventAttributes(fired)) => Some((&fired.timer_id, fired.started_event_id)),
        _ => None,
    }
}
