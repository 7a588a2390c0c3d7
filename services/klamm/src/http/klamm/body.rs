//! What a request's body says: JSON, of a message of Temporal's API or of klamm's own.

use axum::http::{HeaderMap, header::CONTENT_TYPE};
use klamm_rest::{Form, Invalid};
use prost::Message;
use serde::de::DeserializeOwned;
use tonic::Status;

use crate::http::described::descriptors;

/// The message of this name that a body is. An empty body is the empty message.
///
/// # Errors
/// InvalidArgument: the body does not say that it is JSON, or is not this message's. A form of another site's page cannot say
/// `application/json`, so it cannot change anything.
pub fn message<T: Message + Default>(headers: &HeaderMap, body: &[u8], name: &str) -> Result<T, Status> {
    let form = form(headers)?;
    let descriptor = descriptors().get_message_by_name(name).ok_or_else(|| Status::internal(format!("no descriptor of {name}")))?;
    let dynamic = klamm_rest::decode(body, &descriptor, form).map_err(|Invalid(reason)| Status::invalid_argument(reason))?;
    T::decode(dynamic.encode_to_vec().as_slice()).map_err(|error| Status::internal(error.to_string()))
}

/// What a body of klamm's own says. An empty body is an empty object.
///
/// # Errors
/// InvalidArgument: the body does not say that it is JSON, or says something else.
pub fn own<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, Status> {
    form(headers)?;
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| Status::invalid_argument(format!("the body: {error}")))
}

fn form(headers: &HeaderMap) -> Result<Form, Status> {
    let content_type = headers.get(CONTENT_TYPE).map(|content_type| content_type.to_str().unwrap_or("?"));
    let form = content_type.and_then(Form::of_media_type);
    form.ok_or_else(|| Status::invalid_argument("the body needs content-type: application/json"))
}
