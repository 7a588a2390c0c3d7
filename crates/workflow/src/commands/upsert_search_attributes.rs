//! UpsertWorkflowSearchAttributes: changes the attributes by which lists of workflows are filtered, key by key. Null and the empty list
//! unset a key.
//!
//! Temporal: workflow_task_completed_handler.go, handleCommandUpsertWorkflowSearchAttributes.

use klamm_messages::temporal::{
    command::v1::UpsertWorkflowSearchAttributesCommandAttributes,
    common::v1::SearchAttributes,
    enums::v1::{EventType, WorkflowTaskFailedCause},
    history::v1::{UpsertWorkflowSearchAttributesEventAttributes, history_event::Attributes},
};

use super::{
    CommandContext, CommandFailure,
    check::{add_event, is_nil},
    search_attributes,
};
use crate::{decide::limits::blob_fits, run::Run};

/// Changes the search attributes.
pub(crate) fn handle(
    run: &mut Run<'_, '_>,
    attributes: &UpsertWorkflowSearchAttributesCommandAttributes,
    cx: &CommandContext<'_>,
) -> Result<(), CommandFailure> {
    const BAD: WorkflowTaskFailedCause = WorkflowTaskFailedCause::BadSearchAttributes;
    let given = attributes.search_attributes.clone().unwrap_or_default();
    let checked = search_attributes::checked(given, cx.settings, cx.namespace).map_err(|message| CommandFailure::new(BAD, message))?;
    if attributes.search_attributes.is_none() {
        return Err(CommandFailure::new(BAD, "SearchAttributes is not set on UpsertWorkflowSearchAttributesCommand."));
    }
    if checked.indexed_fields.is_empty() {
        return Err(CommandFailure::new(BAD, "IndexedFields is not set on UpsertWorkflowSearchAttributesCommand."));
    }
    let size: usize = checked.indexed_fields.iter().map(|(key, payload)| key.len() + payload.data.len()).sum();
    if !blob_fits(size, cx.settings) {
        return Err(CommandFailure::terminate(BAD, "UpsertWorkflowSearchAttributesCommandAttributes exceeds size limit."));
    }
    let mut merged = run.state().search_attributes.clone().unwrap_or_default().indexed_fields;
    for (key, payload) in &checked.indexed_fields {
        if is_nil(payload) {
            merged.remove(key)
        } else {
            merged.insert(key.clone(), payload.clone())
        };
    }
    search_attributes::check_sizes(&SearchAttributes { indexed_fields: merged }, cx.settings)
        .map_err(|message| CommandFailure::terminate(BAD, message))?;
    let upsert = UpsertWorkflowSearchAttributesEventAttributes {
        workflow_task_completed_event_id: cx.completed_event_id,
        search_attributes: Some(checked),
    };
    add_event(run, cx, EventType::UpsertWorkflowSearchAttributes, Attributes::UpsertWorkflowSearchAttributesEventAttributes(upsert));
    Ok(())
}
