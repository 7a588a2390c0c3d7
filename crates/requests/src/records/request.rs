//! A request as a record says it: what may stand in it, in JSON. `schemas/proto/klamm/v1/request.proto` describes the fields.

use klamm_messages::temporal::common::v1::Payloads;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    start::StartRequest,
    values::{RequestPayload, Values},
};
use crate::fault::Result;

/// `klamm.v1.Request`. A field that is null counts as missing: producers whose fields are all nullable send it so.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    #[serde(alias = "workflowId")]
    pub(super) workflow_id: Option<String>,
    #[serde(alias = "runId")]
    pub(super) run_id: Option<String>,
    #[serde(alias = "requestId")]
    pub(super) request_id: Option<String>,
    pub(super) identity: Option<String>,
    pub(super) start: Option<StartRequest>,
    pub(super) signal: Option<SignalRequest>,
    pub(super) update: Option<UpdateRequest>,
    pub(super) cancel: Option<CancelRequest>,
    pub(super) terminate: Option<TerminateRequest>,
    #[serde(alias = "completeActivity")]
    pub(super) complete_activity: Option<CompleteActivityRequest>,
    #[serde(alias = "failActivity")]
    pub(super) fail_activity: Option<FailActivityRequest>,
    #[serde(alias = "cancelActivity")]
    pub(super) cancel_activity: Option<DetailsRequest>,
    #[serde(alias = "heartbeatActivity")]
    pub(super) heartbeat_activity: Option<DetailsRequest>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignalRequest {
    name: Option<String>,
    args: Option<Vec<Box<RawValue>>>,
    #[serde(alias = "argsJson")]
    args_json: Option<Vec<String>>,
    payloads: Option<Vec<RequestPayload>>,
}

impl SignalRequest {
    /// Name and arguments.
    pub(super) fn read(self) -> Result<(String, Option<Payloads>)> {
        let args = Values { name: "args", plain: self.args, texts: self.args_json, payloads: self.payloads }.read()?;
        Ok((self.name.unwrap_or_default(), args))
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateRequest {
    name: Option<String>,
    #[serde(alias = "updateId")]
    pub(super) update_id: Option<String>,
    args: Option<Vec<Box<RawValue>>>,
    #[serde(alias = "argsJson")]
    args_json: Option<Vec<String>>,
    payloads: Option<Vec<RequestPayload>>,
}

impl UpdateRequest {
    /// Name, id and arguments.
    pub(super) fn read(self) -> Result<(String, String, Option<Payloads>)> {
        let args = Values { name: "args", plain: self.args, texts: self.args_json, payloads: self.payloads }.read()?;
        Ok((self.name.unwrap_or_default(), self.update_id.unwrap_or_default(), args))
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CancelRequest {
    pub(super) reason: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TerminateRequest {
    pub(super) reason: Option<String>,
    details: Option<Vec<Box<RawValue>>>,
    #[serde(alias = "detailsJson")]
    details_json: Option<Vec<String>>,
    payloads: Option<Vec<RequestPayload>>,
}

impl TerminateRequest {
    /// Reason and details.
    pub(super) fn read(self) -> Result<(String, Option<Payloads>)> {
        let details = Values { name: "details", plain: self.details, texts: self.details_json, payloads: self.payloads }.read()?;
        Ok((self.reason.unwrap_or_default(), details))
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CompleteActivityRequest {
    #[serde(alias = "taskToken")]
    pub(super) task_token: Option<String>,
    #[serde(alias = "activityId")]
    pub(super) activity_id: Option<String>,
    #[serde(default, deserialize_with = "present")]
    result: Option<Box<RawValue>>,
    #[serde(alias = "resultJson")]
    result_json: Option<String>,
    payloads: Option<Vec<RequestPayload>>,
}

impl CompleteActivityRequest {
    /// The result.
    pub(super) fn result(self) -> Result<Option<Payloads>> {
        let texts = self.result_json.filter(|text| !text.is_empty()).map(|text| vec![text]);
        let plain = self.result.map(|value| vec![value]);
        Values { name: "result", plain, texts, payloads: self.payloads }.read()
    }
}

/// A result that is null is a result: only a missing field is none.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FailActivityRequest {
    #[serde(alias = "taskToken")]
    pub(super) task_token: Option<String>,
    #[serde(alias = "activityId")]
    pub(super) activity_id: Option<String>,
    pub(super) message: Option<String>,
    #[serde(rename = "type")]
    pub(super) error_type: Option<String>,
    #[serde(alias = "nonRetryable")]
    pub(super) non_retryable: Option<bool>,
    details: Option<Vec<Box<RawValue>>>,
    #[serde(alias = "detailsJson")]
    details_json: Option<Vec<String>>,
    payloads: Option<Vec<RequestPayload>>,
    #[serde(alias = "nextRetryDelayMs")]
    pub(super) next_retry_delay_ms: Option<i64>,
}

impl FailActivityRequest {
    /// The details; they are taken out.
    pub(super) fn details(&mut self) -> Result<Option<Payloads>> {
        let (plain, texts, payloads) = (self.details.take(), self.details_json.take(), self.payloads.take());
        Values { name: "details", plain, texts, payloads }.read()
    }
}

/// What says that an activity lives, or that it has been cancelled.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DetailsRequest {
    #[serde(alias = "taskToken")]
    pub(super) task_token: Option<String>,
    #[serde(alias = "activityId")]
    pub(super) activity_id: Option<String>,
    details: Option<Vec<Box<RawValue>>>,
    #[serde(alias = "detailsJson")]
    details_json: Option<Vec<String>>,
    payloads: Option<Vec<RequestPayload>>,
}

impl DetailsRequest {
    /// The details.
    pub(super) fn details(self) -> Result<Option<Payloads>> {
        Values { name: "details", plain: self.details, texts: self.details_json, payloads: self.payloads }.read()
    }
}
