//! klamm's own part of the HTTP API: JSON of what its Inspect service tells, live updates, and what Temporal's HTTP API has no paths for.
//!
//! Names are in camelCase, counts and offsets are numbers, times are RFC 3339 in UTC with milliseconds. docs/http.md has an example of each path.

mod asked;
mod body;
mod handling;
mod live;
mod manage;
mod openapi;
mod overview;
mod preview;
mod records;
mod schedules;
mod stream;
mod topics;
mod triggers;

use std::sync::Arc;

use axum::{
    Router,
    routing::{delete, get, post},
};

pub(super) use self::{handling::Klamm, openapi::paths};

/// The routes.
pub fn routes(klamm: Klamm) -> Router {
    Router::new()
        .route("/api/klamm/v1/overview", get(overview::overview))
        .route("/api/klamm/v1/partitions", get(overview::partitions))
        .route("/api/klamm/v1/members", get(overview::members))
        .route("/api/klamm/v1/topics", get(topics::list))
        .route("/api/klamm/v1/topics/{topic}", get(topics::describe))
        .route("/api/klamm/v1/declared-topics", get(topics::declared))
        .route("/api/klamm/v1/topics/{topic}/records", get(records::read))
        .route("/api/klamm/v1/topics/{topic}/tail", get(records::tail))
        .route("/api/klamm/v1/triggers", get(triggers::list).post(triggers::apply))
        .route("/api/klamm/v1/triggers/{trigger}", get(triggers::describe).delete(triggers::delete))
        .route("/api/klamm/v1/triggers/{trigger}/dead-letters", get(triggers::dead_letters))
        .route("/api/klamm/v1/triggers/{trigger}/pause", post(triggers::pause))
        .route("/api/klamm/v1/triggers/{trigger}/resume", post(triggers::resume))
        .route("/api/klamm/v1/triggers/{trigger}/replay", post(triggers::replay))
        .route("/api/klamm/v1/namespaces/{namespace}", delete(manage::delete_namespace))
        .route("/api/klamm/v1/namespaces/{namespace}/search-attributes", post(manage::add_search_attributes))
        .route("/api/klamm/v1/namespaces/{namespace}/search-attributes/{name}", delete(manage::remove_search_attribute))
        .route("/api/klamm/v1/namespaces/{namespace}/workflows/{workflow}", delete(manage::delete_workflow))
        .route("/api/klamm/v1/namespaces/{namespace}/schedule-preview", post(preview::preview))
        .route("/api/klamm/v1/namespaces/{namespace}/task-queues", get(topics::task_queues))
        .route("/api/klamm/v1/namespaces/{namespace}/schedules/{schedule}/audit", get(schedules::audit))
        .route("/api/klamm/v1/namespaces/{namespace}/workflows/{workflow}/records", get(records::of_run))
        .route("/api/klamm/v1/namespaces/{namespace}/workflows/{workflow}/history/live", get(live::history))
        .route("/api/klamm/v1/namespaces/{namespace}/workflow-count/live", get(live::count))
        .with_state(Arc::new(klamm))
}
