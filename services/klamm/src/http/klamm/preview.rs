//! The times of a schedule's spec that no schedule has yet, for whoever is about to write one.

use std::{sync::Arc, time::SystemTime};

use axum::{
    Json,
    extract::{Path, State},
    http::HeaderMap,
};
use bytes::Bytes;
use klamm_api::workflowservice::v1::{DescribeNamespaceRequest, workflow_service_client::WorkflowServiceClient};
use klamm_machine::Time;
use klamm_messages::temporal::schedule::v1::ScheduleSpec;
use klamm_schedule::{
    STEPS_MAX,
    spec::{Due, END, Found, Spec, Steps},
    view::TOO_MANY_EXCLUSIONS,
};
use prost_types::Timestamp;
use serde_json::{Value, json};
use tonic::Status;

use super::{
    asked::{Asked, time},
    body,
    handling::{Answered, Klamm, from},
};

/// Times of an answer that asks for no number.
const LIMIT: usize = 10;
/// Most times of an answer, as in ListScheduleMatchingTimes.
const LIMIT_MAX: usize = 1000;

/// `POST namespaces/{namespace}/schedule-preview`: the body is a ScheduleSpec.
pub async fn preview(
    State(klamm): State<Arc<Klamm>>,
    Path(namespace): Path<String>,
    asked: Asked,
    headers: HeaderMap,
    content: Bytes,
) -> Answered {
    let spec: ScheduleSpec = body::message(&headers, &content, "temporal.api.schedule.v1.ScheduleSpec")?;
    let after = asked.time("from")?.unwrap_or_else(|| Timestamp::from(SystemTime::now()));
    let end = asked.time("to")?.map_or(END, |end| Time::from(&end));
    let limit = asked.number("limit")?.unwrap_or(LIMIT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(Status::invalid_argument(format!("limit={limit} is not between 1 and {LIMIT_MAX}")).into());
    }
    // Jitter is drawn by the ids of namespace and schedule. The call also says whether the client may read the namespace at all.
    let request = DescribeNamespaceRequest { namespace, ..DescribeNamespaceRequest::default() };
    let described = WorkflowServiceClient::new(klamm.calls.clone()).describe_namespace(from(asked.peer, request)).await?.into_inner();
    let seed = format!("{}-{}", described.namespace_info.unwrap_or_default().id, asked.text("scheduleId")?.unwrap_or_default());
    let turn = klamm.computing.acquire().await.map_err(|_| Status::unavailable("klamm is stopping"))?;
    let found = tokio::task::spawn_blocking(move || times(&spec, &seed, (&after).into(), end, limit)).await;
    drop(turn);
    let times = found.map_err(|error| Status::internal(error.to_string()))??;
    Ok(Json(json!({ "times": times.iter().map(shown).collect::<Vec<_>>() })))
}

/// The times after `after` and not after `end`, as far as the steps of one command last.
fn times(spec: &ScheduleSpec, seed: &str, after: Time, end: Time, limit: usize) -> Result<Vec<Due>, Status> {
    let spec = Spec::compile(spec).map_err(|error| Status::invalid_argument(format!("Invalid schedule spec: {error}")))?;
    let (mut steps, mut after, mut times) = (Steps::new(STEPS_MAX), after, Vec::new());
    while times.len() < limit {
        match spec.search(seed, after, end, &mut steps) {
            Found::At(due) => {
                after = due.nominal;
                times.push(due);
            }
            Found::Never => break,
            // What was found is worth more than an error.
            Found::NotUpTo(_) if !times.is_empty() => break,
            Found::NotUpTo(_) => return Err(Status::invalid_argument(TOO_MANY_EXCLUSIONS)),
        }
    }
    Ok(times)
}

fn shown(due: &Due) -> Value {
    json!({ "nominal": time(Some(&due.nominal.into())), "due": time(Some(&due.actual.into())) })
}
