//! ListSchedules: lists the schedules in the index.

use klamm_backend::Backend;
use klamm_filters::{Scope, VisibilityQueries};
use klamm_messages::{
    klamm::v1::VisibilityDocument,
    temporal::{
        common::v1::Memo,
        schedule::v1::{ScheduleListEntry, ScheduleListInfo},
        workflowservice::v1::{ListSchedulesRequest, ListSchedulesResponse},
    },
};
use klamm_requests::Result;
use klamm_schedule::visibility::MEMO_INFO;
use klamm_search_attributes::SCHEDULE_WORKFLOW_ID_PREFIX;
use prost::Message;

use super::schedules::{users_memo, users_search_attributes};
use crate::{call::Call, gateway::Gateway};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    _call: Call,
    request: ListSchedulesRequest,
) -> Result<ListSchedulesResponse> {
    let limit = gateway.limits_of(&request.namespace).visibility_page;
    let size = usize::try_from(request.maximum_page_size).ok().filter(|size| (1..=limit).contains(size)).unwrap_or(limit);
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    let found = gateway.visibility.list(Scope::Schedules, namespace, &request.query, size, &request.next_page_token).await?;
    let schedules = found.documents.into_iter().map(shown).collect();
    Ok(ListSchedulesResponse { schedules, next_page_token: found.next_page_token.into() })
}

fn shown(document: VisibilityDocument) -> ScheduleListEntry {
    let schedule_id = document.workflow_id.strip_prefix(SCHEDULE_WORKFLOW_ID_PREFIX).unwrap_or(&document.workflow_id).to_owned();
    ScheduleListEntry {
        schedule_id,
        info: document.memo.as_ref().and_then(info),
        memo: users_memo(document.memo),
        search_attributes: users_search_attributes(document.search_attributes),
    }
}

/// The list entry that the schedule itself has put into its memo.
fn info(memo: &Memo) -> Option<ScheduleListInfo> {
    let payload = memo.fields.get(MEMO_INFO)?;
    ScheduleListInfo::decode(&payload.data[..]).ok()
}
