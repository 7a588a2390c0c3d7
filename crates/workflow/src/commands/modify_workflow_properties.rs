//! ModifyWorkflowProperties: WorkflowPropertiesModified. The memo is changed key by key; a null value removes a key.
//!
//! Temporal: workflow_task_completed_handler.go, handleCommandModifyWorkflowProperties.

use std::collections::BTreeMap;

use klamm_messages::temporal::{
    command::v1::ModifyWorkflowPropertiesCommandAttributes,
    common::v1::{Memo, Payload},
    enums::v1::{EventType, WorkflowTaskFailedCause},
    history::v1::{WorkflowPropertiesModifiedEventAttributes, history_event::Attributes},
};
use prost::Message;

use super::{
    CommandContext, CommandFailure,
    check::{add_event, is_nil},
};
use crate::{
    decide::limits::{blob_fits, limit},
    run::Run,
};

/// Modifies the memo.
pub(crate) fn handle(
    run: &mut Run<'_, '_>,
    attributes: &ModifyWorkflowPropertiesCommandAttributes,
    cx: &CommandContext<'_>,
) -> Result<(), CommandFailure> {
    const BAD: WorkflowTaskFailedCause = WorkflowTaskFailedCause::BadModifyWorkflowPropertiesAttributes;
    let Some(upserted) = &attributes.upserted_memo else {
        return Err(CommandFailure::new(BAD, "UpsertedMemo is not set on ModifyWorkflowPropertiesCommand."));
    };
    if upserted.fields.is_empty() {
        return Err(CommandFailure::new(BAD, "UpsertedMemo.Fields is not set on ModifyWorkflowPropertiesCommand."));
    }
    let size: usize = upserted.fields.iter().map(|(key, payload)| key.len() + payload.data.len()).sum();
    if !blob_fits(size, cx.settings) {
        return Err(CommandFailure::terminate(BAD, "ModifyWorkflowPropertiesCommandAttributes exceeds size limit."));
    }
    let state = run.state();
    let mut merged: BTreeMap<&String, &Payload> = state.memo.iter().flat_map(|memo| &memo.fields).collect();
    for (key, payload) in &upserted.fields {
        if is_nil(payload) {
            merged.remove(key)
        } else {
            merged.insert(key, payload)
        };
    }
    let merged = Memo { fields: merged.into_iter().map(|(key, payload)| (key.clone(), payload.clone())).collect() };
    drop(state);
    if merged.encoded_len() > limit(cx.settings, |limits| limits.memo_bytes) {
        return Err(CommandFailure::terminate(BAD, "ModifyWorkflowPropertiesCommandAttributes. Memo exceeds size limit."));
    }
    let modified = WorkflowPropertiesModifiedEventAttributes {
        workflow_task_completed_event_id: cx.completed_event_id,
        upserted_memo: Some(upserted.clone()),
    };
    add_event(run, cx, EventType::WorkflowPropertiesModified, Attributes::WorkflowPropertiesModifiedEventAttributes(modified));
    Ok(())
}
