//! What goes in comes out: every canonical message, byte for byte the same each time.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use klamm_avro::{Avro, Value, canonical, frame, schemas};
use klamm_messages::{klamm::v1 as klamm, temporal};
use proptest::prelude::*;
use prost::Message;
use prost_types::{Duration, Timestamp};

fn check<T: Value + Message + Default + PartialEq + std::fmt::Debug>(seed: u64) {
    let message: T = support::random(T::NAME, seed);
    let framed = frame::encode(&message);
    assert_eq!(frame::decode::<T>(&framed).as_ref(), Ok(&message));
    // A second struct with the same content, made on its own.
    let again: T = support::random(T::NAME, seed);
    assert_eq!(frame::encode(&again), framed);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn commands_come_back_whole(seed: u64) {
        check::<klamm::Command>(seed);
    }

    #[test]
    fn history_records_come_back_whole(seed: u64) {
        check::<klamm::HistoryRecord>(seed);
    }

    #[test]
    fn visibility_documents_come_back_whole(seed: u64) {
        check::<klamm::VisibilityDocument>(seed);
    }

    #[test]
    fn cluster_records_come_back_whole(seed: u64) {
        check::<klamm::ClusterRecord>(seed);
    }

    #[test]
    fn held_records_come_back_whole(seed: u64) {
        check::<klamm::HeldRecord>(seed);
    }

    #[test]
    fn schedule_records_come_back_whole(seed: u64) {
        check::<klamm::ScheduleRecord>(seed);
    }

    #[test]
    fn members_come_back_whole(seed: u64) {
        check::<klamm::Member>(seed);
    }

    #[test]
    fn outcomes_come_back_whole(seed: u64) {
        check::<klamm::Outcome>(seed);
        check::<klamm::Request>(seed);
        check::<klamm::ActivityTask>(seed);
    }
}

/// The random messages above are of every kind that a topic reaches.
#[test]
fn random_messages_reach_every_record() {
    for schema in schemas::all() {
        let root = match schema.subject {
            "commands-value" => klamm::Command::NAME,
            "history-value" => klamm::HistoryRecord::NAME,
            "visibility-value" => klamm::VisibilityDocument::NAME,
            "schedules-value" => klamm::ScheduleRecord::NAME,
            "held-value" => klamm::HeldRecord::NAME,
            "cluster-value" => klamm::ClusterRecord::NAME,
            "members-value" => klamm::Member::NAME,
            "outcomes-value" => klamm::Outcome::NAME,
            "requests-value" => klamm::Request::NAME,
            "tasks-value" => klamm::ActivityTask::NAME,
            other => panic!("no root for {other}"),
        };
        let mut missing: BTreeSet<String> = records(&serde_json::from_str(schema.json).expect("a schema is JSON")).into_iter().collect();
        // Made of what a Failure is made of.
        missing.remove("temporal.api.failure.v1.Failure_Cause");
        for seed in 0..20_000 {
            let mut random = support::Random::new(seed);
            random.message(&support::message(root), 0);
            random.seen.iter().for_each(|name| {
                missing.remove(&record_name(name));
            });
            if missing.is_empty() {
                break;
            }
        }
        assert!(missing.is_empty(), "{} messages have none of {missing:?}", schema.subject);
    }
}

/// The record that a message becomes.
fn record_name(message: &str) -> String {
    let package = support::message(message).package_name().to_owned();
    let nested = message.strip_prefix(&package).expect("names begin with their package").trim_start_matches('.');
    format!("{package}.{}", nested.replace('.', "_"))
}

/// Full names of the records that a schema defines.
fn records(schema: &serde_json::Value) -> Vec<String> {
    match schema {
        serde_json::Value::Object(members) => {
            let own = (members.get("type").is_some_and(|of| of == "record"))
                .then(|| format!("{}.{}", members["namespace"].as_str().unwrap_or(""), members["name"].as_str().unwrap_or("")));
            own.into_iter().chain(members.values().flat_map(records)).collect()
        }
        serde_json::Value::Array(items) => items.iter().flat_map(records).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn maps_are_written_in_the_order_of_their_keys() {
    // Put in backwards.
    let fields: BTreeMap<String, _> = (0..100).rev().map(|n| (format!("key-{n:02}"), temporal::common::v1::Payload::default())).collect();
    let mut bytes = Vec::new();
    temporal::common::v1::Memo { fields: fields.clone() }.encode_avro(&mut bytes);
    let keys: Vec<usize> =
        fields.keys().map(|key| bytes.windows(key.len()).position(|part| part == key.as_bytes()).expect("every key")).collect();
    assert!(keys.is_sorted(), "keys stand at {keys:?}");
}

#[test]
fn times_are_cut_to_microseconds() {
    let document = |nanos| klamm::VisibilityDocument { start_time: Some(Timestamp { seconds: -5, nanos }), ..Default::default() };
    assert_eq!(canonical(&document(123_456_789)), Ok(document(123_456_000)));
}

#[test]
fn durations_stop_at_64_bits_of_nanoseconds() {
    let document =
        |seconds, nanos| klamm::VisibilityDocument { execution_duration: Some(Duration { seconds, nanos }), ..Default::default() };
    assert_eq!(canonical(&document(i64::MAX, 999_999_999)), Ok(document(9_223_372_036, 854_775_807)));
    assert_eq!(canonical(&document(-1, -5)), Ok(document(-1, -5)));
}

#[test]
fn unknown_enum_numbers_become_the_default() {
    let document = |status| klamm::VisibilityDocument { status, ..Default::default() };
    assert_eq!(canonical(&document(4_711)), Ok(document(0)));
    assert_eq!(canonical(&document(-1)), Ok(document(0)));
    assert_eq!(canonical(&document(3)), Ok(document(3)));
}

#[test]
fn a_chain_of_causes_is_kept_up_to_its_limit() {
    let chain = |length: usize| {
        (0..length)
            .fold(None, |cause, n| Some(Box::new(temporal::failure::v1::Failure { message: n.to_string(), cause, ..Default::default() })))
    };
    let record = |causes| {
        let failure = temporal::failure::v1::Failure { message: "outer".to_owned(), cause: chain(causes), ..Default::default() };
        klamm::ActivityState { last_failure: Some(failure), ..Default::default() }
    };
    assert_eq!(canonical(&record(90)), Ok(record(90)));
    let cut = canonical(&record(150)).expect("what is encoded decodes");
    let failure = cut.last_failure.expect("the failure");
    assert_eq!(std::iter::successors(failure.cause.as_deref(), |it| it.cause.as_deref()).count(), 90);
    assert_eq!(failure.cause.expect("the nearest").message, "149");
}
