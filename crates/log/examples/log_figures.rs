//! Prints what the embedded log costs on this machine: CPU time and wall time per call.
//!
//! `cargo run --release -p klamm-log --example log_figures [directory]`

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use klamm_log::{EmbeddedLog, Error, Log, Output, ReadLimit, Record, SystemClock, TopicSpec, embedded::Settings, wait};

const ROUNDS: usize = 100_000;

fn main() -> Result<(), Error> {
    let directory = std::env::args().nth(1).unwrap_or_else(|| std::env::temp_dir().join("klamm-figures").display().to_string());
    let log = Arc::new(EmbeddedLog::open(&directory, Arc::new(SystemClock), Settings::default())?);
    log.ensure_topics(&[TopicSpec::kept("commands", 8), TopicSpec::compacted("history", 8)])?;
    println!("idle: {} KiB resident", resident_kib());
    let record = |n: usize| Record::new(format!("default/workflow-{n}"), vec![7; 500]).with_header("klamm-seq", vec![0; 16]);

    measure("append of one record of 0.5 KB, one partition", ROUNDS, |n| log.append("commands", 0, vec![record(n)]).map(drop))?;
    measure("append, partitions in turn", ROUNDS, |n| log.append("commands", (n % 8) as u32, vec![record(n)]).map(drop))?;
    measure("append of 20 records", ROUNDS / 20, |n| log.append("commands", 1, (0..20).map(|_| record(n)).collect()).map(drop))?;
    let mut producer = log.transactional("p0")?;
    let history: Arc<str> = "history".into();
    measure("commit of 100 records to 2 partitions", ROUNDS / 100, |n| {
        let outputs = (0..100).map(|k| Output { topic: history.clone(), partition: k % 2, record: record(n) });
        producer.commit(outputs.collect()).map(drop)
    })?;

    let mut next = log.end_offset("commands", 2)?;
    measure("append and read right behind", ROUNDS, |n| {
        log.append("commands", 2, vec![record(n)])?;
        next = log.read("commands", 2, next, ReadLimit::default())?.next_offset;
        Ok(())
    })?;
    let (mut from, mut count) = (0, 0);
    let began = (Instant::now(), cpu());
    while from < log.end_offset("commands", 0)? {
        let batch = log.read("commands", 0, from, ReadLimit::default())?;
        count += batch.records.len();
        from = batch.next_offset;
    }
    print("read from RocksDB, per record", count, began);

    // A thread that waits and one that appends: a hop from one to the other and back.
    let (mut ping, mut pong) = (log.end_offset("commands", 3)?, log.end_offset("commands", 4)?);
    std::thread::scope(|scope| {
        let echo = scope.spawn(|| {
            for n in 0..ROUNDS / 10 {
                log.wait("commands", 3, ping, Duration::from_secs(10))?;
                ping += 1;
                log.append("commands", 4, vec![record(n)])?;
            }
            Ok::<_, Error>(())
        });
        measure("there and back between two threads by wait", ROUNDS / 10, |n| {
            log.append("commands", 3, vec![record(n)])?;
            wait::wait_any(&*log, &[("commands", 4, pong)], Duration::from_secs(10))?;
            pong += 1;
            Ok(())
        })?;
        echo.join().unwrap_or(Ok(()))
    })?;
    let began = (Instant::now(), cpu());
    std::thread::scope(|scope| {
        for partition in 0..4 {
            let (log, record) = (&log, &record);
            scope.spawn(move || (0..ROUNDS / 4).try_for_each(|n| log.append("commands", partition, vec![record(n)]).map(drop)));
        }
    });
    print("append by 4 threads to 4 partitions", ROUNDS, began);
    let began = (Instant::now(), cpu());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let (log, record) = (&log, &record);
            scope.spawn(move || (0..ROUNDS / 4).try_for_each(|n| log.append("commands", 5, vec![record(n)]).map(drop)));
        }
    });
    print("append by 4 threads to 1 partition", ROUNDS, began);
    println!("{:?}; {} KiB resident", log.sizes(), resident_kib());
    drop(producer);
    drop(log);

    let log = EmbeddedLog::open(&directory, Arc::new(SystemClock), Settings { fsync: true, ..Settings::default() })?;
    measure("append with fsync", 500, |n| log.append("commands", 0, vec![record(n)]).map(drop))?;
    let began = (Instant::now(), cpu());
    std::thread::scope(|scope| {
        for _ in 0..16 {
            let (log, record) = (&log, &record);
            scope.spawn(move || (0..100).try_for_each(|n| log.append("commands", 0, vec![record(n)]).map(drop)));
        }
    });
    print("append with fsync by 16 threads to 1 partition", 1_600, began);
    Ok(())
}

fn measure(name: &str, rounds: usize, mut call: impl FnMut(usize) -> Result<(), Error>) -> Result<(), Error> {
    let began = (Instant::now(), cpu());
    (0..rounds).try_for_each(&mut call)?;
    print(name, rounds, began);
    Ok(())
}

fn print(name: &str, rounds: usize, (wall, before): (Instant, Duration)) {
    let per = |time: Duration| time.as_secs_f64() * 1e6 / rounds.max(1) as f64;
    println!("{name}: {:.2} µs of CPU, {:.2} µs of time each", per(cpu().saturating_sub(before)), per(wall.elapsed()));
}

/// CPU time of the process so far, background threads included (Linux; 10 ms steps).
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks =
        stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok());
    Duration::from_millis(ticks.sum::<u64>() * 10)
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
