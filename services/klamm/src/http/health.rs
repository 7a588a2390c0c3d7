//! `/healthz`, `/livez` and `/readyz`: the process's health, for probes and people.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::{
    Json, Router,
    http::{HeaderMap, StatusCode, header::ACCEPT},
    response::{IntoResponse, Response},
    routing::get,
};
use klamm_supervise::{Health, Reason, Severity, Supervisor};
use serde_json::json;

/// The routes of the three paths.
pub fn routes(supervisor: Supervisor) -> Router {
    let probe = |probe: Probe| {
        let supervisor = supervisor.clone();
        get(move |headers: HeaderMap| async move {
            supervisor.look();
            answer(probe, supervisor.health(), wants_json(&headers))
        })
    };
    Router::new().route("/healthz", probe(Probe::Health)).route("/livez", probe(Probe::Live)).route("/readyz", probe(Probe::Ready))
}

/// What a path answers.
#[derive(Clone, Copy)]
enum Probe {
    /// Whether all is well: one word, or the reasons.
    Health,
    /// Whether the process can go on without a restart.
    Live,
    /// Whether calls are answered, and what the process does with the partitions.
    Ready,
}

fn wants_json(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| accept.contains("application/json"))
}

fn answer(probe: Probe, health: &Health, json: bool) -> Response {
    let is_well = match probe {
        Probe::Live => health.is_live(),
        Probe::Health | Probe::Ready => health.is_ready(),
    };
    let status = if is_well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let (role, reasons) = (health.role(), health.reasons());
    if json {
        let reasons: Vec<_> = reasons.iter().map(in_json).collect();
        let body = json!({ "ready": health.is_ready(), "live": health.is_live(), "role": role.name(), "reasons": reasons });
        return (status, Json(body)).into_response();
    }
    let mut lines = Vec::new();
    match probe {
        Probe::Ready => lines.push(format!("{}role: {}", if is_well { "" } else { "not ready; " }, role.name())),
        Probe::Live | Probe::Health if is_well => lines.push("ok".to_owned()),
        Probe::Live | Probe::Health => {}
    }
    lines.extend(reasons.iter().map(|reason| match (probe, reason.severity) {
        (Probe::Health, Severity::Failure | Severity::Fatal) => reason.text.clone(),
        (_, severity) => format!("{}: {}", severity.name(), reason.text),
    }));
    if lines.is_empty() {
        lines.push(format!("klamm is {}.", role.name()));
    }
    (status, lines.join("\n") + "\n").into_response()
}

fn in_json(reason: &Reason) -> serde_json::Value {
    let since_ms =
        reason.since.duration_since(UNIX_EPOCH).unwrap_or_else(|_| SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default());
    json!({
        "source": reason.source,
        "severity": reason.severity.name(),
        "text": reason.text,
        "since_ms": since_ms.as_millis() as u64,
    })
}
