//! CreateSchedule: a new schedule.

use klamm_backend::Backend;
use klamm_filters::VisibilityQueries;
use klamm_messages::temporal::workflowservice::v1::{CreateScheduleRequest, CreateScheduleResponse};
use klamm_requests::{Result, calls::create_schedule};
use klamm_schedule::Answer;

use super::schedules;
use crate::{
    call::Call,
    gateway::{Gateway, unexpected_answer},
};

pub(super) async fn handle<B: Backend, V: VisibilityQueries>(
    gateway: &Gateway<B, V>,
    call: Call,
    mut request: CreateScheduleRequest,
) -> Result<CreateScheduleResponse> {
    let namespaces = gateway.backend.namespaces();
    let namespace = gateway.registered_namespace(&namespaces, &request.namespace)?;
    create_schedule::check_ids(&request, gateway.limits_of(&request.namespace))?;
    schedules::check_spec(gateway, request.schedule.get_or_insert_default()).await?;
    let command = create_schedule::command(request, schedules::now(), &gateway.terms(namespace))?;
    match gateway.submit_schedule(&call, command).await? {
        Answer::Token(conflict_token) => Ok(CreateScheduleResponse { conflict_token: conflict_token.into() }),
        Answer::Empty => Err(unexpected_answer()),
    }
}
