//! PatchSchedule: pause, unpause, trigger, backfill.

use klamm_messages::{
    klamm::v1::{PatchSchedule, command::Body},
    temporal::workflowservice::v1::{PatchScheduleRequest, PatchScheduleResponse},
};
use klamm_processor::Backend;

use crate::{
    call::Call,
    errors::{Fault, Result},
    gateway::Gateway,
    settings, validate,
    visibility::VisibilityQueries,
};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    mut request: PatchScheduleRequest,
) -> Result<PatchScheduleResponse> {
    let limits = &gateway.config.limits;
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;

    let Some(patch) = &mut request.patch else {
        return Err(Fault::invalid("Patch is not set on request."));
    };
    validate::ids::request_id(&mut request.request_id, limits)?;
    validate::schedule::patch(patch, super::schedules::now(), limits)?;
    validate::ids::identity(&request.identity, limits)?;

    validate::canonical::schedule_patch(patch);
    let (schedule_id, identity) = (request.schedule_id.clone(), request.identity.clone());
    let body = Body::PatchSchedule(PatchSchedule { request: Some(request) });
    let command = settings::schedule_command(namespace, &schedule_id, &identity, "", body, limits);
    gateway.submit_schedule(&call, command).await?;
    Ok(PatchScheduleResponse {})
}
