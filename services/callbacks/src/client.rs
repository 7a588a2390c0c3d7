//! The HTTP client.
//!
//! It follows no redirects, because only the first address was checked.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper_tls::HttpsConnector;
use hyper_util::{
    client::legacy::{Client as Pooled, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use klamm_nexus::CallError;

use crate::Call;

/// Longest time that one call may take (callback.request.timeout).
const TIMEOUT: Duration = Duration::from_secs(10);
/// Longest time for the connection alone.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection is kept that nobody uses.
const IDLE: Duration = Duration::from_secs(30);
/// Connections to one destination that are kept although nobody uses them.
const IDLE_CONNECTIONS: usize = 4;
/// So much of an answer is read. Nobody needs more of an error.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Makes calls. Clones share their connections.
#[derive(Debug, Clone)]
pub struct Client(Pooled<HttpsConnector<HttpConnector>, Full<Bytes>>);

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

impl Client {
    /// A client without connections. It trusts the authorities that the system trusts.
    pub fn new() -> Self {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_connect_timeout(Some(CONNECT_TIMEOUT));
        http.set_nodelay(true);
        let mut builder = Pooled::builder(TokioExecutor::new());
        builder.pool_timer(TokioTimer::new()).pool_idle_timeout(IDLE).pool_max_idle_per_host(IDLE_CONNECTIONS);
        Self(builder.build(HttpsConnector::new_with_connector(http)))
    }

    /// Makes the call and waits for its answer.
    ///
    /// # Errors
    /// What the target answers if that is no success, or why there is no answer.
    pub async fn complete(&self, call: &Call) -> Result<(), CallError> {
        let request = call.completion.request(&call.url, &call.headers)?;
        let began = Instant::now();
        let answered = tokio::time::timeout(TIMEOUT, self.send(request)).await;
        let timed_out = || Err(CallError::unanswered(format!("Post {:?}: no answer within {} s", call.url, TIMEOUT.as_secs())));
        let result = answered.unwrap_or_else(|_| timed_out());
        let outcome = match &result {
            Ok(()) => "success",
            Err(error) if error.is_retryable => "retryable-error",
            Err(_) => "error",
        };
        metrics::counter!("callback_outbound_requests", "outcome" => outcome).increment(1);
        metrics::histogram!("callback_outbound_latency", "outcome" => outcome).record(began.elapsed().as_secs_f64());
        result
    }

    async fn send(&self, request: Request<Bytes>) -> Result<(), CallError> {
        let url = request.uri().to_string();
        let response = self.0.request(request.map(Full::new)).await;
        let response = response.map_err(|error| CallError::unanswered(format!("Post {url:?}: {}", causes(&error))))?;
        let (parts, body) = Response::into_parts(response);
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
        if parts.status.is_success() {
            // A success without its whole answer is one, too: nobody needs the answer.
            return Ok(());
        }
        let body = body.map(|body| body.to_bytes()).unwrap_or_default();
        Err(CallError::of_answer(parts.status, &parts.headers, &body))
    }
}

/// An error with what it came from.
fn causes(error: &dyn std::error::Error) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain.take(8).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
