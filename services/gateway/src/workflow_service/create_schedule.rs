//! CreateSchedule: a new schedule.

use klamm_messages::{
    klamm::v1::{CreateSchedule, command::Body},
    temporal::{
        schedule::v1::Schedule,
        workflowservice::v1::{CreateScheduleRequest, CreateScheduleResponse},
    },
};
use klamm_processor::Backend;
use klamm_schedule::Answer;

use crate::{
    call::Call,
    errors::{Fault, Result},
    gateway::{Gateway, unexpected_answer},
    settings, validate,
    visibility::VisibilityQueries,
};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    mut request: CreateScheduleRequest,
) -> Result<CreateScheduleResponse> {
    let limits = &gateway.config.limits;
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.registered_namespace(&namespaces, &request.namespace)?;

    // Order of the checks: Temporal's CreateSchedule, then what its starts would be refused for.
    validate::schedule::schedule_id(&request.schedule_id, limits)?;
    if request.request_id.is_empty() {
        return Err(Fault::invalid("RequestId is not set on request."));
    }
    validate::ids::at_most(&request.request_id, limits, "RequestId length exceeds limit.")?;
    let schedule = request.schedule.get_or_insert_with(Schedule::default);
    validate::schedule::spec(schedule)?;
    validate::schedule::action(schedule, namespace, limits)?;
    validate::search_attributes::check_and_type(request.search_attributes.as_mut(), namespace, limits)?;
    validate::sizes::memo(request.memo.as_ref(), limits)?;
    validate::schedule::size(schedule, request.memo.as_ref(), limits)?;
    if let Some(patch) = &mut request.initial_patch {
        validate::schedule::patch(patch, super::schedules::now(), limits)?;
        validate::canonical::schedule_patch(patch);
    }
    validate::ids::identity(&request.identity, limits)?;
    validate::schedule::action_can_start(schedule, limits)?;

    validate::schedule::policies(schedule);
    validate::canonical::schedule(schedule);
    let (schedule_id, identity) = (request.schedule_id.clone(), request.identity.clone());
    let body = Body::CreateSchedule(CreateSchedule { request: Some(request), namespace_id: namespace.id.clone() });
    let command = settings::schedule_command(namespace, &schedule_id, &identity, "", body, limits);
    match gateway.submit_schedule(&call, command).await? {
        Answer::Token(conflict_token) => Ok(CreateScheduleResponse { conflict_token }),
        Answer::Empty => Err(unexpected_answer()),
    }
}
