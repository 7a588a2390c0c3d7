//! Gauges of state that exists anyway. They are read when somebody asks.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    sync::{Arc, Weak},
};

use klamm_log::Log;
use klamm_processor::{
    Processor,
    queue_metrics::{OTHER, TASK_QUEUES_MAX},
    task_queues::Figures,
};
use klamm_store::Store;
use parking_lot::Mutex;

/// RocksDB's name of each property, and klamm's.
const ROCKSDB: [(&str, &str); 10] = [
    ("rocksdb.total-sst-files-size", "klamm_rocksdb_disk_bytes"),
    ("rocksdb.cur-size-all-mem-tables", "klamm_rocksdb_memtable_bytes"),
    ("rocksdb.block-cache-usage", "klamm_rocksdb_cache_bytes"),
    ("rocksdb.estimate-table-readers-mem", "klamm_rocksdb_table_reader_bytes"),
    ("rocksdb.estimate-num-keys", "klamm_rocksdb_keys"),
    ("rocksdb.estimate-pending-compaction-bytes", "klamm_rocksdb_pending_compaction_bytes"),
    ("rocksdb.num-running-compactions", "klamm_rocksdb_running_compactions"),
    ("rocksdb.num-files-at-level0", "klamm_rocksdb_level0_files"),
    ("rocksdb.is-write-stopped", "klamm_rocksdb_write_stopped"),
    ("rocksdb.background-errors", "klamm_rocksdb_background_errors"),
];

/// Gauges of the store.
pub fn store(store: Arc<Store>) -> impl Fn(&mut String) -> bool + Send {
    move |_| {
        rocksdb("store", |name| store.property(name));
        true
    }
}

/// Gauges of the log, if it is a RocksDB.
pub fn log(log: Arc<dyn Log>) -> impl Fn(&mut String) -> bool + Send {
    move |_| {
        rocksdb("log", |name| log.rocksdb_property(name));
        true
    }
}

fn rocksdb(db: &'static str, property: impl Fn(&str) -> Option<u64>) {
    for (name, metric) in ROCKSDB {
        if let Some(value) = property(name) {
            metrics::gauge!(metric, "db" => db).set(value as f64);
        }
    }
}

/// Gauges of triggers, for as long as their processor lives.
pub fn triggers(processor: Weak<Processor>) -> impl Fn(&mut String) -> bool + Send {
    let told: Mutex<BTreeSet<String>> = Mutex::default();
    move |_| {
        let age = |name: &str| metrics::gauge!("klamm_trigger_oldest_record_age_seconds", "trigger" => name.to_owned());
        let (mut told, processor) = (told.lock(), processor.upgrade());
        let known: BTreeSet<String> =
            processor.iter().flat_map(|processor| processor.triggers().keys().cloned().collect::<Vec<_>>()).collect();
        // Nothing is to be told any more of those that are gone, or that another process reads.
        told.difference(&known).for_each(|name| age(name).set(0.0));
        told.clone_from(&known);
        let Some(processor) = processor else { return false };
        let now_ms = chrono::Utc::now().timestamp_millis();
        for name in &known {
            let oldest = processor.trigger_status(name).oldest.into_values().min();
            age(name).set(oldest.map_or(0, |time_ms| now_ms.saturating_sub(time_ms).max(0)) as f64 / 1000.0);
        }
        true
    }
}

/// Gauges of task queues, for as long as their processor lives.
pub fn task_queues(processor: Weak<Processor>) -> impl Fn(&mut String) -> bool + Send {
    move |text| {
        let Some(processor) = processor.upgrade() else { return false };
        write_queues(processor.task_queue_figures(), text);
        true
    }
}

/// Writes the gauges as text. They are not set as gauges, because a queue that is gone must leave nothing behind.
fn write_queues(mut queues: Vec<Figures>, text: &mut String) {
    // Only the largest backlogs get labels of their own.
    queues.sort_by(|a, b| {
        b.backlog_count.cmp(&a.backlog_count).then_with(|| (&a.queue.namespace, &a.queue.name).cmp(&(&b.queue.namespace, &b.queue.name)))
    });
    let mut by_labels: BTreeMap<(String, String, &'static str), (usize, f64, usize)> = BTreeMap::new();
    for (place, figures) in queues.into_iter().enumerate() {
        let queue = figures.queue;
        let (namespace, name) = if place < TASK_QUEUES_MAX { (queue.namespace, queue.name) } else { (OTHER.to_owned(), OTHER.to_owned()) };
        let (count, age, pollers) = by_labels.entry((namespace, name, queue.task_type.name())).or_default();
        *count += figures.backlog_count;
        *age = age.max(figures.backlog_age.as_secs_f64());
        *pollers += figures.pollers;
    }
    let mut family = |name: &str, value: &dyn Fn(&(usize, f64, usize)) -> f64| {
        let meaning = super::catalogue::metrics().find(|metric| metric.name == name).map_or("", |metric| metric.meaning);
        // Writing to a string does not fail.
        let _ = writeln!(text, "\n# HELP {name} {meaning}\n# TYPE {name} gauge");
        for ((namespace, queue, task_type), figures) in &by_labels {
            let (namespace, queue) = (escaped(namespace), escaped(queue));
            let _ =
                writeln!(text, "{name}{{namespace=\"{namespace}\",taskqueue=\"{queue}\",task_type=\"{task_type}\"}} {}", value(figures));
        }
    };
    family("approximate_backlog_count", &|figures| figures.0 as f64);
    family("approximate_backlog_age_seconds", &|figures| figures.1);
    family("klamm_pollers", &|figures| figures.2 as f64);
}

/// A label's value, escaped for Prometheus.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
