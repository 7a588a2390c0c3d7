//! Tasks of stream task queues in Avro.

use klamm_avro::frame;
use klamm_machine::StreamTask;
use klamm_messages::{
    klamm::v1::{ActivityTask, ActivityTaskFailure, ActivityTaskValue, RequestPayload},
    temporal::{
        common::v1::{Payload, Payloads},
        failure::v1::Failure,
    },
};
use prost::Message;

use super::task_facts::{LEFT_OUT, milliseconds, type_of};

/// The value. What a record cannot hold is left out, and named.
pub(super) fn value(task: &StreamTask, bytes_max: usize) -> Vec<u8> {
    let mut typed = typed(task);
    let mut value = frame::encode(&typed);
    for name in LEFT_OUT {
        if value.len() <= bytes_max {
            break;
        }
        match name {
            "heartbeat_details" => typed.heartbeat_details.clear(),
            "headers" => typed.headers.clear(),
            _ => typed.input.clear(),
        }
        typed.omitted.push(name.to_owned());
        value = frame::encode(&typed);
    }
    value
}

fn typed(task: &StreamTask) -> ActivityTask {
    let StreamTask { token, workflow_type, scheduled, heartbeat_details, last_failure, .. } = task;
    let fields = scheduled.header.iter().flat_map(|header| &header.fields);
    let failure = |failure: &Failure| ActivityTaskFailure { message: failure.message.clone(), r#type: type_of(failure).to_owned() };
    ActivityTask {
        namespace: token.namespace.clone(),
        workflow_id: token.workflow_id.clone(),
        run_id: token.run_id.clone(),
        workflow_type: workflow_type.clone(),
        task_queue: scheduled.task_queue.as_ref().map(|queue| queue.name.clone()).unwrap_or_default(),
        activity_id: token.activity_id.clone(),
        activity_type: token.activity_type.clone(),
        attempt: token.attempt,
        task_token: token.encode_to_vec().into(),
        input: values(scheduled.input.as_ref()),
        headers: fields.map(|(name, payload)| (name.clone(), typed_value(payload))).collect(),
        heartbeat_details: values(heartbeat_details.as_ref()),
        last_failure: last_failure.as_ref().map(failure),
        scheduled_time: Some(task.scheduled_time.into()),
        started_time: Some(task.started_time.into()),
        deadline: task.deadline.map(Into::into),
        schedule_to_close_timeout_ms: milliseconds(scheduled.schedule_to_close_timeout.as_ref()),
        start_to_close_timeout_ms: milliseconds(scheduled.start_to_close_timeout.as_ref()),
        heartbeat_timeout_ms: milliseconds(scheduled.heartbeat_timeout.as_ref()),
        omitted: Vec::new(),
    }
}

fn values(payloads: Option<&Payloads>) -> Vec<ActivityTaskValue> {
    payloads.iter().flat_map(|payloads| &payloads.payloads).map(typed_value).collect()
}

fn typed_value(payload: &Payload) -> ActivityTaskValue {
    let encoding = payload.metadata.get("encoding").map(|encoding| encoding.as_ref()).unwrap_or_default();
    let text = || std::str::from_utf8(&payload.data).ok().map(str::to_owned);
    let is_json = || serde_json::from_slice::<serde::de::IgnoredAny>(&payload.data).is_ok();
    match encoding {
        b"binary/null" => return ActivityTaskValue::default(),
        b"json/plain" | b"json/protobuf" if is_json() => return ActivityTaskValue { json: text(), ..ActivityTaskValue::default() },
        b"text/plain" if text().is_some() => return ActivityTaskValue { text: text(), ..ActivityTaskValue::default() },
        _ => {}
    }
    let metadata = payload.metadata.iter().map(|(name, value)| (name.clone(), String::from_utf8_lossy(value).into_owned())).collect();
    ActivityTaskValue { payload: Some(RequestPayload { data: payload.data.clone(), metadata }), ..ActivityTaskValue::default() }
}
