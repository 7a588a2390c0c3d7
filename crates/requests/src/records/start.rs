//! The part `start` of a request: a new run.

use std::collections::BTreeMap;

use klamm_messages::temporal::{
    common::v1::{Memo, Payload, Payloads, Priority, RetryPolicy, SearchAttributes, WorkflowType},
    enums::v1::{WorkflowIdConflictPolicy, WorkflowIdReusePolicy},
    taskqueue::v1::TaskQueue,
    workflowservice::v1::{SignalWithStartWorkflowExecutionRequest, StartWorkflowExecutionRequest},
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    named::Named,
    values::{RequestPayload, Values, checked, json, milliseconds},
};
use crate::fault::{Fault, Result};

/// `klamm.v1.StartRequest`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartRequest {
    #[serde(alias = "workflowType")]
    workflow_type: Option<String>,
    #[serde(alias = "taskQueue")]
    task_queue: Option<String>,
    args: Option<Vec<Box<RawValue>>>,
    #[serde(alias = "argsJson")]
    args_json: Option<Vec<String>>,
    payloads: Option<Vec<RequestPayload>>,
    #[serde(alias = "idReusePolicy")]
    id_reuse_policy: Option<String>,
    #[serde(alias = "idConflictPolicy")]
    id_conflict_policy: Option<String>,
    #[serde(alias = "executionTimeoutMs")]
    execution_timeout_ms: Option<i64>,
    #[serde(alias = "runTimeoutMs")]
    run_timeout_ms: Option<i64>,
    #[serde(alias = "taskTimeoutMs")]
    task_timeout_ms: Option<i64>,
    #[serde(alias = "startDelayMs")]
    start_delay_ms: Option<i64>,
    #[serde(alias = "retryPolicy")]
    retry_policy: Option<RequestRetryPolicy>,
    #[serde(alias = "cronSchedule")]
    cron_schedule: Option<String>,
    memo: Option<BTreeMap<String, Box<RawValue>>>,
    #[serde(alias = "memoJson")]
    memo_json: Option<BTreeMap<String, String>>,
    #[serde(alias = "searchAttributes")]
    search_attributes: Option<BTreeMap<String, Box<RawValue>>>,
    #[serde(alias = "searchAttributesJson")]
    search_attributes_json: Option<BTreeMap<String, String>>,
    priority: Option<i32>,
    #[serde(alias = "fairnessKey")]
    fairness_key: Option<String>,
    #[serde(alias = "fairnessWeight")]
    fairness_weight: Option<f32>,
}

/// `klamm.v1.RequestRetryPolicy`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestRetryPolicy {
    #[serde(alias = "initialIntervalMs")]
    initial_interval_ms: Option<i64>,
    #[serde(alias = "backoffCoefficient")]
    backoff_coefficient: Option<f64>,
    #[serde(alias = "maximumIntervalMs")]
    maximum_interval_ms: Option<i64>,
    #[serde(alias = "maximumAttempts")]
    maximum_attempts: Option<i32>,
    #[serde(alias = "nonRetryableErrorTypes")]
    non_retryable_error_types: Option<Vec<String>>,
}

impl StartRequest {
    /// As a gRPC client would ask.
    ///
    /// # Errors
    /// A field's text is not what it should be.
    pub(super) fn request(self, named: Named) -> Result<StartWorkflowExecutionRequest> {
        let retry_policy = self.retry_policy.map(RequestRetryPolicy::read).transpose()?;
        let priority = Priority {
            priority_key: self.priority.unwrap_or_default(),
            fairness_key: self.fairness_key.unwrap_or_default(),
            fairness_weight: self.fairness_weight.unwrap_or_default(),
        };
        let memo = fields("memo", self.memo, self.memo_json)?;
        let indexed_fields = fields("search_attributes", self.search_attributes, self.search_attributes_json)?;
        Ok(StartWorkflowExecutionRequest {
            namespace: named.namespace,
            workflow_id: named.workflow_id,
            workflow_type: Some(WorkflowType { name: self.workflow_type.unwrap_or_default() }),
            task_queue: Some(TaskQueue { name: self.task_queue.unwrap_or_default(), ..TaskQueue::default() }),
            input: Values { name: "args", plain: self.args, texts: self.args_json, payloads: self.payloads }.read()?,
            workflow_execution_timeout: milliseconds(self.execution_timeout_ms),
            workflow_run_timeout: milliseconds(self.run_timeout_ms),
            workflow_task_timeout: milliseconds(self.task_timeout_ms),
            workflow_start_delay: milliseconds(self.start_delay_ms),
            identity: named.identity,
            request_id: named.request_id,
            workflow_id_reuse_policy: reuse_policy(self.id_reuse_policy.as_deref())? as i32,
            workflow_id_conflict_policy: conflict_policy(self.id_conflict_policy.as_deref())? as i32,
            retry_policy,
            cron_schedule: self.cron_schedule.unwrap_or_default(),
            memo: (!memo.is_empty()).then_some(Memo { fields: memo }),
            search_attributes: (!indexed_fields.is_empty()).then_some(SearchAttributes { indexed_fields }),
            header: named.header,
            priority: (priority != Priority::default()).then_some(priority),
            ..StartWorkflowExecutionRequest::default()
        })
    }
}

/// The request that starts a run and signals it, or signals the open one.
pub(super) fn with_signal(
    start: StartWorkflowExecutionRequest,
    (signal_name, signal_input): (String, Option<Payloads>),
) -> SignalWithStartWorkflowExecutionRequest {
    SignalWithStartWorkflowExecutionRequest {
        namespace: start.namespace,
        workflow_id: start.workflow_id,
        workflow_type: start.workflow_type,
        task_queue: start.task_queue,
        input: start.input,
        workflow_execution_timeout: start.workflow_execution_timeout,
        workflow_run_timeout: start.workflow_run_timeout,
        workflow_task_timeout: start.workflow_task_timeout,
        identity: start.identity,
        request_id: start.request_id,
        workflow_id_reuse_policy: start.workflow_id_reuse_policy,
        workflow_id_conflict_policy: start.workflow_id_conflict_policy,
        signal_name,
        signal_input,
        retry_policy: start.retry_policy,
        cron_schedule: start.cron_schedule,
        memo: start.memo,
        search_attributes: start.search_attributes,
        header: start.header,
        workflow_start_delay: start.workflow_start_delay,
        priority: start.priority,
        ..SignalWithStartWorkflowExecutionRequest::default()
    }
}

impl RequestRetryPolicy {
    fn read(self) -> Result<RetryPolicy> {
        Ok(RetryPolicy {
            initial_interval: milliseconds(self.initial_interval_ms),
            backoff_coefficient: self.backoff_coefficient.unwrap_or_default(),
            maximum_interval: milliseconds(self.maximum_interval_ms),
            maximum_attempts: self.maximum_attempts.unwrap_or_default(),
            non_retryable_error_types: self.non_retryable_error_types.unwrap_or_default(),
        })
    }
}

/// Fields by name, which stand as values or as JSON texts.
fn fields(
    name: &str,
    values: Option<BTreeMap<String, Box<RawValue>>>,
    texts: Option<BTreeMap<String, String>>,
) -> Result<BTreeMap<String, Payload>> {
    let values = values.unwrap_or_default().into_iter().map(|(key, value)| Ok((key, json(String::from(Box::<str>::from(value))))));
    let texts = texts.unwrap_or_default().into_iter().map(|(key, text)| {
        let payload = checked(&format!("{name}_json.{key}"), text)?;
        Ok((key, payload))
    });
    values.chain(texts).collect()
}

fn reuse_policy(text: Option<&str>) -> Result<WorkflowIdReusePolicy> {
    Ok(match text.unwrap_or_default() {
        "" => WorkflowIdReusePolicy::Unspecified,
        "allow_duplicate" => WorkflowIdReusePolicy::AllowDuplicate,
        "allow_duplicate_failed_only" => WorkflowIdReusePolicy::AllowDuplicateFailedOnly,
        "reject_duplicate" => WorkflowIdReusePolicy::RejectDuplicate,
        other => {
            let message = format!("id_reuse_policy is {other:?}, not allow_duplicate, allow_duplicate_failed_only or reject_duplicate.");
            return Err(Fault::invalid(message));
        }
    })
}

fn conflict_policy(text: Option<&str>) -> Result<WorkflowIdConflictPolicy> {
    Ok(match text.unwrap_or_default() {
        "" => WorkflowIdConflictPolicy::Unspecified,
        "fail" => WorkflowIdConflictPolicy::Fail,
        "use_existing" => WorkflowIdConflictPolicy::UseExisting,
        "terminate_existing" => WorkflowIdConflictPolicy::TerminateExisting,
        other => {
            return Err(Fault::invalid(format!("id_conflict_policy is {other:?}, not fail, use_existing or terminate_existing.")));
        }
    })
}
