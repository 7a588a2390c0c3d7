//! What an answer says that is no success (Temporal: common/nexus/nexusrpc/client.go; nexus-rpc/sdk-go errors.go).

use http::{HeaderMap, StatusCode, header::CONTENT_TYPE};

use crate::failure::{Failure, HANDLER_ERROR};

/// Header by which an answer says whether the same call may succeed later.
const RETRYABLE: &str = "nexus-request-retryable";

/// Why a call did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallError {
    /// What is said.
    pub message: String,
    /// Whether the same call may succeed later.
    pub is_retryable: bool,
}

impl CallError {
    /// An error without an answer.
    pub fn unanswered(message: impl Into<String>) -> Self {
        Self { message: message.into(), is_retryable: true }
    }

    /// What an answer outside 2xx says. `body` is its beginning.
    pub fn of_answer(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let failure = if is_json(headers) { serde_json::from_slice::<Failure>(body).ok() } else { None };
        if let Some(failure) = failure.as_ref().filter(|failure| failure.kind() == HANDLER_ERROR) {
            let kind = failure.details["type"].as_str().unwrap_or_default();
            let told = failure.details["retryableOverride"].as_bool();
            return Self::of_handler(kind, &failure.message, told);
        }
        let Some(kind) = kind_of(status) else {
            let said = failure.map(|failure| failure.message).filter(|message| !message.is_empty());
            let said = said.map(|message| format!(": {message}")).unwrap_or_default();
            let reason = status.canonical_reason().map(|reason| format!(" {reason}")).unwrap_or_default();
            let message = format!("unexpected response status: \"{}{reason}\"{said}", status.as_u16());
            return Self { message, is_retryable: true };
        };
        let told = headers.get(RETRYABLE).and_then(|value| match value.to_str().ok()?.to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        });
        Self::of_handler(kind, "", told)
    }

    fn of_handler(kind: &str, message: &str, told: Option<bool>) -> Self {
        let shown = if kind.is_empty() { "INTERNAL" } else { kind };
        let said = if message.is_empty() { String::new() } else { format!(": {message}") };
        Self { message: format!("handler error ({shown}){said}"), is_retryable: told.unwrap_or_else(|| !is_final(kind)) }
    }
}

/// Kinds of errors that do not pass.
fn is_final(kind: &str) -> bool {
    matches!(kind, "BAD_REQUEST" | "UNAUTHENTICATED" | "UNAUTHORIZED" | "NOT_FOUND" | "NOT_IMPLEMENTED" | "CONFLICT")
}

fn kind_of(status: StatusCode) -> Option<&'static str> {
    Some(match status.as_u16() {
        400 => "BAD_REQUEST",
        401 => "UNAUTHENTICATED",
        403 => "UNAUTHORIZED",
        404 => "NOT_FOUND",
        408 => "REQUEST_TIMEOUT",
        409 => "CONFLICT",
        429 => "RESOURCE_EXHAUSTED",
        500 => "INTERNAL",
        501 => "NOT_IMPLEMENTED",
        503 => "UNAVAILABLE",
        520 => "UPSTREAM_TIMEOUT",
        _ => return None,
    })
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    content_type.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> (String, bool) {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let error = CallError::of_answer(StatusCode::from_u16(status).unwrap(), &headers, body.as_bytes());
        (error.message, error.is_retryable)
    }

    fn expected(message: &str, is_retryable: bool) -> (String, bool) {
        (message.to_owned(), is_retryable)
    }

    #[test]
    fn a_status_says_whether_to_try_again() {
        for (status, kind, is_retryable) in [
            (400, "BAD_REQUEST", false),
            (401, "UNAUTHENTICATED", false),
            (403, "UNAUTHORIZED", false),
            (404, "NOT_FOUND", false),
            (408, "REQUEST_TIMEOUT", true),
            (409, "CONFLICT", false),
            (429, "RESOURCE_EXHAUSTED", true),
            (500, "INTERNAL", true),
            (501, "NOT_IMPLEMENTED", false),
            (503, "UNAVAILABLE", true),
            (520, "UPSTREAM_TIMEOUT", true),
        ] {
            assert_eq!(answer(status, &[], "text"), expected(&format!("handler error ({kind})"), is_retryable));
        }
        assert_eq!(answer(418, &[], ""), expected("unexpected response status: \"418 I'm a teapot\"", true));
        let json = [("content-type", "application/json; charset=utf-8")];
        assert_eq!(answer(302, &json, r#"{"message": "m"}"#), expected("unexpected response status: \"302 Found\": m", true));
    }

    #[test]
    fn what_the_answer_says_itself_counts_more() {
        assert_eq!(answer(404, &[("nexus-request-retryable", "TRUE")], ""), expected("handler error (NOT_FOUND)", true));
        assert_eq!(answer(500, &[("nexus-request-retryable", "false")], ""), expected("handler error (INTERNAL)", false));
        let json = [("content-type", "application/json")];
        let body = r#"{"message": "no", "metadata": {"type": "nexus.HandlerError"}, "details": {"type": "BAD_REQUEST"}}"#;
        assert_eq!(answer(500, &json, body), expected("handler error (BAD_REQUEST): no", false));
        let body = r#"{"metadata": {"type": "nexus.HandlerError"}, "details": {"type": "BAD_REQUEST", "retryableOverride": true}}"#;
        assert_eq!(answer(500, &json, body), expected("handler error (BAD_REQUEST)", true));
        assert_eq!(answer(400, &json, "no JSON"), expected("handler error (BAD_REQUEST)", false));
        assert_eq!(answer(400, &json, r#"{"message": "x"}"#), expected("handler error (BAD_REQUEST)", false));
    }
}
