//! What the calls about schedules share.

use klamm_cluster::search_attributes::{NAMESPACE_DIVISION, SCHEDULE_PAUSED};
use klamm_machine::Time;
use klamm_messages::temporal::common::v1::{Memo, SearchAttributes};
use klamm_processor::{Backend, backend::ScheduleSnapshot};
use klamm_schedule::visibility::MEMO_INFO;
use prost_types::Timestamp;

use crate::{errors::Result, gateway::Gateway, visibility::VisibilityQueries};

/// Search attributes of a schedule in the index that are no business of its user's.
const OWN_SEARCH_ATTRIBUTES: [&str; 4] = [SCHEDULE_PAUSED, NAMESPACE_DIVISION, "BinaryChecksums", "BuildIds"];

/// This machine's time, in whole milliseconds as the log's times are: no start is earlier than the trigger that asked for it.
pub(super) fn now() -> Timestamp {
    Time::from_millis(chrono::Utc::now().timestamp_millis()).into()
}

/// A schedule as it stands.
pub(super) async fn find<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    namespace: &str,
    schedule_id: &str,
) -> Result<ScheduleSnapshot> {
    let found = gateway.backend.schedule(namespace, schedule_id).await?;
    found.ok_or_else(|| klamm_schedule::not_found(schedule_id).into())
}

/// The search attributes without those that the schedule itself has; `None` when nothing is left.
pub(super) fn users_search_attributes(attributes: Option<SearchAttributes>) -> Option<SearchAttributes> {
    let mut attributes = attributes?;
    attributes.indexed_fields.retain(|name, _| !OWN_SEARCH_ATTRIBUTES.contains(&name.as_str()));
    (!attributes.indexed_fields.is_empty()).then_some(attributes)
}

/// The memo without what the schedule itself keeps there; `None` when nothing is left.
pub(super) fn users_memo(memo: Option<Memo>) -> Option<Memo> {
    let mut memo = memo?;
    memo.fields.remove(MEMO_INFO);
    (!memo.fields.is_empty()).then_some(memo)
}
