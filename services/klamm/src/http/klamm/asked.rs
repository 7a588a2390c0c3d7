//! What a request asks: its client, its query, and times as they are written.

use std::convert::Infallible;

use axum::{extract::FromRequestParts, http::request::Parts};
use chrono::DateTime;
use klamm_connections::Peer;
use klamm_rest::{Form, Invalid};
use prost_types::Timestamp;
use serde_json::Value;
use tonic::Status;

/// The client and the query of a request.
pub struct Asked {
    pub peer: Option<Peer>,
    query: Result<Vec<(String, String)>, Invalid>,
    /// `Last-Event-ID`: where a stream was broken off.
    pub last_event: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self {
            peer: parts.extensions.get().copied(),
            query: klamm_rest::parameters(parts.uri.query().unwrap_or_default()),
            last_event: parts.headers.get("last-event-id").and_then(|id| id.to_str().ok()).map(str::to_owned),
        })
    }
}

impl Asked {
    /// A parameter's text. Absent or empty: `None`.
    pub fn text(&self, name: &str) -> Result<Option<&str>, Status> {
        let query = self.query.as_ref().map_err(|Invalid(reason)| Status::invalid_argument(reason))?;
        Ok(query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty()))
    }

    /// A parameter's number.
    pub fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Status> {
        let read = |text: &str| text.parse().map_err(|_| Status::invalid_argument(format!("{name}={text:?} is no number that fits")));
        self.text(name)?.map(read).transpose()
    }

    /// A parameter's time.
    pub fn time(&self, name: &str) -> Result<Option<Timestamp>, Status> {
        let read = |text: &str| {
            let time = DateTime::parse_from_rfc3339(text)
                .map_err(|_| Status::invalid_argument(format!("{name}={text:?} is no time in RFC 3339")))?;
            Ok(Timestamp { seconds: time.timestamp(), nanos: time.timestamp_subsec_nanos() as i32 })
        };
        self.text(name)?.map(read).transpose()
    }

    /// In which form Temporal's messages are shown.
    pub fn form(&self) -> Form {
        Form { pretty: false, ..Form::asked(None, self.query.as_deref().unwrap_or_default()) }
    }
}

/// A time as JSON; null if there is none.
pub fn time(time: Option<&Timestamp>) -> Value {
    crate::shown::rfc3339(time).into()
}

/// A text as JSON; null if it is empty.
pub fn optional(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { text.into() }
}
