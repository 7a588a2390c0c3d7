//! Temporal's HTTP API: requests become calls by the rules in the descriptors (`klamm-rest`).

use std::sync::OnceLock;

use axum::{
    body::Body,
    extract::Request,
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{ACCEPT, CONTENT_TYPE},
        request::Parts,
    },
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use klamm_connections::TooMuch;
use klamm_gateway::Calls;
use klamm_rest::{Form, Found, Invalid, Unroutable};
use tonic::Status;

use super::{described::API, grpc, klamm, status};

/// Bytes of a body (Temporal: MaxHTTPAPIRequestBytes).
const BODY_BYTES_MAX: usize = 4 << 20;
/// Where the paths of the document are.
const PREFIX: &str = "/api/v1/";

/// Answers Temporal's HTTP API.
#[derive(Clone)]
pub struct Temporal {
    calls: Calls,
}

impl Temporal {
    /// An API over these calls.
    pub fn new(calls: Calls) -> Self {
        Self { calls }
    }

    /// Whether a request is one of the API.
    pub fn has(&self, method: &str, path: &str) -> bool {
        API.find(method, path).is_ok()
    }

    /// Answers a request, whatever it is.
    pub async fn answer(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let query = klamm_rest::parameters(parts.uri.query().unwrap_or_default());
        let accept = parts.headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
        let form = Form::asked(accept, query.as_deref().unwrap_or_default());
        let answered = match query {
            Ok(query) => self.call(&parts, &query, body, form).await,
            Err(Invalid(reason)) => Err(Status::invalid_argument(reason)),
        };
        match answered {
            Ok(json) => {
                let mut response = json.into_response();
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                response
            }
            Err(error) => status::response(&error, form),
        }
    }

    async fn call(&self, parts: &Parts, query: &[(String, String)], body: Body, form: Form) -> Result<String, Status> {
        // As in Go's router, HEAD is no GET.
        let found = API.find(parts.method.as_str(), parts.uri.path()).map_err(|unroutable| match unroutable {
            Unroutable::NotFound => Status::not_found("Not Found"),
            Unroutable::MethodNotAllowed => Status::unimplemented("Method Not Allowed"),
            Unroutable::Malformed => Status::invalid_argument("Bad Request"),
        })?;
        metrics::counter!("http_service_requests", "operation" => found.call().descriptor().name().to_owned()).increment(1);
        let body = read(body).await?;
        let message = request(&found, &parts.headers, query, &body)?;
        let answer = grpc::unary(&self.calls, &found.call().grpc_path(), &message, &parts.headers, &parts.extensions).await?;
        found.call().answer(answer, form).map_err(|error| Status::unknown(error.to_string()))
    }
}

/// The request that a body, a query and a path are.
fn request(found: &Found<'_>, headers: &HeaderMap, query: &[(String, String)], body: &[u8]) -> Result<Vec<u8>, Status> {
    let content_type = headers.get(CONTENT_TYPE).map(|content_type| content_type.to_str().unwrap_or("?"));
    let form = match content_type.map(|content_type| (content_type, Form::of_media_type(content_type))) {
        _ if body.is_empty() || !found.has_body() => Form::default(),
        Some((_, Some(form))) => form,
        // A form of another site's page cannot say application/json, so it cannot start workflows.
        Some((other, None)) => return Err(Status::invalid_argument(format!("the body is {other}, not application/json"))),
        None => return Err(Status::invalid_argument("the body has no content-type; it must be application/json")),
    };
    found.request(query, body, form).map_err(|Invalid(reason)| Status::invalid_argument(reason))
}

async fn read(body: Body) -> Result<Bytes, Status> {
    match Limited::new(body, BODY_BYTES_MAX).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(Status::invalid_argument("http: request body too large")),
        Err(error) if is_too_much(&*error) => Err(Status::resource_exhausted(TooMuch.to_string())),
        Err(error) => Err(Status::invalid_argument(error.to_string())),
    }
}

fn is_too_much(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source()).any(|error| error.is::<TooMuch>())
}

/// Answers the OpenAPI document of the API and of klamm's own part.
pub async fn openapi() -> Response {
    static DOCUMENT: OnceLock<Bytes> = OnceLock::new();
    // It is made once, which takes some tens of milliseconds.
    let made = tokio::task::spawn_blocking(|| DOCUMENT.get_or_init(|| document().to_string().into()).clone());
    match made.await {
        Ok(document) => ([(CONTENT_TYPE, "application/json")], document).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
    }
}

fn document() -> serde_json::Value {
    let mut document = klamm_rest::document(&API, "klamm", env!("CARGO_PKG_VERSION"), PREFIX);
    if let Some(paths) = document["paths"].as_object_mut() {
        paths.extend(klamm::paths());
    }
    document
}
