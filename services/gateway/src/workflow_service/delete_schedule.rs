//! DeleteSchedule: deletes the schedule. Runs that it has started go on.

use klamm_backend::Backend;
use klamm_filters::VisibilityQueries;
use klamm_messages::temporal::workflowservice::v1::{DeleteScheduleRequest, DeleteScheduleResponse};
use klamm_requests::{Result, calls::delete_schedule};

use crate::{call::Call, gateway::Gateway};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: DeleteScheduleRequest,
) -> Result<DeleteScheduleResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    gateway.submit_schedule(&call, delete_schedule::command(request, &gateway.terms(namespace))?).await?;
    Ok(DeleteScheduleResponse {})
}
