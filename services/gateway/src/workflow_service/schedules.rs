//! What the calls about schedules share.

use klamm_backend::{Backend, ScheduleSnapshot};
use klamm_filters::VisibilityQueries;
use klamm_machine::Time;
use klamm_messages::{
    klamm::v1::ScheduleDefinition,
    temporal::{
        common::v1::{Memo, SearchAttributes},
        schedule::v1::{Schedule, ScheduleSpec},
    },
};
use klamm_requests::{Result, validate};
use klamm_schedule::{spec::Steps, visibility::MEMO_INFO};
use klamm_search_attributes::{NAMESPACE_DIVISION, SCHEDULE_PAUSED};
use prost::Message;
use prost_types::Timestamp;

use crate::gateway::Gateway;

/// Search attributes of a schedule in the index that the schedule's user must not see.
const OWN_SEARCH_ATTRIBUTES: [&str; 4] = [SCHEDULE_PAUSED, NAMESPACE_DIVISION, "BinaryChecksums", "BuildIds"];

/// This machine's time in whole milliseconds, like the log's times. So no start is earlier than the trigger that asked for it.
pub(super) fn now() -> Timestamp {
    Time::from_millis(chrono::Utc::now().timestamp_millis()).into()
}

/// A spec up to this size is searched at once, on the calling thread.
const QUICK_BYTES_MAX: usize = 16 << 10;
/// Most steps of a search on the calling thread: some hundred microseconds at most.
const QUICK_STEPS_MAX: u64 = 20_000;
/// Most steps of a search for a caller: as many as ten commands of the schedule may take.
const STEPS_MAX: u64 = 10 * klamm_schedule::STEPS_MAX;

/// Checks the spec of a schedule that somebody wants to create or change.
pub(super) async fn check_spec<B: Backend, V: VisibilityQueries>(gateway: &Gateway<B, V>, schedule: &mut Schedule) -> Result<()> {
    let spec = schedule.spec.get_or_insert_with(ScheduleSpec::default);
    if spec.encoded_len() <= QUICK_BYTES_MAX {
        return validate::schedule::spec(spec);
    }
    let taken = std::mem::take(spec);
    let (taken, checked) = gateway
        .computing
        .run(move || {
            let checked = validate::schedule::spec(&taken);
            (taken, checked)
        })
        .await?;
    *spec = taken;
    checked
}

/// Finds times of a schedule: on the calling thread if that takes only microseconds.
pub(super) async fn search<B: Backend, V: VisibilityQueries, T: Send + 'static>(
    gateway: &Gateway<B, V>,
    definition: &ScheduleDefinition,
    search: impl Fn(&mut Steps) -> T + Send + 'static,
) -> Result<T> {
    let spec = definition.schedule.as_ref().and_then(|schedule| schedule.spec.as_ref());
    if spec.map_or(0, Message::encoded_len) <= QUICK_BYTES_MAX {
        let mut steps = Steps::new(QUICK_STEPS_MAX);
        let found = search(&mut steps);
        if !steps.are_out() {
            return Ok(found);
        }
    }
    gateway.computing.run(move || search(&mut Steps::new(STEPS_MAX))).await
}

/// The present state of a schedule.
pub(super) async fn find<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    namespace: &str,
    schedule_id: &str,
) -> Result<ScheduleSnapshot> {
    let found = gateway.backend.schedule(namespace, schedule_id).await?;
    found.ok_or_else(|| klamm_schedule::not_found(schedule_id).into())
}

/// The search attributes without those that the schedule itself has set. `None` when nothing is left.
pub(super) fn users_search_attributes(attributes: Option<SearchAttributes>) -> Option<SearchAttributes> {
    let mut attributes = attributes?;
    attributes.indexed_fields.retain(|name, _| !OWN_SEARCH_ATTRIBUTES.contains(&name.as_str()));
    (!attributes.indexed_fields.is_empty()).then_some(attributes)
}

/// The memo without what the schedule itself keeps there. `None` when nothing is left.
pub(super) fn users_memo(memo: Option<Memo>) -> Option<Memo> {
    let mut memo = memo?;
    memo.fields.remove(MEMO_INFO);
    (!memo.fields.is_empty()).then_some(memo)
}
