//! A gRPC status as an answer of HTTP: google.rpc.Status in JSON, and the HTTP status that grpc-gateway has for its code.

use axum::{
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use klamm_messages::rpc;
use klamm_rest::Form;
use prost::Message as _;
use prost_reflect::DynamicMessage;
use tonic::{Code, Status};

use super::described::descriptors;

/// The answer of an error.
pub fn response(status: &Status, form: Form) -> Response {
    let mut response = (http_status(status.code()), json(status, form)).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// google.rpc.Status as JSON.
pub fn json(status: &Status, form: Form) -> String {
    let plain = || rpc::Status { code: status.code() as i32, message: status.message().to_owned(), details: Vec::new() };
    let full = match status.details() {
        [] => plain(),
        details => rpc::Status::decode(details).unwrap_or_else(|_| plain()),
    };
    let shown = |status: rpc::Status| {
        let descriptor = descriptors().get_message_by_name("google.rpc.Status")?;
        let message = DynamicMessage::decode(descriptor, status.encode_to_vec().as_slice()).ok()?;
        klamm_rest::encode(&message, form).ok()
    };
    shown(full).or_else(|| shown(plain())).unwrap_or_else(|| r#"{"code": 13, "message": "failed to marshal error message"}"#.to_owned())
}

/// The HTTP status of a code (grpc-gateway: HTTPStatusFromCode).
fn http_status(code: Code) -> StatusCode {
    match code {
        Code::Ok => StatusCode::OK,
        // nginx's "client closed request".
        Code::Cancelled => StatusCode::from_u16(499).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => StatusCode::BAD_REQUEST,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::Aborted => StatusCode::CONFLICT,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::Unknown | Code::Internal | Code::DataLoss => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
