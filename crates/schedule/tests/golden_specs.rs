//! Specs and their times against what Temporal's own scheduler makes of them (tests/golden/specs.json; how to make it anew
//! stands in integration-tests/parity/README.md).

use std::collections::BTreeSet;

use chrono::{DateTime, SecondsFormat};
use klamm_machine::Time;
use klamm_messages::temporal::schedule::v1::ScheduleSpec;
use klamm_schedule::spec::Spec;
use prost::Message;
use serde_json::Value;

/// Cases whose times differ on purpose. A case that no longer differs must leave the list.
///
/// Klamm's times are the seconds whose local time matches, whatever the zone (the property tests hold it to that).
const DIFFERENT_TIMES: &[(&str, &[&str])] = &[
    (
        "where clocks are set back east of Greenwich, Temporal takes the hour before for the repeated one: it leaves out up to \
         two hours of times and has others that the calendar does not name",
        &[
            "Europe/London back, by the hour",
            "Europe/London back, by 20 minutes",
            "Europe/London back, once a day",
            "Europe/Berlin back, by the hour",
            "Europe/Berlin back, by 20 minutes",
            "Europe/Berlin back, once a day",
            "Asia/Beirut back, by the hour",
            "Asia/Beirut back, by 20 minutes",
            "Australia/Sydney back, by the hour",
            "Australia/Sydney back, by 20 minutes",
            "Australia/Sydney back, once a day",
            "Pacific/Auckland back, by the hour",
            "Pacific/Auckland back, by 20 minutes",
            "Pacific/Auckland back, once a day",
        ],
    ),
    (
        "changes of half an hour: Temporal has times that the calendar does not name, and in Caracas the same one for ever",
        &[
            "Australia/Lord_Howe forward, by the hour",
            "Australia/Lord_Howe forward, by 20 minutes",
            "Australia/Lord_Howe back, by the hour",
            "Australia/Lord_Howe back, by 20 minutes",
            "Australia/Lord_Howe back, once a day",
            "Caracas moves by half an hour",
        ],
    ),
    (
        "an interval's first time is its phase after 1970, also where that is still to come; Temporal has the one after it",
        &["interval that begins later", "before 1970"],
    ),
];

fn cases() -> Vec<Value> {
    match serde_json::from_str(include_str!("golden/specs.json")) {
        Ok(Value::Array(cases)) => cases,
        other => panic!("not a list of cases: {other:?}"),
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn message(hex: &str) -> ScheduleSpec {
    let bytes: Vec<u8> = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
    ScheduleSpec::decode(bytes.as_slice()).unwrap()
}

fn time(text: &str) -> Time {
    Time::from_millis(DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis())
}

/// What comes after `after`, as the cases write it.
fn next(spec: &Spec, seed: &str, after: Time) -> String {
    let Some(due) = spec.next(seed, after) else { return "none".to_owned() };
    let nominal = DateTime::from_timestamp_millis(due.nominal.millis()).unwrap().to_rfc3339_opts(SecondsFormat::Secs, true);
    match due.actual.millis() - due.nominal.millis() {
        0 => nominal,
        jitter => format!("{nominal} +{jitter}"),
    }
}

/// Everything in which klamm differs about one case's times, each step from Temporal's own last time.
fn differences(case: &Value, spec: &Spec) -> Vec<String> {
    let mut out = Vec::new();
    for chain in case["chains"].as_array().into_iter().flatten() {
        let mut after = time(text(chain, "after"));
        for expected in chain["times"].as_array().unwrap() {
            let expected = expected.as_str().unwrap();
            let actual = next(spec, text(case, "seed"), after);
            if actual != expected {
                out.push(format!("{}: after {after:?} Temporal has {expected}, klamm {actual}", text(case, "name")));
            }
            if expected != "none" {
                after = time(expected.split(' ').next().unwrap());
            }
        }
    }
    out
}

#[test]
fn times_are_temporals() {
    let listed: BTreeSet<&str> = DIFFERENT_TIMES.iter().flat_map(|(_, names)| *names).copied().collect();
    let (mut compared, mut wrong, mut different) = (0, Vec::new(), BTreeSet::new());
    let cases = cases();
    for case in cases.iter().filter(|case| text(case, "error").is_empty()) {
        let name = text(case, "name");
        let spec = Spec::compile(&message(text(case, "spec"))).unwrap();
        let found = differences(case, &spec);
        compared += 1;
        if found.is_empty() {
            continue;
        }
        different.insert(name);
        if !listed.contains(name) {
            wrong.extend(found);
        }
    }
    wrong.extend(listed.difference(&different).map(|name| format!("{name}: listed as different, and is not")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared > 300, "only {compared} cases");
}

#[test]
fn canonical_forms_and_errors_are_temporals() {
    let mut wrong = Vec::new();
    let cases = cases();
    for case in &cases {
        let expected =
            if text(case, "error").is_empty() { Ok(message(text(case, "canonical"))) } else { Err(text(case, "error").to_owned()) };
        let actual = Spec::compile(&message(text(case, "spec"))).map(|spec| spec.canonical().clone()).map_err(|error| error.to_string());
        if actual != expected {
            wrong.push(format!("{}:\n  Temporal has {expected:?}\n  klamm        {actual:?}", text(case, "name")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
