//! Values as people see them.

use klamm_avro::{frame, json::to_json};
use klamm_messages::{
    klamm::v1 as klamm,
    temporal::{
        common::v1::{Payload, Payloads},
        history::v1::{HistoryEvent, WorkflowExecutionSignaledEventAttributes, history_event::Attributes},
    },
};
use prost_types::Timestamp;
use serde_json::json;

#[test]
fn a_history_event_is_readable() {
    let payload =
        Payload { metadata: [("encoding".to_owned(), "json/plain".into())].into(), data: r#"{"amount": 3}"#.into(), ..Default::default() };
    let attributes = WorkflowExecutionSignaledEventAttributes {
        signal_name: "pay".to_owned(),
        input: Some(Payloads { payloads: vec![payload] }),
        ..Default::default()
    };
    let event = HistoryEvent {
        event_id: 5,
        event_time: Some(Timestamp { seconds: 1_700_000_000, nanos: 250_000_000 }),
        event_type: 26,
        attributes: Some(Attributes::WorkflowExecutionSignaledEventAttributes(attributes)),
        ..Default::default()
    };
    let record = klamm::HistoryRecord {
        namespace: "default".to_owned(),
        workflow_id: "order-1".to_owned(),
        run_id: "r".to_owned(),
        record: Some(klamm::history_record::Record::Event(event)),
    };
    let shown = to_json(&frame::encode(&record)).expect("a value");
    assert_eq!(shown["workflow_id"], "order-1");
    let event = &shown["event"];
    assert_eq!(event["event_time"], "2023-11-14T22:13:20.250000Z");
    assert_eq!(event["event_type"], "EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED");
    assert_eq!(
        event["workflow_execution_signaled_event_attributes"]["input"]["payloads"][0],
        json!({
            "metadata": { "encoding": { "text": "json/plain" } },
            "data": { "json": { "amount": 3 } },
            "external_payloads": [],
        })
    );
    assert!(event.get("timer_fired_event_attributes").is_none(), "what is null is left out");
    assert!(shown.get("activity").is_none(), "what is null is left out");
}
