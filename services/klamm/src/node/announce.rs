//! A server's announcements on standard output.

use std::{net::SocketAddr, time::Instant};

use serde_json::json;

use crate::logging::announce;

/// Where the server listens.
pub fn addresses(grpc: SocketAddr, http: SocketAddr) {
    announce(&format!("gRPC:    {grpc}  (any Temporal SDK, the temporal CLI)"), "listening for gRPC", json!({ "grpc": grpc.to_string() }));
    announce(
        &format!("HTTP:    http://{http}  (web UI, HTTP API, /metrics, /healthz)"),
        "listening for HTTP",
        json!({ "http": format!("http://{http}") }),
    );
}

/// The server is ready. `standing` says what it is in a cluster; it is empty for a server alone.
pub fn ready(started: Instant, standing: &str) {
    let (version, ready_after_ms) = (env!("CARGO_PKG_VERSION"), started.elapsed().as_millis() as u64);
    let told = if standing.is_empty() { String::new() } else { format!("; {standing}") };
    announce(
        &format!("klamm {version} is ready after {ready_after_ms} ms{told}"),
        &format!("klamm is ready{told}"),
        json!({ "version": version, "ready_after_ms": ready_after_ms }),
    );
}
