//! Feeds the index with a million runs and times feeding and queries: `cargo run --release --example million [runs] [attributes]`.
//! `attributes` (0 to 5, default 5) is how many search attributes each run has; with fewer than 4 only feeding is timed.
//!
//! Nine runs of ten are closed when they arrive for the second time, as in life: first their start, later their close. Prints
//! microseconds per document and, per query, p50, p99 and the longest of its first pages at varying values: CPU time of this
//! thread (what the machine's other work does not disturb) where the system tells it (Linux), and time on the clock.

use std::{
    collections::BTreeMap,
    error::Error,
    time::{Duration, Instant},
};

use klamm_filters::{Scope, Types};
use klamm_messages::{
    klamm::v1::VisibilityDocument,
    temporal::{
        common::v1::{Payload, SearchAttributes},
        enums::v1::IndexedValueType,
    },
};
use klamm_visibility::{Change, ChangeBody, Index, Location};
use prost_types::Timestamp;

/// Documents of one fed batch.
const BATCH: usize = 1000;

/// Times that each query is asked, each with other values.
const TIMES: usize = 100;

/// Makes a query of a random number.
type Ask = Box<dyn Fn(u64) -> String>;

/// Time on the clock and on the CPU.
#[derive(Clone, Copy, Default)]
struct Spent {
    wall: Duration,
    cpu: Duration,
}

/// A stopwatch for both.
struct Watch(Instant, Duration);

impl Watch {
    fn start() -> Self {
        Self(Instant::now(), cpu())
    }

    fn spent(&self) -> Spent {
        Spent { wall: self.0.elapsed(), cpu: cpu().saturating_sub(self.1) }
    }
}

/// CPU time of this thread so far; zero where the system does not tell.
fn cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or(0))
}

/// First start: 2024-01-01.
const EPOCH: i64 = 1_704_067_200;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let runs: u64 = arguments.next().map_or(Ok(1_000_000), |runs| runs.parse())?;
    let attributes: usize = arguments.next().map_or(Ok(5), |attributes| attributes.parse())?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("visibility.db");
    let index = Index::open(Location::File(path.clone()))?;
    feed(&index, runs, attributes)?;
    println!("file: {} MiB", std::fs::metadata(&path)?.len() >> 20);
    if attributes >= 4 { ask(&index, runs) } else { Ok(()) }
}

/// Starts and closes of all runs, some thousand starts ahead of their closes.
fn feed(index: &Index, runs: u64, attributes: usize) -> Result<(), Box<dyn Error>> {
    let mut offset = 0;
    let (mut wall, mut cpu, mut slowest) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let mut batch = Vec::with_capacity(BATCH + 1);
    let mut documents = 0u64;
    let each = |time: Duration, documents: u64| time.as_secs_f64() * 1e6 / documents as f64;
    for n in 0..runs + 5000 {
        let start = (n < runs).then(|| document(n, false, attributes));
        let close = n.checked_sub(5000).filter(|n| n % 10 != 0).map(|n| document(n, true, attributes));
        for document in [start, close].into_iter().flatten() {
            batch.push(Change { partition: 0, offset, body: ChangeBody::Document(Box::new(document)) });
            offset += 1;
        }
        if batch.len() >= BATCH || n + 1 == runs + 5000 {
            let watch = Watch::start();
            index.apply(&batch)?;
            let spent = watch.spent();
            wall += spent.wall;
            cpu += spent.cpu;
            slowest = slowest.max(spent.cpu);
            documents += batch.len() as u64;
            batch.clear();
            if documents % 200_000 <= BATCH as u64 {
                println!("{documents} documents: {:.1} µs CPU, {:.1} µs each", each(cpu, documents), each(wall, documents));
            }
        }
    }
    println!(
        "fed {documents} documents of {runs} runs: {:.1} µs CPU, {:.1} µs each; slowest batch of {BATCH}: {} ms CPU",
        each(cpu, documents),
        each(wall, documents),
        slowest.as_millis(),
    );
    Ok(())
}

/// A run's document: values are spread by a hash of its number.
fn document(n: u64, closed: bool, attribute_count: usize) -> VisibilityDocument {
    let hash = spread(n);
    let start = EPOCH * 1000 + n as i64 * 40;
    let duration = 1 + (hash % 200_000) as i64;
    let time = |millis: i64| Some(Timestamp { seconds: millis / 1000, nanos: (millis % 1000 * 1_000_000) as i32 });
    let status = match hash % 100 {
        _ if !closed => 1,
        0..90 => 2,
        90..97 => 3,
        97..99 => 5,
        _ => 7,
    };
    let attributes: [(&str, &str, serde_json::Value); 5] = [
        ("Customer", "Keyword", format!("customer-{}", hash % 20_000).into()),
        ("Region", "Keyword", ["eu", "us", "ap"][(hash / 7 % 3) as usize].into()),
        ("Amount", "Double", ((hash / 11 % 1_000_000) as f64 / 100.0).into()),
        ("Tags", "KeywordList", vec![format!("tag-{}", hash / 13 % 50), format!("tag-{}", hash / 17 % 50)].into()),
        ("BuildIds", "KeywordList", vec!["unversioned"].into()),
    ];
    let attributes = attributes.into_iter().take(attribute_count).map(|(name, value_type, json)| {
        let metadata = BTreeMap::from([("encoding", "json/plain"), ("type", value_type)]);
        let metadata = metadata.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned().into())).collect();
        (name.to_owned(), Payload { metadata, data: json.to_string().into(), ..Payload::default() })
    });
    VisibilityDocument {
        namespace: "default".to_owned(),
        workflow_id: format!("order-{n}"),
        run_id: format!("{:08x}-0000-4000-8000-{n:012x}", hash as u32),
        workflow_type: format!("Workflow{}", hash / 3 % 40),
        task_queue: format!("queue-{}", hash / 5 % 10),
        status,
        start_time: time(start),
        execution_time: time(start),
        close_time: if closed { time(start + duration) } else { None },
        execution_duration: closed.then_some(prost_types::Duration { seconds: duration / 1000, nanos: 0 }),
        history_length: 11,
        history_size_bytes: 2000,
        state_transition_count: 6,
        search_attributes: Some(SearchAttributes { indexed_fields: attributes.collect() }),
        root_workflow_id: format!("order-{n}"),
        root_run_id: format!("{n:032x}"),
        ..VisibilityDocument::default()
    }
}

/// A number that looks random (splitmix64).
fn spread(n: u64) -> u64 {
    let n = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

/// Asks every query, with values that vary.
fn ask(index: &Index, runs: u64) -> Result<(), Box<dyn Error>> {
    let types: Types = [
        ("Customer", IndexedValueType::Keyword),
        ("Region", IndexedValueType::Keyword),
        ("Amount", IndexedValueType::Double),
        ("Tags", IndexedValueType::KeywordList),
    ]
    .map(|(name, value_type)| (name.to_owned(), value_type))
    .into();
    let at = |n: u64| {
        let millis = EPOCH * 1000 + n as i64 * 40;
        chrono::DateTime::from_timestamp_millis(millis).unwrap_or_default().to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
    };
    let queries: Vec<(&str, Ask)> = vec![
        ("everything", Box::new(|_| String::new())),
        ("type", Box::new(|h| format!("WorkflowType = 'Workflow{}'", h % 40))),
        ("type, running", Box::new(|h| format!("WorkflowType = \"Workflow{}\" AND ExecutionStatus = \"Running\"", h % 40))),
        ("type, timed out", Box::new(|h| format!("WorkflowType = 'Workflow{}' AND ExecutionStatus = 'TimedOut'", h % 40))),
        ("failed or terminated", Box::new(|_| "ExecutionStatus IN ('Failed', 'Terminated')".to_owned())),
        ("not completed, closed", Box::new(|_| "ExecutionStatus != 'Completed' AND CloseTime IS NOT NULL".to_owned())),
        ("workflow id", Box::new(move |h| format!("WorkflowId = 'order-{}'", h % runs))),
        ("workflow id prefix", Box::new(move |h| format!("WorkflowId STARTS_WITH 'order-{}'", h % runs / 100))),
        ("run id or other id", Box::new(move |h| format!("RunId = 'x' OR WorkflowId = 'order-{}'", h % runs))),
        ("started in a minute", Box::new(move |h| format!("StartTime BETWEEN '{}' AND '{}'", at(h % runs), at(h % runs + 1500)))),
        ("started after, completed", Box::new(move |h| format!("StartTime > '{}' AND ExecutionStatus = 'Completed'", at(h % runs)))),
        ("closed before", Box::new(move |h| format!("CloseTime < '{}'", at(h % runs)))),
        ("queue and type", Box::new(|h| format!("TaskQueue = 'queue-{}' AND WorkflowType = 'Workflow{}'", h % 10, h / 10 % 40))),
        ("customer", Box::new(|h| format!("Customer = 'customer-{}'", h % 20_000))),
        ("customer and status", Box::new(|h| format!("Customer = 'customer-{}' AND ExecutionStatus = 'Failed'", h % 20_000))),
        ("region", Box::new(|h| format!("Region = '{}'", ["eu", "us", "ap"][(h % 3) as usize]))),
        ("region, type, amount", Box::new(|h| format!("Region = 'eu' AND WorkflowType = 'Workflow{}' AND Amount > 9000", h % 40))),
        ("two tags", Box::new(|h| format!("Tags = 'tag-{}' AND Tags = 'tag-{}'", h % 50, h / 50 % 50))),
        (
            "two tags, failed",
            Box::new(|h| format!("Tags = 'tag-{}' AND Tags = 'tag-{}' AND ExecutionStatus = 'Failed'", h % 50, h / 50 % 50)),
        ),
        ("no tag of three", Box::new(|h| format!("Tags NOT IN ('tag-1', 'tag-2', 'tag-{}')", h % 50))),
        ("amount range", Box::new(|h| format!("Amount BETWEEN {} AND {}", h % 9000, h % 9000 + 1))),
        ("large amounts", Box::new(|_| "Amount > 9000 AND Region = 'us'".to_owned())),
        ("duration", Box::new(|_| "ExecutionDuration > '3m' AND ExecutionStatus = 'Failed'".to_owned())),
        ("nobody", Box::new(|h| format!("Customer = 'nobody-{h}' AND WorkflowType = 'Workflow1'"))),
    ];
    println!("{:<28} {:^29} {:^29}", "first pages of 100", "CPU ms: p50, p99, longest", "clock ms: p50, p99, longest");
    let mut all = Vec::new();
    for (name, query) in &queries {
        let mut times = Vec::new();
        let mut found = 0;
        for i in 0..TIMES {
            let query = query(spread(i as u64 + 77));
            let watch = Watch::start();
            found += index.list(Scope::Workflows, "default", &query, &types, 100, &[])?.documents.len();
            times.push(watch.spent());
        }
        all.extend(times.iter().copied());
        println!("{name:<28} {} {:>7.1} found", spread_of(&times), found as f64 / TIMES as f64);
    }
    println!("{:<28} {}", "all of them", spread_of(&all));

    let (mut times, mut token, mut pages) = (Vec::new(), Vec::new(), 0);
    while pages < 300 {
        let watch = Watch::start();
        let page = index.list(Scope::Workflows, "default", "WorkflowType = 'Workflow3'", &types, 50, &token)?;
        times.push(watch.spent());
        token = page.next_page_token;
        pages += 1;
        if token.is_empty() {
            break;
        }
    }
    println!("{:<28} {}   {pages} pages of 50", "paging through a type", spread_of(&times));
    for query in ["", "GROUP BY ExecutionStatus", "ExecutionStatus = 'Running'", "WorkflowType = 'Workflow3'", "Region = 'eu'"] {
        let watch = Watch::start();
        let count = index.count(Scope::Workflows, "default", query, &types)?;
        println!("count {query:?}: {} in {:.1} ms CPU", count.total, watch.spent().cpu.as_secs_f64() * 1000.0);
    }
    Ok(())
}

/// p50, p99 and the longest, in milliseconds, of both times.
fn spread_of(times: &[Spent]) -> String {
    let one = |time: fn(&Spent) -> Duration| {
        let mut times: Vec<_> = times.iter().map(time).collect();
        times.sort_unstable();
        let millis = |at: usize| times[at.min(times.len() - 1)].as_secs_f64() * 1000.0;
        format!("{:>9.2} {:>9.2} {:>9.2}", millis(times.len() / 2), millis(times.len() * 99 / 100), millis(times.len() - 1))
    };
    format!("{} {}", one(|spent| spent.cpu), one(|spent| spent.wall))
}
