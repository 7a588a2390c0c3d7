//! What the handlers have in common.

use std::{sync::Arc, time::SystemTime};

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use klamm_api::klamm::v1::inspect_client::InspectClient;
use klamm_connections::Peer;
use klamm_gateway::Calls;
use klamm_rest::Form;
use klamm_supervise::Supervisor;
use serde_json::Value;
use tokio::sync::Semaphore;
use tonic::{Request, Status};

use crate::http::status;

/// Bytes of an answer within the process: a page of records.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// What the handlers have.
pub struct Klamm {
    pub calls: Calls,
    pub supervisor: Supervisor,
    pub log_kind: &'static str,
    /// `host:port` by which others reach this process's gRPC API.
    pub address: String,
    /// When the process began to serve.
    pub started: SystemTime,
    /// Places of streams.
    pub streams: Arc<Semaphore>,
    /// Held while times are computed, which takes a core for some milliseconds.
    pub computing: Semaphore,
}

impl Klamm {
    /// What they have, with so many places of streams.
    pub fn new(calls: Calls, supervisor: Supervisor, log_kind: &'static str, address: String, streams_max: usize) -> Self {
        let (streams, computing) = (Arc::new(Semaphore::new(streams_max)), Semaphore::new(1));
        Self { calls, supervisor, log_kind, address, started: SystemTime::now(), streams, computing }
    }

    /// A client of klamm's own service.
    pub fn inspect(&self) -> InspectClient<Calls> {
        InspectClient::new(self.calls.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
    }
}

/// A call's request that comes from the same client as an HTTP request.
pub fn from<T>(peer: Option<Peer>, message: T) -> Request<T> {
    let mut request = Request::new(message);
    if let Some(peer) = peer {
        request.extensions_mut().insert(peer);
    }
    request
}

/// An error as an answer.
pub struct Refused(Status);

impl From<Status> for Refused {
    fn from(status: Status) -> Self {
        Self(status)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        status::response(&self.0, Form::default())
    }
}

/// What a handler answers.
pub type Answered = Result<Json<Value>, Refused>;
