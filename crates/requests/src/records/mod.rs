//! Requests that come as records on a topic `requests.<namespace>`, and the commands that they become.
//!
//! Each record becomes exactly one command. A request that cannot be taken becomes a command too ([`RefuseRequest`]), whose only effect is the
//! answer. So whether a record has been dealt with is a question of its command alone, and answers are given exactly once.
//!
//! The same record always becomes a command for the same workflow id, whatever the settings are: a reader that begins anew sends commands
//! again, and their partitions drop what they have.

mod activities;
mod asked;
mod named;
mod request;
mod start;
#[cfg(test)]
mod tests;
mod triggered;
mod values;
mod workflows;

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU32, Ordering},
};

use klamm_messages::{
    klamm::v1::{Command, CommandSource, FromRecord, NamespaceState, RefuseRequest, command::Body},
    temporal::common::v1::{Header, Payload},
};
use uuid::Uuid;

use self::{asked::Subject, named::Named};
pub use self::{
    request::Request,
    triggered::{Replayed, dead_letter, mark, pause_trigger, replayed, takes_work, triggered},
};
use crate::{
    fault::{Fault, Told},
    limits::Limits,
    namespaces::Namespaces,
    terms::Terms,
};

/// Identity of whoever asks by a record and does not say who it is.
const IDENTITY: &str = "klamm-requests";
/// Longest id of a correlation that is given back, and name of a destination for the answer, bytes. More is cut.
const CORRELATION_BYTES_MAX: usize = 1000;
/// Header of Temporal's requests in which the SDKs' tracing interceptors look for the caller's trace.
const TRACER_HEADER: &str = "_tracer-data";

/// Where a record stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The topic's full name.
    pub topic: String,
    /// Its id: a topic of the same name that is made anew is another one.
    pub topic_id: String,
    /// The partition.
    pub partition: u32,
    /// The offset.
    pub offset: i64,
}

/// What stands beside a record's value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Envelope {
    /// The record's key; empty when it has none, or one that is not UTF-8.
    pub key: String,
    /// Headers by name; values that are not UTF-8 are left out. Of headers with the same name the last one counts.
    pub headers: BTreeMap<String, String>,
}

/// What all records of a batch are checked against.
#[derive(Debug, Clone, Copy)]
pub struct Against<'a> {
    /// The namespace of their requests.
    pub namespace: &'a NamespaceState,
    /// All namespaces.
    pub namespaces: &'a Namespaces,
    /// The limits of the namespace.
    pub limits: &'a Limits,
}

impl Envelope {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// The producer's own name for its request: by this it takes effect once, however often it is produced.
    fn request_id(&self) -> Option<String> {
        if let Some(key) = self.header("idempotency-key") {
            return Some(key.to_owned());
        }
        let id = self.header("ce_id")?;
        // CloudEvents: source and id together name an event.
        Some(self.header("ce_source").map_or_else(|| id.to_owned(), |source| format!("{source}/{id}")))
    }

    fn correlation_id(&self) -> String {
        let mut id = self.header("correlation-id").unwrap_or_default().to_owned();
        crate::text::cut(&mut id, CORRELATION_BYTES_MAX);
        id
    }

    fn reply_to(&self) -> String {
        let mut name = self.header("reply-to").unwrap_or_default().to_owned();
        crate::text::cut(&mut name, CORRELATION_BYTES_MAX);
        name
    }

    /// The trace that the request belongs to, in the form that SDKs read.
    fn trace(&self) -> Option<Header> {
        let mut carried = serde_json::Map::new();
        for name in ["traceparent", "tracestate"] {
            if let Some(text) = self.header(name) {
                carried.insert(name.to_owned(), text.into());
            }
        }
        carried.contains_key("traceparent").then(|| {
            let payload: Payload = values::json(serde_json::Value::Object(carried).to_string());
            Header { fields: [(TRACER_HEADER.to_owned(), payload)].into() }
        })
    }
}

/// Reads a request in JSON.
///
/// # Errors
/// What is wrong, with line and column.
pub fn from_json(text: &[u8]) -> Result<Request, String> {
    serde_json::from_slice(text).map_err(|error| format!("The value is no request: {error}."))
}

/// The command that a record becomes. `read` is the request, or why it could not be read.
///
/// The namespace must exist, else the record has to wait.
pub fn command(
    read: Result<Request, String>,
    envelope: &Envelope,
    place: &Place,
    namespace: &NamespaceState,
    limits: &Limits,
    namespaces: &Namespaces,
) -> Command {
    let new_id = ids(place);
    let terms = Terms { namespace, limits, new_id: &new_id };

    let mut from = FromRecord {
        topic: place.topic.clone(),
        partition: place.partition.cast_signed(),
        offset: place.offset,
        correlation_id: envelope.correlation_id(),
        reply_to: envelope.reply_to(),
        ..FromRecord::default()
    };
    let mut subject = Subject { request: "", workflow_id: envelope.key.clone() };
    let decided = match read {
        Err(message) => Err(Fault::invalid(message)),
        Ok(request) => {
            let own_id = request.request_id.as_deref().filter(|id| !id.is_empty()).map(str::to_owned);
            let named = Named {
                namespace: namespace.name.clone(),
                workflow_id: request.workflow_id.clone().filter(|id| !id.is_empty()).unwrap_or_else(|| envelope.key.clone()),
                run_id: request.run_id.clone().unwrap_or_default(),
                request_id: envelope.request_id().or(own_id).unwrap_or_else(&new_id),
                identity: request.identity.clone().filter(|it| !it.is_empty()).unwrap_or_else(|| IDENTITY.to_owned()),
                header: envelope.trace(),
            };
            subject.workflow_id.clone_from(&named.workflow_id);
            from.request_id.clone_from(&named.request_id);
            asked::asked(request, named, &mut subject, &terms, namespaces)
        }
    };
    subject.request.clone_into(&mut from.request);
    let mut command = decided.unwrap_or_else(|fault| refusal(fault, subject.workflow_id, &terms));
    command.source = Some(source(place));
    command.from_record = Some(from);
    command
}

/// The command that takes the place of one that is too large for the log.
pub fn too_large(command: Command, limits: &Limits, namespace: &NamespaceState) -> Command {
    let new_id = String::new;
    let terms = Terms { namespace, limits, new_id: &new_id };
    let fault = Fault::invalid(format!("The request is larger than a command may be ({} bytes).", limits.command_bytes));
    Command { source: command.source, from_record: command.from_record, ..refusal(fault, command.workflow_id, &terms) }
}

/// What makes a command from this record take effect once.
pub fn source(place: &Place) -> CommandSource {
    CommandSource { topic_id: place.topic_id.clone(), partition: place.partition.cast_signed(), offset: place.offset, n: 0, settled: 0 }
}

fn refusal(fault: Fault, workflow_id: String, terms: &Terms<'_>) -> Command {
    let Told { code, message, .. } = fault.told();
    let body = Body::RefuseRequest(RefuseRequest { code: code as i32, message });
    terms.workflow_command(workflow_id, String::new(), body)
}

/// The ids that a command of the record needs, one after the other. A record that is read again gives the same.
fn ids(place: &Place) -> impl Fn() -> String + use<'_> {
    let drawn = AtomicU32::new(0);
    move || derived_id(place, drawn.fetch_add(1, Ordering::Relaxed))
}

/// The `n`th id that is made up for a record.
fn derived_id(place: &Place, n: u32) -> String {
    let Place { topic_id, partition, offset, .. } = place;
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("klamm/{topic_id}/{partition}/{offset}/{n}").as_bytes()).to_string()
}
