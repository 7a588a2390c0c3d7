//! ListScheduleMatchingTimes: when a schedule's spec would act, whatever its state.

use klamm_messages::temporal::workflowservice::v1::{ListScheduleMatchingTimesRequest, ListScheduleMatchingTimesResponse};
use klamm_processor::Backend;
use prost_types::Timestamp;

use super::schedules;
use crate::{call::Call, errors::Result, gateway::Gateway, visibility::VisibilityQueries};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    _call: Call,
    request: ListScheduleMatchingTimesRequest,
) -> Result<ListScheduleMatchingTimesResponse> {
    let namespaces = gateway.backend.namespaces();
    gateway.namespace(&namespaces, &request.namespace)?;
    let schedule = schedules::find(gateway, &request.namespace, &request.schedule_id).await?;
    // A time that is not told is the epoch, as for Temporal.
    let (start, end) = (request.start_time.unwrap_or_default(), request.end_time.unwrap_or_default());
    let start_time: Vec<Timestamp> = klamm_schedule::view::matching_times(&request.schedule_id, &schedule.definition, &start, &end)?;
    Ok(ListScheduleMatchingTimesResponse { start_time })
}
