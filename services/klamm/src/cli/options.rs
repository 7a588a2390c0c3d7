//! Commands and their options.

use std::{net::IpAddr, path::PathBuf};

use chrono::{DateTime, Utc};
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use super::{
    dead_letters::DeadLettersCommand,
    shared::{Server, point_in_time},
};
use crate::config::Inspect;

/// Most records that `klamm topics cat --tail` gives. There is a limit because the server holds them in memory.
pub const TAIL_MAX: u64 = 10_000;

/// How commands end; see [`crate::setup_error::Exit`].
const EXIT_CODES: &str = "Exit codes:
  0  all is as it should be
  1  something is not as it should be: differences, times without a decision, a partition that has stopped, dead letters that are still wrong
  2  wrong options or settings, or something in the way of a start
  3  no server answers at the address
  4  there is no such topic, trigger, schedule or namespace
  5  the server refused the request, or broke off its answer";

/// Durable execution and scheduling on Kafka that speaks Temporal's API.
#[derive(Debug, Parser)]
#[command(name = "klamm", version, about, after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run everything in one process, over the embedded log: for development and tests.
    Dev(DevOptions),
    /// Run klamm on Kafka.
    Serve(ServeOptions),
    /// Look into the topics of a running server.
    #[command(subcommand)]
    Topics(TopicsCommand),
    /// Ask a running server about a schedule.
    #[command(subcommand)]
    Schedule(ScheduleCommand),
    /// Declare triggers: records of any topic start and signal workflows. Declarations that are the same as before change nothing.
    Apply(ApplyOptions),
    /// Triggers of a running server.
    #[command(subcommand)]
    Trigger(TriggerCommand),
    /// Dead letters of triggers: records that they could not use.
    #[command(subcommand)]
    Dlq(DeadLettersCommand),
    /// Rebuild the state of a running server from its topics into an empty store, and compare. Ends with 1 when there are differences.
    Verify(VerifyOptions),
    /// How a running server is doing. Ends with 1 when a partition has stopped.
    Status(StatusOptions),
    /// Print a script that completes commands and options in a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Print a manual page, in the language of man.
    Man(ManOptions),
}

/// Options of `klamm dev`.
#[derive(Debug, Clone, Args)]
pub struct DevOptions {
    /// Directory for all data; made if missing.
    #[arg(long, default_value = "klamm-data", conflicts_with = "in_memory")]
    pub data_dir: PathBuf,
    /// Keep nothing: all data is gone when the server stops.
    #[arg(long)]
    pub in_memory: bool,
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1")]
    pub ip: IpAddr,
    /// Port of the gRPC API; 0 takes a free one.
    #[arg(long, default_value_t = 7233)]
    pub port: u16,
    /// Port of HTTP: Temporal's HTTP API and klamm's own, /metrics, /healthz, /livez and /readyz; 0 takes a free one.
    #[arg(long, default_value_t = 8233)]
    pub http_port: u16,
    /// Host name under which the HTTP API may be asked, without port, besides those of this machine; may be given several times.
    #[arg(long = "http-host", value_name = "HOST")]
    pub http_hosts: Vec<String>,
    /// Origin whose pages may use the HTTP API from a browser, such as http://localhost:5173; may be given several times.
    #[arg(long = "http-origin", value_name = "ORIGIN")]
    pub http_origins: Vec<String>,
    /// Number of partitions, a power of two; fixed once the data directory exists.
    #[arg(long, default_value_t = 8)]
    pub partitions: u32,
    /// Namespace to register besides `default`; may be given several times.
    #[arg(long = "namespace", value_name = "NAME")]
    pub namespaces: Vec<String>,
    /// Custom search attribute to register in these namespaces: Text, Keyword, Int, Double, Bool, Datetime or KeywordList; may be given several times.
    #[arg(long = "search-attribute", value_name = "NAME=TYPE")]
    pub search_attributes: Vec<String>,
    /// Give each of these namespaces a topic `outcomes.NAME`: one record per closed run.
    #[arg(long)]
    pub outcomes: bool,
    /// Give each of these namespaces a topic `openlineage.NAME`: an OpenLineage event where a run begins, and one where it ends.
    #[arg(long)]
    pub openlineage: bool,
    /// Give each of these namespaces a topic `requests.NAME`, to which programs may write requests.
    #[arg(long)]
    pub requests: bool,
    /// Task queue whose activities go to a topic `tasks.NAMESPACE.QUEUE` in each of these namespaces, and not to pollers, or a pattern of names such
    /// as `ship-*`; `=avro` behind it has the tasks written in Avro instead of JSON; may be given several times. Implies --requests, by which workers answer.
    #[arg(long = "stream-queue", value_name = "QUEUE")]
    pub stream_queues: Vec<String>,
    /// Topic to which workflows of these namespaces may publish by the activity klamm.publish, by a name of its own or the topic's; made if it is
    /// missing; may be given several times.
    #[arg(long = "publish", value_name = "NAME=TOPIC")]
    pub destinations: Vec<String>,
    /// Write every command to the disk before it is answered: commands survive a power loss, and calls take a disk's latency longer.
    #[arg(long)]
    pub fsync: bool,
    /// Start although the log is damaged: keep the records before the damage, give up those behind it, and say how many those are.
    #[arg(long, conflicts_with = "in_memory")]
    pub salvage: bool,
    /// Limit that differs from its default, such as signals=500 or blob_bytes=1MiB; of one namespace: namespaces.NAME.limits.signals=500. The
    /// keys are those of [limits] in the configuration of klamm serve; lists are written with commas. May be given several times.
    #[arg(long = "limit", value_name = "KEY=VALUE")]
    pub limits: Vec<String>,
    /// Which clients may use `klamm topics`, `klamm schedule`, `klamm status` and `klamm verify`.
    #[arg(long, value_name = "WHO", value_enum, default_value_t = Inspect::Loopback)]
    pub inspect: Inspect,
    /// Level of the log: error, warn, info, debug, trace, or a filter.
    #[arg(long, default_value = "warn")]
    pub log_level: String,
}

/// Options of `klamm serve`; everything else is configuration.
#[derive(Debug, Clone, Args)]
pub struct ServeOptions {
    /// Configuration in TOML; each key may also be set by environment, as KLAMM_SECTION__KEY.
    #[arg(long, value_name = "FILE", env = "KLAMM_CONFIG")]
    pub config: Option<PathBuf>,
    /// Print the effective configuration with secrets hidden, or everything that is wrong with it, and end.
    #[arg(long)]
    pub check: bool,
    /// With --check: also try the broker, the permissions, the topics and the schema registry. This makes and writes nothing.
    #[arg(long, requires = "check")]
    pub connect: bool,
    /// With --check: print JSON.
    #[arg(long, requires = "check")]
    pub json: bool,
}

/// `klamm topics …`
#[derive(Debug, Clone, Subcommand)]
pub enum TopicsCommand {
    /// All topics.
    List(ListOptions),
    /// One topic, with the offsets of its partitions.
    Describe(DescribeOptions),
    /// Records of a topic, decoded.
    Cat(CatOptions),
    /// Append a record to a topic of requests, or one for each line of the standard input.
    Produce(ProduceOptions),
    /// What `klamm apply` has declared of topics of namespaces.
    Declared(ListOptions),
    /// Print the topics of `klamm serve` as Strimzi KafkaTopic resources; needs no server.
    Manifest(ManifestOptions),
}

/// Options of `klamm topics list`.
#[derive(Debug, Clone, Args)]
pub struct ListOptions {
    /// One JSON object per topic and line.
    #[arg(long)]
    pub json: bool,
    /// Where the server is.
    #[command(flatten)]
    pub server: Server,
}

/// Options of `klamm topics describe`.
#[derive(Debug, Clone, Args)]
pub struct DescribeOptions {
    /// Name, with or without prefix.
    pub topic: String,
    /// One JSON object.
    #[arg(long)]
    pub json: bool,
    /// Where the server is.
    #[command(flatten)]
    pub server: Server,
}

/// Options of `klamm topics manifest`; prefix, partitions and replicas are those of the configuration.
#[derive(Debug, Clone, Args)]
pub struct ManifestOptions {
    /// Configuration in TOML; each key may also be set by environment, as KLAMM_SECTION__KEY.
    #[arg(long, value_name = "FILE", env = "KLAMM_CONFIG")]
    pub config: Option<PathBuf>,
    /// Name of the Kafka resource that the topics belong to.
    #[arg(long, default_value = "kafka")]
    pub cluster: String,
    /// Version of the resources; Strimzi before 0.49 knows only kafka.strimzi.io/v1beta2.
    #[arg(long, default_value = "kafka.strimzi.io/v1")]
    pub api_version: String,
    /// One JSON object per resource and line instead of YAML.
    #[arg(long)]
    pub json: bool,
}

/// Options of `klamm topics cat`.
#[derive(Debug, Clone, Args)]
pub struct CatOptions {
    /// Name, with or without prefix.
    pub topic: String,
    /// Only this partition.
    #[arg(long)]
    pub partition: Option<i32>,
    /// First offset.
    #[arg(long)]
    pub from: Option<i64>,
    /// Only the last N records, of all partitions together, in the order of their times.
    #[arg(long, value_name = "N", conflicts_with = "from", value_parser = clap::value_parser!(u64).range(1..=TAIL_MAX))]
    pub tail: Option<u64>,
    /// Only records since this time: RFC 3339, or a time ago such as 10m, 24h, 7d.
    #[arg(long, value_name = "TIME", value_parser = point_in_time)]
    pub since: Option<DateTime<Utc>>,
    /// Go on with new records as they come.
    #[arg(long)]
    pub follow: bool,
    /// At most so many records.
    #[arg(long, value_name = "N", conflicts_with = "tail")]
    pub limit: Option<u64>,
    /// Only records whose key contains this text.
    #[arg(long, value_name = "TEXT")]
    pub key: Option<String>,
    /// One JSON object per line instead of text.
    #[arg(long)]
    pub json: bool,
    /// Where the server is.
    #[command(flatten)]
    pub server: Server,
}

/// Options of `klamm topics produce`.
#[derive(Debug, Clone, Args)]
pub struct ProduceOptions {
    /// Name, with or without prefix.
    pub topic: String,
    /// The value. Without it each line of the standard input is the value of a record.
    pub value: Option<String>,
    /// The key: the workflow id.
    #[arg(long, value_name = "TEXT")]
    pub key: Option<String>,
    /// Each line of the standard input is a key, this text and a value.
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["key", "value"], value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub key_delimiter: Option<String>,
    /// A header; may be given several times.
    #[arg(long, value_name = "NAME=VALUE", value_parser = header)]
    pub header: Vec<(String, String)>,
    /// Where the server is.
    #[command(flatten)]
    pub server: Server,
}

/// A header as an option gives it.
fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| "a header is NAME=VALUE".to_owned())?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Options of `klamm apply`.
#[derive(Debug, Clone, Args)]
pub struct ApplyOptions {
    /// The declaration of a trigger, or of the topics of a namespace, in YAML; may be given several times; - is the standard input.
    #[arg(short, long = "file", value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Check the declarations and say what would change; change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Delete all triggers that are not in these files.
    #[arg(long)]
    pub prune: bool,
    /// Where the server is.
    #[command(flatten)]
    pub server: Server,
}

/// `klamm trigger …`
#[derive(Debug, Clone, Subcommand)]
pub enum TriggerCommand {
    /// All triggers, and how they are doing.
    List(ListOptions),
    /// One trigger: its declaration, how far it has come, what it waits for.
    Describe(TriggerOptions),
    /// Stop reading. What was read has taken effect.
    Pause(PauseOptions),
    /// Go on reading where it was paused.
    Resume(TriggerNameOptions),
    /// Say what records of the topic would do. This changes nothing.
    Test(TestOptions),
    /// Read the topic anew. What has taken effect on the newest run of its workflow id is not repeated.
    Replay(ReplayTriggerOptions),
    /// Delete a trigger. Its topic of dead letters stays.
    Delete(TriggerNameOptions),
}

/// Options of `klamm trigger describe`.
#[derive(Debug, Clone, Args)]
pub struct TriggerOptions {
    /// Name of the trigger.
    pub trigger: String,
    /// One JSON object.
    #[arg(long)]
    pub json: bool,
    /// Where the server is.
    #[command(flatten)]
    pub server: Server,
}

/// Options of `klamm trigger resume` and `delete`.
#[derive(Debug, Clone, Args)]
pub struct TriggerNameOptions {
    /// Name of the trigger.
    pub trigger: String,
    /// Where the server is.
    #[command(flatten)]
    pub server: Server,
}

/// Options of `klamm trigger pause`.
#[derive(Debug, Clone, Args)]
pub struct PauseOptions {
    /// Name of the trigger.
    pub trigger: String,
    /// Why, for people.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Where the server is.
    #[command(flatten)]
    pub server: Server,
}

/// Options of `klamm trigger replay`.
#[derive(Debug, Clone, Args)]
pub struct ReplayTriggerOptions {
    /// Name of the trigger.
    pub trigger: String,
    /// Where to begin: earliest, latest (pass over what is there), or a time such as 2026-11-01T00:00Z.
    #[arg(long, value_name = "PLACE", default_value = "earliest")]
    pub from: String,
    /// Where the server is.
    #[command(flatten)]
    pub server: Server,
}

/// Options of `klamm trigger test`.
#[derive(Debug, Clone, Args)]
pub struct TestOptions {
    /// Name of the trigger; not with a file.
    #[arg(required_unless_present = "file", conflicts_with = "file")]
    pub trigger: Option<String>,
    /// A declaration, in YAML, that need not be applied.
    #[arg(short, long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Only this partition.
    #[arg(long, value_name = "N")]
    pub partition: Option<i32>,
    /// First offset; default: the oldest.
    #[arg(long, value_name = "OFFSET")]
    pub from: Option<i64>,
    /// At most so many records.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: u32,
    /// One JSON object per record and line.
    #[arg(long)]
    pub json: bool,
    /// Where the server is.
    #[command(flatten)]
    pub server: Server,
}

/// `klamm schedule …`
#[derive(Debug, Clone, Subcommand)]
pub enum ScheduleCommand {
    /// Compare the times at which the schedule had to act with what it did. Ends with 1 when a time that is over has no decision.
    Audit(AuditOptions),
}

/// Options of `klamm schedule audit`.
#[derive(Debug, Clone, Args)]
pub struct AuditOptions {
    /// Id of the schedule.
    pub schedule_id: String,
    /// Namespace of the schedule.
    #[arg(long, short, default_value = "default")]
    pub namespace: String,
    /// First nominal time: RFC 3339, or a time ago such as 90m, 24h, 7d.
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = point_in_time)]
    pub from: DateTime<Utc>,
    /// Last nominal time, in the same form; default: now.
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = point_in_time)]
    pub to: DateTime<Utc>,
    /// One JSON object per line instead of text; the summary comes last.
    #[arg(long)]
    pub json: bool,
    /// Where the server is.
    #[command(flatten)]
    pub server: Server,
}

/// Options of `klamm verify`.
#[derive(Debug, Clone, Args)]
pub struct VerifyOptions {
    /// One JSON object per line: progress, then differences, then the summary.
    #[arg(long)]
    pub json: bool,
    /// Where the server is.
    #[command(flatten)]
    pub server: Server,
}

/// Options of `klamm status`.
#[derive(Debug, Clone, Args)]
pub struct StatusOptions {
    /// One JSON object.
    #[arg(long)]
    pub json: bool,
    /// Where the server is.
    #[command(flatten)]
    pub server: Server,
}

/// Options of `klamm man`.
#[derive(Debug, Clone, Args)]
pub struct ManOptions {
    /// The command whose page is printed, such as `topics cat`. Without one, klamm's own page is printed.
    pub command: Vec<String>,
    /// Write the pages of all commands into this directory instead; made if missing.
    #[arg(long, value_name = "DIRECTORY", conflicts_with = "command")]
    pub dir: Option<PathBuf>,
}
