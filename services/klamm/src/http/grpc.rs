//! Calls of gRPC within the process: bytes in, bytes out. The services get requests as they get them from outside.

use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use bytes::{BufMut as _, Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
use klamm_connections::Peer;
use klamm_gateway::Calls;
use tonic::{Status, body::Body, codegen::Service as _};

/// Bytes before each message: whether it is compressed, and its length.
const PREFIX_BYTES: usize = 5;
/// Headers of requests that reach the call under their own names (Temporal: defaultForwardedHeaders, grpc-gateway: the rest).
const FORWARDED: [&str; 7] = [
    "authorization",
    "authorization-extras",
    "client-name",
    "client-version",
    "grpc-timeout",
    "supported-server-versions",
    "x-forwarded-for",
];
/// Headers with this prefix reach the call without it.
const METADATA: &str = "grpc-metadata-";
/// The client's name where it names none (Temporal: ClientNameServerHTTP).
const CLIENT_NAME: &str = "temporal-server-http";
/// The version that Temporal's server says for such clients.
const CLIENT_VERSION: &str = "1.32.0";

/// Makes a call with one request and one answer.
///
/// # Errors
/// The call's own error, or Internal if its answer is none.
pub async fn unary(calls: &Calls, path: &str, message: &[u8], headers: &HeaderMap, extensions: &Extensions) -> Result<Bytes, Status> {
    let mut frame = BytesMut::with_capacity(PREFIX_BYTES + message.len());
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).map_err(|_| Status::invalid_argument("http: request body too large"))?);
    frame.put_slice(message);
    let mut request = Request::new(Body::new(Full::new(frame.freeze())));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = path.parse::<Uri>().map_err(|error| Status::internal(error.to_string()))?;
    *request.headers_mut() = metadata(headers);
    if let Some(peer) = extensions.get::<Peer>() {
        request.extensions_mut().insert(*peer);
    }
    let response = match calls.clone().call(request).await {
        Ok(response) => response,
        Err(impossible) => match impossible {},
    };
    let (parts, body) = response.into_parts();
    check(&parts.headers)?;
    let collected = body.collect().await?;
    if let Some(trailers) = collected.trailers() {
        check(trailers)?;
    }
    let bytes = collected.to_bytes();
    match bytes.first() {
        Some(0) if bytes.len() >= PREFIX_BYTES => Ok(bytes.slice(PREFIX_BYTES..)),
        _ => Err(Status::internal("the call has no answer")),
    }
}

fn check(headers: &HeaderMap) -> Result<(), Status> {
    match Status::from_header_map(headers) {
        Some(status) if status.code() != tonic::Code::Ok => Err(status),
        _ => Ok(()),
    }
}

/// The headers of the call.
fn metadata(headers: &HeaderMap) -> HeaderMap {
    let mut metadata = HeaderMap::new();
    for (name, value) in headers {
        let own = FORWARDED.contains(&name.as_str()).then(|| name.clone());
        let prefixed = || name.as_str().strip_prefix(METADATA).and_then(|rest| rest.parse::<HeaderName>().ok());
        if let Some(name) = own.or_else(prefixed) {
            metadata.append(name, value.clone());
        }
    }
    metadata.insert("content-type", HeaderValue::from_static("application/grpc"));
    metadata.insert("te", HeaderValue::from_static("trailers"));
    if !metadata.contains_key("client-name") {
        metadata.insert("client-name", HeaderValue::from_static(CLIENT_NAME));
    }
    if !metadata.contains_key("client-version") {
        metadata.insert("client-version", HeaderValue::from_static(CLIENT_VERSION));
    }
    metadata
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_headers_reach_calls() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("authorization", "a"),
            ("cookie", "c"),
            ("grpc-metadata-client-name", "cli"),
            ("klamm-forwarded", "1"),
            ("grpc-timeout", "5S"),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        let metadata = metadata(&headers);
        let named = |name: &str| metadata.get(name).map(|value| value.to_str().unwrap());
        assert_eq!(named("authorization"), Some("a"));
        assert_eq!(named("client-name"), Some("cli"));
        assert_eq!(named("client-version"), Some(CLIENT_VERSION));
        assert_eq!(named("grpc-timeout"), Some("5S"));
        assert_eq!(named("cookie"), None);
        assert_eq!(named("klamm-forwarded"), None);
    }
}
