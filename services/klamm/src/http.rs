//! HTTP: health, metrics, and the schemas of the topics.

use axum::{Router, http::StatusCode, routing::get};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;

use crate::setup_error::SetupError;

/// Starts counting.
pub fn install_metrics() -> Result<PrometheusHandle, SetupError> {
    PrometheusBuilder::new()
        .install_recorder()
        .map_err(|error| SetupError::new("starting metrics", error, "this is a bug in klamm, please report it"))
}

/// Serves `/healthz` (200, or 503 with the reason), `/metrics` (Prometheus text) and the registry's endpoints, `schemas`, until `shutdown` ends.
pub async fn serve(
    listener: TcpListener,
    metrics: PrometheusHandle,
    failure: impl Fn() -> Option<String> + Clone + Send + Sync + 'static,
    schemas: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) {
    let health = move || async move {
        match failure() {
            None => (StatusCode::OK, "ok\n".to_owned()),
            Some(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")),
        }
    };
    let render = move || async move {
        metrics.run_upkeep();
        metrics.render()
    };
    let app = Router::new().route("/healthz", get(health)).route("/metrics", get(render)).merge(schemas);
    if let Err(error) = axum::serve(listener, app).with_graceful_shutdown(shutdown).await {
        tracing::error!(error = %error, "serving HTTP");
    }
}
