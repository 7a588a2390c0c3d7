//! HTTP: health, metrics, and the schemas of the topics.

mod health;

use axum::{Router, http::StatusCode, response::IntoResponse, routing::get};
use klamm_connections::{Protocol, Served};
use klamm_supervise::Supervisor;
use tokio::net::TcpListener;

use crate::{node::descriptors::Doors, telemetry::Telemetry};

/// Serves health (`/healthz`, `/livez`, `/readyz`), `/metrics` (Prometheus text) and the registry's endpoints (`schemas`), until `shutdown`
/// ends. If serving fails, the process is stopped, because its health could no longer be asked.
pub async fn serve(
    listener: TcpListener,
    doors: Doors,
    telemetry: Telemetry,
    supervisor: Supervisor,
    schemas: Router,
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
    let app = Router::new().route("/metrics", get(render)).merge(health::routes(supervisor.clone())).merge(schemas);
    let refusal = || (StatusCode::SERVICE_UNAVAILABLE, "too many answers are left unread\n").into_response();
    let served = Served { service: app, refusal, name: "http" };
    let part = supervisor.part("http");
    let serving = klamm_connections::serve(listener, doors.http, Protocol::Http1, doors.settings, served, shutdown);
    match part.catch_task(serving).await {
        Ok(()) => part.ended(),
        Err(panicked) => supervisor.stop_process(format!("serving HTTP: a panic: {}", panicked.text)),
    }
}
