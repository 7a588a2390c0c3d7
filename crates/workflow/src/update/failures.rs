//! Failures of updates that the server itself makes. Temporal: service/history/workflow/update/errors_failures.go.

use klamm_messages::temporal::failure::v1::{ApplicationFailureInfo, Failure, failure::FailureInfo};

/// The outcome of an update that was accepted and not completed when its run closed.
pub(super) fn completed_workflow() -> Failure {
    failure("Workflow Update failed because the Workflow completed before the Update completed.", "AcceptedUpdateCompletedWorkflow")
}

/// The rejection of an update that the worker was sent and left without an answer.
pub(super) fn unprocessed() -> Failure {
    failure(
        "Workflow Update is rejected because it wasn't processed by worker. Probably, Workflow Update is not supported by the worker.",
        "UnprocessedUpdate",
    )
}

fn failure(message: &str, failure_type: &str) -> Failure {
    Failure {
        message: message.to_owned(),
        source: "Server".to_owned(),
        failure_info: Some(FailureInfo::ApplicationFailureInfo(ApplicationFailureInfo {
            r#type: failure_type.to_owned(),
            non_retryable: true,
            ..ApplicationFailureInfo::default()
        })),
        ..Failure::default()
    }
}
