//! The registry's read endpoints for klamm's own schemas, over HTTP.
//!
//! Paths, bodies, error codes and content type are Confluent's. It is a registry in mode READONLY, whose schemas are those that klamm was
//! built with. A serializer gets the id of a schema that is here, both by look-up and by registration. A request that would change
//! something is refused as such a registry does (422, code 42205).

mod answer;
mod ids;
mod same;
mod served;
mod settings;
mod subjects;

use std::sync::Arc;

use axum::{
    Router,
    http::Method,
    routing::{MethodRouter, get, post},
};

use crate::Subjects;
use answer::Fault;
use served::Served;

/// The endpoints, for these subjects. `elsewhere` is the address of the registry that is in use instead, if there is one. The
/// error for an unknown id names it.
pub fn routes(subjects: Subjects, elsewhere: Option<String>) -> Router {
    let served = Arc::new(Served { subjects, elsewhere });
    Router::new()
        .route("/schemas", read(get(ids::all)))
        .route("/schemas/types", read(get(settings::types)))
        .route("/schemas/ids/{id}", read(get(ids::schema)))
        .route("/schemas/ids/{id}/schema", read(get(ids::schema_text)))
        .route("/schemas/ids/{id}/subjects", read(get(ids::subjects)))
        .route("/schemas/ids/{id}/versions", read(get(ids::versions)))
        .route("/subjects", read(get(subjects::names)))
        .route("/subjects/{subject}", read(post(subjects::look_up)))
        .route("/subjects/{subject}/versions", read(get(subjects::versions).post(subjects::register)))
        .route("/subjects/{subject}/versions/{version}", read(get(subjects::version)))
        .route("/subjects/{subject}/versions/{version}/schema", read(get(subjects::version_text)))
        .route("/subjects/{subject}/versions/{version}/referencedby", read(get(subjects::referenced_by)))
        .route("/compatibility/subjects/{subject}/versions", read(post(subjects::compatible_with_all)))
        .route("/compatibility/subjects/{subject}/versions/{version}", read(post(subjects::compatible)))
        .route("/config", read(get(settings::config)))
        .route("/config/{subject}", read(get(settings::config_of)))
        .route("/mode", read(get(settings::mode)))
        .route("/mode/{subject}", read(get(settings::mode_of)))
        .route("/contexts", read(get(settings::contexts)))
        .with_state(served)
}

/// Adds the answer to other methods of the path: they would change something, or are unknown.
fn read(route: MethodRouter<Arc<Served>>) -> MethodRouter<Arc<Served>> {
    route.fallback(async |method: Method| if method == Method::GET { Fault::method() } else { Fault::read_only() })
}
