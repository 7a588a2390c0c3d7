//! Measures how long encoding and decoding take. It takes the best of many batches, so that a busy machine has little effect: `cargo run
//! --release -p klamm-avro --example figures`.

use std::{hint::black_box, time::Instant};

use klamm_avro::{Value, frame};
use klamm_messages::{
    klamm::v1 as klamm,
    temporal::{
        common::v1::{ActivityType, Payload, Payloads},
        history::v1::{ActivityTaskScheduledEventAttributes, HistoryEvent, history_event::Attributes},
        taskqueue::v1::TaskQueue,
    },
};
use prost_types::{Duration, Timestamp};

const BATCHES: u32 = 500;
const ROUNDS: u32 = 500;

fn main() {
    show("history: ActivityTaskScheduled", &scheduled());
    show("commands: CompleteActivityTask", &completed());
    show("commands: WakeUp", &wake_up());
}

fn show<T: Value>(what: &str, value: &T) {
    let framed = frame::encode(value);
    let mut buffer = Vec::with_capacity(1024);
    let encoding = best(|| {
        buffer.clear();
        frame::encode_into(black_box(value), &mut buffer);
        black_box(&buffer);
    });
    let decoding = best(|| {
        let _ = black_box(frame::decode::<T>(black_box(&framed)));
    });
    println!("{what}: {} bytes, encode {encoding:?}, decode {decoding:?}", framed.len());
}

fn best(mut work: impl FnMut()) -> std::time::Duration {
    let batch = |_| {
        let start = Instant::now();
        (0..ROUNDS).for_each(|_| work());
        start.elapsed() / ROUNDS
    };
    (0..BATCHES).map(batch).min().unwrap_or_default()
}

fn payloads() -> Option<Payloads> {
    let payload = Payload {
        metadata: [("encoding".to_owned(), "json/plain".into())].into(),
        data: r#"{"order": "0190b7a4", "amount": 1250, "currency": "EUR"}"#.into(),
        ..Default::default()
    };
    Some(Payloads { payloads: vec![payload] })
}

fn scheduled() -> klamm::HistoryRecord {
    let seconds = |seconds| Some(Duration { seconds, nanos: 0 });
    let attributes = ActivityTaskScheduledEventAttributes {
        activity_id: "5".to_owned(),
        activity_type: Some(ActivityType { name: "ChargeCard".to_owned() }),
        task_queue: Some(TaskQueue { name: "payments".to_owned(), kind: 1, ..Default::default() }),
        input: payloads(),
        schedule_to_close_timeout: seconds(600),
        schedule_to_start_timeout: seconds(600),
        start_to_close_timeout: seconds(30),
        heartbeat_timeout: seconds(10),
        workflow_task_completed_event_id: 4,
        ..Default::default()
    };
    let event = HistoryEvent {
        event_id: 5,
        event_time: Some(Timestamp { seconds: 1_700_000_000, nanos: 250_000_000 }),
        event_type: 10,
        attributes: Some(Attributes::ActivityTaskScheduledEventAttributes(attributes)),
        ..Default::default()
    };
    klamm::HistoryRecord {
        namespace: "default".to_owned(),
        workflow_id: "order-0190b7a4-1".to_owned(),
        run_id: "0190b7a4-9e3c-7c1d-a2a0-0b5c9b1f7a10".to_owned(),
        record: Some(klamm::history_record::Record::Event(event)),
    }
}

fn command(body: klamm::command::Body) -> klamm::Command {
    klamm::Command {
        version: 1,
        namespace: "default".to_owned(),
        workflow_id: "order-0190b7a4-1".to_owned(),
        identity: "1234@worker-7".to_owned(),
        body: Some(body),
        ..Default::default()
    }
}

fn completed() -> klamm::Command {
    let token = klamm::ActivityTaskToken {
        namespace: "default".to_owned(),
        workflow_id: "order-0190b7a4-1".to_owned(),
        run_id: "0190b7a4-9e3c-7c1d-a2a0-0b5c9b1f7a10".to_owned(),
        scheduled_event_id: 5,
        attempt: 1,
        activity_id: "5".to_owned(),
        activity_type: "ChargeCard".to_owned(),
        stamp: 1,
    };
    command(klamm::command::Body::CompleteActivityTask(klamm::CompleteActivityTask {
        token: Some(token),
        result: payloads(),
        ..klamm::CompleteActivityTask::default()
    }))
}

fn wake_up() -> klamm::Command {
    command(klamm::command::Body::WakeUp(klamm::WakeUp {
        machine: "workflow".to_owned(),
        namespace: "default".to_owned(),
        id: "order-0190b7a4-1".to_owned(),
        run_id: "0190b7a4-9e3c-7c1d-a2a0-0b5c9b1f7a10".to_owned(),
        due: Some(Timestamp { seconds: 1_700_000_000, nanos: 250_000_000 }),
    }))
}
