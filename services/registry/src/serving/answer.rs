//! Answers and errors, in the form that registries use.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::json;

/// Content type of every body.
const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/vnd.schemaregistry.v1+json");

/// An answer: its value as JSON, or the error.
pub type Answer<T> = Result<Body<T>, Fault>;

/// A value as JSON, with the registries' content type.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: Serialize> IntoResponse for Body<T> {
    fn into_response(self) -> Response {
        Json(self.0).into_response().with_content_type()
    }
}

/// A schema's own text.
#[derive(Debug)]
pub struct Text(pub &'static str);

impl IntoResponse for Text {
    fn into_response(self) -> Response {
        self.0.into_response().with_content_type()
    }
}

trait WithContentType {
    fn with_content_type(self) -> Self;
}

impl WithContentType for Response {
    fn with_content_type(mut self) -> Self {
        self.headers_mut().insert(header::CONTENT_TYPE, CONTENT_TYPE);
        self
    }
}

/// An error: HTTP status, the registry's own code, and a sentence.
#[derive(Debug)]
pub struct Fault {
    status: StatusCode,
    code: u32,
    message: String,
}

impl Fault {
    fn new(status: StatusCode, code: u32, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    /// There is no such subject.
    pub fn no_subject(subject: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, 40401, format!("Subject '{subject}' not found."))
    }

    /// The subject has no such version.
    pub fn no_version(version: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, 40402, format!("Version {version} not found."))
    }

    /// There is no schema with this id. The text names the other registry, where one is in use: the id may be there.
    pub fn no_id(id: &str, elsewhere: Option<&str>) -> Self {
        let other = elsewhere.map(|url| format!("; this klamm registers its schemas at {url}")).unwrap_or_default();
        Self::new(StatusCode::NOT_FOUND, 40403, format!("Schema {id} not found{other}"))
    }

    /// The subject does not have this schema.
    pub fn no_schema() -> Self {
        Self::new(StatusCode::NOT_FOUND, 40403, "Schema not found")
    }

    /// The request's body is no schema.
    pub fn invalid_schema(reason: &str) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, 42201, format!("Invalid schema: {reason}"))
    }

    /// The text in the place of a version is no version.
    pub fn invalid_version(version: &str) -> Self {
        let allowed = "Allowed values are between [1, 2^31-1] and the string \"latest\"";
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            42202,
            format!("The specified version '{version}' is not a valid version id. {allowed}"),
        )
    }

    /// The request would change something.
    pub fn read_only() -> Self {
        let message = "klamm's own schemas are read-only: to use other schemas, or to keep these elsewhere, run a schema registry and set registry.url";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, 42205, message)
    }

    /// The path has no such method.
    pub fn method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, 405, "HTTP 405 Method Not Allowed")
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let body = Json(json!({ "error_code": self.code, "message": self.message }));
        (self.status, body).into_response().with_content_type()
    }
}
