//! ListScheduleMatchingTimes: lists the times at which a schedule's spec would act, whatever the schedule's state.

use klamm_backend::Backend;
use klamm_filters::VisibilityQueries;
use klamm_messages::temporal::workflowservice::v1::{ListScheduleMatchingTimesRequest, ListScheduleMatchingTimesResponse};
use klamm_requests::{Fault, Result};
use klamm_schedule::{
    spec::{OutOfSteps, Steps},
    view,
};
use prost_types::Timestamp;

use super::schedules;
use crate::{call::Call, gateway::Gateway};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    _call: Call,
    request: ListScheduleMatchingTimesRequest,
) -> Result<ListScheduleMatchingTimesResponse> {
    let namespaces = gateway.backend.namespaces();
    gateway.namespace(&namespaces, &request.namespace)?;
    let schedule = schedules::find(gateway, &request.namespace, &request.schedule_id).await?;
    // A missing time means the epoch, as in Temporal.
    let (start, end) = (request.start_time.unwrap_or_default(), request.end_time.unwrap_or_default());
    let definition = schedule.definition.clone();
    let times = move |steps: &mut Steps| view::matching_times(&request.schedule_id, &definition, &start, &end, steps);
    let start_time: Vec<Timestamp> =
        schedules::search(gateway, &schedule.definition, times).await??.map_err(|OutOfSteps| Fault::invalid(view::TOO_MANY_EXCLUSIONS))?;
    Ok(ListScheduleMatchingTimesResponse { start_time })
}
