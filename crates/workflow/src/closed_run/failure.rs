//! Failures as readers without an SDK can use them.

use klamm_messages::{
    klamm::v1::{OutcomeCause, OutcomeContent, OutcomeFailure},
    temporal::{
        common::v1::Payloads,
        enums::v1::TimeoutType,
        failure::v1::{Failure, failure::FailureInfo},
    },
};

use super::{
    budget::Budget,
    content::{content, contents},
};

/// Most causes that are told. Avro's form of a failure holds as many.
const CAUSES_MAX: usize = 90;

/// A failure with its causes.
pub(super) fn failure(failure: &Failure, budget: &mut Budget) -> OutcomeFailure {
    let OutcomeCause { message, kind, r#type, source, stack_trace, non_retryable, details, encoded_attributes } = cause(failure, budget);
    let causes = std::iter::successors(failure.cause.as_deref(), |failure| failure.cause.as_deref()).take(CAUSES_MAX);
    let causes = causes.map(|failure| cause(failure, budget)).collect();
    OutcomeFailure { message, kind, r#type, source, stack_trace, non_retryable, details, encoded_attributes, causes }
}

/// A failure without its causes.
fn cause(failure: &Failure, budget: &mut Budget) -> OutcomeCause {
    let told = failure.failure_info.as_ref().map(Told::of).unwrap_or_default();
    let message = budget.text(&failure.message);
    OutcomeCause {
        message,
        kind: told.kind.to_owned(),
        r#type: told.name,
        source: failure.source.clone(),
        details: contents(told.details, budget),
        encoded_attributes: encoded_attributes(failure, budget),
        // A stack trace is the first thing that can be spared.
        stack_trace: budget.text(&failure.stack_trace),
        non_retryable: told.non_retryable,
    }
}

fn encoded_attributes(failure: &Failure, budget: &mut Budget) -> Option<OutcomeContent> {
    failure.encoded_attributes.as_ref().map(|payload| content(payload, budget))
}

/// What the kinds of failures tell.
#[derive(Default)]
struct Told<'f> {
    kind: &'static str,
    name: String,
    non_retryable: bool,
    details: Option<&'f Payloads>,
}

impl<'f> Told<'f> {
    fn of(info: &'f FailureInfo) -> Self {
        let named = |kind, name: Option<&String>| Self { kind, name: name.cloned().unwrap_or_default(), ..Self::default() };
        match info {
            FailureInfo::ApplicationFailureInfo(info) => {
                Self { non_retryable: info.non_retryable, details: info.details.as_ref(), ..named("application", Some(&info.r#type)) }
            }
            FailureInfo::TimeoutFailureInfo(info) => {
                let name = TimeoutType::try_from(info.timeout_type).unwrap_or_default().as_str_name().trim_start_matches("TIMEOUT_TYPE_");
                Self { kind: "timeout", name: name.to_owned(), details: info.last_heartbeat_details.as_ref(), ..Self::default() }
            }
            FailureInfo::CanceledFailureInfo(info) => Self { details: info.details.as_ref(), ..named("canceled", None) },
            FailureInfo::TerminatedFailureInfo(_) => named("terminated", None),
            FailureInfo::ServerFailureInfo(info) => Self { non_retryable: info.non_retryable, ..named("server", None) },
            FailureInfo::ResetWorkflowFailureInfo(info) => Self { details: info.last_heartbeat_details.as_ref(), ..named("reset", None) },
            FailureInfo::ActivityFailureInfo(info) => named("activity", info.activity_type.as_ref().map(|it| &it.name)),
            FailureInfo::ChildWorkflowExecutionFailureInfo(info) => named("child_workflow", info.workflow_type.as_ref().map(|it| &it.name)),
            FailureInfo::NexusOperationExecutionFailureInfo(_) => named("nexus_operation", None),
            FailureInfo::NexusHandlerFailureInfo(info) => named("nexus_handler", Some(&info.r#type)),
        }
    }
}
