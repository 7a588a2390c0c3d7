//! Tasks of stream task queues as records of the queues' topics: JSON, so that a worker needs no more than a client of Kafka, or Avro.

use std::{borrow::Cow, collections::BTreeMap};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use klamm_engine::{Encoded, tasks_topic};
use klamm_machine::{StreamTask, Time, key, stream_queue::Format};
use klamm_messages::{
    klamm::v1::ActivityTaskToken,
    temporal::{
        common::v1::{Payload, Payloads},
        failure::v1::Failure,
    },
};
use prost::Message;
use serde::Serialize;
use serde_json::value::RawValue;

use super::{
    task_facts::{LEFT_OUT, milliseconds, type_of},
    typed_tasks,
};

/// Most bytes of a task's value. With key and headers it stays below the topics' 6 MiB. Payloads of the usual limit of 2 MiB fit, also in base64
/// and twice (input and heartbeat details).
const VALUE_BYTES_MAX: usize = (5 << 20) + (512 << 10);

/// The record of a task. The key is the workflow id as it is, as on the other topics of namespaces.
pub(super) fn encode(task: &StreamTask) -> Encoded {
    encode_within(task, VALUE_BYTES_MAX)
}

fn encode_within(task: &StreamTask, bytes_max: usize) -> Encoded {
    let ActivityTaskToken { namespace, workflow_id, run_id, scheduled_event_id, stamp, .. } = &task.token;
    let (content_type, value) = match task.format {
        Format::Json => ("application/json", value(task, bytes_max)),
        // As on klamm's other topics in Avro: the schema's id says it all.
        Format::Avro => ("", typed_tasks::value(task, bytes_max)),
    };
    let headers = [
        ("content-type", content_type.to_owned()),
        ("ce_specversion", super::outcomes::SPEC_VERSION.to_owned()),
        ("ce_id", format!("{run_id}/{scheduled_event_id}/{stamp}")),
        ("ce_type", "io.klamm.activity.task".to_owned()),
        ("ce_source", format!("/klamm/namespaces/{}", key::topic_key([namespace.as_str()]))),
        ("ce_subject", workflow_id.clone()),
        ("ce_time", text(task.started_time)),
        ("traceparent", task.traceparent.clone().unwrap_or_default()),
    ];
    let headers = headers.into_iter().filter(|(_, value)| !value.is_empty());
    let headers = headers.map(|(name, value)| (name.to_owned(), Bytes::from(value))).collect();
    let queue = task.scheduled.task_queue.as_ref().map_or("", |queue| &queue.name);
    Encoded { headers, ..Encoded::new(tasks_topic(namespace, queue), workflow_id.clone(), Some(value)) }
}

/// The value. What a record cannot hold is left out, and named: details of heartbeats first, then headers, then the input.
fn value(task: &StreamTask, bytes_max: usize) -> Vec<u8> {
    let mut shown = Shown::of(task);
    let mut value = json(&shown);
    for name in LEFT_OUT {
        if value.len() <= bytes_max {
            break;
        }
        match name {
            "heartbeat_details" => (shown.heartbeat_details, shown.heartbeat_details_payloads) = (None, None),
            "headers" => (shown.headers, shown.headers_payloads) = Default::default(),
            _ => (shown.input, shown.input_payloads) = (None, None),
        }
        shown.omitted.push(name);
        value = json(&shown);
    }
    value
}

fn json(shown: &Shown<'_>) -> Vec<u8> {
    serde_json::to_vec(shown).expect("texts, numbers and JSON that was parsed are JSON")
}

/// The fields of a task's record.
#[derive(Serialize)]
struct Shown<'t> {
    namespace: &'t str,
    workflow_id: &'t str,
    run_id: &'t str,
    workflow_type: &'t str,
    task_queue: &'t str,
    activity_id: &'t str,
    activity_type: &'t str,
    attempt: i32,
    task_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<Vec<Cow<'t, RawValue>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_payloads: Option<Vec<ShownPayload<'t>>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<&'t str, Cow<'t, RawValue>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    headers_payloads: BTreeMap<&'t str, ShownPayload<'t>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    heartbeat_details: Option<Vec<Cow<'t, RawValue>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    heartbeat_details_payloads: Option<Vec<ShownPayload<'t>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_failure: Option<ShownFailure<'t>>,
    scheduled_time: String,
    started_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline: Option<String>,
    schedule_to_close_timeout_ms: i64,
    start_to_close_timeout_ms: i64,
    heartbeat_timeout_ms: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    omitted: Vec<&'static str>,
}

/// A payload in the form in which requests take it.
#[derive(Serialize)]
struct ShownPayload<'t> {
    metadata: BTreeMap<&'t str, Cow<'t, str>>,
    data: String,
}

/// Why the attempt before failed.
#[derive(Serialize)]
struct ShownFailure<'t> {
    message: &'t str,
    r#type: &'t str,
}

impl<'t> Shown<'t> {
    fn of(task: &'t StreamTask) -> Self {
        let StreamTask { token, workflow_type, scheduled, heartbeat_details, last_failure, .. } = task;
        let (input, input_payloads) = values(scheduled.input.as_ref());
        let (heartbeat_details, heartbeat_details_payloads) = values(heartbeat_details.as_ref());
        let (mut headers, mut headers_payloads) = (BTreeMap::new(), BTreeMap::new());
        for (name, payload) in scheduled.header.iter().flat_map(|header| &header.fields) {
            match plain(payload) {
                Some(value) => drop(headers.insert(name.as_str(), value)),
                None => drop(headers_payloads.insert(name.as_str(), ShownPayload::of(payload))),
            }
        }
        Self {
            namespace: &token.namespace,
            workflow_id: &token.workflow_id,
            run_id: &token.run_id,
            workflow_type,
            task_queue: scheduled.task_queue.as_ref().map_or("", |queue| &queue.name),
            activity_id: &token.activity_id,
            activity_type: &token.activity_type,
            attempt: token.attempt,
            task_token: STANDARD.encode(token.encode_to_vec()),
            input,
            input_payloads,
            headers,
            headers_payloads,
            heartbeat_details,
            heartbeat_details_payloads,
            last_failure: last_failure.as_ref().map(ShownFailure::of),
            scheduled_time: text(task.scheduled_time),
            started_time: text(task.started_time),
            deadline: task.deadline.map(text),
            schedule_to_close_timeout_ms: milliseconds(scheduled.schedule_to_close_timeout.as_ref()),
            start_to_close_timeout_ms: milliseconds(scheduled.start_to_close_timeout.as_ref()),
            heartbeat_timeout_ms: milliseconds(scheduled.heartbeat_timeout.as_ref()),
            omitted: Vec::new(),
        }
    }
}

impl<'t> ShownPayload<'t> {
    fn of(payload: &'t Payload) -> Self {
        let metadata = payload.metadata.iter().map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value))).collect();
        Self { metadata, data: STANDARD.encode(&payload.data) }
    }
}

impl<'t> ShownFailure<'t> {
    fn of(failure: &'t Failure) -> Self {
        Self { message: &failure.message, r#type: type_of(failure) }
    }
}

/// The payloads as values if all of them are JSON or plain, else all of them as payloads.
fn values(payloads: Option<&Payloads>) -> (Option<Vec<Cow<'_, RawValue>>>, Option<Vec<ShownPayload<'_>>>) {
    let Some(payloads) = payloads.map(|payloads| &payloads.payloads).filter(|payloads| !payloads.is_empty()) else { return (None, None) };
    match payloads.iter().map(plain).collect() {
        Some(values) => (Some(values), None),
        None => (None, Some(payloads.iter().map(ShownPayload::of).collect())),
    }
}

/// The payload's JSON. `None`: it is neither JSON nor text nor nothing, or only says so.
fn plain(payload: &Payload) -> Option<Cow<'_, RawValue>> {
    let encoding = payload.metadata.get("encoding").map(|encoding| encoding.as_ref()).unwrap_or_default();
    match encoding {
        b"json/plain" | b"json/protobuf" => serde_json::from_slice::<&RawValue>(&payload.data).ok().map(Cow::Borrowed),
        b"text/plain" => serde_json::value::to_raw_value(std::str::from_utf8(&payload.data).ok()?).ok().map(Cow::Owned),
        b"binary/null" => Some(Cow::Borrowed(RawValue::NULL)),
        _ => None,
    }
}

/// RFC 3339 in UTC.
fn text(time: Time) -> String {
    prost_types::Timestamp::from(time).to_string()
}

#[cfg(test)]
mod tests {
    use klamm_avro::frame;
    use klamm_messages::{
        klamm::v1::{ActivityTask, ActivityTaskFailure, ActivityTaskValue, RequestPayload},
        temporal::{common::v1::Header, history::v1::ActivityTaskScheduledEventAttributes, taskqueue::v1::TaskQueue},
    };
    use serde_json::{Value, json};

    use super::*;

    fn payload(encoding: &str, data: &[u8]) -> Payload {
        let metadata = [("encoding".to_owned(), encoding.as_bytes().to_vec().into())];
        Payload { metadata: metadata.into(), data: data.to_vec().into(), ..Payload::default() }
    }

    fn payloads(payloads: &[Payload]) -> Option<Payloads> {
        Some(Payloads { payloads: payloads.to_vec() })
    }

    fn task(input: &[Payload], details: &[Payload]) -> StreamTask {
        let token = ActivityTaskToken {
            namespace: "a.b".to_owned(),
            workflow_id: "w/1".to_owned(),
            run_id: "run".to_owned(),
            scheduled_event_id: 5,
            attempt: 2,
            activity_id: "1".to_owned(),
            activity_type: "Ship".to_owned(),
            stamp: 3,
        };
        let scheduled = ActivityTaskScheduledEventAttributes {
            task_queue: Some(TaskQueue { name: "q".to_owned(), ..TaskQueue::default() }),
            input: payloads(input),
            header: Some(Header {
                fields: [("h".to_owned(), payload("json/plain", b"\"x\"")), ("k".to_owned(), payload("", b"\x01"))].into(),
            }),
            start_to_close_timeout: Some(prost_types::Duration { seconds: 1, nanos: 500_000_000 }),
            ..ActivityTaskScheduledEventAttributes::default()
        };
        StreamTask {
            token,
            workflow_type: "Order".to_owned(),
            scheduled,
            scheduled_time: Time::from_millis(1_700_000_000_000),
            started_time: Time::from_millis(1_700_000_001_000),
            deadline: Some(Time::from_millis(1_700_000_002_500)),
            heartbeat_details: payloads(details),
            last_failure: None,
            traceparent: Some("00-a-b-01".to_owned()),
            format: Format::Json,
        }
    }

    fn shown(task: &StreamTask, bytes_max: usize) -> Value {
        serde_json::from_slice(&encode_within(task, bytes_max).value.expect("a value")).expect("JSON")
    }

    #[test]
    fn a_task_has_all_that_a_worker_needs() {
        let mut task = task(&[payload("json/plain", b"{\"a\": 1.50}"), payload("text/plain", b"t\"x"), payload("binary/null", b"")], &[]);
        task.last_failure = Some(Failure { message: "no".to_owned(), ..Failure::default() });
        let encoded = encode(&task);
        assert_eq!((&*encoded.topic, encoded.key.as_str()), ("tasks.a.b.q", "w/1"));
        let headers: Vec<_> = encoded.headers.iter().map(|(name, value)| format!("{name}={}", String::from_utf8_lossy(value))).collect();
        let expected = [
            "content-type=application/json",
            "ce_specversion=1.0",
            "ce_id=run/5/3",
            "ce_type=io.klamm.activity.task",
            "ce_source=/klamm/namespaces/a.b",
            "ce_subject=w/1",
            "ce_time=2023-11-14T22:13:21Z",
            "traceparent=00-a-b-01",
        ];
        assert_eq!(headers, expected);
        let text = String::from_utf8(encoded.value.expect("a value")).expect("text");
        assert!(text.contains("\"input\":[{\"a\": 1.50},\"t\\\"x\",null]"), "digit by digit: {text}");
        let mut value: Value = serde_json::from_str(&text).expect("JSON");
        let token = value["task_token"].take();
        let token = STANDARD.decode(token.as_str().expect("a text")).expect("base64");
        assert_eq!(klamm_requests::tokens::decode_activity_task(&token).expect("a token"), task.token);
        let expected = json!({
            "namespace": "a.b", "workflow_id": "w/1", "run_id": "run", "workflow_type": "Order", "task_queue": "q",
            "activity_id": "1", "activity_type": "Ship", "attempt": 2, "task_token": null,
            "input": [{"a": 1.5}, "t\"x", null],
            "headers": {"h": "x"}, "headers_payloads": {"k": {"metadata": {"encoding": ""}, "data": "AQ=="}},
            "last_failure": {"message": "no", "type": ""},
            "scheduled_time": "2023-11-14T22:13:20Z", "started_time": "2023-11-14T22:13:21Z", "deadline": "2023-11-14T22:13:22.500Z",
            "schedule_to_close_timeout_ms": 0, "start_to_close_timeout_ms": 1500, "heartbeat_timeout_ms": 0,
        });
        assert_eq!(value, expected);
    }

    #[test]
    fn a_task_in_avro_has_the_same_facts_in_types() {
        let details = [payload("binary/null", b"")];
        let json =
            task(&[payload("json/plain", b"{\"a\": 1.50}"), payload("text/plain", b"t"), payload("binary/encrypted", b"\xff")], &details);
        let failure = Failure { message: "no".to_owned(), ..Failure::default() };
        let task = StreamTask { format: Format::Avro, last_failure: Some(failure), ..json };
        let encoded = encode(&task);
        assert_eq!((&*encoded.topic, encoded.key.as_str()), ("tasks.a.b.q", "w/1"));
        let names: Vec<_> = encoded.headers.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["ce_specversion", "ce_id", "ce_type", "ce_source", "ce_subject", "ce_time", "traceparent"]);
        let typed: ActivityTask = frame::decode(&encoded.value.expect("a value")).expect("framed Avro");
        let none = ActivityTaskValue::default();
        let json = |text: &str| ActivityTaskValue { json: Some(text.to_owned()), ..none.clone() };
        let other = |encoding: &str, data: &'static [u8]| {
            let metadata = [("encoding".to_owned(), encoding.to_owned())].into();
            ActivityTaskValue { payload: Some(RequestPayload { data: data.into(), metadata }), ..none.clone() }
        };
        let text = ActivityTaskValue { text: Some("t".to_owned()), ..none.clone() };
        let time = |millis: i64| Some(prost_types::Timestamp::from(Time::from_millis(millis)));
        let expected = ActivityTask {
            namespace: "a.b".to_owned(),
            workflow_id: "w/1".to_owned(),
            run_id: "run".to_owned(),
            workflow_type: "Order".to_owned(),
            task_queue: "q".to_owned(),
            activity_id: "1".to_owned(),
            activity_type: "Ship".to_owned(),
            attempt: 2,
            task_token: task.token.encode_to_vec().into(),
            input: vec![json("{\"a\": 1.50}"), text, other("binary/encrypted", b"\xff")],
            headers: [("h".to_owned(), json("\"x\"")), ("k".to_owned(), other("", b"\x01"))].into(),
            heartbeat_details: vec![none.clone()],
            last_failure: Some(ActivityTaskFailure { message: "no".to_owned(), r#type: String::new() }),
            scheduled_time: time(1_700_000_000_000),
            started_time: time(1_700_000_001_000),
            deadline: time(1_700_000_002_500),
            schedule_to_close_timeout_ms: 0,
            start_to_close_timeout_ms: 1500,
            heartbeat_timeout_ms: 0,
            omitted: Vec::new(),
        };
        assert_eq!(typed, expected);
        let small = encode_within(&task, 150).value.expect("a value");
        let small: ActivityTask = frame::decode(&small).expect("framed Avro");
        assert_eq!((small.omitted, small.input.len(), small.headers.len()), (LEFT_OUT.map(str::to_owned).into(), 0, 0));
    }

    #[test]
    fn what_is_not_json_is_a_payload_with_its_encoding() {
        let value =
            shown(&task(&[payload("json/plain", b"1"), payload("binary/encrypted", b"\xff")], &[payload("json/plain", b"NaN")]), 9000);
        assert_eq!((&value["input"], &value["heartbeat_details"]), (&Value::Null, &Value::Null));
        let payload = |encoding: &str, data: &str| json!({"metadata": {"encoding": encoding}, "data": data});
        assert_eq!(value["input_payloads"], json!([payload("json/plain", "MQ=="), payload("binary/encrypted", "/w==")]));
        assert_eq!(value["heartbeat_details_payloads"], json!([payload("json/plain", "TmFO")]));
    }

    #[test]
    fn what_a_record_cannot_hold_is_left_out_and_named() {
        let long = |letter: u8| payload("json/plain", format!("\"{}\"", char::from(letter).to_string().repeat(1000)).as_bytes());
        let task = task(&[long(b'i')], &[long(b'd')]);
        assert_eq!(shown(&task, 9000)["omitted"], Value::Null);
        let value = shown(&task, 2000);
        assert_eq!((&value["omitted"], value["input"].is_array()), (&json!(["heartbeat_details"]), true));
        let value = shown(&task, 1000);
        assert_eq!((&value["omitted"], &value["input"]), (&json!(["heartbeat_details", "headers", "input"]), &Value::Null));
        assert!(value["task_token"].is_string());
    }
}
