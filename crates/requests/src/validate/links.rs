//! Links (Temporal: common/links/validator.go).

use klamm_messages::temporal::{
    common::v1::{
        Link,
        link::{Variant, workflow_event::Reference},
    },
    enums::v1::EventType,
};
use prost::Message;

use crate::{
    fault::{Fault, Result},
    limits::Limits,
};

/// Checks that there are few links, and that each is small, of a known kind, and has the fields that its kind needs.
pub fn check(links: &[Link], limits: &Limits) -> Result<()> {
    if links.len() > limits.links {
        return Err(Fault::invalid(format!("cannot attach more than {} links per request, got {}", limits.links, links.len())));
    }
    links.iter().try_for_each(|link| check_one(link, limits))
}

fn check_one(link: &Link, limits: &Limits) -> Result<()> {
    let size = link.encoded_len();
    if size > limits.link_bytes {
        return Err(Fault::invalid(format!("link exceeds allowed size of {}, got {size}", limits.link_bytes)));
    }
    let needed: &[(&str, &str)] = match &link.variant {
        Some(Variant::WorkflowEvent(event)) => &[
            (&event.namespace, "workflow event link must not have an empty namespace field"),
            (&event.workflow_id, "workflow event link must not have an empty workflow ID field"),
            (&event.run_id, "workflow event link must not have an empty run ID field"),
        ],
        Some(Variant::BatchJob(job)) => &[(&job.job_id, "batch job link must not have an empty job ID")],
        Some(Variant::NexusOperation(operation)) => &[
            (&operation.namespace, "nexus operation link must not have an empty namespace field"),
            (&operation.operation_id, "nexus operation link must not have an empty operation ID field"),
            (&operation.run_id, "nexus operation link must not have an empty run ID field"),
        ],
        Some(Variant::Activity(activity)) => &[
            (&activity.namespace, "activity link must not have an empty namespace field"),
            (&activity.activity_id, "activity link must not have an empty activity ID field"),
            (&activity.run_id, "activity link must not have an empty run ID field"),
        ],
        _ => return Err(Fault::invalid("unsupported link variant")),
    };
    if let Some((_, message)) = needed.iter().find(|(value, _)| value.is_empty()) {
        return Err(Fault::invalid(*message));
    }
    if let Some(Variant::WorkflowEvent(event)) = &link.variant
        && let Some(Reference::EventRef(reference)) = &event.reference
        && reference.event_type == EventType::Unspecified as i32
        && reference.event_id != 0
    {
        return Err(Fault::invalid("workflow event link ref cannot have an unspecified event type and a non-zero event ID"));
    }
    Ok(())
}
