//! Faults on a real broker: it is killed, it is away, holders wake up late, others write as well.
#![allow(dead_code, missing_docs)]

mod common;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use common::{
    broker::{Broker, Kafka},
    until,
};
use klamm_log::{
    Cleanup, Error, KafkaLog, Log, Offset, Output, ReadLimit, Record, Stored, TopicSpec,
    contract::Harness,
    kafka::{Settings, TopicsMode, check_broker},
};
use klamm_supervise::Supervisor;
use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, AlterConfig, NewPartitions, NewTopic, ResourceSpecifier, TopicReplication},
    client::DefaultClientContext,
};
use rustix::process::Signal;

fn topic(kafka: &Kafka, name: &str, partitions: u32) -> Arc<str> {
    let spec = TopicSpec::kept(kafka.topic_name(name), partitions);
    kafka.kafka().ensure_topics(std::slice::from_ref(&spec)).unwrap();
    spec.name
}

fn append(log: &KafkaLog, topic: &str, value: &str) -> Offset {
    log.append(topic, 0, vec![Record::new("k", value.to_owned())]).unwrap().first_offset
}

fn read_all(log: &KafkaLog, topic: &str, partition: u32) -> Vec<Stored> {
    let end = log.end_offset(topic, partition).unwrap();
    let (mut next, mut all) = (0, Vec::new());
    while next < end {
        let batch = log.read(topic, partition, next, ReadLimit::default()).unwrap();
        assert!(batch.next_offset > next);
        next = batch.next_offset;
        all.extend(batch.records);
    }
    all
}

fn values(records: &[Stored]) -> Vec<String> {
    records.iter().map(|stored| String::from_utf8(stored.record.value.clone().unwrap().to_vec()).unwrap()).collect()
}

fn output(topic: &Arc<str>, value: &str) -> Output {
    Output { topic: topic.clone(), partition: 0, record: Record::new("k", value.to_owned()) }
}

#[test]
fn others_records_are_noticed_without_traffic_of_ones_own() {
    let kafka = Kafka::shared();
    let (own, other) = (kafka.kafka().clone(), kafka.other());
    let topic = topic(&kafka, "foreign", 2);
    assert_eq!(own.wait(&topic, 0, 0, Duration::ZERO), Ok(false));
    for n in 0..5 {
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| own.wait(&topic, 0, n, Duration::from_secs(20)));
            assert_eq!(append(&other, &topic, &format!("{n}")), n);
            assert_eq!(waiting.join().unwrap(), Ok(true));
        });
        let batch = own.read(&topic, 0, n, ReadLimit::default()).unwrap();
        assert_eq!(values(&batch.records), [format!("{n}")]);
    }
    // Whoever reads at the end again and again comes to see it as well.
    append(&other, &topic, "5");
    until(|| !own.read(&topic, 0, 5, ReadLimit::default()).unwrap().records.is_empty());
}

#[test]
fn others_records_are_heard_of_at_once_where_somebody_listens() {
    // Nobody looks for them in time.
    let own = Kafka::new(Settings { watch_interval: Duration::from_secs(600), ..Kafka::shared().settings.clone() });
    let other = own.other();
    let topic = topic(&own, "heard", 1);
    own.kafka().listen_to(&topic);
    own.kafka().listen_to(&topic);
    assert_eq!(own.kafka().wait(&topic, 0, 0, Duration::ZERO), Ok(false));
    // What is written before the client stands at the end is not heard.
    let stands = || {
        let end = append(&other, &topic, "before") + 1;
        own.kafka().wait(&topic, 0, end - 1, Duration::from_millis(500)).unwrap()
    };
    until(stands);
    let mut end = own.kafka().end_offset(&topic, 0).unwrap();
    for n in 0..20 {
        append(&other, &topic, &format!("{n}"));
        assert_eq!(own.kafka().wait(&topic, 0, end, Duration::from_secs(20)), Ok(true));
        let batch = own.kafka().read(&topic, 0, end, ReadLimit::default()).unwrap();
        assert_eq!(values(&batch.records), [format!("{n}")]);
        end = batch.next_offset;
    }
}

#[test]
fn partitions_that_others_add_are_known_soon_and_nobody_who_waits_is_forgotten() {
    let own = Kafka::shared();
    let topic = topic(&own, "grown", 1);
    let partitions = || own.kafka().topic_now(&topic).unwrap().spec.partitions;
    assert_eq!(partitions(), 1);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| own.kafka().wait(&topic, 0, 0, Duration::from_secs(60)));
        futures_lite(admin().create_partitions(&[NewPartitions::new(&topic, 3)], &AdminOptions::new())).unwrap();
        until(|| partitions() == 3);
        let other = own.other();
        for partition in [2, 0] {
            other.append(&topic, partition, vec![Record::new("k", "v")]).unwrap();
        }
        assert_eq!(waiting.join().unwrap(), Ok(true), "of a record in an old partition");
    });
    assert_eq!(own.kafka().wait(&topic, 2, 0, Duration::from_secs(60)), Ok(true));
    assert_eq!(values(&read_all(own.kafka(), &topic, 2)), ["v"]);
    assert!(matches!(own.kafka().topic_now("nothing"), Err(Error::UnknownTopic { .. })));
}

#[test]
fn a_topic_that_is_made_anew_is_another_one_and_read_from_its_beginning() {
    let own = Kafka::shared();
    let topic = topic(&own, "anew", 1);
    let log = own.kafka();
    for n in 0..5 {
        append(log, &topic, &format!("old-{n}"));
    }
    assert_eq!(read_all(log, &topic, 0).len(), 5);
    let before = log.topic_now(&topic).unwrap().id.clone();
    assert_eq!(own.other().topic(&topic).unwrap().id, before, "all processes know it by the same id");
    futures_lite(admin().delete_topics(&[&topic], &AdminOptions::new())).unwrap();
    let anew = [NewTopic::new(&topic, 1, TopicReplication::Fixed(1))];
    // A broker may take the name for taken a little longer.
    until(|| futures_lite(admin().create_topics(&anew, &AdminOptions::new())).is_ok_and(|made| made.iter().all(Result::is_ok)));
    until(|| log.topic_now(&topic).is_ok_and(|now| now.id != before));
    assert_eq!(log.topic(&topic).unwrap().id, log.topic_now(&topic).unwrap().id);
    let other = own.other();
    append(&other, &topic, "new-0");
    append(&other, &topic, "new-1");
    until(|| log.end_offset(&topic, 0) == Ok(2));
    assert_eq!(values(&read_all(log, &topic, 0)), ["new-0", "new-1"]);
    assert!(matches!(log.read(&topic, 0, 5, ReadLimit::default()), Err(Error::PastEnd { end: 2, .. })));
}

#[test]
fn threads_that_panic_run_again_and_miss_nothing() {
    let kafka = Kafka::shared();
    let supervisor = Supervisor::default();
    let (own, other) = (kafka.supervised(&supervisor), kafka.other());
    let topic = topic(&kafka, "supervised", 1);
    append(&own, &topic, "first");
    own.prepare_transactional(vec![kafka.topic_name("prepared")]);
    for (round, part) in ["log-watcher", "log-answers", "log-watcher", "log-answers"].into_iter().enumerate() {
        assert!(supervisor.panic_in(part));
        // What it is for is done all the same: acknowledgements come, and others' records are noticed.
        let offset = append(&own, &topic, "own");
        let foreign = append(&other, &topic, "other");
        assert_eq!(own.wait(&topic, 0, foreign, Duration::from_secs(20)), Ok(true));
        assert_eq!(read_all(&own, &topic, 0).len() as Offset, foreign + 1, "after {offset} of round {round}");
        let told = || supervisor.health().reasons().into_iter().any(|reason| reason.source == part && reason.text.contains("a test asked"));
        until(told);
    }
    // Whoever connects ahead ends by itself.
    until(|| supervisor.running() == ["log-answers", "log-watcher"]);
}

#[test]
fn own_and_others_records_are_read_in_the_order_of_the_log() {
    let kafka = Kafka::shared();
    let (own, other) = (kafka.kafka().clone(), kafka.other());
    let topic = topic(&kafka, "mixed", 1);
    let mut producer = other.transactional(&kafka.topic_name("id")).unwrap();
    let (mut next, mut seen, mut wanted) = (0, Vec::new(), Vec::new());
    for round in 0..60 {
        let value = format!("{round}");
        match round % 5 {
            0 => drop(append(&other, &topic, &value)),
            1 => drop(producer.commit(vec![output(&topic, &value)]).unwrap()),
            _ => drop(append(&own, &topic, &value)),
        }
        wanted.push(value);
        if round % 3 == 0 {
            let batch = own.read(&topic, 0, next, ReadLimit { records: 4, bytes: usize::MAX }).unwrap();
            next = batch.next_offset;
            seen.extend(batch.records);
        }
    }
    let end = own.end_offset(&topic, 0).unwrap();
    while next < end {
        let batch = own.read(&topic, 0, next, ReadLimit { records: 4, bytes: usize::MAX }).unwrap();
        assert!(batch.next_offset > next);
        next = batch.next_offset;
        seen.extend(batch.records);
    }
    assert_eq!(values(&seen), wanted);
    assert!(seen.is_sorted_by(|a, b| a.offset < b.offset && a.timestamp_ms <= b.timestamp_ms));
    assert_eq!(read_all(&other, &topic, 0), seen, "another process reads the same");
}

#[test]
fn a_holder_that_wakes_in_mid_transaction_is_fenced() {
    let kafka = Kafka::shared();
    let topic = topic(&kafka, "zombie", 1);
    let id = kafka.topic_name("id");
    let (old_log, new_log) = (kafka.kafka().clone(), kafka.other());
    let mut old = old_log.transactional(&id).unwrap();
    old.commit(vec![output(&topic, "old")]).unwrap();
    let taken_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // The old holder keeps committing large batches, so that the new one comes in the middle of one.
        let zombie = scope.spawn(|| {
            let mut committed = 0;
            loop {
                let late = taken_over.load(Ordering::SeqCst);
                match old.commit((0..500).map(|n| output(&topic, &format!("old {n}"))).collect()) {
                    Ok(_) => {
                        assert!(!late, "a commit that begins after the take-over does not stand");
                        committed += 1;
                    }
                    Err(Error::Fenced { .. }) => return committed,
                    Err(error) => panic!("{error}"),
                }
            }
        });
        std::thread::sleep(Duration::from_millis(200));
        let mut new = new_log.transactional(&id).unwrap();
        taken_over.store(true, Ordering::SeqCst);
        let before = values(&read_all(&new_log, &topic, 0));
        new.commit(vec![output(&topic, "new")]).unwrap();
        let committed = zombie.join().unwrap();
        assert_eq!(before.len(), 1 + committed * 500, "each of its commits stands whole, or not at all");
        let mut wanted = before;
        wanted.push("new".to_owned());
        assert_eq!(values(&read_all(&new_log, &topic, 0)), wanted);
    });
    assert!(matches!(old.commit(vec![output(&topic, "late")]), Err(Error::Fenced { .. })));
}

/// Appends and commits go on while the broker is killed and comes back: what was acknowledged stands once and in order.
#[test]
fn a_killed_broker_loses_and_doubles_nothing() {
    let broker = Broker::start();
    let settings = Settings { request_timeout: Duration::from_secs(60), ..broker.settings() };
    let kafka = Kafka::new(settings);
    let topic = topic(&kafka, "killed", 4);
    let log = kafka.kafka().clone();
    let done = AtomicBool::new(false);
    let appended: Vec<Vec<(Offset, String)>> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4_u32)
            .map(|partition| {
                let (log, topic, done) = (&log, &topic, &done);
                scope.spawn(move || {
                    let mut told = Vec::new();
                    let mut n = 0;
                    while !done.load(Ordering::SeqCst) {
                        let sent: Vec<_> = (0..20)
                            .map(|_| {
                                n += 1;
                                let value = format!("{partition}.{n}");
                                (log.append_async(topic, partition, Record::new("k", value.clone())), value)
                            })
                            .collect();
                        for (appending, value) in sent {
                            told.push((appending.wait().unwrap().first_offset, value));
                        }
                    }
                    told
                })
            })
            .collect();
        for _ in 0..3 {
            std::thread::sleep(Duration::from_millis(700));
            broker.kill();
            broker.start_again();
        }
        std::thread::sleep(Duration::from_millis(700));
        done.store(true, Ordering::SeqCst);
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    });
    let other = kafka.other();
    for (partition, told) in appended.into_iter().enumerate() {
        for log in [&*log, &other] {
            let rows: Vec<_> = read_all(log, &topic, partition as u32);
            let rows: Vec<_> = rows.iter().map(|stored| stored.offset).zip(values(&rows)).collect();
            assert_eq!(rows, told, "partition {partition}");
        }
    }
}

/// The broker is frozen while a commit is on its way: its outcome is unknown, and the next holder settles it.
#[test]
fn a_commit_in_doubt_is_settled_by_the_next_holder() {
    let broker = Broker::start();
    let kafka = Kafka::new(Settings { request_timeout: Duration::from_secs(2), ..broker.settings() });
    let topic = topic(&kafka, "doubt", 1);
    let id = kafka.topic_name("id");
    let log = kafka.kafka().clone();
    let mut wanted = Vec::new();
    for round in 0..3 {
        let mut producer = None;
        until(|| {
            producer = log.transactional(&id).ok();
            producer.is_some()
        });
        let mut producer = producer.unwrap();
        let mut n = 0;
        // Freezes it at some moment of one of the commits.
        let doubt = std::thread::scope(|scope| {
            let freezing = scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(150 + round * 7));
                broker.signal(Signal::STOP);
            });
            let doubt = loop {
                n += 1;
                let value = format!("{round}.{n}");
                match producer.commit(vec![output(&topic, &value)]) {
                    Ok(_) => wanted.push(value),
                    Err(Error::InDoubt { .. } | Error::Unavailable { .. }) => break value,
                    Err(error) => panic!("{error}"),
                }
            };
            freezing.join().unwrap();
            doubt
        });
        broker.signal(Signal::CONT);
        drop(producer);
        let mut holder = None;
        until(|| {
            holder = log.transactional(&id).ok();
            holder.is_some()
        });
        let rows = values(&read_all(&log, &topic, 0));
        if rows.last() == Some(&doubt) {
            wanted.push(doubt.clone());
        }
        assert_eq!(rows, wanted);
        holder.unwrap().commit(vec![output(&topic, "next")]).unwrap();
        wanted.push("next".to_owned());
        assert_eq!(values(&read_all(&log, &topic, 0)), wanted, "what was settled stays so");
    }
}

#[test]
fn a_broker_that_is_away_at_the_start_is_named_and_then_found() {
    let broker = Broker::start();
    broker.kill();
    let kafka = Kafka::new(Settings { request_timeout: Duration::from_secs(3), ..broker.settings() });
    let spec = TopicSpec::kept(kafka.topic_name("away"), 1);
    let log = kafka.kafka();
    let error = log.ensure_topics(std::slice::from_ref(&spec)).unwrap_err();
    assert!(matches!(&error, Error::Unavailable { reason } if reason.contains(&broker.bootstrap_servers)), "{error}");
    assert!(matches!(log.transactional("id"), Err(Error::Unavailable { .. })));
    broker.start_again();
    until(|| log.ensure_topics(std::slice::from_ref(&spec)).is_ok());
    append(log, &spec.name, "v");

    // Away again, later: calls end in bounded time, appends that follow are refused at once, and it goes on by itself.
    broker.kill();
    let began = Instant::now();
    let doubtful = log.append(&spec.name, 0, vec![Record::new("k", "doubtful")]).unwrap_err();
    assert!(matches!(doubtful, Error::InDoubt { .. }), "{doubtful}");
    let refused = log.append(&spec.name, 0, vec![Record::new("k", "refused")]).unwrap_err();
    assert!(matches!(refused, Error::Unavailable { .. }), "{refused}");
    assert!(matches!(log.end_offset(&spec.name, 0), Err(Error::Unavailable { .. })));
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    broker.start_again();
    until(|| log.append(&spec.name, 0, vec![Record::new("k", "w")]).is_ok());
    assert_eq!(values(&read_all(log, &spec.name, 0)), ["v", "doubtful", "w"]);
}

#[test]
fn all_topics_that_are_missing_or_do_not_fit_are_told_at_once() {
    let kafka = Kafka::shared();
    let spec = |name: &str| TopicSpec::kept(kafka.topic_name(name), 4);
    let (here, other) = (spec("here"), spec("other"));
    kafka.kafka().ensure_topics(&[here.clone(), other.clone()]).unwrap();
    let log = KafkaLog::open(Settings { topics: TopicsMode::Verify, ..kafka.settings.clone() }).unwrap();
    let asked = [here, TopicSpec { partitions: 8, ..other }, spec("missing-1"), spec("missing-2")];
    let error = log.ensure_topics(&asked).unwrap_err();
    let Error::Mismatches { problems } = &error else { panic!("{error:?}") };
    assert_eq!(problems.len(), 3, "{error}");
    let text = error.to_string();
    for name in ["missing-1", "missing-2"] {
        let command = format!("--create --topic {} --partitions 4 --replication-factor 1 --config ", kafka.topic_name(name));
        assert!(text.lines().any(|line| line.contains(&command)), "{text}");
    }
    assert!(text.contains("it has 4 partitions, 8 are wanted"), "{text}");
}

#[test]
fn a_check_finds_what_a_start_would_stumble_over_and_leaves_nothing() {
    let kafka = Kafka::shared();
    let spec = |name: &str| TopicSpec::kept(kafka.topic_name(name), 2);
    let specs = [spec("a"), TopicSpec::compacted(kafka.topic_name("b"), 2)];
    // What is missing would be made, and is not.
    let nothing = |wrong: Vec<Error>| assert!(wrong.is_empty(), "{wrong:?}");
    nothing(check_broker(&kafka.settings, &specs, &[]));
    assert!(kafka.kafka().topics().unwrap().is_empty());
    let many = Settings { replication_factor: Some(7), ..kafka.settings.clone() };
    let text = format!("{:?}", check_broker(&many, &specs, &[]));
    assert!(text.contains("fewer brokers than replicas"), "{text}");
    let verifying = Settings { topics: TopicsMode::Verify, ..kafka.settings.clone() };
    let wrong = check_broker(&verifying, &specs, &[]);
    assert!(wrong.len() == 2 && wrong.iter().all(|error| error.to_string().contains("--create")), "{wrong:?}");
    // Those that are there are read and tried, and nothing is written.
    kafka.kafka().ensure_topics(&specs).unwrap();
    nothing(check_broker(&verifying, &specs, &[]));
    assert!(specs.iter().all(|spec| kafka.kafka().end_offset(&spec.name, 0) == Ok(0)));
    let wrong = check_broker(&verifying, &[spec("a"), TopicSpec { partitions: 4, ..specs[1].clone() }, spec("c")], &[]);
    assert!(wrong.len() == 2 && format!("{wrong:?}").contains("2 partitions, 4 are wanted"), "{wrong:?}");
    let nobody =
        Settings { bootstrap_servers: "127.0.0.1:1".to_owned(), request_timeout: Duration::from_secs(2), ..kafka.settings.clone() };
    let wrong = check_broker(&nobody, &specs, &[]);
    assert!(matches!(&wrong[..], [Error::Unavailable { .. }]), "{wrong:?}");
}

#[test]
fn topics_that_do_not_fit_are_told_with_the_remedy() {
    let kafka = Kafka::shared();
    let log = kafka.kafka();
    let spec = TopicSpec::kept(kafka.topic_name("t"), 4);
    log.ensure_topics(std::slice::from_ref(&spec)).unwrap();
    let mismatch = |spec: TopicSpec| match log.ensure_topics(&[spec]) {
        Err(Error::Mismatch { problem, .. }) => problem,
        other => panic!("{other:?}"),
    };
    assert!(mismatch(TopicSpec { partitions: 8, ..spec.clone() }).contains("it has 4 partitions, 8 are wanted"));
    assert!(mismatch(TopicSpec { max_message_bytes: 6 << 20, ..spec.clone() }).contains("--add-config max.message.bytes=6291456"));
    let expiring = TopicSpec {
        cleanup: Cleanup::Delete { retention: Some(Duration::from_secs(600)) },
        ..TopicSpec::kept(kafka.topic_name("short"), 1)
    };
    log.ensure_topics(std::slice::from_ref(&expiring)).unwrap();
    assert!(mismatch(TopicSpec { cleanup: spec.cleanup, ..expiring }).contains("retention.ms is 600000, -1 is wanted"));

    let missing = TopicSpec::kept(kafka.topic_name("missing"), 4);
    let verifying = |topics| {
        KafkaLog::open(Settings { topics, bootstrap_servers: common::broker::bootstrap_servers(), ..Settings::default() }).unwrap()
    };
    let error = verifying(TopicsMode::Verify).ensure_topics(&[spec.clone(), missing.clone()]).unwrap_err().to_string();
    assert!(error.contains("kafka-topics.sh") && error.contains(&*missing.name), "{error}");
    let leaving = verifying(TopicsMode::LeaveAlone);
    leaving.ensure_topics(std::slice::from_ref(&missing)).unwrap();
    assert_eq!(leaving.append(&missing.name, 0, vec![Record::new("k", "v")]), Err(Error::UnknownTopic { topic: missing.name.to_string() }));
}

#[test]
fn what_a_guarded_broker_refuses_is_told_with_the_remedy() {
    let broker = Broker::start_guarded();
    let denied = |properties: &[(&str, &str)]| {
        let properties = properties.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        // The broker has just started, beside others: its first answers take long. Who is refused is told much sooner.
        let settings = Settings { properties, request_timeout: Duration::from_secs(60), ..broker.settings() };
        let error = KafkaLog::open(settings).unwrap().ensure_topics(&[TopicSpec::kept("t", 1)]).unwrap_err();
        assert!(matches!(error, Error::Denied { .. }), "{error}");
        error.to_string()
    };
    let authority = broker.authority();
    let mut properties = vec![
        ("security.protocol", "SASL_SSL"),
        ("sasl.mechanism", "SCRAM-SHA-512"),
        ("sasl.username", "klamm"),
        ("sasl.password", "wrong"),
    ];
    let begun = Instant::now();
    let untrusted = denied(&properties);
    assert!(untrusted.contains("certificate") && untrusted.contains("ssl.*"), "{untrusted}");
    properties.push(("ssl.ca.location", authority.to_str().unwrap()));
    let refused = denied(&properties);
    assert!(refused.contains("uthentication") && refused.contains("sasl.password"), "{refused}");
    assert!(begun.elapsed() < Duration::from_secs(60), "whoever is refused waits for the whole request timeout");
    properties[3].1 = "secret";
    let forbidden = denied(&properties);
    assert!(forbidden.contains("topic t") && forbidden.contains("kafka-acls.sh") && forbidden.contains("--topic 't'"), "{forbidden}");
}

#[test]
fn a_broker_that_takes_less_than_it_said_breaks_nothing_for_good() {
    // The log believes in 1 MiB; the broker is told otherwise behind its back.
    let kafka = Kafka::shared();
    let topic = topic(&kafka, "shrunk", 1);
    let log = kafka.kafka();
    append(log, &topic, "v");
    shrink(&topic);
    let error = log.append(&topic, 0, vec![Record::new("k", vec![7; 50_000])]).unwrap_err();
    assert!(matches!(&error, Error::TooLarge { size, .. } if *size > 50_000), "{error}");
    until(|| log.append(&topic, 0, vec![Record::new("k", "w")]).is_ok());
    // In a transaction the largest record is named, whichever of its batch is answered first.
    let output = |bytes: usize| Output { topic: topic.clone(), partition: 0, record: Record::new("k", vec![b'x'; bytes]) };
    let mut producer = log.transactional("shrunk").unwrap();
    let error = producer.commit(vec![output(10), output(50_000), output(10)]).unwrap_err();
    assert!(matches!(&error, Error::TooLarge { size, .. } if *size == output(50_000).record.size()), "{error}");
    let mut producer = log.transactional("shrunk").unwrap();
    producer.commit(vec![output(1)]).unwrap();
    assert_eq!(values(&read_all(log, &topic, 0)), ["v", "w", "x"]);
}

/// Sets max.message.bytes of a topic to 10,000, as an operator would.
fn shrink(topic: &str) {
    let change = AlterConfig::new(ResourceSpecifier::Topic(topic)).set("max.message.bytes", "10000");
    futures_lite(admin().alter_configs(&[change], &AdminOptions::new())).unwrap();
}

/// An operator's client.
fn admin() -> AdminClient<DefaultClientContext> {
    ClientConfig::new().set("bootstrap.servers", common::broker::bootstrap_servers()).create().unwrap()
}

/// Waits for a future that another thread carries out.
fn futures_lite<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let waker = std::task::Waker::noop();
    loop {
        if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut std::task::Context::from_waker(waker)) {
            return output;
        }
        std::thread::yield_now();
    }
}

#[test]
fn two_readers_of_a_partition_each_find_their_place() {
    let kafka = Kafka::new(Settings {
        bootstrap_servers: common::broker::bootstrap_servers(),
        tail_bytes: 0,
        readers_max: 2,
        ..Settings::default()
    });
    let topic = topic(&kafka, "places", 1);
    let log = kafka.kafka();
    for n in 0..300 {
        drop(log.append_async(&topic, 0, Record::new("k", n.to_string())));
    }
    append(log, &topic, "300");
    let mut places = [0, 100, 200];
    let mut seen = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..40 {
        for (next, seen) in places.iter_mut().zip(&mut seen) {
            let batch = log.read(&topic, 0, *next, ReadLimit { records: 10, bytes: usize::MAX }).unwrap();
            *next = batch.next_offset;
            seen.extend(values(&batch.records));
        }
    }
    for (from, seen) in [0, 100, 200].into_iter().zip(seen) {
        assert_eq!(seen, (from..=300).map(|n| n.to_string()).collect::<Vec<_>>());
    }
}

#[test]
fn positions_are_shown_as_a_groups_offsets() {
    use rdkafka::{
        ClientConfig, TopicPartitionList,
        consumer::{BaseConsumer, Consumer},
    };
    let kafka = Kafka::shared();
    let topic = topic(&kafka, "positions", 2);
    let group = kafka.topic_name("processor");
    let client: BaseConsumer =
        ClientConfig::new().set("bootstrap.servers", common::broker::bootstrap_servers()).set("group.id", &group).create().unwrap();
    let shown = |partition| {
        let mut asked = TopicPartitionList::new();
        asked.add_partition(&topic, partition);
        let told = client.committed_offsets(asked, Duration::from_secs(5)).ok()?;
        told.find_partition(&topic, partition)?.offset().to_raw()
    };
    for positions in [[(0, 7), (1, 3)], [(0, 9), (1, 3)]] {
        // Nobody waits for it to come through, so it is shown until it has.
        until(|| {
            kafka.kafka().show_positions(&group, &topic, &positions);
            positions.iter().all(|(partition, offset)| shown(*partition as i32) == Some(*offset))
        });
    }
}
