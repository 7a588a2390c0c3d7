//! Every metric and its meaning. docs/metrics.md says the same, and a test compares this list with the page and the code.

/// What kind of metric it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A number that only grows.
    Counter,
    /// A number that goes up and down.
    Gauge,
    /// A distribution, counted in buckets.
    Histogram,
}

impl Kind {
    /// The kind's name in Prometheus.
    pub fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// A metric.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// Its unit: `seconds`, `bytes`, `1`, or the thing that is counted.
    pub unit: &'static str,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it means.
    pub meaning: &'static str,
}

/// Metrics about one thing.
#[derive(Debug, Clone, Copy)]
pub struct Section {
    /// The thing.
    pub title: &'static str,
    /// A text about all of them; may be empty.
    pub about: &'static str,
    /// Its metrics.
    pub metrics: &'static [Metric],
}

const fn counter(name: &'static str, unit: &'static str, labels: &'static [&'static str], meaning: &'static str) -> Metric {
    Metric { name, kind: Kind::Counter, unit, labels, meaning }
}

const fn gauge(name: &'static str, unit: &'static str, labels: &'static [&'static str], meaning: &'static str) -> Metric {
    Metric { name, kind: Kind::Gauge, unit, labels, meaning }
}

const fn histogram(name: &'static str, labels: &'static [&'static str], meaning: &'static str) -> Metric {
    Metric { name, kind: Kind::Histogram, unit: "seconds", labels, meaning }
}

const CALL: &[&str] = &["operation", "namespace", "service_name"];
const QUEUE: &[&str] = &["namespace", "taskqueue", "task_type"];

/// All metrics, grouped by the thing that they are about.
pub const CATALOGUE: &[Section] = &[
    Section {
        title: "Calls",
        about: "Temporal's names and meanings. `operation` is the call (`StartWorkflowExecution`), `service_name` is always `frontend`. The first \
                50 namespaces have labels of their own, later ones are `_other_`; calls without a namespace, or with one that is not there, \
                are `_unknown_`.",
        metrics: &[
            counter("service_requests", "calls", CALL, "Calls that came"),
            counter("http_service_requests", "calls", &["operation"], "Those of them that came by the HTTP API"),
            gauge("service_pending_requests", "calls", CALL, "Calls under way, including long polls"),
            histogram("service_latency", CALL, "How long calls took; polls and other waiting calls count with their wait"),
            counter("service_errors", "calls", CALL, "Calls that failed through no fault of the caller (Unavailable, Internal)"),
            counter(
                "service_error_with_type",
                "calls",
                &["operation", "namespace", "service_name", "error_type"],
                "Calls that failed, by Temporal's type of error (`serviceerror_NotFound`); a caller that went away is `serviceerror_DeadlineExceeded`",
            ),
            counter(
                "service_errors_resource_exhausted",
                "calls",
                &["operation", "namespace", "service_name", "resource_exhausted_cause"],
                "Calls refused with ResourceExhausted, by its cause; they are not among `service_error_with_type`",
            ),
        ],
    },
    Section {
        title: "Task queues",
        about: "Temporal's names and meanings, except what begins with `klamm_`. `task_type` is `Workflow` or `Activity`. Sticky queues count to their normal \
                ones. At most 200 task queues have labels of their own, the others are `_other_`.",
        metrics: &[
            gauge("approximate_backlog_count", "tasks", QUEUE, "Tasks that wait for a worker"),
            gauge("approximate_backlog_age_seconds", "seconds", QUEUE, "Age of the oldest task that waits"),
            gauge("klamm_pollers", "workers", QUEUE, "Workers (identities) that polled within the last five minutes"),
            counter("poll_success", "polls", QUEUE, "Polls that got a task or a query"),
            counter("poll_timeouts", "polls", QUEUE, "Polls that ended without a task or a query"),
            histogram("poll_latency", QUEUE, "How long polls waited"),
            histogram("task_schedule_to_start_latency", QUEUE, "How long a task waited for its worker, from its scheduling to its start"),
            counter(
                "klamm_polls_refused_total",
                "polls",
                &[],
                "Polls refused because of what their worker asks for; such a worker gets no tasks",
            ),
            counter(
                "klamm_sticky_polls_ended_total",
                "polls",
                &[],
                "Idle sticky polls that were ended so that their worker polls its normal queue",
            ),
        ],
    },
    Section {
        title: "Partitions",
        about: "",
        metrics: &[
            gauge("klamm_owner", "1", &[], "1 while this process owns the partitions"),
            gauge("klamm_partition_owned", "1", &["partition"], "1 while this process owns the partition; over all processes the sum is 1"),
            gauge("klamm_partition_failed", "1", &["partition"], "1 for a partition that has stopped"),
            histogram("klamm_take_over_seconds", &[], "How long taking the partitions over took"),
            counter("klamm_commands_total", "commands", &[], "Commands that were decided"),
            counter(
                "klamm_commands_failed_total",
                "commands",
                &[],
                "Commands that were skipped because deciding them failed, and records that were no command",
            ),
            counter(
                "klamm_limit_warnings_total",
                "warnings",
                &["limit"],
                "Requests, and commands about workflows, that came near the limit of this name in the configuration",
            ),
            counter("klamm_folded_records_total", "records", &[], "Records of the topics that were folded into the store"),
            counter("klamm_fold_problems_total", "records", &["topic"], "Records passed over while folding"),
            counter(
                "klamm_stores_thrown_away_total",
                "stores",
                &[],
                "Stores, or rows of one partition, that could not be used (damaged, or of another log) and were rebuilt from the log",
            ),
            histogram("klamm_commit_seconds", &[], "How long one partition's output transaction took"),
            gauge("klamm_uncommitted_bytes", "bytes", &[], "Memory that holds what is not committed yet, over all partitions"),
            counter("klamm_wake_ups_total", "wake-ups", &[], "Timers and time-outs that became due"),
            histogram("klamm_wake_up_lateness_seconds", &[], "How late the wake-ups of timers and time-outs were sent"),
        ],
    },
    Section {
        title: "Completion callbacks",
        about: "Temporal's names. `outcome` is `success`, `retryable-error` (there is another attempt) or `error`.",
        metrics: &[
            counter("callback_outbound_requests", "calls", &["outcome"], "Calls of completion callbacks"),
            histogram("callback_outbound_latency", &["outcome"], "How long these calls took"),
        ],
    },
    Section {
        title: "Requests by records",
        about: "",
        metrics: &[
            counter("klamm_requests_total", "records", &["namespace"], "Records taken from topics of requests"),
            gauge(
                "klamm_requests_lag_records",
                "records",
                &["topic", "partition"],
                "Records of a topic of requests that were not taken yet, when records were last taken",
            ),
            counter(
                "klamm_requests_lost_total",
                "times",
                &["namespace"],
                "Times that records were gone from a topic of requests before klamm had read them",
            ),
        ],
    },
    Section {
        title: "Publishing",
        about: "What workflows write on topics of other programs by `klamm.publish`.",
        metrics: &[counter(
            "klamm_publish_diverted_total",
            "records",
            &[],
            "Records that went to `dlq.publish`, because their topics took none",
        )],
    },
    Section {
        title: "Stream task queues",
        about: "Activities that are records of topics.",
        metrics: &[counter(
            "klamm_stream_tasks_given_up_total",
            "records",
            &[],
            "Attempts of activities without a record, because the topic of their task queue could not be made; they time out",
        )],
    },
    Section {
        title: "Triggers",
        about: "`came` is `started`, `signalled`, `filtered`, `suppressed`, `held` or `dead_lettered`.",
        metrics: &[
            counter(
                "klamm_trigger_records_total",
                "records",
                &["trigger", "came"],
                "Records of the topics of triggers, by what came of them",
            ),
            gauge(
                "klamm_trigger_oldest_record_age_seconds",
                "seconds",
                &["trigger"],
                "Age of the oldest record that was fetched and is not dealt with; 0: there is none",
            ),
            gauge(
                "klamm_trigger_lag_records",
                "records",
                &["trigger", "partition"],
                "Records of a trigger's topic that were not read yet, when records were last read",
            ),
            counter(
                "klamm_trigger_lost_total",
                "times",
                &["trigger"],
                "Times that records were gone from a trigger's topic before klamm had read them",
            ),
        ],
    },
    Section {
        title: "Visibility",
        about: "",
        metrics: &[
            gauge(
                "klamm_visibility_lag_records",
                "records",
                &["partition"],
                "Records of the visibility topic that the list index has not taken yet",
            ),
            gauge(
                "klamm_visibility_lag_seconds",
                "seconds",
                &["partition"],
                "Age of the last record that the list index took, while there are more; else 0",
            ),
        ],
    },
    Section {
        title: "The log on Kafka",
        about: "Of `klamm serve`. What begins with `klamm_kafka_` comes from librdkafka's own statistics, every 15 s, added up over all clients.",
        metrics: &[
            counter("klamm_log_appended_total", "records", &[], "Commands that the broker has acknowledged"),
            histogram("klamm_log_append_seconds", &[], "How long it took until the broker had acknowledged a command"),
            counter("klamm_log_commits_total", "transactions", &[], "Transactions committed"),
            histogram("klamm_log_commit_seconds", &[], "How long committing a transaction took"),
            counter("klamm_log_aborts_total", "transactions", &[], "Transactions aborted"),
            counter("klamm_log_fetches_total", "fetches", &[], "Reads that asked a broker"),
            counter("klamm_log_producers_broken_total", "producers", &[], "Producers that had to be made anew"),
            counter(
                "klamm_log_errors_total",
                "errors",
                &["kind"],
                "Calls to Kafka that failed: `unavailable`, `in_doubt`, `denied`, `refused`",
            ),
            gauge("klamm_kafka_queued_messages", "messages", &[], "Messages that wait in producers, or for an answer of a broker"),
            gauge("klamm_kafka_queued_bytes", "bytes", &[], "Size of these messages"),
            counter("klamm_kafka_sent_bytes_total", "bytes", &[], "Bytes sent to brokers"),
            counter("klamm_kafka_received_bytes_total", "bytes", &[], "Bytes received from brokers"),
            counter("klamm_kafka_requests_total", "requests", &[], "Requests sent to brokers"),
            counter("klamm_kafka_retries_total", "requests", &[], "Requests sent again"),
            counter("klamm_kafka_timeouts_total", "requests", &[], "Requests that brokers did not answer in time"),
            counter("klamm_kafka_errors_total", "errors", &[], "Errors of transmission, to and from brokers"),
            counter("klamm_kafka_disconnects_total", "connections", &[], "Connections to brokers that ended"),
            histogram("klamm_kafka_round_trip_seconds", &[], "Round-trip time from each client to a broker, as a mean over 15 s"),
        ],
    },
    Section {
        title: "RocksDB",
        about: "`db` is `store`, or `log` where the log is embedded. The values are read when somebody asks for `/metrics`.",
        metrics: &[
            gauge("klamm_rocksdb_disk_bytes", "bytes", &["db"], "Table files"),
            gauge("klamm_rocksdb_memtable_bytes", "bytes", &["db"], "Memtables"),
            gauge("klamm_rocksdb_cache_bytes", "bytes", &["db"], "Block cache in use"),
            gauge("klamm_rocksdb_table_reader_bytes", "bytes", &["db"], "Memory of open table files outside of the cache"),
            gauge("klamm_rocksdb_keys", "keys", &["db"], "Number of keys, about"),
            gauge("klamm_rocksdb_pending_compaction_bytes", "bytes", &["db"], "Bytes that compaction has still to rewrite, about"),
            gauge("klamm_rocksdb_running_compactions", "compactions", &["db"], "Compactions under way"),
            gauge("klamm_rocksdb_level0_files", "files", &["db"], "Files of level 0; writes slow down when there are many"),
            gauge("klamm_rocksdb_write_stopped", "1", &["db"], "1 while writes wait for compaction"),
            gauge("klamm_rocksdb_background_errors", "errors", &["db"], "Flushes and compactions that failed; above 0, writes are refused"),
        ],
    },
    Section {
        title: "Connections",
        about: "`listener` is `grpc` or `http`.",
        metrics: &[
            gauge("klamm_connections", "connections", &["listener"], "Connections that are open"),
            gauge("klamm_connections_max", "connections", &["listener"], "Most connections that may be open; further ones wait"),
            counter(
                "klamm_connections_closed_total",
                "connections",
                &["listener", "reason"],
                "Connections closed by klamm: `silent` (the client sent nothing), `idle` (no call for long), `stalled` (answers left unread)",
            ),
            counter("klamm_answers_refused_total", "answers", &["listener"], "Answers not sent because the client leaves too much unread"),
        ],
    },
    Section {
        title: "Process",
        about: "",
        metrics: &[
            gauge("klamm_build_info", "1", &["version"], "Always 1"),
            counter(
                "klamm_panics_total",
                "panics",
                &["part"],
                "Panics of each part of the process: threads, tasks, and work on a partition. Each is a bug in klamm",
            ),
            gauge("klamm_parts_running", "parts", &["part"], "How many of each part run"),
            gauge("klamm_health_reasons", "reasons", &["severity"], "Reasons that `/readyz` shows now"),
            counter("process_cpu_seconds_total", "seconds", &[], "Processor time, of user and system"),
            gauge("process_resident_memory_bytes", "bytes", &[], "Resident memory"),
            gauge("process_virtual_memory_bytes", "bytes", &[], "Virtual memory"),
            gauge("process_virtual_memory_max_bytes", "bytes", &[], "Virtual memory that may be used"),
            gauge("process_open_fds", "descriptors", &[], "Open file descriptors"),
            gauge("process_max_fds", "descriptors", &[], "File descriptors that may be open"),
            gauge("process_start_time_seconds", "seconds", &[], "When the process started, in seconds since 1970"),
            gauge("process_threads", "threads", &[], "Threads"),
        ],
    },
];

/// All metrics in one sequence.
pub fn metrics() -> impl Iterator<Item = &'static Metric> {
    CATALOGUE.iter().flat_map(|section| section.metrics)
}
