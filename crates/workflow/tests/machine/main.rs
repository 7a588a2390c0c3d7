//! The workflow machine from outside: commands in, histories as text out, in virtual time.

mod activity_check;
mod buffered;
mod callbacks;
mod chains;
mod child_chains;
mod children;
mod close;
mod commands;
mod continue_as_new;
mod deletion;
mod eager_start;
mod env;
mod external;
mod families;
mod limits;
mod lineage;
mod operations;
mod outcomes;
mod pause;
mod properties;
mod publish;
mod published;
mod reservations;
mod reset;
mod reset_children;
mod reset_updates;
mod retention;
mod riders;
mod scheduled;
mod signals;
mod speculative;
mod start;
mod sticky;
mod streams;
mod text;
mod update_with_start;
mod updates;
mod visibility;
mod workflow_task;

use klamm_messages::temporal::{
    command::v1::{
        CancelTimerCommandAttributes, CancelWorkflowExecutionCommandAttributes, CompleteWorkflowExecutionCommandAttributes,
        ContinueAsNewWorkflowExecutionCommandAttributes, FailWorkflowExecutionCommandAttributes,
        RequestCancelActivityTaskCommandAttributes, ScheduleActivityTaskCommandAttributes, StartTimerCommandAttributes,
        command::Attributes,
    },
    common::v1::{ActivityType, Payload, Payloads},
    failure::v1::Failure,
};

/// Completes the workflow with this result.
fn complete(result: &str) -> Attributes {
    Attributes::CompleteWorkflowExecutionCommandAttributes(CompleteWorkflowExecutionCommandAttributes {
        result: Some(payloads(result.as_bytes())),
    })
}

/// Fails the workflow.
fn fail(message: &str) -> Attributes {
    Attributes::FailWorkflowExecutionCommandAttributes(FailWorkflowExecutionCommandAttributes {
        failure: Some(Failure { message: message.to_owned(), ..Failure::default() }),
    })
}

/// Closes the workflow as cancelled.
fn cancel() -> Attributes {
    Attributes::CancelWorkflowExecutionCommandAttributes(CancelWorkflowExecutionCommandAttributes { details: None })
}

/// Continues the workflow as new, everything as it is.
fn continue_as_new() -> ContinueAsNewWorkflowExecutionCommandAttributes {
    ContinueAsNewWorkflowExecutionCommandAttributes::default()
}

/// Schedules an activity with a minute for each attempt.
fn activity(id: &str) -> Attributes {
    Attributes::ScheduleActivityTaskCommandAttributes(ScheduleActivityTaskCommandAttributes {
        activity_id: id.to_owned(),
        activity_type: Some(ActivityType { name: "A".to_owned() }),
        task_queue: Some(env::queue("activities")),
        start_to_close_timeout: Some(env::seconds(60)),
        ..Default::default()
    })
}

/// Requests the cancellation of an activity.
fn cancel_activity(scheduled_event_id: i64) -> Attributes {
    Attributes::RequestCancelActivityTaskCommandAttributes(RequestCancelActivityTaskCommandAttributes { scheduled_event_id })
}

/// Starts a timer.
fn timer(id: &str, seconds: i64) -> Attributes {
    Attributes::StartTimerCommandAttributes(StartTimerCommandAttributes {
        timer_id: id.to_owned(),
        start_to_fire_timeout: Some(env::seconds(seconds)),
    })
}

/// Cancels a timer.
fn cancel_timer(id: &str) -> Attributes {
    Attributes::CancelTimerCommandAttributes(CancelTimerCommandAttributes { timer_id: id.to_owned() })
}

/// One payload of these bytes.
fn payloads(data: &[u8]) -> Payloads {
    Payloads { payloads: vec![payload(data)] }
}

/// A payload of these bytes.
fn payload(data: &[u8]) -> Payload {
    Payload { data: data.to_vec().into(), ..Payload::default() }
}
