//! `/metrics`: counts, describes what is counted, and reads gauges when somebody asks.
//!
//! Code counts with the `metrics` crate wherever something happens. [`catalogue`] says what each metric means. Some gauges show state that
//! exists anyway (stores, task queues, the process): [`sources`] reads it when `/metrics` is asked.

pub mod catalogue;
pub mod sources;

use std::{sync::Arc, time::Duration};

use metrics::Unit;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use metrics_process::Collector;
use parking_lot::Mutex;

use crate::{node::descriptors::LogKind, setup_error::SetupError};
use catalogue::Kind;

/// Upper bounds of the histograms' buckets, seconds. They reach from a command in memory to a long poll.
const BUCKETS: [f64; 16] = [0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0];
/// How often samples of histograms are put into their buckets. Until then each sample takes memory.
const UPKEEP: Duration = Duration::from_secs(5);
/// Topics that are folded.
const FOLDED: [&str; 3] = ["history", "schedules", "cluster"];

/// The metrics of the process.
#[derive(Clone)]
pub struct Telemetry {
    handle: PrometheusHandle,
    process: Arc<Collector>,
    sources: Sources,
}

/// The gauges that are read whenever `/metrics` is asked.
#[derive(Clone, Default)]
pub struct Sources {
    all: Arc<Mutex<Vec<Source>>>,
}

/// Sets gauges, or writes metrics as text. False when the thing that it shows is gone.
type Source = Box<dyn Fn(&mut String) -> bool + Send>;

impl Sources {
    /// Adds a source, which is read from now on.
    pub fn add(&self, source: impl Fn(&mut String) -> bool + Send + 'static) {
        self.all.lock().push(Box::new(source));
    }
}

impl Telemetry {
    /// Starts counting. Some metrics exist only for one kind of log. Metrics that may stay 0 for long exist from the start.
    ///
    /// # Errors
    /// This process counts already.
    pub fn install(log: LogKind, partitions: u32) -> Result<Self, SetupError> {
        let bug = |error: &dyn std::fmt::Display| SetupError::new("starting metrics", error, "this is a bug in klamm, please report it");
        let builder = PrometheusBuilder::new().set_buckets(&BUCKETS).map_err(|error| bug(&error))?;
        let handle = builder.install_recorder().map_err(|error| bug(&error))?;
        describe();
        present(log, partitions);
        let telemetry = Self { handle, process: Arc::new(Collector::default()), sources: Sources::default() };
        let upkeep = telemetry.handle.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(UPKEEP).await;
                upkeep.run_upkeep();
            }
        });
        Ok(telemetry)
    }

    /// The gauges that are read whenever `/metrics` is asked.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// All metrics as Prometheus text. This reads stores, so it needs a thread that may block.
    pub fn render(&self) -> String {
        let mut text = String::new();
        self.sources.all.lock().retain(|source| source(&mut text));
        self.process.collect();
        self.handle.run_upkeep();
        let mut all = self.handle.render();
        all.push_str(&text);
        all
    }
}

/// Gives the recorder the descriptions of the catalogue.
fn describe() {
    for metric in catalogue::metrics() {
        let unit = match metric.unit {
            "seconds" => Unit::Seconds,
            "bytes" => Unit::Bytes,
            _ => Unit::Count,
        };
        match metric.kind {
            Kind::Counter => metrics::describe_counter!(metric.name, unit, metric.meaning),
            Kind::Gauge => metrics::describe_gauge!(metric.name, unit, metric.meaning),
            Kind::Histogram => metrics::describe_histogram!(metric.name, unit, metric.meaning),
        }
    }
}

/// Makes the series whose labels are known in advance, so that an alert can tell 0 from a missing metric.
fn present(log: LogKind, partitions: u32) {
    let on_kafka = matches!(log, LogKind::Kafka { .. });
    let of_kafka = |name: &str| name.starts_with("klamm_log_") || name.starts_with("klamm_kafka_");
    for metric in catalogue::metrics().filter(|metric| metric.labels.is_empty() && (on_kafka || !of_kafka(metric.name))) {
        match metric.kind {
            Kind::Counter => metrics::counter!(metric.name).increment(0),
            Kind::Gauge => metrics::gauge!(metric.name).increment(0.0),
            Kind::Histogram => drop(metrics::histogram!(metric.name)),
        }
    }
    for partition in 0..partitions {
        metrics::gauge!("klamm_partition_owned", "partition" => partition.to_string()).set(0.0);
        metrics::gauge!("klamm_partition_failed", "partition" => partition.to_string()).set(0.0);
    }
    for topic in FOLDED {
        metrics::counter!("klamm_fold_problems_total", "topic" => topic).increment(0);
    }
    if on_kafka {
        for kind in ["unavailable", "in_doubt", "denied", "refused"] {
            metrics::counter!("klamm_log_errors_total", "kind" => kind).increment(0);
        }
    }
    metrics::gauge!("klamm_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
}
