//! PatchSchedule: pause, unpause, trigger, backfill.

use klamm_backend::Backend;
use klamm_filters::VisibilityQueries;
use klamm_messages::temporal::workflowservice::v1::{PatchScheduleRequest, PatchScheduleResponse};
use klamm_requests::{Result, calls::patch_schedule};

use super::schedules;
use crate::{call::Call, gateway::Gateway};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: PatchScheduleRequest,
) -> Result<PatchScheduleResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    gateway.submit_schedule(&call, patch_schedule::command(request, schedules::now(), &gateway.terms(namespace))?).await?;
    Ok(PatchScheduleResponse {})
}
