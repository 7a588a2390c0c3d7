//! DeleteSchedule: the schedule goes; runs that it has started go on.

use klamm_messages::{
    klamm::v1::{DeleteSchedule, command::Body},
    temporal::workflowservice::v1::{DeleteScheduleRequest, DeleteScheduleResponse},
};
use klamm_processor::Backend;
use uuid::Uuid;

use crate::{call::Call, errors::Result, gateway::Gateway, settings, validate, visibility::VisibilityQueries};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    request: DeleteScheduleRequest,
) -> Result<DeleteScheduleResponse> {
    let limits = &gateway.config.limits;
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;
    validate::ids::identity(&request.identity, limits)?;
    let request_id = Uuid::new_v4().to_string();
    let body = Body::DeleteSchedule(DeleteSchedule {});
    let command = settings::schedule_command(namespace, &request.schedule_id, &request.identity, &request_id, body, limits);
    gateway.submit_schedule(&call, command).await?;
    Ok(DeleteScheduleResponse {})
}
