//! gRPC calls as HTTP and JSON, as Temporal's server has them (grpc-gateway with Temporal's own JSON). Everything comes from descriptors:
//! JSON from the messages, paths from a list of the `google.api.http` rules.
//!
//! ```text
//!   GET /api/v1/namespaces/default/workflows?pageSize=5
//!     Api::find ──▶ Found: the call, and what stands in the path
//!     Found::request(query, body) ──▶ the request as protobuf bytes      … the caller makes the gRPC call …
//!     Call::answer(bytes, form) ──▶ JSON
//! ```
//! This crate has no transport and no async, and knows no call by name. Inputs come from anybody: each is bounded in depth and number, and a
//! bad one is an [`Invalid`] with the text that Temporal's server answers. Read first: [`Api`], `decode`, `encode`, `payload`.

mod api;
mod decode;
mod encode;
mod form;
mod json;
mod known;
mod known_reading;
mod known_writing;
mod openapi;
mod payload;
mod query;
mod reading;
mod scalars;
mod template;
mod writing;

pub use api::{Api, Call, Found, Method, Unroutable};
pub use decode::decode;
pub use encode::encode;
pub use form::Form;
pub use json::Invalid;
pub use openapi::document;
pub use query::parameters;
pub use template::Template;
pub use writing::Unshowable;
