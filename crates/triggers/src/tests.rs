//! Declarations and records.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use proptest::prelude::*;

use crate::{Decision, Effect, Fault, Input, Trigger, Value, limits};

const ORDERS: &str = r#"
trigger: orders
namespace: default
source: {topic: shop.orders, format: json}
start_at: earliest
rules:
  - when: "value.status == 'PLACED' && (!('kind' in headers) || headers['kind'] == 'order')"
    start: {type: Order, task_queue: orders, id: "order-${value.id}", on_conflict: use_existing}
    args: [{path: value}, {path: "value.lines[0]['sku']"}, {path: key}]
    search_attributes: {Region: value.region, Amount: value.amount}
    idempotency: "headers['id']"
  - when: "value.status == 'PAID'"
    signal: {id: "order-${value.id}", name: paid, missing: skip}
    args: [{path: value.amount}]
  - when: "value.status == 'BOTH'"
    start: {type: Order, task_queue: orders, id: "$${x}-${value.id}-${offset}"}
    signal: {name: "${value.status}", missing: start, args: [{raw: value}, {path: key}]}
    args: [{path: value.id}]
faults: {record: dead_letter, target: pause}
"#;

fn trigger(text: &str) -> Trigger {
    Trigger::read(text).unwrap_or_else(|wrong| panic!("{wrong}"))
}

fn wrong(text: &str) -> String {
    Trigger::read(text).map(|trigger| panic!("{trigger:?}")).unwrap_or_else(|wrong| wrong.to_string())
}

fn decide(trigger: &Trigger, value: Option<&str>, headers: &[(&str, &str)]) -> Decision {
    let headers: BTreeMap<String, String> = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let bytes = value.unwrap_or_default().as_bytes();
    trigger.decide(&Input {
        topic: "shop.orders",
        partition: 3,
        offset: 7,
        timestamp_ms: 1_700_000_000_000,
        key: Some(b"k1"),
        headers: &headers,
        value: match (value, trigger.format) {
            (None, _) => Value::Tombstone,
            (Some(_), crate::Format::Raw) => Value::Raw,
            (Some(_), _) => Value::Json(bytes),
        },
        bytes,
    })
}

fn effect(decision: Decision) -> Effect {
    if let Decision::Effect(effect) = decision { effect } else { panic!("{decision:?}") }
}

fn fault(decision: Decision) -> Fault {
    if let Decision::DeadLetter(fault) = decision { fault } else { panic!("{decision:?}") }
}

#[test]
fn a_record_starts_with_what_stands_in_it_digit_by_digit() {
    let trigger = trigger(ORDERS);
    let value =
        r#"{"status":"PLACED","id":12,"lines":[{"sku":"a\"b"}],"region":"EU","amount":1.10000000000000000001,"n":12345678901234567890123}"#;
    let effect = effect(decide(&trigger, Some(value), &[("id", "e-1")]));
    assert_eq!((effect.rule, effect.kind, effect.workflow_id.as_str()), (1, "start", "order-12"));
    assert!(!effect.skip_missing && !effect.skip_conflict);
    let request: serde_json::Value = serde_json::from_str(&effect.request).unwrap();
    assert_eq!(request["request_id"], "orders/1/e-1");
    assert_eq!(request["start"]["args_json"], serde_json::json!([value, r#""a\"b""#, "\"k1\""]));
    assert_eq!(request["start"]["id_conflict_policy"], "use_existing");
    assert_eq!(request["start"]["search_attributes"], serde_json::json!({"Region": "EU", "Amount": 1.1}));
}

#[test]
fn a_record_signals_and_signals_with_start() {
    let trigger = trigger(ORDERS);
    let paid = effect(decide(&trigger, Some(r#"{"status":"PAID","id":"x","amount":12.50}"#), &[]));
    assert_eq!((paid.kind, paid.workflow_id.as_str(), paid.skip_missing), ("signal", "order-x", true));
    assert_eq!(paid.request, r#"{"workflow_id":"order-x","signal":{"name":"paid","args_json":["12.50"]}}"#);
    let both = effect(decide(&trigger, Some(r#"{"status":"BOTH","id":1}"#), &[]));
    assert_eq!((both.rule, both.kind, both.workflow_id.as_str()), (3, "signal_with_start", "${x}-1-7"));
    let request: serde_json::Value = serde_json::from_str(&both.request).unwrap();
    assert_eq!(request["start"]["args_json"], serde_json::json!(["1"]));
    assert_eq!(request["signal"]["payloads"][0]["metadata"]["encoding"], "binary/plain");
    assert_eq!(request["signal"]["payloads"][1]["metadata"]["encoding"], "json/plain");
}

#[test]
fn records_that_no_rule_is_about_are_filtered_and_those_that_cannot_be_used_are_dead_letters() {
    let trigger = trigger(ORDERS);
    assert_eq!(decide(&trigger, Some(r#"{"status":"OTHER"}"#), &[]), Decision::Filtered);
    assert_eq!(decide(&trigger, None, &[]), Decision::Filtered);
    for (value, rule, class, says) in [
        ("no json", 0, "decode", "not JSON"),
        (r#"{"id":1}"#, 1, "expression", "No such key: status"),
        (r#"{"status":"PAID","id":null}"#, 2, "mapping", "is null"),
        (r#"{"status":"PAID","id":12345678901234567890123,"amount":1}"#, 2, "mapping", "digits are not all known"),
        (r#"{"status":"PAID","id":{"a":1},"amount":1}"#, 2, "mapping", "is a map"),
        (r#"{"status":"PAID","id":1}"#, 2, "mapping", "there is no field \"amount\""),
        (r#"{"status":"PLACED","id":1,"lines":[{"sku":1}],"region":"EU","amount":1}"#, 1, "mapping", "No such key: id"),
    ] {
        let Fault { rule: found, class: of, reason } = fault(decide(&trigger, Some(value), &[]));
        assert_eq!((found, of), (rule, class), "{value}: {reason}");
        assert!(reason.contains(says), "{reason}");
    }
    let deep = "[".repeat(100_000);
    assert_eq!(fault(decide(&trigger, Some(&deep), &[])).class, "decode");
    let large = format!("\"{}\"", "x".repeat(limits::VALUE_BYTES_MAX));
    assert_eq!(fault(decide(&trigger, Some(&large), &[])).class, "size");
    let many = format!("[{}0]", "0,".repeat(limits::VALUES_MAX));
    assert_eq!(fault(decide(&trigger, Some(&many), &[])).class, "decode");
}

#[test]
fn debeziums_envelope_is_taken_off_and_tombstones_are_dealt_with_as_declared() {
    let text = r#"
trigger: cdc
namespace: default
source: {topic: db.shop.orders, format: json, unwrap: debezium, tombstone: dead_letter}
rules:
  - when: "op == 'd'"
    signal: {id: "order-${before.id}", name: deleted}
    args: [{path: before}]
  - start: {type: Order, task_queue: q, id: "order-${value.id}"}
    args: [{path: value}]
"#;
    let trigger = trigger(text);
    let created = r#"{"before":null,"after":{"id":1},"op":"c","source":{"x":1}}"#;
    assert_eq!(effect(decide(&trigger, Some(created), &[])).workflow_id, "order-1");
    let in_payload = format!(r#"{{"schema":{{"type":"struct"}},"payload":{created}}}"#);
    assert_eq!(effect(decide(&trigger, Some(&in_payload), &[])).workflow_id, "order-1");
    let deleted = effect(decide(&trigger, Some(r#"{"before":{"id":2},"after":null,"op":"d"}"#), &[]));
    assert_eq!((deleted.rule, deleted.workflow_id.as_str()), (1, "order-2"));
    for value in ["1", "[1,2,3]", "{}", r#"{"payload":1}"#, r#"{"op":1}"#] {
        assert_eq!(fault(decide(&trigger, Some(value), &[])).class, "decode", "{value}");
    }
    assert_eq!(fault(decide(&trigger, None, &[])).class, "tombstone");
    let passing = self::trigger(&text.replace("dead_letter", "pass"));
    assert_eq!(fault(decide(&passing, None, &[])).class, "mapping", "there is no id");
}

#[test]
fn raw_values_are_bytes() {
    let text = r#"
trigger: raw
namespace: default
source: {topic: t, format: raw}
rules:
  - when: "size(value) > 2 && topic == 'shop.orders' && partition == 3 && time > timestamp('2020-01-01T00:00:00Z')"
    start: {type: T, task_queue: q, id: "${string(value)}"}
    args: [{raw: value}]
"#;
    let trigger = trigger(text);
    assert_eq!(decide(&trigger, Some("ab"), &[]), Decision::Filtered);
    assert_eq!(effect(decide(&trigger, Some("abc"), &[])).workflow_id, "abc");
}

/// A declaration with one line changed.
fn with(from: &str, to: &str) -> String {
    assert!(ORDERS.contains(from), "{from}");
    ORDERS.replacen(from, to, 1)
}

#[test]
fn what_is_wrong_is_told_with_line_field_and_hint() {
    let cases = [
        (with("trigger: orders", "trigger: or ders"), "line 2: trigger: \"or ders\" is no name of a trigger (1 to 100 of"),
        (with("namespace: default", "namespace: \"\""), "line 3: namespace: it is empty"),
        (with("namespace: default", "name_space: default"), "line 3: "),
        (with("topic: shop.orders", "topic: \"shop orders\""), "line 4: source.topic: \"shop orders\" is no name of a topic"),
        (with("format: json", "format: xml"), "line 4: source.format: \"xml\" is not known (json, avro, protobuf, json_schema or raw)"),
        (
            with("format: json", "format: json, schema_ids: confluent"),
            "line 4: source.schema_ids: values of this format name no schema (leave it out, or set source.format to avro, protobuf or json_schema)",
        ),
        (
            with("format: json", "format: avro, schema_ids: payload"),
            "line 4: source.schema_ids: \"payload\" is not known (confluent, apicurio_global or apicurio_content)",
        ),
        (
            with("format: json", "format: json, tombstone: keep"),
            "line 4: source.tombstone: \"keep\" is not known (skip, pass or dead_letter)",
        ),
        (with("start_at: earliest", "start_at: yesterday"), "line 5: start_at: \"yesterday\" is not known"),
        (with("value.status == 'PAID'", "value.status = 'PAID'"), "line 12: rules[1].when: "),
        (
            with("value.status == 'PAID'", "values.status == 'PAID'"),
            "line 12: rules[1].when: there is no variable \"values\"; there are value, key",
        ),
        (with("value.status == 'PAID'", "paid(value)"), "line 12: rules[1].when: there is no function \"paid\""),
        (with("value.status == 'PAID'", "before.x == 1"), "line 12: rules[1].when: there is no variable \"before\""),
        (with("order-${value.id}", "order-${value.id"), "line 8: rules[0].start.id: a ${ is not closed by }"),
        (with("missing: skip", "missing: wait 31d"), "line 13: rules[1].signal.missing: \"wait 31d\" is too short or too long"),
        (with("missing: skip", "missing: wait 0s"), "line 13: rules[1].signal.missing: \"wait 0s\" is too short or too long"),
        (with("missing: skip", "missing: wait"), "line 13: rules[1].signal.missing: \"wait\" is not known"),
        (with("missing: skip", "missing: wait long"), "line 13: rules[1].signal.missing: \"wait long\" is not known"),
        (with("missing: start", "missing: wait 1h"), "line 17: rules[2].signal.missing: a rule with a start and a signal"),
        (with("missing: skip", "missing: start"), "line 13: rules[1].signal.missing: the rule does not say what to start"),
        (with("missing: start", "missing: skip"), "line 17: rules[2].signal.missing: a rule with a start and a signal"),
        (with("on_conflict: use_existing", "on_conflict: fail"), "line 8: rules[0].start.on_conflict: \"fail\" is not known"),
        (
            with("{path: value.amount}", "{path: amount}"),
            "line 14: rules[1].args[0].path: a path begins with value, before, key or headers",
        ),
        (with("{path: value.amount}", "{path: value.amount, raw: value}"), "line 14: rules[1].args[0]: an argument has a path or raw"),
        (with("faults: {", "faults: {break_at: half, "), "line 19: faults.break_at: \"half\" is no share"),
        (with("faults: {", "faults: {break_at: 100%, "), "line 19: faults.break_at: \"100%\" is no share"),
        (with("record: dead_letter", "record: skip"), "line 19: faults.record: \"skip\" is not known (it can only be dead_letter)"),
        (with("start_at: earliest", "batch: {max: 5}"), "line 5"),
        (with("start_at: earliest", "batch: {within: 5s}"), "line 7: rules[1]: rules of a trigger with batch start workflows"),
        (batched("batch: {within: soon}"), "line 5: batch.within: \"soon\" is no time (such as 500ms"),
        (batched("batch: {within: 0s}"), "line 5: batch.within: it cannot be \"0s\""),
        (batched("batch: {within: 25h}"), "line 5: batch.within: it cannot be \"25h\""),
        (batched("batch: {within: 5s, quiet: 2d}"), "line 5: batch.quiet: it cannot be \"2d\""),
        (batched("batch: {within: 5s, max: 0}"), "line 5: batch.max: it cannot be 0 (a batch has 1 to 1000"),
        (batched("batch: {within: 5s, max: 1001}"), "line 5: batch.max: it cannot be 1001"),
        (batched("batch: {within: 5s, max: many}"), "line 5"),
        (batched("batch: {within: 5s, key: regions}"), "line 5: batch.key: there is no variable \"regions\""),
        (batched("batch: {within: 5s}").replace("path: value}", "raw: value}"), "line 7: rules[0]: the arguments of a batch are lists"),
        (with("start_at: earliest", "flow: {rate: 5/d}"), "line 5: flow.rate: it is not per s, m or h"),
        (with("start_at: earliest", "flow: {rate: 0/s}"), "line 5: flow.rate: the number"),
        (with("start_at: earliest", "flow: {order: offset}"), "line 5: flow.order: \"offset\" is not known"),
        (
            with("start_at: earliest", "flow: {max_in_flight: 0}"),
            "line 5: flow.max_in_flight: \"0\" is no number of records (a whole number",
        ),
        (with("start_at: earliest", "flow: {max_in_flight: many}"), "line 5: flow.max_in_flight: \"many\" is no number of records"),
        (with("start_at: earliest", "start_at: earliest\nstart_at: latest"), "line 6: "),
        ("a: [".to_owned(), "line 1"),
        (String::new(), ""),
        ("trigger: a\nnamespace: b\nsource: {topic: t, format: json}\nrules: []".to_owned(), "line 4: rules: there are 0 rules"),
        (
            "trigger: a\nnamespace: b\nsource: {topic: t, format: json}\nrules:\n  - when: \"true\"".to_owned(),
            "line 5: rules[0]: a rule has a start or a signal",
        ),
    ];
    for (text, says) in cases {
        let told = wrong(&text);
        assert!(told.starts_with(says), "{told}\n{says}");
        assert!(told.ends_with(')'), "{told}");
    }
    assert!(wrong(&with("namespace: default", "name_space: default")).contains("name_space"));
}

/// One rule that starts, with this field in place of `start_at`.
fn batched(field: &str) -> String {
    with("start_at: earliest", field).split("  - when: \"value.status == 'PAID'\"").next().unwrap_or_default().to_owned()
}

#[test]
fn a_record_of_a_batch_says_which_it_joins_and_its_arguments_are_lists() {
    let text = batched("batch: {max: 500, within: 5s, quiet: 500ms, key: value.region}");
    let value = r#"{"status":"PLACED","id":1,"region":"eu","amount":2,"lines":[{"sku":"a"}]}"#;
    let joined = effect(decide(&trigger(&text), Some(value), &[("id", "x")]));
    let terms = joined.batch.unwrap();
    assert_eq!((terms.name.as_str(), terms.records_max), ("orders/1/eu", 500));
    assert_eq!((terms.within, terms.quiet), (Duration::from_secs(5), Some(Duration::from_millis(500))));
    let request: serde_json::Value = serde_json::from_str(&joined.request).unwrap();
    let args = request["start"]["args_json"].as_array().unwrap();
    assert_eq!(args.iter().map(|it| it.as_str().unwrap()).collect::<Vec<_>>(), [format!("[{value}]").as_str(), r#"["a"]"#, r#"["k1"]"#]);
    assert_eq!((joined.kind, joined.workflow_id.as_str()), ("start", "order-1"));

    let all = batched("batch: {within: 1h}");
    let terms = effect(decide(&trigger(&all), Some(value), &[("id", "x")])).batch.unwrap();
    assert_eq!((terms.name.as_str(), terms.records_max, terms.quiet), ("orders/1/", 1000, None));

    let long = value.replace("eu", &"x".repeat(1_001));
    assert_eq!(fault(decide(&trigger(&text), Some(&long), &[("id", "x")])).class, "mapping");
    let none = value.replace(r#""region":"eu","#, "");
    assert_eq!(fault(decide(&trigger(&text), Some(&none), &[("id", "x")])).class, "mapping");
}

#[test]
fn a_signal_says_how_long_it_waits_for_its_workflow() {
    let wait = |missing: &str| {
        let decided = decide(&trigger(&with("missing: skip", missing)), Some(r#"{"status":"PAID","id":1,"amount":2}"#), &[]);
        let effect = effect(decided);
        (effect.wait, effect.skip_missing)
    };
    assert_eq!(wait("missing: wait 1h"), (Some(Duration::from_secs(3600)), false));
    assert_eq!(wait("missing: wait 30d"), (Some(Duration::from_secs(30 * 86_400)), false));
    assert_eq!((wait("missing: skip"), wait("missing: dead_letter")), ((None, true), (None, false)));
}

#[test]
fn expressions_are_bounded() {
    let with_when = |when: &str| with("value.status == 'PAID'", when);
    let deep = format!("{}1{} == 1", "(".repeat(30), ")".repeat(30));
    let signs = format!("{}true", "!".repeat(60));
    let long = format!("value.a == '{}'", "x".repeat(limits::EXPRESSION_BYTES_MAX));
    let additions = format!("value.a == {}1", "1 + ".repeat(20));
    let wide = format!("1 == 1{}", " || 1 == 1".repeat(180));
    for (when, says) in [
        (deep.as_str(), "nested deeper"),
        (&signs, "nested deeper"),
        (&long, "more than 2000"),
        (&additions, "additions"),
        (&wide, "parts"),
        ("value.a.all(x, x.exists(y, y == 1))", "cannot stand in another"),
        ("value.a.map(x, [x]).map(y, y) == []", "cannot stand in another"),
        (" ", "empty"),
    ] {
        let told = wrong(&with_when(when));
        assert!(told.contains(says), "{told}");
    }
    let looped = trigger(&with_when("value.items.exists(x, x == value.text)"));
    let text = "x".repeat(1 << 20);
    let mut items = String::new();
    for number in 0..1000 {
        let _ = write!(items, "{number},");
    }
    let value = format!(r#"{{"status":"NONE","items":[{items}0],"text":"{text}"}}"#);
    assert!(fault(decide(&looped, Some(&value), &[])).reason.contains("too large"));
    assert_eq!(decide(&looped, Some(r#"{"status":"NONE","items":[1,2],"text":"y"}"#), &[]), Decision::Filtered);
}

/// Expressions that are as deep as they may be are read and carried out on the stack of a worker thread. (Without optimisation, frames are
/// several times as large.)
#[test]
fn deep_expressions_need_no_more_stack_than_a_worker_has() {
    let stack = if cfg!(debug_assertions) { 16 << 20 } else { 1 << 20 };
    let deep = || {
        let whens = [
            format!("{}true", "true ? true : ".repeat(140)),
            format!("value{} == 1", ".a".repeat(480)),
            format!("value{} == 1", ".a".repeat(980)),
            format!("true{}", " == true".repeat(230)),
            format!("true{}", " && true".repeat(240)),
            format!("true{}", " || false".repeat(210)),
            format!("1{} == 1", " * 1".repeat(240)),
            format!("1{} == 1", " - 1".repeat(480)),
            format!("value{} == 1", ".size()".repeat(240)),
            format!("value{} == 1", "[0]".repeat(240)),
            format!("{}1{}", "[".repeat(1990), "]"),
            "(".repeat(2000),
            "!".repeat(2000),
            "-".repeat(2000),
            "1?".repeat(1000),
            "a.".repeat(1000),
            "{1:".repeat(600),
            "x(".repeat(1000),
        ];
        for when in &whens {
            let read = Trigger::read(&with("value.status == 'PAID'", when));
            if let Ok(trigger) = read {
                let nested = format!(r#"{{"status":"X","a":{}1{}}}"#, r#"{"a":"#.repeat(100), "}".repeat(100));
                let _ = decide(&trigger, Some(&nested), &[]);
            }
        }
    };
    std::thread::Builder::new().stack_size(stack).spawn(deep).unwrap().join().unwrap();
}

proptest! {
    /// Whatever a record holds, it has an effect, is filtered, or is a dead letter with a reason.
    #[test]
    fn no_record_panics(value in ".{0,200}", status in "PLACED|PAID|BOTH|OTHER", id in any::<i64>(), json in any::<bool>(), headers in prop::collection::btree_map("id|kind|x", ".{0,20}", 0..3)) {
        let value = if json { format!(r#"{{"status":"{status}","id":{id},"amount":{id},"region":[],"lines":[{}]}}"#, serde_json::json!(value)) } else { value };
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        for text in [ORDERS.to_owned(), ORDERS.replacen("format: json", "format: json, unwrap: debezium", 1)] {
            match decide(&trigger(&text), Some(&value), &headers) {
                Decision::DeadLetter(fault) => prop_assert!(!fault.reason.is_empty() && fault.reason.len() <= limits::REASON_BYTES_MAX + 3),
                Decision::Effect(effect) => prop_assert!(!effect.workflow_id.is_empty()),
                Decision::Filtered => {}
            }
        }
    }

    /// Whatever stands in a declaration, reading it ends with a trigger or says what is wrong.
    #[test]
    fn no_declaration_panics(at in 0..ORDERS.len(), with in "[ -~\n]{0,12}", cut in 0_usize..20) {
        let end = (at + cut).min(ORDERS.len());
        let text = format!("{}{with}{}", &ORDERS[..at], &ORDERS[end..]);
        if let Err(wrong) = Trigger::read(&text) {
            prop_assert!(!wrong.problem.is_empty() && !wrong.hint.is_empty());
        }
    }
}
