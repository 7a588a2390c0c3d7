//! Failures as JSON (Temporal: common/nexus/failure.go).

use std::{collections::BTreeMap, sync::OnceLock};

use klamm_messages::{
    DESCRIPTOR_SET,
    temporal::{
        enums::v1::NexusHandlerErrorRetryBehavior,
        failure::v1::{Failure as ApiFailure, failure::FailureInfo},
    },
};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Key of the metadata that says what the details are.
const TYPE: &str = "type";
/// Type of a failure whose details are one of Temporal's.
const API_FAILURE: &str = "temporal.api.failure.v1.Failure";
/// Type of a handler's error.
pub const HANDLER_ERROR: &str = "nexus.HandlerError";
/// Most causes that are followed. A failure that is stored has fewer.
const CAUSES_MAX: usize = 100;

/// A failure as Nexus knows it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Failure {
    /// What is said.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Where it happened.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub stack_trace: String,
    /// What else is known, in few words.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// What else is known.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub details: Value,
    /// What it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Box<Failure>>,
}

impl Failure {
    /// What the metadata says that the details are.
    pub fn kind(&self) -> &str {
        self.metadata.get(TYPE).map_or("", String::as_str)
    }

    /// One of Temporal's failures, with its causes.
    pub fn of_api(failure: &ApiFailure) -> Self {
        let causes = std::iter::successors(Some(failure), |failure| failure.cause.as_deref()).take(CAUSES_MAX);
        let links: Vec<_> = causes.collect();
        let nearest_last = links.into_iter().rev();
        let whole =
            nearest_last.fold(None, |cause: Option<Box<Self>>, failure| Some(Box::new(Self { cause, ..Self::without_cause(failure) })));
        whole.map_or_else(Self::default, |failure| *failure)
    }

    fn without_cause(failure: &ApiFailure) -> Self {
        let (kind, details) = match &failure.failure_info {
            Some(FailureInfo::NexusHandlerFailureInfo(info)) => {
                let mut details = serde_json::Map::new();
                if !info.r#type.is_empty() {
                    details.insert("type".to_owned(), info.r#type.clone().into());
                }
                match info.retry_behavior() {
                    NexusHandlerErrorRetryBehavior::Retryable => _ = details.insert("retryableOverride".to_owned(), true.into()),
                    NexusHandlerErrorRetryBehavior::NonRetryable => _ = details.insert("retryableOverride".to_owned(), false.into()),
                    NexusHandlerErrorRetryBehavior::Unspecified => {}
                }
                (HANDLER_ERROR, Value::Object(details))
            }
            // Message and stack trace stand beside the details.
            _ => (API_FAILURE, json(&ApiFailure { message: String::new(), stack_trace: String::new(), ..failure.clone() })),
        };
        Self {
            message: failure.message.clone(),
            stack_trace: failure.stack_trace.clone(),
            metadata: [(TYPE.to_owned(), kind.to_owned())].into(),
            details,
            cause: None,
        }
    }
}

/// The failure as protobuf's JSON.
fn json(failure: &ApiFailure) -> Value {
    let Some(descriptor) = descriptor() else { return Value::Null };
    let message = DynamicMessage::decode(descriptor, failure.encode_to_vec().as_slice());
    message.ok().and_then(|message| serde_json::to_value(message).ok()).unwrap_or_default()
}

fn descriptor() -> Option<MessageDescriptor> {
    static FAILURE: OnceLock<Option<MessageDescriptor>> = OnceLock::new();
    FAILURE.get_or_init(|| DescriptorPool::decode(DESCRIPTOR_SET).ok()?.get_message_by_name(API_FAILURE)).clone()
}

#[cfg(test)]
mod tests {
    use klamm_messages::temporal::failure::v1::{ApplicationFailureInfo, NexusHandlerFailureInfo};
    use serde_json::json;

    use super::*;

    fn application(message: &str) -> ApiFailure {
        let info = ApplicationFailureInfo { r#type: "T".to_owned(), non_retryable: true, ..ApplicationFailureInfo::default() };
        ApiFailure {
            message: message.to_owned(),
            stack_trace: "trace".to_owned(),
            failure_info: Some(FailureInfo::ApplicationFailureInfo(info)),
            ..ApiFailure::default()
        }
    }

    #[test]
    fn details_are_temporals_failure_without_its_message() {
        assert_eq!(
            serde_json::to_value(Failure::of_api(&application("boom"))).unwrap(),
            json!({
                "message": "boom",
                "stackTrace": "trace",
                "metadata": {"type": "temporal.api.failure.v1.Failure"},
                "details": {"applicationFailureInfo": {"type": "T", "nonRetryable": true}},
            })
        );
    }

    #[test]
    fn causes_come_along() {
        let failure = ApiFailure { cause: Some(Box::new(application("cause"))), ..application("boom") };
        let told = serde_json::to_value(Failure::of_api(&failure)).unwrap();
        assert_eq!((&told["message"], &told["cause"]["message"]), (&json!("boom"), &json!("cause")));
        assert_eq!(told["details"]["cause"]["message"], "cause");
        assert_eq!(told["cause"]["cause"], Value::Null);
    }

    #[test]
    fn a_handlers_error_has_a_form_of_its_own() {
        let info =
            NexusHandlerFailureInfo { r#type: "NOT_FOUND".to_owned(), retry_behavior: NexusHandlerErrorRetryBehavior::Retryable as i32 };
        let failure = ApiFailure { failure_info: Some(FailureInfo::NexusHandlerFailureInfo(info)), ..ApiFailure::default() };
        assert_eq!(
            serde_json::to_value(Failure::of_api(&failure)).unwrap(),
            json!({"metadata": {"type": "nexus.HandlerError"}, "details": {"type": "NOT_FOUND", "retryableOverride": true}})
        );
    }
}
