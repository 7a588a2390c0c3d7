//! RecordMarker: MarkerRecorded. A replay of the workflow gets the marker back as it was recorded.
//!
//! Temporal: workflow_task_completed_handler.go, handleCommandRecordMarker.

use klamm_messages::temporal::{
    command::v1::RecordMarkerCommandAttributes,
    enums::v1::{EventType, WorkflowTaskFailedCause},
    history::v1::{MarkerRecordedEventAttributes, history_event::Attributes},
};
use prost::Message;

use super::{
    CommandContext, CommandFailure,
    check::{add_event, id_bytes_max},
};
use crate::{decide::limits::blob_fits, run::Run};

/// Records the marker.
pub(crate) fn handle(
    run: &mut Run<'_, '_>,
    attributes: &RecordMarkerCommandAttributes,
    cx: &CommandContext<'_>,
) -> Result<(), CommandFailure> {
    const BAD: WorkflowTaskFailedCause = WorkflowTaskFailedCause::BadRecordMarkerAttributes;
    let name = &attributes.marker_name;
    if name.is_empty() {
        return Err(CommandFailure::new(BAD, "MarkerName is not set on RecordMarkerCommand."));
    }
    let limit = id_bytes_max(cx.settings);
    if name.len() > limit {
        return Err(CommandFailure::new(
            BAD,
            format!("MarkerName on RecordMarkerCommand exceeds length limit. MarkerName={name} Length={} Limit={limit}", name.len()),
        ));
    }
    let size: usize = attributes.details.iter().map(|(key, payloads)| key.len() + payloads.encoded_len()).sum();
    if !blob_fits(size, cx.settings) {
        return Err(CommandFailure::terminate(BAD, "RecordMarkerCommandAttributes.Details exceeds size limit."));
    }
    let recorded = MarkerRecordedEventAttributes {
        marker_name: name.clone(),
        details: attributes.details.clone(),
        workflow_task_completed_event_id: cx.completed_event_id,
        header: attributes.header.clone(),
        failure: attributes.failure.clone(),
    };
    add_event(run, cx, EventType::MarkerRecorded, Attributes::MarkerRecordedEventAttributes(recorded));
    Ok(())
}
