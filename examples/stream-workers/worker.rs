//! A worker without any SDK: it takes activities from the topic of a stream task queue, and answers on the topic of requests. It needs the
//! crates rdkafka, serde_json and chrono. Run as many as you like: they share the topic's partitions as any consumer group does.

use std::{env, error::Error, sync::mpsc, thread, time::Duration};

use chrono::{DateTime, Utc};
use rdkafka::{
    ClientConfig, ClientContext, Message,
    consumer::{BaseConsumer, CommitMode, Consumer},
    error::KafkaResult,
    producer::{BaseRecord, DeliveryResult, ProducerContext, ThreadedProducer},
};
use serde_json::{Value, json};

/// The result, or what a request says of a failure; klamm tries a failed activity again as its retry policy says, unless that would not help.
type Outcome = Result<Value, Value>;

/// Says of each record whether the broker has it.
struct Deliveries;

impl ClientContext for Deliveries {}
impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<mpsc::Sender<KafkaResult<()>>>;
    fn delivery(&self, delivered: &DeliveryResult<'_>, told: Self::DeliveryOpaque) {
        let _ = told.send(delivered.as_ref().map(drop).map_err(|(error, _)| error.clone()));
    }
}

struct Worker {
    producer: ThreadedProducer<Deliveries>,
    requests: String,
}

impl Worker {
    fn work(&self, task: &Value) -> Result<(), Box<dyn Error>> {
        if let Some(deadline) = task["deadline"].as_str()
            && DateTime::parse_from_rfc3339(deadline)? < Utc::now()
        {
            return Ok(()); // klamm has given this attempt up already
        }
        let result = match task["activity_type"].as_str() {
            Some("Ship") => self.ship(task)?,
            other => Err(json!({"message": format!("unknown here: {other:?}"), "non_retryable": true})),
        };
        match result {
            Ok(result) => self.ask(task, "complete_activity", json!({"result": result})),
            Err(failure) => self.ask(task, "fail_activity", failure),
        }
    }

    fn ship(&self, task: &Value) -> Result<Outcome, Box<dyn Error>> {
        let order = &task["input"][0];
        let Some(id) = order["id"].as_u64() else {
            return Ok(Err(json!({"message": format!("there is no order {}", order["id"]), "type": "NoSuchOrder", "non_retryable": true})));
        };
        if task["attempt"].as_u64() <= order["busy"].as_u64() {
            return Ok(Err(json!({"message": "the carrier is busy", "type": "Busy"})));
        }
        // The work goes on. The next attempt gets the details; an answer with the header `cancel-requested` says that it is to stop.
        if task["heartbeat_details"].is_null() {
            self.ask(task, "heartbeat_activity", json!({"details": ["packed"]}))?;
            thread::sleep(Duration::from_secs(order["packing_s"].as_u64().unwrap_or(0)));
        }
        Ok(Ok(json!({"parcel": id})))
    }

    fn ask(&self, task: &Value, what: &str, mut fields: Value) -> Result<(), Box<dyn Error>> {
        fields["task_token"] = task["task_token"].clone();
        let (request, key) = (json!({what: fields, "identity": "worker.rs"}).to_string(), task["workflow_id"].as_str().unwrap_or_default());
        let (told, delivered) = mpsc::channel();
        let record = BaseRecord::with_opaque_to(&self.requests, Box::new(told)).key(key).payload(&request);
        self.producer.send(record).map_err(|(error, _)| error)?;
        Ok(delivered.recv()??)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let [_, brokers, prefix, namespace, queue] = &env::args().collect::<Vec<_>>()[..] else {
        return Err("BROKERS PREFIX NAMESPACE QUEUE".into());
    };
    let client = ClientConfig::new().set("bootstrap.servers", brokers).to_owned();
    // The partitioner of Java's clients: requests of a workflow keep their order among all programs.
    let mut settings = client.clone().set("enable.idempotence", "true").set("linger.ms", "0").to_owned();
    let producer = settings.set("partitioner", "murmur2_random").create_with_context(Deliveries)?;
    let worker = Worker { producer, requests: format!("{prefix}requests.{namespace}") };
    let (mut settings, tasks) = (client, format!("{prefix}tasks.{namespace}.{queue}"));
    settings.set("group.id", format!("workers-{tasks}")).set("auto.offset.reset", "earliest");
    settings.set("session.timeout.ms", env::var("SESSION_TIMEOUT_MS").unwrap_or("45000".to_owned())); // at least 6 seconds
    // The offset of a task is committed when its answer is on the log: a worker that dies gets the task again.
    let consumer: BaseConsumer = settings.set("enable.auto.commit", "false").create()?;
    consumer.subscribe(&[&tasks])?;
    loop {
        let Some(Ok(record)) = consumer.poll(Duration::from_secs(1)) else { continue };
        worker.work(&serde_json::from_slice(record.payload().unwrap_or_default())?)?;
        if let Err(error) = consumer.commit_message(&record, CommitMode::Sync) {
            eprintln!("not committed: {error}"); // another worker may have the task again: its token tells
        }
    }
}
