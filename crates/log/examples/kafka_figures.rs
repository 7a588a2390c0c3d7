//! What appends, reads and commits cost on a broker.
//!
//! `integration-tests/kafka run -- cargo run --release -p klamm-log --example kafka_figures`; with `KAFKA_PID` the broker's CPU is told, too.

use std::{
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

use klamm_log::{Error, KafkaLog, Log, Output, ReadLimit, Record, TopicSpec, kafka::Settings};

const ROUNDS: usize = 2_000;
const IN_FLIGHT: usize = 64;

fn main() -> Result<(), Error> {
    let bootstrap_servers = std::env::var("KAFKA_BOOTSTRAP_SERVERS").unwrap_or_else(|_| "localhost:9092".to_owned());
    for requests_in_flight_max in [1, 2, 5] {
        println!("\nrequests in flight at most: {requests_in_flight_max}");
        let settings = Settings { bootstrap_servers: bootstrap_servers.clone(), requests_in_flight_max, ..Settings::default() };
        let log = KafkaLog::open(settings)?;
        let topic = format!("figures.{}", uuid::Uuid::new_v4().simple());
        log.ensure_topics(&[TopicSpec::kept(&*topic, 8), TopicSpec::compacted(format!("{topic}.out"), 8)])?;
        one_at_a_time(&log, &topic)?;
        many_in_flight(&log, &topic, 1)?;
        many_in_flight(&log, &topic, 8)?;
        if requests_in_flight_max == 1 {
            commits(&log, &topic)?;
            holding(&log, &topic)?;
            foreign(&log, &topic, &bootstrap_servers)?;
            idle(&log, &topic)?;
        }
    }
    Ok(())
}

fn record(n: usize) -> Record {
    Record::new(format!("default/workflow-{n}"), vec![7; 500]).with_header("klamm-answer", format!("member/{n}"))
}

fn one_at_a_time(log: &KafkaLog, topic: &str) -> Result<(), Error> {
    let mut next = log.end_offset(topic, 0)?;
    let mut times = Vec::new();
    let cpu = Cpu::now();
    for n in 0..ROUNDS {
        let began = Instant::now();
        log.append_async(topic, 0, record(n)).wait()?;
        let batch = log.read(topic, 0, next, ReadLimit::default())?;
        assert_eq!(batch.records.len(), 1);
        next = batch.next_offset;
        times.push(began.elapsed());
    }
    told("append, then read it, one at a time", times, cpu);
    Ok(())
}

fn many_in_flight(log: &KafkaLog, topic: &str, partitions: u32) -> Result<(), Error> {
    let mut times = Vec::new();
    let cpu = Cpu::now();
    let mut waiting = std::collections::VecDeque::new();
    for n in 0..ROUNDS * 20 {
        waiting.push_back((Instant::now(), log.append_async(topic, n as u32 % partitions, record(n))));
        if waiting.len() == IN_FLIGHT
            && let Some((began, appending)) = waiting.pop_front()
        {
            appending.wait()?;
            times.push(began.elapsed());
        }
    }
    for (began, appending) in waiting {
        appending.wait()?;
        times.push(began.elapsed());
    }
    told(&format!("{IN_FLIGHT} appends in flight, {partitions} partitions"), times, cpu);
    Ok(())
}

fn commits(log: &KafkaLog, topic: &str) -> Result<(), Error> {
    let out: Arc<str> = format!("{topic}.out").into();
    let mut producer = log.transactional(&format!("{topic}.id"))?;
    let mut times = Vec::new();
    let cpu = Cpu::now();
    for _ in 0..200 {
        let outputs = (0..10).map(|n| Output { topic: out.clone(), partition: 0, record: record(n) }).collect();
        let began = Instant::now();
        producer.commit(outputs)?;
        times.push(began.elapsed());
        std::thread::sleep(Duration::from_millis(20));
    }
    told("commits of 10 records, 20 ms between them", times, cpu);
    Ok(())
}

/// How long it takes to hold eight ids side by side, as a process does that takes over: with new clients, and with prepared ones.
fn holding(log: &KafkaLog, topic: &str) -> Result<(), Error> {
    for (what, prepared) in [("new", false), ("prepared", true)] {
        for _ in 0..3 {
            let ids: Vec<_> = (0..8).map(|n| format!("{topic}.hold.{n}")).collect();
            if prepared {
                log.prepare_transactional(ids.clone());
                std::thread::sleep(Duration::from_secs(2));
            }
            let cpu = Cpu::now();
            let times = std::thread::scope(|scope| {
                let threads: Vec<_> = ids
                    .iter()
                    .map(|id| {
                        scope.spawn(move || {
                            let began = Instant::now();
                            log.transactional(id).map(|_| began.elapsed())
                        })
                    })
                    .collect();
                threads.into_iter().map(|thread| thread.join().expect("no panic")).collect::<Result<Vec<_>, _>>()
            })?;
            told(&format!("holding 8 ids, {what} clients"), times, cpu);
        }
    }
    Ok(())
}

/// How long it takes until what another process appends is seen, with nothing else going on.
fn foreign(log: &KafkaLog, topic: &str, bootstrap_servers: &str) -> Result<(), Error> {
    let other = KafkaLog::open(Settings { bootstrap_servers: bootstrap_servers.to_owned(), ..Settings::default() })?;
    let mut next = log.end_offset(topic, 3)?;
    let mut times = Vec::new();
    let cpu = Cpu::now();
    for n in 0..20 {
        log.wait(topic, 3, next, Duration::from_millis(300))?;
        let began = Instant::now();
        other.append_async(topic, 3, record(n)).wait()?;
        while !log.wait(topic, 3, next, Duration::from_secs(5))? {}
        next = log.read(topic, 3, next, ReadLimit::default())?.next_offset;
        times.push(began.elapsed());
    }
    told("another's append until it is read", times, cpu);
    Ok(())
}

fn idle(log: &KafkaLog, topic: &str) -> Result<(), Error> {
    let holders: Vec<_> = (0..8).map(|n| log.transactional(&format!("{topic}.{n}"))).collect::<Result<_, _>>()?;
    let ends: Vec<_> = (0..8).map(|partition| log.end_offset(topic, partition)).collect::<Result<_, _>>()?;
    let look = |time: Duration| -> Result<(), Error> {
        let began = Instant::now();
        while began.elapsed() < time {
            for (partition, end) in ends.iter().enumerate() {
                log.read(topic, partition as u32, *end, ReadLimit::default())?;
            }
            std::thread::sleep(Duration::from_millis(250));
        }
        Ok(())
    };
    look(Duration::from_secs(3))?;
    let cpu = Cpu::now();
    look(Duration::from_secs(10))?;
    let (own, broker) = cpu.since();
    println!(
        "10 s with 8 transactional holders and 8 partitions watched: {:.0} ms of own CPU, {:.0} ms of the broker's, {} MiB resident",
        own * 1e3,
        broker * 1e3,
        resident_mib()
    );
    drop(holders);
    Ok(())
}

fn told(what: &str, mut times: Vec<Duration>, cpu: Cpu) {
    let (own, broker) = cpu.since();
    let count = times.len();
    times.sort_unstable();
    let at = |percent: usize| times[(count * percent / 100).min(count - 1)].as_secs_f64() * 1e3;
    println!(
        "{what}: p50 {:.2} ms, p90 {:.2} ms, p99 {:.2} ms; CPU per item: own {:.1} µs, broker {:.1} µs",
        at(50),
        at(90),
        at(99),
        own * 1e6 / count as f64,
        broker * 1e6 / count as f64
    );
}

/// CPU time of this process and the broker's.
struct Cpu(f64, f64);

impl Cpu {
    fn now() -> Self {
        let broker = std::env::var("KAFKA_PID").map_or(0.0, |pid| seconds(&pid));
        Self(seconds("self"), broker)
    }

    fn since(&self) -> (f64, f64) {
        let now = Self::now();
        (now.0 - self.0, now.1 - self.1)
    }
}

/// Seconds of CPU of a process, in ticks of 10 ms.
fn seconds(pid: &str) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields: Vec<_> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    fields.get(11..13).map_or(0.0, |times| times.iter().filter_map(|time| time.parse::<f64>().ok()).sum::<f64>() / 100.0)
}

fn resident_mib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}
