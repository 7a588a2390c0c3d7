use std::collections::BTreeMap;

use klamm_messages::{
    klamm::v1::{ActivityTaskToken, Command, NamespaceState, command::Body},
    temporal::{
        common::v1::{Payload, Payloads},
        enums::v1::{NamespaceState as Lifecycle, WorkflowIdConflictPolicy},
    },
};
use prost::Message;

use super::*;

fn namespace(state: Lifecycle) -> NamespaceState {
    NamespaceState { name: "shop".to_owned(), id: "id".to_owned(), state: state as i32, ..NamespaceState::default() }
}

fn place(offset: i64) -> Place {
    Place { topic: "klamm.requests.shop".to_owned(), topic_id: "t".to_owned(), partition: 3, offset }
}

fn envelope(key: &str, headers: &[(&str, &str)]) -> Envelope {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Envelope { key: key.to_owned(), headers }
}

fn command_in(state: Lifecycle, text: &str, envelope: &Envelope) -> Command {
    let namespace = namespace(state);
    let namespaces: Namespaces = [(namespace.name.clone(), namespace.clone())].into();
    command(from_json(text.as_bytes()), envelope, &place(7), &namespace, &Limits::default(), &namespaces)
}

fn command_of(text: &str) -> Command {
    command_in(Lifecycle::Registered, text, &envelope("order-1", &[]))
}

/// Code and message of a request that is not taken.
fn refused(text: &str) -> (i32, String) {
    match command_of(text).body {
        Some(Body::RefuseRequest(refused)) => (refused.code, refused.message),
        other => panic!("{text} was taken: {other:?}"),
    }
}

fn texts(payloads: Option<&Payloads>) -> Vec<String> {
    let text = |payload: &Payload| String::from_utf8(payload.data.to_vec()).unwrap();
    payloads.map(|payloads| payloads.payloads.iter().map(text).collect()).unwrap_or_default()
}

#[test]
fn a_start_becomes_the_command_that_a_client_would_cause() {
    let text = r#"{"identity": "shop", "start": {"workflow_type": "Order", "taskQueue": "orders", "args": [{"id": 7, "price": 1.50}, null],
        "id_conflict_policy": "use_existing", "run_timeout_ms": 1500, "retry_policy": {"maximum_attempts": 3},
        "memo": {"note": "hello"}, "priority": 1}}"#;
    let headers = [("idempotency-key", "k1"), ("correlation-id", "c1"), ("reply-to", "answers"), ("traceparent", "00-a-b-01")];
    let command = command_in(Lifecycle::Registered, text, &envelope("order-1", &headers));
    let from = command.from_record.clone().unwrap();
    assert_eq!((from.request.as_str(), from.request_id.as_str(), from.correlation_id.as_str()), ("start", "k1", "c1"));
    assert_eq!(from.reply_to, "answers");
    assert_eq!((from.topic.as_str(), from.partition, from.offset), ("klamm.requests.shop", 3, 7));
    let source = command.source.clone().unwrap();
    assert_eq!((source.topic_id.as_str(), source.partition, source.offset, source.n), ("t", 3, 7, 0));
    assert_eq!((command.namespace.as_str(), command.workflow_id.as_str(), command.identity.as_str()), ("shop", "order-1", "shop"));
    let Some(Body::StartWorkflow(start)) = command.body else { panic!("{command:?}") };
    let request = start.request.unwrap();
    assert_eq!((request.workflow_id.as_str(), request.request_id.as_str()), ("order-1", "k1"));
    assert_eq!((request.workflow_type.unwrap().name.as_str(), request.task_queue.unwrap().name.as_str()), ("Order", "orders"));
    // Numbers stay as their producer has written them.
    assert_eq!(texts(request.input.as_ref()), [r#"{"id": 7, "price": 1.50}"#, "null"]);
    assert_eq!(request.workflow_id_conflict_policy, WorkflowIdConflictPolicy::UseExisting as i32);
    assert_eq!(request.workflow_run_timeout.unwrap(), prost_types::Duration { seconds: 1, nanos: 500_000_000 });
    assert_eq!(request.retry_policy.unwrap().maximum_attempts, 3);
    assert_eq!(&request.memo.unwrap().fields["note"].data[..], b"\"hello\"");
    assert_eq!(&request.header.unwrap().fields["_tracer-data"].data[..], br#"{"traceparent":"00-a-b-01"}"#);
    assert_eq!(request.priority.unwrap().priority_key, 1);
}

#[test]
fn values_may_be_json_json_texts_or_payloads_but_not_several_of_them() {
    let args = |values: &str| {
        let text = format!(r#"{{"signal": {{"name": "paid", {values}}}}}"#);
        let Some(Body::SignalWorkflow(signal)) = command_of(&text).body else { panic!("{text}") };
        signal.request.unwrap().input
    };
    assert_eq!(texts(args(r#""args": [1, "two"]"#).as_ref()), ["1", "\"two\""]);
    assert_eq!(texts(args(r#""args_json": ["1", "\"two\""]"#).as_ref()), ["1", "\"two\""]);
    let payload = args(r#""payloads": [{"data": "AAE=", "metadata": {"encoding": "binary/encrypted"}}]"#).unwrap().payloads.remove(0);
    assert_eq!((&payload.data[..], &payload.metadata["encoding"][..]), (&[0_u8, 1][..], &b"binary/encrypted"[..]));
    // What a producer sends whose schema has all fields.
    assert_eq!(args(r#""args": null, "args_json": [], "payloads": null"#), None);

    let wrong = |values: &str| refused(&format!(r#"{{"signal": {{"name": "paid", {values}}}}}"#)).1;
    assert_eq!(wrong(r#""args": [1], "args_json": ["1"]"#), "Only one of args, args_json and payloads may be set.");
    assert!(wrong(r#""args_json": ["{"]"#).starts_with("args_json is not JSON: "), "{}", wrong(r#""args_json": ["{"]"#));
    assert!(wrong(r#""payloads": [{"data": "?"}]"#).starts_with("payloads.data is not base64: "));
}

#[test]
fn each_kind_of_request_becomes_its_command() {
    let token = ActivityTaskToken {
        namespace: "shop".to_owned(),
        workflow_id: "other".to_owned(),
        run_id: "r".to_owned(),
        scheduled_event_id: 5,
        ..ActivityTaskToken::default()
    };
    let token = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, token.encode_to_vec());
    let kinds = [
        (r#"{"start": START, "signal": {"name": "s"}}"#, "signal_with_start", "order-1"),
        (r#"{"start": START, "update": {"name": "u"}}"#, "update_with_start", "order-1"),
        (r#"{"workflow_id": "w", "signal": {"name": "s"}}"#, "signal", "w"),
        (r#"{"update": {"name": "u"}}"#, "update", "order-1"),
        (r#"{"cancel": {"reason": "r"}}"#, "cancel", "order-1"),
        (r#"{"terminate": {"reason": "r", "details": [1]}}"#, "terminate", "order-1"),
        (r#"{"complete_activity": {"activity_id": "5", "result": null}}"#, "complete_activity", "order-1"),
        (r#"{"complete_activity": {"task_token": "TOKEN", "result": 1}}"#, "complete_activity", "other"),
        (r#"{"fail_activity": {"task_token": "TOKEN", "message": "m", "type": "T"}}"#, "fail_activity", "other"),
        (r#"{"fail_activity": {"activity_id": "5", "message": "m"}}"#, "fail_activity", "order-1"),
        (r#"{"cancel_activity": {"task_token": "TOKEN"}}"#, "cancel_activity", "other"),
        (r#"{"cancel_activity": {"activity_id": "5"}}"#, "cancel_activity", "order-1"),
        (r#"{"heartbeat_activity": {"task_token": "TOKEN", "details": [1]}}"#, "heartbeat_activity", "other"),
        (r#"{"heartbeat_activity": {"activity_id": "5"}}"#, "heartbeat_activity", "order-1"),
    ];
    for (text, kind, workflow_id) in kinds {
        let text = text.replace("START", r#"{"workflow_type": "T", "task_queue": "q"}"#).replace("TOKEN", &token);
        let command = command_of(&text);
        assert!(!matches!(command.body, Some(Body::RefuseRequest(_)) | None), "{text}: {:?}", command.body);
        assert_eq!((command.from_record.unwrap().request.as_str(), command.workflow_id.as_str()), (kind, workflow_id), "{text}");
    }
}

#[test]
fn what_cannot_be_taken_is_answered_in_its_place() {
    let cases = [
        ("{}", "The request asks for nothing"),
        (r#"{"cancel": {}, "terminate": {}}"#, "A request asks for one thing only"),
        (r#"{"signal": {"name": "s"}, "update": {"name": "u"}}"#, "A request asks for one thing only"),
        (r#"{"start": {}, "cancel": {}}"#, "A request asks for one thing only"),
        (r#"{"start": {}}"#, "WorkflowType is not set on request."),
        (r#"{"signal": {}}"#, "SignalName is not set on request."),
        (r#"{"start": {"worklow_type": "T"}}"#, "The value is no request: unknown field `worklow_type`"),
        (r#"{"start": {"id_reuse_policy": "never"}}"#, "id_reuse_policy is \"never\", not allow_duplicate"),
        ("{", "The value is no request: EOF"),
        ("", "The value is no request: EOF"),
        (r#"{"cancel": {}} {}"#, "The value is no request: trailing characters"),
        (r#"{"complete_activity": {"task_token": "!"}}"#, "task_token is not base64"),
    ];
    for (text, expected) in cases {
        let (code, message) = refused(text);
        assert_eq!(code, 3, "{text}");
        assert!(message.starts_with(expected), "{text}: {message}");
    }
    let foreign = ActivityTaskToken { namespace: "other".to_owned(), workflow_id: "w".to_owned(), ..ActivityTaskToken::default() };
    let foreign = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, foreign.encode_to_vec());
    let (code, message) = refused(&format!(r#"{{"complete_activity": {{"task_token": "{foreign}"}}}}"#));
    assert_eq!((code, message.as_str()), (3, "Operation requested with a token from a different namespace."));
    // Nothing begins in a deprecated namespace, but what runs goes on.
    let start = r#"{"start": {"workflow_type": "T", "task_queue": "q"}}"#;
    let command = command_in(Lifecycle::Deprecated, start, &envelope("w", &[]));
    assert!(matches!(command.body, Some(Body::RefuseRequest(refused)) if refused.code == 9));
    let command = command_in(Lifecycle::Deprecated, r#"{"signal": {"name": "s"}}"#, &envelope("w", &[]));
    assert!(matches!(command.body, Some(Body::SignalWorkflow(_))));
}

#[test]
fn the_same_record_gives_the_same_command_and_another_one_other_ids() {
    let text = r#"{"start": {"workflow_type": "T", "task_queue": "q"}}"#;
    let of = |offset: i64, headers: &[(&str, &str)]| {
        let namespace = namespace(Lifecycle::Registered);
        let namespaces: Namespaces = [(namespace.name.clone(), namespace.clone())].into();
        command(from_json(text.as_bytes()), &envelope("w", headers), &place(offset), &namespace, &Limits::default(), &namespaces)
    };
    let request_id = |command: &Command| command.from_record.as_ref().unwrap().request_id.clone();
    assert_eq!(of(7, &[]), of(7, &[]));
    assert_ne!(request_id(&of(7, &[])), request_id(&of(8, &[])));
    assert_eq!(request_id(&of(7, &[("ce_id", "1")])), "1");
    assert_eq!(request_id(&of(7, &[("ce_id", "1"), ("ce_source", "/shop")])), "/shop/1");
    assert_eq!(request_id(&of(7, &[("ce_id", "1"), ("idempotency-key", "k")])), "k");
}

/// The Avro schema of requests comes from the proto, what is read from these structs: both have the same fields.
#[test]
fn every_field_of_the_proto_can_be_read() {
    let payload = r#"{"data": "", "metadata": {}}"#;
    let values = format!(r#""payloads": [{payload}]"#);
    let texts = r#""details_json": []"#;
    let activity = r#""task_token": "", "activity_id": """#;
    let whole: BTreeMap<&str, String> = [
        ("workflow_id", r#""""#.to_owned()),
        ("run_id", r#""""#.to_owned()),
        ("request_id", r#""""#.to_owned()),
        ("identity", r#""""#.to_owned()),
        (
            "start",
            format!(
                r#"{{"workflow_type": "", "task_queue": "", "args_json": [], {values}, "id_reuse_policy": "", "id_conflict_policy": "",
                "execution_timeout_ms": 0, "run_timeout_ms": 0, "task_timeout_ms": 0, "start_delay_ms": 0, "retry_policy":
                {{"initial_interval_ms": 0, "backoff_coefficient": 0.0, "maximum_interval_ms": 0, "maximum_attempts": 0,
                "non_retryable_error_types": []}}, "cron_schedule": "", "memo_json": {{}}, "search_attributes_json": {{}}, "priority": 0,
                "fairness_key": "", "fairness_weight": 0.0}}"#
            ),
        ),
        ("signal", format!(r#"{{"name": "", "args_json": [], {values}}}"#)),
        ("update", format!(r#"{{"name": "", "update_id": "", "args_json": [], {values}}}"#)),
        ("cancel", r#"{"reason": ""}"#.to_owned()),
        ("terminate", format!(r#"{{"reason": "", {texts}, {values}}}"#)),
        ("complete_activity", format!(r#"{{{activity}, "result_json": "", {values}}}"#)),
        (
            "fail_activity",
            format!(r#"{{{activity}, "message": "", "type": "", "non_retryable": false, {texts}, {values}, "next_retry_delay_ms": 0}}"#),
        ),
        ("cancel_activity", format!(r#"{{{activity}, {texts}, {values}}}"#)),
        ("heartbeat_activity", format!(r#"{{{activity}, {texts}, {values}}}"#)),
    ]
    .into();
    let descriptors = klamm_messages::DESCRIPTOR_SET;
    let pool = prost_types::FileDescriptorSet::decode(descriptors).unwrap();
    let file = pool.file.iter().find(|file| file.name() == "klamm/v1/request.proto").unwrap();
    let fields = |message: &str| -> Vec<String> {
        let message = file.message_type.iter().find(|it| it.name() == message).unwrap();
        message.field.iter().map(|field| field.name().to_owned()).collect()
    };
    for field in fields("Request") {
        let text = format!(r#"{{"{field}": {}}}"#, whole.get(field.as_str()).unwrap_or_else(|| panic!("{field} is not listed here")));
        from_json(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"));
        // The list here has what the proto has.
        let Ok(serde_json::Value::Object(read)) = serde_json::from_str(&whole[field.as_str()]) else { continue };
        let message = file.message_type.iter().find(|it| it.name() == "Request").unwrap();
        let described = message.field.iter().find(|it| it.name() == field).unwrap();
        let of_type = described.type_name().rsplit('.').next().unwrap();
        let (mut expected, mut listed) = (fields(of_type), read.keys().cloned().collect::<Vec<_>>());
        expected.sort();
        listed.sort();
        assert_eq!(listed, expected, "{field}");
    }
}
