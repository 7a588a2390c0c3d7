//! UpdateSchedule: replaces the definition of a schedule.

use klamm_backend::Backend;
use klamm_filters::VisibilityQueries;
use klamm_messages::temporal::workflowservice::v1::{UpdateScheduleRequest, UpdateScheduleResponse};
use klamm_requests::{Result, calls::update_schedule};

use super::schedules;
use crate::{call::Call, gateway::Gateway};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    mut request: UpdateScheduleRequest,
) -> Result<UpdateScheduleResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    update_schedule::check_action(&mut request, &gateway.terms(namespace))?;
    schedules::check_spec(gateway, request.schedule.get_or_insert_default()).await?;
    gateway.submit_schedule(&call, update_schedule::command(request, &gateway.terms(namespace))?).await?;
    Ok(UpdateScheduleResponse {})
}
