//! The reader on a log in memory, and a sink that decides nothing.

mod flow;
mod formats;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use klamm_log::{Log, MemoryLog, Offset, Record, TopicSpec};
use klamm_messages::{
    klamm::v1::{Command, NamespaceState, TopicSeen, TriggerState, command::Body},
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
    triggers: watch::Sender<Arc<BTreeMap<String, TriggerState>>>,
    statuses: Arc<TriggerStatuses>,
    /// While this is true, nothing is taken.
    held: watch::Sender<bool>,
    /// Commands that are given and not taken yet, and most of them that there ever were.
    given: Mutex<(usize, usize)>,
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
            triggers: watch::Sender::new(Arc::default()),
            statuses: Arc::default(),
            held: watch::Sender::new(false),
            given: Mutex::default(),
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

    fn triggers(&self) -> watch::Receiver<Arc<BTreeMap<String, TriggerState>>> {
        self.triggers.subscribe()
    }

    fn trigger_statuses(&self) -> Arc<TriggerStatuses> {
        self.statuses.clone()
    }

    fn partition_of(&self, command: &Command) -> u32 {
        command.workflow_id.bytes().map(u32::from).sum::<u32>() % self.partitions
    }

    async fn append(&self, _: u32, commands: Vec<Command>) -> Result<(), Away> {
        {
            let mut given = self.given.lock();
            given.0 += commands.len();
            given.1 = given.1.max(given.0);
        }
        let _ = self.held.subscribe().wait_for(|held| !held).await;
        self.given.lock().0 -= commands.len();
        let first = commands[0].source.as_ref().map_or(-1, |source| source.offset);
        if self.falters && first >= 0 && self.faltered.lock().insert(first) {
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
    start_with(sink, log, schemas, Fetches::default())
}

fn start_with(sink: &Arc<Sink>, log: &Arc<MemoryLog>, schemas: Arc<dyn SchemaSource>, fetches: Fetches) -> (JoinHandle<()>, Supervisor) {
    let supervisor = Supervisor::default();
    let topics = vec![RequestTopic { namespace: "shop".to_owned(), topic: TOPIC.into() }];
    let dead_letters: DeadLetterTopic = Arc::new(|trigger| TopicSpec::kept(format!("klamm.dlq.{trigger}"), 1));
    let config = Config { requests: topics, limits: AllLimits::default(), schemas, dead_letters };
    let running = tokio::spawn(run_with(sink.clone(), log.clone(), config, supervisor.clone(), fetches));
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

const ORDERS: &str = r#"
trigger: orders
namespace: shop
source: {topic: shop.orders, format: json}
rules:
  - when: "value.kind == 'order'"
    start: {type: Order, task_queue: q, id: "order-${value.id}"}
    args: [{path: value}]
"#;

fn state(text: &str) -> TriggerState {
    TriggerState {
        name: "orders".to_owned(),
        namespace: "shop".to_owned(),
        text: text.to_owned(),
        generation: 1,
        ..TriggerState::default()
    }
}

fn declare(sink: &Sink, state: TriggerState) {
    sink.triggers.send_replace(Arc::new([(state.name.clone(), state)].into()));
}

fn order(number: usize) -> Record {
    Record::new(format!("k{number}"), format!(r#"{{"kind":"order","id":{number}}}"#))
}

#[tokio::test]
async fn a_trigger_makes_commands_of_some_records_and_its_position_advances_over_all() {
    let (sink, log) = (Sink::new(2, true), log(1));
    log.ensure_topics(&[TopicSpec::kept("shop.orders", 1)]).unwrap();
    let other = || Record::new("k", r#"{"kind":"other"}"#);
    let records: Vec<_> = (0..1200).map(|number| if number % 3 == 0 { order(number) } else { other() }).collect();
    log.append("shop.orders", 0, records).unwrap();
    log.append("shop.orders", 0, vec![Record::new("k", "no json")]).unwrap();
    declare(&sink, state(ORDERS));
    let (running, _) = start(&sink, &log, Arc::new(NoSchemas));
    let dead = |command: &Command| matches!(command.body, Some(Body::DeadLetter(_)));
    let all = async {
        while !sink.taken.lock().iter().any(dead) || (0..2).map(|partition| sink.offsets(partition).len()).sum::<usize>() < 401 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), all).await.expect("all commands are taken");
    assert!(log.topic("klamm.dlq.orders").is_ok(), "its dead letters have a topic");
    // Paused, it makes durable how far it has come.
    declare(&sink, TriggerState { paused: true, ..state(ORDERS) });
    let mark = |command: &Command| matches!(command.body, Some(Body::MarkSource(_)));
    let marked = async {
        while !sink.taken.lock().iter().any(mark) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), marked).await.expect("the position is marked");
    let topic_id = log.topic("shop.orders").unwrap().id.clone();
    for command in sink.taken.lock().iter() {
        let source = command.source.as_ref().unwrap();
        assert_eq!(source.topic_id, format!("{topic_id}:orders:1"));
        if mark(command) {
            assert_eq!((source.offset, source.settled), (1200, 1201));
        } else {
            let from = command.from_trigger.as_ref().unwrap();
            assert_eq!((from.trigger.as_str(), from.topic.as_str(), from.offset), ("orders", "shop.orders", source.offset));
        }
    }
    let counts = sink.statuses.of("orders").counts;
    assert_eq!(counts.filtered, 800);
    assert_eq!(sink.statuses.of("orders").positions, [(0, (1201, 1201))].into());
    running.abort();
}

#[tokio::test]
async fn a_trigger_that_begins_at_the_end_says_so_first_and_a_changed_one_reads_on() {
    let (sink, log) = (Sink::new(1, false), log(1));
    log.ensure_topics(&[TopicSpec::kept("shop.orders", 1)]).unwrap();
    log.append("shop.orders", 0, (0..5).map(order).collect()).unwrap();
    let latest = ORDERS.replace("rules:", "start_at: latest\nrules:");
    declare(&sink, state(&latest));
    let (running, _) = start(&sink, &log, Arc::new(NoSchemas));
    taken(&sink, 1).await;
    assert!(matches!(sink.bodies()[0], Body::MarkSource(_)));
    assert_eq!(sink.taken.lock()[0].source.as_ref().unwrap().settled, 5);
    log.append("shop.orders", 0, vec![order(5)]).unwrap();
    taken(&sink, 2).await;
    // The reader of the old declaration ends with a mark. This sink tells nobody of it, so the test does.
    sink.settled.lock().insert(0, 6);
    declare(&sink, state(&latest.replace("order-", "again-")));
    taken(&sink, 3).await;
    log.append("shop.orders", 0, vec![order(6)]).unwrap();
    taken(&sink, 4).await;
    running.abort();
    let ids: Vec<String> = sink.taken.lock().iter().map(|command| command.workflow_id.clone()).collect();
    assert_eq!((ids[1].as_str(), ids[3].as_str()), ("order-5", "again-6"));
    assert!(matches!(sink.bodies()[2], Body::MarkSource(_)));
}

async fn await_that(what: &str, is_so: impl Fn() -> bool) {
    let so = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), so).await.unwrap_or_else(|_| panic!("{what} does not come"));
}

/// Workflow id, request id and run id of each start.
fn starts(sink: &Sink) -> Vec<(String, String, String)> {
    let start = |body: Body| match body {
        Body::StartWorkflow(start) => {
            let request = start.request.unwrap();
            Some((request.workflow_id, request.request_id, start.run_id))
        }
        _ => None,
    };
    sink.bodies().into_iter().filter_map(start).collect()
}

#[tokio::test]
async fn another_generation_begins_where_it_is_told_and_asks_for_the_same_things() {
    let (sink, log) = (Sink::new(1, false), log(1));
    log.ensure_topics(&[TopicSpec { log_append_time: false, ..TopicSpec::kept("shop.orders", 1) }]).unwrap();
    let at = |number: usize, timestamp_ms: i64| Record { timestamp_ms, ..order(number) };
    log.append("shop.orders", 0, vec![at(0, 1_000), at(1, 2_000), at(2, 3_000)]).unwrap();
    declare(&sink, state(ORDERS));
    let (running, _) = start(&sink, &log, Arc::new(NoSchemas));
    taken(&sink, 3).await;
    declare(&sink, TriggerState { generation: 2, start_at: "1970-01-01T00:00:02Z".to_owned(), ..state(ORDERS) });
    // The mark of the first generation's reader, that of the second one's beginning, and two records.
    taken(&sink, 7).await;
    running.abort();
    let starts = starts(&sink);
    let (first, again) = starts.split_at(3);
    assert_eq!(again.len(), 2);
    for (before, after) in first[1..].iter().zip(again) {
        assert_eq!((&before.0, &before.1), (&after.0, &after.1), "the same request, by which its run knows it");
        assert_ne!(before.2, after.2, "a run that is started after all has an id of its own");
    }
    assert_ne!(first[0].1, first[1].1);
    let topic_id = log.topic("shop.orders").unwrap().id.clone();
    let sources: Vec<_> = sink.taken.lock().iter().map(|command| command.source.clone().unwrap()).collect();
    let begun = sources.iter().find(|source| source.topic_id == format!("{topic_id}:orders:2")).unwrap();
    assert_eq!((begun.offset, begun.settled), (0, 1), "where it begins is in the log first");
}

#[tokio::test]
async fn too_many_dead_letters_pause_the_trigger_before_the_next_one() {
    let (sink, log) = (Sink::new(1, false), log(1));
    log.ensure_topics(&[TopicSpec::kept("shop.orders", 1)]).unwrap();
    let bad = || Record::new("k", "no json");
    log.append("shop.orders", 0, (0..30).map(order).collect()).unwrap();
    log.append("shop.orders", 0, (0..60).map(|_| bad()).collect()).unwrap();
    let text = format!("{ORDERS}faults: {{break_at: 50%}}\n");
    declare(&sink, state(&text));
    let (running, _) = start(&sink, &log, Arc::new(NoSchemas));
    let pause = |body: &Body| match body {
        Body::Cluster(cluster) => match &cluster.command {
            Some(klamm_messages::klamm::v1::cluster_command::Command::PauseTrigger(pause)) => Some(pause.clone()),
            _ => None,
        },
        _ => None,
    };
    await_that("the pause", || sink.bodies().iter().any(|body| pause(body).is_some())).await;
    let asked = sink.bodies().iter().find_map(pause).unwrap();
    assert_eq!((asked.name.as_str(), asked.paused), ("orders", true));
    assert_eq!(asked.reason, "Too many dead letters: 30 of the last 60 records. shop.orders 0/60 would be the next.");
    // The pause becomes known, and the reader ends in front of the record.
    declare(&sink, TriggerState { paused: true, pause_reason: asked.reason, ..state(&text) });
    await_that("the mark", || sink.bodies().iter().any(|body| matches!(body, Body::MarkSource(_)))).await;
    let offsets = || -> Vec<_> { sink.taken.lock().iter().filter_map(|it| it.from_trigger.as_ref().map(|from| from.offset)).collect() };
    assert_eq!(offsets(), (0..60).collect::<Vec<_>>(), "what would be too much is not taken");
    // Somebody lets it go on as it is: it looks at the rest with fresh eyes, and stops again.
    sink.settled.lock().insert(0, 60);
    declare(&sink, state(&text));
    await_that("the second pause", || sink.bodies().iter().filter_map(pause).count() == 2).await;
    running.abort();
    let dead = sink.bodies().iter().filter(|body| matches!(body, Body::DeadLetter(_))).count();
    assert_eq!(dead, 30 + 19);
}

#[tokio::test]
async fn latest_passes_over_nothing_of_partitions_that_are_added_later_or_of_a_topic_made_anew() {
    let cases = [
        (true, 3, vec![], [5, 5, 5]),
        (true, 2, vec![], [5, 5, 0]),
        (true, 2, vec![4, 5], [4, 5, 0]),
        (false, 3, vec![5, 5, 5], [0, 0, 0]),
    ];
    for (id_is_known, partitions, ends, begins) in cases {
        let (sink, log) = (Sink::new(1, false), log(1));
        log.ensure_topics(&[TopicSpec::kept("shop.orders", 3)]).unwrap();
        for partition in 0..3 {
            log.append("shop.orders", partition, (0..5).map(order).collect()).unwrap();
        }
        let id = if id_is_known { log.topic("shop.orders").unwrap().id.to_string() } else { "another".to_owned() };
        let latest = ORDERS.replace("rules:", "start_at: latest\nrules:");
        declare(&sink, TriggerState { seen: Some(TopicSeen { id, partitions, ends }), ..state(&latest) });
        let (running, _) = start(&sink, &log, Arc::new(NoSchemas));
        let next = |partition: u32| sink.statuses.of("orders").positions.get(&partition).map_or(0, |it| it.0);
        await_that("all partitions", || (0..3).all(|partition| next(partition) == 5)).await;
        running.abort();
        let mut read = [5; 3];
        for command in sink.taken.lock().iter().filter(|it| it.from_trigger.is_some()) {
            let source = command.source.as_ref().unwrap();
            let first = &mut read[source.partition as usize];
            *first = source.offset.min(*first);
        }
        assert_eq!(read, begins, "{id_is_known} {partitions}");
    }
}
