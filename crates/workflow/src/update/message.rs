//! Protocol messages and their bodies.

use klamm_messages::temporal::protocol::v1::Message;
use prost::Name;
use prost_types::Any;

/// What comes before the name of a type in the URL of a body.
const TYPE_URL_PREFIX: &str = "type.googleapis.com/";

/// A body of this type.
pub(super) fn body<M: prost::Message + Name>(message: &M) -> Any {
    Any { type_url: format!("{TYPE_URL_PREFIX}{}", M::full_name()), value: message.encode_to_vec() }
}

/// Name of the body's type; empty when there is none.
pub(super) fn type_name(body: &Any) -> &str {
    body.type_url.rsplit('/').next().unwrap_or_default()
}

/// Whether the message's body is of this type.
pub(crate) fn is_message<M: Name>(message: &Message) -> bool {
    message.body.as_ref().is_some_and(|body| type_name(body) == M::full_name())
}
