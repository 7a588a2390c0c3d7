//! JSON of Temporal's messages: round trips of random messages of every type against prost-reflect's own mapping, the shorthand of payloads
//! against the table of go.temporal.io/api, and the texts of refusals.

use std::sync::LazyLock;

use klamm_rest::{Api, Form, decode, encode};
use proptest::{prelude::*, test_runner::TestRng};
use prost::Message as _;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage as _, SerializeOptions, Value,
};

const LONG: Form = Form { pretty: false, shorthand: false };
const SHORT: Form = Form { pretty: false, shorthand: true };
const RULES: &str = include_str!("../../api/http_rules.txt");

static API: LazyLock<Api> = LazyLock::new(|| Api::new(klamm_messages::DESCRIPTOR_SET, RULES).unwrap());

fn pool() -> &'static DescriptorPool {
    API.pool()
}

/// A message with random fields. Any holds a message of a known type, times and durations are in their ranges.
fn random(descriptor: &MessageDescriptor, rng: &mut TestRng, depth: usize) -> DynamicMessage {
    let mut message = DynamicMessage::new(descriptor.clone());
    let mut set = |name: &str, value: Value| message.set_field_by_name(name, value);
    match descriptor.full_name() {
        "google.protobuf.Timestamp" => {
            set("seconds", Value::I64(rng.random_range(-62_135_596_800..=253_402_300_799)));
            set("nanos", Value::I32(nanos(rng)));
            return message;
        }
        "google.protobuf.Duration" => {
            let sign = if rng.random() { 1 } else { -1 };
            set("seconds", Value::I64(i64::from(sign) * rng.random_range(0..=315_576_000_000)));
            set("nanos", Value::I32(sign * nanos(rng)));
            return message;
        }
        "google.protobuf.FieldMask" => {
            set("paths", Value::List(vec![Value::String("inputs.first_name".to_owned()), Value::String("a".to_owned())]));
            return message;
        }
        "google.protobuf.Any" => {
            let names = ["temporal.api.common.v1.WorkflowType", "google.protobuf.Duration", "temporal.api.errordetails.v1.NotFoundFailure"];
            let inner = descriptor.parent_pool().get_message_by_name(names[rng.random_range(0..names.len())]);
            let Some(inner) = inner else { return message };
            set("type_url", Value::String(format!("type.googleapis.com/{}", inner.full_name())));
            set("value", Value::Bytes(random(&inner, rng, depth + 1).encode_to_vec().into()));
            return message;
        }
        "google.protobuf.Value" => {
            match rng.random_range(0..4) {
                0 => set("null_value", Value::EnumNumber(0)),
                1 => set("number_value", Value::F64(f64::from(rng.random::<i32>()) / 8.0)),
                2 => set("string_value", Value::String(text(rng))),
                _ => set("bool_value", Value::Bool(rng.random())),
            }
            return message;
        }
        _ => {}
    }
    for field in descriptor.fields() {
        if rng.random_bool(0.4) || (depth > 4 && field.kind().as_message().is_some()) {
            continue;
        }
        if field.containing_oneof().is_some_and(|oneof| oneof.fields().any(|other| message.has_field(&other))) {
            continue;
        }
        let value = value(&field, rng, depth);
        message.set_field(&field, value);
    }
    message
}

/// A message as it comes over the wire: default values do not.
fn wire(message: &DynamicMessage) -> DynamicMessage {
    DynamicMessage::decode(message.descriptor(), message.encode_to_vec().as_slice()).unwrap()
}

fn nanos(rng: &mut TestRng) -> i32 {
    [0, 5_000_000, 7_000, rng.random_range(0..1_000_000_000)][rng.random_range(0..4)]
}

fn text(rng: &mut TestRng) -> String {
    let parts = ["a", "ä", "😀", "\"", "\\", "\n", "\u{1}", "</x>", "null", " "];
    (0..rng.random_range(0..6)).map(|_| parts[rng.random_range(0..parts.len())]).collect()
}

fn value(field: &FieldDescriptor, rng: &mut TestRng, depth: usize) -> Value {
    if field.is_map() {
        let Kind::Message(entry) = field.kind() else { unreachable!("entries are messages") };
        let (key, kind) = (entry.map_entry_key_field().kind(), entry.map_entry_value_field().kind());
        let entries = (0..rng.random_range(0..3)).map(|_| {
            let key = single(&key, rng, depth).into_map_key().unwrap_or(MapKey::Bool(true));
            (key, single(&kind, rng, depth))
        });
        return Value::Map(entries.collect());
    }
    if field.is_list() {
        return Value::List((0..rng.random_range(0..3)).map(|_| single(&field.kind(), rng, depth)).collect());
    }
    single(&field.kind(), rng, depth)
}

fn single(kind: &Kind, rng: &mut TestRng, depth: usize) -> Value {
    match kind {
        // The oracle has no infinities in wrappers; `refusals_have_the_texts_of_temporal` has one.
        Kind::Double => Value::F64([0.5, -1e300, 2.5, 3.0, 1e21][rng.random_range(0..5)]),
        Kind::Float => Value::F32([0.5, -1e30, -0.25, 0.1, 3.0][rng.random_range(0..5)]),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(rng.random()),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(rng.random()),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(rng.random()),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(rng.random()),
        Kind::Bool => Value::Bool(rng.random()),
        Kind::String => Value::String(text(rng)),
        Kind::Bytes => Value::Bytes((0..rng.random_range(0..9)).map(|_| rng.random::<u8>()).collect::<Vec<_>>().into()),
        Kind::Enum(names) => {
            let known: Vec<_> = names.values().map(|value| value.number()).chain([9999]).collect();
            let known = if names.full_name() == "google.protobuf.NullValue" { vec![0] } else { known };
            Value::EnumNumber(known[rng.random_range(0..known.len())])
        }
        Kind::Message(inner) => Value::Message(random(inner, rng, depth + 1)),
    }
}

/// JSON by prost-reflect's own mapping.
fn oracle(message: &DynamicMessage) -> serde_json::Value {
    let mut json = Vec::new();
    let mut serializer = serde_json::Serializer::new(&mut json);
    message.serialize_with_options(&mut serializer, &SerializeOptions::new()).unwrap();
    numbers_as_floats(serde_json::from_slice(&json).unwrap())
}

/// `3` and `3.0` are one number.
fn numbers_as_floats(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value::{Array, Number, Object};
    match value {
        Number(number) => number.as_f64().map(|number| number.into()).unwrap_or_default(),
        Array(items) => Array(items.into_iter().map(numbers_as_floats).collect()),
        Object(members) => Object(members.into_iter().map(|(key, value)| (key, numbers_as_floats(value))).collect()),
        other => other,
    }
}

fn parsed(json: &str) -> serde_json::Value {
    numbers_as_floats(serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}")))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]

    #[test]
    fn random_messages_of_every_type_come_back(seed in any::<[u8; 32]>()) {
        let mut rng = TestRng::from_seed(proptest::test_runner::RngAlgorithm::ChaCha, &seed);
        for descriptor in pool().all_messages() {
            let is_ours = ["temporal.api.", "google.rpc.", "google.protobuf.Timestamp", "google.protobuf.Duration"];
            if descriptor.is_map_entry() || !ours(&is_ours, descriptor.full_name()) {
                continue;
            }
            let message = wire(&random(&descriptor, &mut rng, 0));
            let json = encode(&message, LONG).unwrap();
            prop_assert_eq!(parsed(&json), oracle(&message), "{}", descriptor.full_name());
            prop_assert_eq!(&wire(&decode(json.as_bytes(), &descriptor, LONG).unwrap()), &message, "{}", json);
            let pretty = encode(&message, Form { pretty: true, shorthand: false }).unwrap();
            prop_assert_eq!(&wire(&decode(pretty.as_bytes(), &descriptor, LONG).unwrap()), &message, "{}", pretty);
            let short = encode(&message, SHORT).unwrap();
            // Random payloads have no encoding, so what they hold is read as JSON. A payload that has one comes back, as the table below shows.
            prop_assert!(decode(short.as_bytes(), &descriptor, SHORT).is_ok(), "{}", short);
        }
    }

    #[test]
    fn nothing_that_is_sent_panics(text in "[\\[\\]{}\":,a-z0-9@._ \\\\\\-+]{0,60}", kind in 0_usize..9) {
        let names = [
            "temporal.api.common.v1.Payload", "temporal.api.common.v1.Payloads", "google.protobuf.Any", "google.protobuf.Timestamp",
            "google.protobuf.Duration", "temporal.api.workflowservice.v1.StartWorkflowExecutionRequest", "temporal.api.common.v1.Memo",
            "temporal.api.schedule.v1.Schedule", "google.rpc.Status",
        ];
        let Some(descriptor) = pool().get_message_by_name(names[kind]) else { return Ok(()) };
        let _ = decode(text.as_bytes(), &descriptor, SHORT);
        let _ = decode(text.as_bytes(), &descriptor, LONG);
        let _ = API.find("GET", &text);
        let _ = API.find("GET", &format!("/api/v1/namespaces/{text}"));
    }
}

fn ours(prefixes: &[&str], name: &str) -> bool {
    prefixes.iter().any(|prefix| name.starts_with(prefix))
}

/// What go.temporal.io/api's own test says of the shorthand (internal/temporalcommonv1/payload_json_test.go): type, in full, in shorthand.
const SHORTHANDS: &[(&str, &str, &str)] = &[
    (
        "Payload",
        r#"{"metadata":{"encoding":"anNvbi9wcm90b2J1Zg==","messageType":"dGVtcG9yYWwuYXBpLmNvbW1vbi52MS5Xb3JrZmxvd1R5cGU="},"data":"eyJuYW1lIjoid29ya2Zsb3ctbmFtZSJ9"}"#,
        r#"{"_protoMessageType":"temporal.api.common.v1.WorkflowType","name":"workflow-name"}"#,
    ),
    ("Payload", r#"{"metadata":{"encoding":"YmluYXJ5L251bGw="}}"#, r#"{"metadata":{"encoding":"YmluYXJ5L251bGw="}}"#),
    (
        "Memo",
        r#"{"fields":{"some-string":{"metadata":{"encoding":"anNvbi9wbGFpbg=="},"data":"InN0cmluZyI="},"some-array":{"metadata":{"encoding":"anNvbi9wbGFpbg=="},"data":"WyJmb28iLDEyMyxmYWxzZV0="}}}"#,
        r#"{"fields":{"some-string":"string","some-array":["foo",123,false]}}"#,
    ),
    ("Payload", r#"{"metadata":{"encoding":"anNvbi9wbGFpbg=="},"data":"eyJncmVldGluZyI6e319"}"#, r#"{"greeting":{}}"#),
    ("Payload", r#"{"metadata":{"encoding":"anNvbi9wbGFpbg=="},"data":"eyJncmVldGluZyI6eyJuYW1lIjp7fX19"}"#, r#"{"greeting":{"name":{}}}"#),
    ("Payload", r#"{"metadata":{"encoding":"anNvbi9wbGFpbg=="},"data":"eyJncmVldGluZyI6bnVsbH0="}"#, r#"{"greeting":null}"#),
    ("Payloads", "{}", "[]"),
    (
        "Payloads",
        r#"{"payloads":[{"data":"InN0cmluZyB2YWx1ZSI=","metadata":{"encoding":"anNvbi9wbGFpbg=="}},{"data":"MzI0Mw==","metadata":{"encoding":"anNvbi9wbGFpbg=="}}]}"#,
        r#"["string value",3243]"#,
    ),
    // Not in that table: what has no shorthand stands in full, and a list with it.
    (
        "Payloads",
        r#"{"payloads":[{"data":"InN0cmluZyI=","metadata":{"encoding":"anNvbi9wbGFpbg=="}},{"data":"AQI=","metadata":{"encoding":"YmluYXJ5L3BsYWlu"}}]}"#,
        r#"{"payloads":["string",{"data":"AQI=","metadata":{"encoding":"YmluYXJ5L3BsYWlu"}}]}"#,
    ),
    // Digits are kept, and empty arrays.
    ("Payload", r#"{"metadata":{"encoding":"anNvbi9wbGFpbg=="},"data":"WzkwMDcxOTkyNTQ3NDA5OTMsW11d"}"#, "[9007199254740993,[]]"),
];

#[test]
fn payloads_stand_in_shorthand() {
    for (name, long, short) in SHORTHANDS {
        let descriptor = pool().get_message_by_name(&format!("temporal.api.common.v1.{name}")).unwrap();
        let message = wire(&decode(long.as_bytes(), &descriptor, LONG).unwrap());
        let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(json(&encode(&message, SHORT).unwrap()), json(short), "{long}");
        assert_eq!(json(&encode(&message, LONG).unwrap()), json(long), "{long}");
        assert_eq!(wire(&decode(short.as_bytes(), &descriptor, SHORT).unwrap()), message, "{short}");
        // A list in full is one in shorthand, too.
        assert_eq!(wire(&decode(long.as_bytes(), &descriptor, SHORT).unwrap()), message, "{long}");
    }
}

#[test]
fn nulls_are_payloads_in_lists_only() {
    let payloads = pool().get_message_by_name("temporal.api.common.v1.Payloads").unwrap();
    let message = decode(b"[null, 1.0, { \"b\" : 2 , \"a\":\"x y\"}]", &payloads, SHORT).unwrap();
    assert_eq!(encode(&message, SHORT).unwrap(), r#"[{"metadata":{"encoding":"YmluYXJ5L251bGw="}},1.0,{"b":2,"a":"x y"}]"#);
    // A payload of the JSON null looks like one of no value.
    let plain = decode(br#"{"payloads":[{"metadata":{"encoding":"anNvbi9wbGFpbg=="},"data":"bnVsbA=="}]}"#, &payloads, LONG).unwrap();
    assert_eq!(encode(&plain, SHORT).unwrap(), r#"[{"metadata":{"encoding":"YmluYXJ5L251bGw="}}]"#);
    // One that says it is JSON and is not, stands in full.
    let broken = decode(br#"{"payloads":[{"metadata":{"encoding":"anNvbi9wbGFpbg=="},"data":"eyI="}]}"#, &payloads, LONG).unwrap();
    assert!(encode(&broken, SHORT).unwrap().starts_with("{\"payloads\":"));
}

#[test]
fn refusals_have_the_texts_of_temporal() {
    let start = pool().get_message_by_name("temporal.api.workflowservice.v1.StartWorkflowExecutionRequest").unwrap();
    for (text, refusal) in [
        ("{", "unexpected EOF"),
        ("{]", "invalid character ']' looking for beginning of object key string"),
        ("[]", "temporalproto: syntax error (line 1:1): unexpected token ["),
        ("7", "temporalproto: syntax error (line 1:1): unexpected token 7"),
        ("{\"workflowId\": 7}", "temporalproto: (line 1:16): invalid value for string type: 7"),
        ("{\"nope\": 7}", "temporalproto: (line 1:2): unknown field \"nope\""),
        ("{\n  \"workflowId\": \"a\", \"workflow_id\": \"b\"}", "temporalproto: (line 2:22): duplicate field \"workflow_id\""),
        ("{\"workflowIdReusePolicy\": \"x\"}", "temporalproto: (line 1:27): invalid value for enum type: \"x\""),
        ("{\"workflowRunTimeout\": \"x\"}", "temporalproto: (line 1:24): invalid google.protobuf.Duration value \"x\""),
        ("{\"workflowRunTimeout\": 5}", "temporalproto: syntax error (line 1:24): unexpected token 5"),
        (
            "{\"workflowRunTimeout\": \"999999999999s\"}",
            "temporalproto: (line 1:24): google.protobuf.Duration value out of range: \"999999999999s\"",
        ),
        ("{\"workflowType\": [1]}", "temporalproto: syntax error (line 1:18): unexpected token ["),
        ("{\"links\": {}}", "temporalproto: syntax error (line 1:11): unexpected token {"),
        ("{\"retryPolicy\": {\"maximumAttempts\": 1.5}}", "temporalproto: (line 1:37): invalid value for int32 type: 1.5"),
    ] {
        assert_eq!(decode(text.as_bytes(), &start, SHORT).unwrap_err().to_string(), refusal, "{text}");
    }
    for (text, json) in [
        ("", "{}"),
        ("{}  trailing", "{}"),
        ("{\"workflowId\": null}", "{}"),
        (
            "{\"workflow_id\": \"a\", \"workflowIdReusePolicy\": \"AllowDuplicate\"}",
            r#"{"workflowId":"a","workflowIdReusePolicy":"WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE"}"#,
        ),
        (
            "{\"retryPolicy\": {\"maximumAttempts\": \"3\", \"backoffCoefficient\": 2}}",
            r#"{"retryPolicy":{"backoffCoefficient":2,"maximumAttempts":3}}"#,
        ),
        ("{\"retryPolicy\": {\"backoffCoefficient\": \"-Infinity\"}}", r#"{"retryPolicy":{"backoffCoefficient":"-Infinity"}}"#),
        ("{\"input\": [{\"a\": 1}, \"x\"]}", r#"{"input":[{"a":1},"x"]}"#),
    ] {
        let message = decode(text.as_bytes(), &start, SHORT).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(encode(&message, SHORT).unwrap(), json);
    }
}

#[test]
fn inputs_are_bounded() {
    let failure = pool().get_message_by_name("temporal.api.failure.v1.Failure").unwrap();
    let deep = format!("{}{}", "{\"cause\":".repeat(5000), "{}".to_owned() + &"}".repeat(5000));
    assert_eq!(decode(deep.as_bytes(), &failure, SHORT).unwrap_err().to_string(), "temporalproto: exceeded max recursion depth");
    let payloads = pool().get_message_by_name("temporal.api.common.v1.Payloads").unwrap();
    let many = format!("[{}1]", "1,".repeat(100_000));
    assert_eq!(decode(many.as_bytes(), &payloads, SHORT).unwrap_err().to_string(), "The request holds more than 100000 messages.");
    // A payload may be as deep as it likes, as long as the bound on JSON holds: it is only text.
    let deep = format!("[{}{}]", "[".repeat(9000), "]".repeat(9000));
    let message = decode(deep.as_bytes(), &payloads, SHORT).unwrap();
    assert_eq!(encode(&message, SHORT).unwrap(), deep);
}
