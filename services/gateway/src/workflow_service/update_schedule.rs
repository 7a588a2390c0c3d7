//! UpdateSchedule: another definition in the place of a schedule's.

use klamm_messages::{
    klamm::v1::{UpdateSchedule, command::Body},
    temporal::{
        schedule::v1::Schedule,
        workflowservice::v1::{UpdateScheduleRequest, UpdateScheduleResponse},
    },
};
use klamm_processor::Backend;

use crate::{call::Call, errors::Result, gateway::Gateway, settings, validate, visibility::VisibilityQueries};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    mut request: UpdateScheduleRequest,
) -> Result<UpdateScheduleResponse> {
    let limits = &gateway.config.limits;
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.namespace(&namespaces, &request.namespace)?;

    // Order of the checks: Temporal's UpdateSchedule (the action before the spec), then what its starts would be refused for.
    validate::ids::request_id(&mut request.request_id, limits)?;
    let schedule = request.schedule.get_or_insert_with(Schedule::default);
    validate::schedule::action(schedule, namespace, limits)?;
    validate::schedule::spec(schedule)?;
    validate::search_attributes::check_and_type(request.search_attributes.as_mut(), namespace, limits)?;
    validate::schedule::size(schedule, request.memo.as_ref(), limits)?;
    validate::sizes::memo(request.memo.as_ref(), limits)?;
    validate::ids::identity(&request.identity, limits)?;
    validate::schedule::action_can_start(schedule, limits)?;

    validate::schedule::policies(schedule);
    validate::canonical::schedule(schedule);
    let (schedule_id, identity) = (request.schedule_id.clone(), request.identity.clone());
    let body = Body::UpdateSchedule(UpdateSchedule { request: Some(request) });
    let command = settings::schedule_command(namespace, &schedule_id, &identity, "", body, limits);
    gateway.submit_schedule(&call, command).await?;
    Ok(UpdateScheduleResponse {})
}
