//! Links in answers. They lead the caller to the event that its request made (Temporal: service/history/api/link_util.go).

use klamm_messages::temporal::{
    common::v1::{
        Link,
        link::{
            Variant, Workflow, WorkflowEvent,
            workflow_event::{EventReference, Reference, RequestIdReference},
        },
    },
    enums::v1::EventType,
};

/// A link to the first event of a run.
pub(super) fn started(namespace: &str, workflow_id: String, run_id: String) -> Link {
    let reference = EventReference { event_id: 1, event_type: EventType::WorkflowExecutionStarted as i32 };
    link(namespace, workflow_id, run_id, Reference::EventRef(reference))
}

/// A link to the event that a signal made. It names the request id, since the event has no id while it is buffered.
pub(super) fn signaled(namespace: &str, workflow_id: String, run_id: String, request_id: String) -> Link {
    by_request_id(namespace, workflow_id, run_id, request_id, EventType::WorkflowExecutionSignaled)
}

/// A link to the event that attached a start's request id to the open run that the start found.
pub(super) fn attached(namespace: &str, workflow_id: String, run_id: String, request_id: String) -> Link {
    by_request_id(namespace, workflow_id, run_id, request_id, EventType::WorkflowExecutionOptionsUpdated)
}

/// A link to the event that accepted an update.
pub(super) fn accepted_update(namespace: &str, workflow_id: String, run_id: String, request_id: String) -> Link {
    by_request_id(namespace, workflow_id, run_id, request_id, EventType::WorkflowExecutionUpdateAccepted)
}

/// A link to the workflow that has rejected an update.
pub(super) fn rejected_update(namespace: &str, workflow_id: String, run_id: String) -> Link {
    let workflow = Workflow { namespace: namespace.to_owned(), workflow_id, run_id, reason: "Update rejected".to_owned() };
    Link { variant: Some(Variant::Workflow(workflow)) }
}

fn by_request_id(namespace: &str, workflow_id: String, run_id: String, request_id: String, event_type: EventType) -> Link {
    let reference = RequestIdReference { request_id, event_type: event_type as i32 };
    link(namespace, workflow_id, run_id, Reference::RequestIdRef(reference))
}

fn link(namespace: &str, workflow_id: String, run_id: String, reference: Reference) -> Link {
    Link {
        variant: Some(Variant::WorkflowEvent(WorkflowEvent {
            namespace: namespace.to_owned(),
            workflow_id,
            run_id,
            reference: Some(reference),
        })),
    }
}
