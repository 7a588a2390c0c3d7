//! HTTP: health, metrics, the schemas of the topics, Temporal's HTTP API (`api`), klamm's own (`klamm`), and a place for the web UI.
//!
//! ```text
//!   /healthz /livez /readyz /metrics /schemas… /subjects…     answered to anybody, as before
//!   /api/klamm/v1/…   ┐ safety ──▶ klamm's own, by the calls of klamm's Inspect service
//!   /api/v1/…         ┘        ──▶ Temporal's, by the calls of its gRPC services
//!   anything else       safety ──▶ Temporal's paths without prefix, for programs; the UI, for browsers
//! ```
//! Calls are made of the gRPC services in this process, or of the owner's if this process stands by. So they pass the same checks, limits and
//! metrics as calls from outside, and nothing is implemented twice.

mod api;
mod described;
mod grpc;
mod health;
mod klamm;
mod safety;
mod status;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::{Method, StatusCode, header::ACCEPT},
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};
use klamm_connections::{Protocol, Served};
use klamm_gateway::Calls;
use klamm_supervise::Supervisor;
use tokio::net::TcpListener;
use tonic::codegen::Service as _;

use self::klamm::Klamm;
use crate::{node::descriptors::Doors, telemetry::Telemetry};

pub use safety::Safety;

/// What is served besides health and metrics.
pub struct Site {
    /// Answers the calls that requests become.
    pub calls: Calls,
    /// What the topics are kept in: `embedded` or `kafka`.
    pub log_kind: &'static str,
    /// `host:port` by which others reach this process's gRPC API.
    pub address: String,
    /// Which requests are refused.
    pub safety: Safety,
    /// The registry's endpoints.
    pub schemas: Router,
    /// The web UI: answers browsers on all paths that are none of the above.
    pub ui: Option<Router>,
}

/// Serves health (`/healthz`, `/livez`, `/readyz`), `/metrics` (Prometheus text) and the site, until `shutdown` ends. If serving fails, the
/// process is stopped, because its health could no longer be asked.
pub async fn serve(
    listener: TcpListener,
    doors: Doors,
    telemetry: Telemetry,
    supervisor: Supervisor,
    site: Site,
    shutdown: impl Future<Output = ()> + Send + 'static,
) {
    let shown = supervisor.clone();
    let render = move || async move {
        let rendered = tokio::task::spawn_blocking(move || {
            shown.look();
            telemetry.render()
        });
        rendered.await.map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")))
    };
    let app =
        Router::new().route("/metrics", get(render)).merge(health::routes(supervisor.clone())).merge(routes(site, &supervisor, &doors));
    let refusal = || (StatusCode::SERVICE_UNAVAILABLE, "too many answers are left unread\n").into_response();
    let served = Served { service: app, refusal, name: "http" };
    let part = supervisor.part("http");
    let serving = klamm_connections::serve(listener, doors.http, Protocol::Http1, doors.settings, served, shutdown);
    match part.catch_task(serving).await {
        Ok(()) => part.ended(),
        Err(panicked) => supervisor.stop_process(format!("serving HTTP: a panic: {}", panicked.text)),
    }
}

/// The routes of a site.
fn routes(site: Site, supervisor: &Supervisor, doors: &Doors) -> Router {
    let Site { calls, log_kind, address, safety, schemas, ui } = site;
    // Streams stay open. Half of the connections are left for others, such as probes.
    let own = klamm::routes(Klamm::new(calls.clone(), supervisor.clone(), log_kind, address, doors.http.size() / 2));
    let temporal = api::Temporal::new(calls);
    let rest = Rest { temporal, ui };
    let guarded = Router::new()
        .route("/openapi.json", get(api::openapi))
        .route("/api/v1/openapi.json", get(api::openapi))
        .fallback(rest_of)
        .with_state(Arc::new(rest))
        .merge(own)
        .layer(middleware::from_fn_with_state(Arc::new(safety), safety::guard));
    schemas.fallback_service(guarded)
}

/// What answers paths that have no route of their own.
struct Rest {
    temporal: api::Temporal,
    ui: Option<Router>,
}

async fn rest_of(State(rest): State<Arc<Rest>>, request: Request) -> Response {
    let is_api = request.uri().path().starts_with("/api/");
    match &rest.ui {
        // Temporal's paths without prefix are also pages of web UIs. A browser that goes to a page says that it wants HTML.
        Some(ui) if !is_api && (is_navigation(&request) || !rest.temporal.has(request.method().as_str(), request.uri().path())) => {
            match ui.clone().call(request).await {
                Ok(response) => response,
                Err(impossible) => match impossible {},
            }
        }
        _ => rest.temporal.answer(request).await,
    }
}

fn is_navigation(request: &Request) -> bool {
    let wants_html =
        request.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| accept.contains("text/html"));
    wants_html && matches!(*request.method(), Method::GET | Method::HEAD)
}
