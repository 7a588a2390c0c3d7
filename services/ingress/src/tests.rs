//! The reader on a log in memory, and a sink that decides nothing.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use apache_avro::{Schema, to_avro_datum, types::Record as AvroRecord};
use klamm_log::{Log, MemoryLog, Offset, Record, TopicSpec};
use klamm_messages::{
    klamm::v1::{Command, NamespaceState, command::Body},
    temporal::enums::v1::NamespaceState as Lifecycle,
};
use klamm_supervise::Supervisor;
use parking_lot::Mutex;
use tokio::{sync::watch, task::JoinHandle};

use super::*;

const TOPIC: &str = "klamm.requests.shop";

/// Takes what it is given. It refuses each group once, after taking its first half: so each is sent again in part.
struct Sink {
    owned: watch::Sender<BTreeMap<u32, i64>>,
    partitions: u32,
    namespaces: Mutex<Arc<BTreeMap<String, NamespaceState>>>,
    taken: Mutex<Vec<Command>>,
    settled: Mutex<BTreeMap<i32, Offset>>,
    falters: bool,
    faltered: Mutex<std::collections::BTreeSet<Offset>>,
}

impl Sink {
    fn new(partitions: u32, falters: bool) -> Arc<Self> {
        let namespace = NamespaceState { name: "shop".to_owned(), state: Lifecycle::Registered as i32, ..NamespaceState::default() };
        Arc::new(Self {
            owned: watch::Sender::new((0..partitions).map(|number| (number, 1)).collect()),
            partitions,
            namespaces: Mutex::new(Arc::new([("shop".to_owned(), namespace)].into())),
            taken: Mutex::default(),
            settled: Mutex::default(),
            falters,
            faltered: Mutex::default(),
        })
    }

    /// Offsets of the commands, without repetitions, as a partition takes them: only those above the last one of their source.
    fn offsets(&self, partition: u32) -> Vec<Offset> {
        let mut offsets: Vec<Offset> = Vec::new();
        for command in self.taken.lock().iter().filter(|command| self.partition_of(command) == partition) {
            let offset = command.source.as_ref().unwrap().offset;
            if offsets.last().is_none_or(|last| offset > *last) {
                offsets.push(offset);
            }
        }
        offsets
    }

    fn bodies(&self) -> Vec<Body> {
        self.taken.lock().iter().map(|command| command.body.clone().unwrap()).collect()
    }
}

impl CommandSink for Sink {
    fn partitions(&self) -> watch::Receiver<BTreeMap<u32, i64>> {
        self.owned.subscribe()
    }

    fn partition_count(&self) -> u32 {
        self.partitions
    }

    fn settled(&self, _: &str) -> Result<BTreeMap<i32, Offset>, Away> {
        Ok(self.settled.lock().clone())
    }

    fn namespaces(&self) -> Arc<BTreeMap<String, NamespaceState>> {
        self.namespaces.lock().clone()
    }

    fn partition_of(&self, command: &Command) -> u32 {
        command.workflow_id.bytes().map(u32::from).sum::<u32>() % self.partitions
    }

    async fn append(&self, _: u32, commands: Vec<Command>) -> Result<(), Away> {
        let first = commands[0].source.as_ref().unwrap().offset;
        if self.falters && self.faltered.lock().insert(first) {
            self.taken.lock().extend(commands[..commands.len() / 2].iter().cloned());
            return Err(Away("the broker is away".to_owned()));
        }
        self.taken.lock().extend(commands);
        Ok(())
    }
}

fn log(partitions: u32) -> Arc<MemoryLog> {
    let log = Arc::new(MemoryLog::new(Arc::new(klamm_log::SystemClock), klamm_log::memory::Settings::default()));
    log.ensure_topics(&[TopicSpec::kept(TOPIC, partitions)]).unwrap();
    log
}

fn signal(key: &str) -> Record {
    Record::new(key.to_owned(), r#"{"signal": {"name": "s"}}"#)
}

fn start(sink: &Arc<Sink>, log: &Arc<MemoryLog>, schemas: Arc<dyn SchemaSource>) -> (JoinHandle<()>, Supervisor) {
    let supervisor = Supervisor::default();
    let topics = vec![RequestTopic { namespace: "shop".to_owned(), topic: TOPIC.into() }];
    let running = tokio::spawn(run(sink.clone(), log.clone(), topics, AllLimits::default(), schemas, supervisor.clone()));
    (running, supervisor)
}

/// Waits until so many commands were taken, and no more come.
async fn taken(sink: &Sink, count: usize) {
    let enough = async {
        while sink.taken.lock().len() < count {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), enough).await.unwrap_or_else(|_| panic!("{} of {count}", sink.taken.lock().len()));
}

#[tokio::test]
async fn each_record_becomes_one_command_in_order_although_appends_fail() {
    let (sink, log) = (Sink::new(4, true), log(1));
    let keys: Vec<String> = (0..1200).map(|number| format!("w{}", number % 7)).collect();
    for chunk in keys.chunks(100) {
        log.append(TOPIC, 0, chunk.iter().map(|key| signal(key)).collect()).unwrap();
    }
    let (running, _) = start(&sink, &log, Arc::new(NoSchemas));
    let all = async {
        while (0..4).map(|partition| sink.offsets(partition).len()).sum::<usize>() < keys.len() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), all).await.expect("all commands are taken");
    running.abort();
    for partition in 0..4 {
        let expected: Vec<Offset> = (0..keys.len())
            .filter(|it| sink.partition_of(&Command { workflow_id: keys[*it].clone(), ..Command::default() }) == partition)
            .map(|it| it as Offset)
            .collect();
        assert_eq!(sink.offsets(partition), expected);
    }
    // What is said to be settled had been taken before.
    let taken = sink.taken.lock();
    for (index, command) in taken.iter().enumerate() {
        let settled = command.source.as_ref().unwrap().settled;
        let before: std::collections::BTreeSet<_> = taken[..index].iter().map(|command| command.source.as_ref().unwrap().offset).collect();
        assert!((0..settled).all(|offset| before.contains(&offset)), "{settled}");
    }
}

#[tokio::test]
async fn a_reader_begins_at_what_is_settled_and_each_source_partition_has_one_reader() {
    let (sink, log) = (Sink::new(2, false), log(5));
    for partition in 0..5 {
        log.append(TOPIC, partition, (0..4).map(|number| signal(&format!("w{number}"))).collect()).unwrap();
    }
    *sink.settled.lock() = [(0, 3), (4, 4)].into();
    let (running, _) = start(&sink, &log, Arc::new(NoSchemas));
    taken(&sink, 13).await;
    log.append(TOPIC, 4, vec![signal("late")]).unwrap();
    taken(&sink, 14).await;
    running.abort();
    let mut places: Vec<_> =
        sink.taken.lock().iter().map(|command| command.source.clone().unwrap()).map(|it| (it.partition, it.offset)).collect();
    places.sort_unstable();
    let expected: Vec<_> =
        [(0, 3)].into_iter().chain((1..4).flat_map(|partition| (0..4).map(move |offset| (partition, offset)))).chain([(4, 4)]).collect();
    assert_eq!(places, expected);
}

#[tokio::test]
async fn requests_of_a_namespace_that_is_missing_wait_for_it_and_health_says_so() {
    let (sink, log) = (Sink::new(1, false), log(1));
    let namespaces = std::mem::take(&mut *sink.namespaces.lock());
    log.append(TOPIC, 0, vec![signal("w")]).unwrap();
    let (running, supervisor) = start(&sink, &log, Arc::new(NoSchemas));
    let told = async {
        while !supervisor.health().reasons().iter().any(|reason| reason.text.contains("there is no namespace shop")) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), told).await.expect("health says what is missing");
    assert!(sink.taken.lock().is_empty());
    *sink.namespaces.lock() = namespaces;
    taken(&sink, 1).await;
    let clear = async {
        while !supervisor.health().reasons().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), clear).await.expect("health is clear again");
    running.abort();
}

/// A registry that is away at first.
struct Registry {
    schemas: BTreeMap<u32, String>,
    asked: Mutex<u32>,
}

impl SchemaSource for Registry {
    fn schema(&self, id: u32) -> Result<Option<String>, Away> {
        *self.asked.lock() += 1;
        if *self.asked.lock() == 1 { Err(Away("the registry is away".to_owned())) } else { Ok(self.schemas.get(&id).cloned()) }
    }
}

fn framed(id: u32, datum: &[u8]) -> Vec<u8> {
    [&[0][..], &id.to_be_bytes(), datum].concat()
}

#[tokio::test]
async fn avro_of_any_schema_with_the_right_names_is_read() {
    // As ksqlDB and Flink make it: everything is nullable, and arguments are records.
    let schema = r#"{"type": "record", "name": "Order", "fields": [
        {"name": "workflow_id", "type": ["null", "string"]},
        {"name": "start", "type": ["null", {"type": "record", "name": "Start", "fields": [
            {"name": "workflow_type", "type": ["null", "string"]}, {"name": "task_queue", "type": ["null", "string"]},
            {"name": "args", "type": ["null", {"type": "array", "items": {"type": "record", "name": "Arg", "fields": [
                {"name": "id", "type": "long"}, {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}}]}}]},
            {"name": "priority", "type": ["null", "int"]}]}]}]}"#;
    let recursive = r#"{"type": "record", "name": "R", "fields": [{"name": "r", "type": ["null", "R"]}]}"#;
    let parsed = Schema::parse_str(schema).unwrap();
    let mut record = AvroRecord::new(&parsed).unwrap();
    let json = serde_json::json!({"workflow_id": "order-7", "start": {"workflow_type": "Order", "task_queue": "orders",
        "args": [{"id": 7, "at": 1_000}], "priority": null}});
    for (name, value) in json.as_object().unwrap() {
        record.put(name, apache_avro::types::Value::from(value.clone()));
    }
    let value = apache_avro::types::Value::from(record).resolve(&parsed).unwrap();
    let datum = to_avro_datum(&parsed, value).unwrap();

    let (sink, log) = (Sink::new(1, false), log(1));
    let registry = Registry { schemas: [(1, schema.to_owned()), (2, recursive.to_owned())].into(), asked: Mutex::default() };
    let values =
        [framed(1, &datum), framed(2, &[0]), framed(3, &[]), framed(1, &datum[..3]), framed(1, &[&datum[..], &[1]].concat()), vec![0, 1]];
    log.append(TOPIC, 0, values.into_iter().map(|value| Record::new("w", value)).collect()).unwrap();
    log.append(TOPIC, 0, vec![Record::tombstone("w")]).unwrap();
    let (running, _) = start(&sink, &log, Arc::new(registry));
    taken(&sink, 7).await;
    running.abort();

    let bodies = sink.bodies();
    let Body::StartWorkflow(start) = &bodies[0] else { panic!("{:?}", bodies[0]) };
    let request = start.request.as_ref().unwrap();
    assert_eq!((request.workflow_id.as_str(), request.workflow_type.as_ref().unwrap().name.as_str()), ("order-7", "Order"));
    let args = &request.input.as_ref().unwrap().payloads;
    assert_eq!(std::str::from_utf8(&args[0].data).unwrap(), r#"{"at":"1970-01-01T00:00:01Z","id":7}"#);
    let refused: Vec<&str> = bodies[1..]
        .iter()
        .map(|body| if let Body::RefuseRequest(refused) = body { refused.message.as_str() } else { panic!("{body:?}") })
        .collect();
    let expected = [
        "The schema with the id 2 contains itself.",
        "No schema with the id 3 is known.",
        "The value is not of its schema: ",
        "There are bytes after the value.",
        "The value is neither JSON nor Avro",
        "A record without a value is no request.",
    ];
    for (refused, expected) in refused.iter().zip(expected) {
        assert!(refused.starts_with(expected), "{refused}");
    }
}
