//! StartTimer: TimerStarted; the timer fires at that event's time plus the duration.
//!
//! Temporal: workflow_task_completed_handler.go, handleCommandStartTimer.

use klamm_messages::temporal::{
    command::v1::StartTimerCommandAttributes,
    enums::v1::{EventType, WorkflowTaskFailedCause},
    history::v1::{TimerStartedEventAttributes, history_event::Attributes},
};

use super::{
    CommandContext, CommandFailure,
    check::{add_event, duration_of, id_bytes_max, invalid_action},
};
use crate::run::Run;

/// Starts the timer.
pub(crate) fn handle(
    run: &mut Run<'_, '_>,
    attributes: &StartTimerCommandAttributes,
    cx: &CommandContext<'_>,
) -> Result<(), CommandFailure> {
    let bad = |message: String| CommandFailure::new(WorkflowTaskFailedCause::BadStartTimerAttributes, message);
    let timer_id = &attributes.timer_id;
    check_timer_id(timer_id, "StartTimerCommand", cx).map_err(bad)?;
    let start_to_fire_timeout = duration_of(attributes.start_to_fire_timeout.as_ref())
        .map_err(|error| bad(format!("An invalid StartToFireTimeout is set on StartTimerCommand: {error}. TimerId={timer_id}")))?;
    if run.state().timers.contains_key(timer_id) {
        return Err(CommandFailure::new(
            WorkflowTaskFailedCause::StartTimerDuplicateId,
            invalid_action("add-timer-started-event", format_args!("TimerID: {timer_id}")),
        ));
    }
    let started = TimerStartedEventAttributes {
        timer_id: timer_id.clone(),
        start_to_fire_timeout,
        workflow_task_completed_event_id: cx.completed_event_id,
    };
    add_event(run, cx, EventType::TimerStarted, Attributes::TimerStartedEventAttributes(started));
    Ok(())
}

/// Checks a timer's id on this command. The error says what is wrong.
pub(super) fn check_timer_id(timer_id: &str, command: &str, cx: &CommandContext<'_>) -> Result<(), String> {
    if timer_id.is_empty() {
        return Err(format!("TimerId is not set on {command}."));
    }
    let limit = id_bytes_max(cx.settings);
    if timer_id.len() > limit {
        return Err(format!("TimerId on {command} exceeds length limit. TimerId={timer_id} Length={} Limit={limit}", timer_id.len()));
    }
    Ok(())
}
