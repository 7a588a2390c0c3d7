//! The request that tells a caller how an operation has ended (Temporal: common/nexus/nexusrpc/completion.go; mutable_state_impl.go
//! GetNexusCompletion).

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header};
use klamm_messages::temporal::{
    common::v1::{Payload, link::WorkflowEvent},
    failure::v1::{CanceledFailureInfo, Failure as ApiFailure, TerminatedFailureInfo, TimeoutFailureInfo, failure::FailureInfo},
    history::v1::{HistoryEvent, history_event::Attributes},
};
use prost_types::Timestamp;

use crate::{content, failure::Failure, handler_error::CallError, link, times};

/// How an operation has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// Its outcome.
    pub outcome: Outcome,
    /// When it began.
    pub start_time: Option<Timestamp>,
    /// When it ended.
    pub close_time: Option<Timestamp>,
    /// Where the work stands that was done for it.
    pub link: Option<WorkflowEvent>,
}

/// The outcome of an operation.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It succeeded, with this result.
    Succeeded(Option<Payload>),
    /// It failed.
    Failed(Box<ApiFailure>),
    /// It was cancelled.
    Canceled(Box<ApiFailure>),
}

/// Headers that the connection sets by itself.
const OF_THE_CONNECTION: [HeaderName; 5] =
    [header::HOST, header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::TRAILER, header::CONNECTION];
const STATE: HeaderName = HeaderName::from_static("nexus-operation-state");
const START_TIME: HeaderName = HeaderName::from_static("nexus-operation-start-time");
const CLOSE_TIME: HeaderName = HeaderName::from_static("nexus-operation-close-time");
const LINK: HeaderName = HeaderName::from_static(link::HEADER);

impl Outcome {
    /// What the closing event of a workflow says. Callers learn neither why it was terminated nor which time-out was over. `None`: the event
    /// closes no operation.
    pub fn of_closing_event(event: &HistoryEvent) -> Option<Self> {
        let failed = |message: &str, info: FailureInfo| {
            Box::new(ApiFailure { message: message.to_owned(), failure_info: Some(info), ..ApiFailure::default() })
        };
        Some(match event.attributes.as_ref()? {
            Attributes::WorkflowExecutionCompletedEventAttributes(completed) => {
                Self::Succeeded(completed.result.as_ref().and_then(|result| result.payloads.first().cloned()))
            }
            Attributes::WorkflowExecutionFailedEventAttributes(failed) => {
                Self::Failed(Box::new(failed.failure.clone().unwrap_or_default()))
            }
            Attributes::WorkflowExecutionCanceledEventAttributes(canceled) => {
                let info = CanceledFailureInfo { details: canceled.details.clone(), ..CanceledFailureInfo::default() };
                Self::Canceled(failed("operation canceled", FailureInfo::CanceledFailureInfo(info)))
            }
            Attributes::WorkflowExecutionTerminatedEventAttributes(_) => {
                let info = TerminatedFailureInfo::default();
                Self::Failed(failed("operation terminated", FailureInfo::TerminatedFailureInfo(info)))
            }
            Attributes::WorkflowExecutionTimedOutEventAttributes(_) => {
                let info = TimeoutFailureInfo::default();
                Self::Failed(failed("operation exceeded internal timeout", FailureInfo::TimeoutFailureInfo(info)))
            }
            _ => return None,
        })
    }
}

impl Completion {
    /// The request to this URL. Headers of the callback take precedence over those that a completion has.
    ///
    /// # Errors
    /// The URL or a header cannot be sent, now or ever.
    pub fn request(&self, url: &str, callback_headers: &BTreeMap<String, String>) -> Result<Request<Bytes>, CallError> {
        let never = |what: String| CallError { message: what, is_retryable: false };
        let uri: Uri = url.parse().map_err(|error| never(format!("invalid url: {error}")))?;
        let mut headers = HeaderMap::new();
        let body = self.body(&mut headers);
        headers.insert(header::USER_AGENT, HeaderValue::from_static(concat!("klamm/", env!("CARGO_PKG_VERSION"))));
        if let Some(time) = &self.start_time {
            insert(&mut headers, START_TIME, &times::http(time));
        }
        if let Some(time) = &self.close_time {
            insert(&mut headers, CLOSE_TIME, &times::rfc3339(time));
        }
        if let Some(link) = &self.link {
            insert(&mut headers, LINK, &link::workflow_event(link));
        }
        for (name, value) in callback_headers {
            let name: HeaderName = name.parse().map_err(|_| never(format!("invalid name of a header: {name:?}")))?;
            let value = value.parse().map_err(|_| never(format!("invalid value of header {name}")))?;
            if !OF_THE_CONNECTION.contains(&name) {
                headers.insert(name, value);
            }
        }
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Ok(request)
    }

    fn body(&self, headers: &mut HeaderMap) -> Bytes {
        let (state, failure) = match &self.outcome {
            Outcome::Succeeded(result) => {
                let content = content::of_payload(result.as_ref());
                for (name, value) in &content.headers {
                    if let Ok(name) = format!("content-{name}").parse::<HeaderName>()
                        && !OF_THE_CONNECTION.contains(&name)
                    {
                        insert(headers, name, value);
                    }
                }
                insert(headers, STATE, "succeeded");
                return content.body;
            }
            Outcome::Failed(failure) => ("failed", failure),
            Outcome::Canceled(failure) => ("canceled", failure),
        };
        insert(headers, STATE, state);
        insert(headers, header::CONTENT_TYPE, "application/json");
        serde_json::to_vec(&Failure::of_api(failure)).unwrap_or_default().into()
    }
}

/// Sets a header, unless the value holds what no header can.
fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use klamm_messages::temporal::{
        common::v1::{
            Payloads,
            link::workflow_event::{EventReference, Reference},
        },
        history::v1::{
            WorkflowExecutionCanceledEventAttributes, WorkflowExecutionCompletedEventAttributes, WorkflowExecutionFailedEventAttributes,
            WorkflowExecutionTerminatedEventAttributes, WorkflowExecutionTimedOutEventAttributes,
        },
    };

    use super::*;

    fn request(attributes: Attributes, headers: &[(&str, &str)]) -> Result<Request<Bytes>, CallError> {
        let event = HistoryEvent { attributes: Some(attributes), ..HistoryEvent::default() };
        let completion = Completion {
            outcome: Outcome::of_closing_event(&event).unwrap(),
            start_time: Some(Timestamp { seconds: 784_111_777, nanos: 5 }),
            close_time: Some(Timestamp { seconds: 784_111_778, nanos: 500_000_000 }),
            link: Some(WorkflowEvent {
                namespace: "n".to_owned(),
                workflow_id: "w".to_owned(),
                run_id: "r".to_owned(),
                reference: Some(Reference::EventRef(EventReference { event_id: 1, event_type: 1 })),
            }),
        };
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        completion.request("http://host:80/path", &headers)
    }

    fn header<'r>(request: &'r Request<Bytes>, name: &str) -> &'r str {
        request.headers().get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn completed(payloads: Vec<Payload>) -> Attributes {
        Attributes::WorkflowExecutionCompletedEventAttributes(WorkflowExecutionCompletedEventAttributes {
            result: Some(Payloads { payloads }),
            ..Default::default()
        })
    }

    #[test]
    fn a_result_is_the_body() {
        let metadata = [("encoding".to_owned(), Bytes::from_static(b"json/plain"))];
        let payload = Payload { metadata: metadata.into(), data: Bytes::from_static(b"42"), ..Payload::default() };
        let request = request(completed(vec![payload, Payload::default()]), &[("token", "t")]).unwrap();
        assert_eq!((request.method(), request.uri().to_string().as_str()), (&Method::POST, "http://host:80/path"));
        assert_eq!(request.body().as_ref(), b"42");
        for (name, value) in [
            ("content-type", "application/json"),
            ("nexus-operation-state", "succeeded"),
            ("nexus-operation-start-time", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("nexus-operation-close-time", "1994-11-06T08:49:38.500Z"),
            ("token", "t"),
        ] {
            assert_eq!(header(&request, name), value, "{name}");
        }
        assert!(header(&request, "nexus-link").starts_with("<temporal:///namespaces/n/workflows/w/r/history?"));
        let empty = self::request(completed(Vec::new()), &[]).unwrap();
        assert_eq!((empty.body().len(), header(&empty, "content-type")), (0, ""));
    }

    #[test]
    fn other_ends_are_failures() {
        let boom = ApiFailure { message: "boom".to_owned(), ..ApiFailure::default() };
        for (attributes, state, message) in [
            (
                Attributes::WorkflowExecutionFailedEventAttributes(WorkflowExecutionFailedEventAttributes {
                    failure: Some(boom),
                    ..Default::default()
                }),
                "failed",
                "boom",
            ),
            (
                Attributes::WorkflowExecutionCanceledEventAttributes(WorkflowExecutionCanceledEventAttributes::default()),
                "canceled",
                "operation canceled",
            ),
            (
                Attributes::WorkflowExecutionTerminatedEventAttributes(WorkflowExecutionTerminatedEventAttributes {
                    reason: "secret".to_owned(),
                    ..Default::default()
                }),
                "failed",
                "operation terminated",
            ),
            (
                Attributes::WorkflowExecutionTimedOutEventAttributes(WorkflowExecutionTimedOutEventAttributes::default()),
                "failed",
                "operation exceeded internal timeout",
            ),
        ] {
            let request = request(attributes, &[]).unwrap();
            assert_eq!((header(&request, "nexus-operation-state"), header(&request, "content-type")), (state, "application/json"));
            let failure: Failure = serde_json::from_slice(request.body()).unwrap();
            assert_eq!((failure.message.as_str(), failure.kind()), (message, "temporal.api.failure.v1.Failure"));
            assert!(!String::from_utf8_lossy(request.body()).contains("secret"));
        }
    }

    #[test]
    fn headers_of_the_callback_come_first_and_those_of_the_connection_are_its_own() {
        let headers = [("nexus-operation-state", "mine"), ("nexus-link", "mine"), ("content-length", "7"), ("host", "other")];
        let request = request(completed(Vec::new()), &headers).unwrap();
        assert_eq!((header(&request, "nexus-operation-state"), header(&request, "nexus-link")), ("mine", "mine"));
        assert_eq!((header(&request, "content-length"), header(&request, "host")), ("", ""));
    }

    #[test]
    fn what_cannot_be_sent_is_never_tried_again() {
        for (name, value) in [("bad name", "x"), ("name", "line\nbreak")] {
            assert!(!request(completed(Vec::new()), &[(name, value)]).unwrap_err().is_retryable);
        }
    }
}
