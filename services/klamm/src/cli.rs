//! Commands and their options.

use std::{net::IpAddr, path::PathBuf};

use chrono::{DateTime, Utc};
use clap::{Args, Parser, Subcommand};

use crate::config::Span;

/// Where command-line tools find a running server.
pub const ADDRESS: &str = "127.0.0.1:7233";

/// Durable execution and scheduling on Kafka that speaks Temporal's API.
#[derive(Debug, Parser)]
#[command(name = "klamm", version, about)]
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
    /// Rebuild the state of a running server from its topics into an empty store, and compare.
    Verify(VerifyOptions),
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
    /// Port for /metrics and /healthz; 0 takes a free one.
    #[arg(long, default_value_t = 8233)]
    pub http_port: u16,
    /// Number of partitions, a power of two; fixed once the data directory exists.
    #[arg(long, default_value_t = 8)]
    pub partitions: u32,
    /// Namespace to register besides `default`; may be given several times.
    #[arg(long = "namespace", value_name = "NAME")]
    pub namespaces: Vec<String>,
    /// Custom search attribute to register in these namespaces: Text, Keyword, Int, Double, Bool, Datetime or KeywordList; may be given several times.
    #[arg(long = "search-attribute", value_name = "NAME=TYPE")]
    pub search_attributes: Vec<String>,
    /// Write every command to the disk before it is answered: survives a power loss, costs a disk's latency.
    #[arg(long)]
    pub fsync: bool,
    /// How much is logged: error, warn, info, debug, trace, or a filter.
    #[arg(long, default_value = "warn")]
    pub log_level: String,
}

/// Options of `klamm serve`; everything else is configuration.
#[derive(Debug, Clone, Args)]
pub struct ServeOptions {
    /// Configuration in TOML; each key may also be set by environment, as KLAMM_SECTION__KEY.
    #[arg(long, value_name = "FILE", env = "KLAMM_CONFIG")]
    pub config: Option<PathBuf>,
    /// Print the effective configuration, secrets hidden, and end.
    #[arg(long)]
    pub check: bool,
}

/// `klamm topics …`
#[derive(Debug, Clone, Subcommand)]
pub enum TopicsCommand {
    /// All topics.
    List(Server),
    /// One topic and where its partitions stand.
    Describe {
        /// Name, with or without prefix.
        topic: String,
        /// Where the server is.
        #[command(flatten)]
        server: Server,
    },
    /// Records of a topic, decoded.
    Cat(CatOptions),
    /// Print the topics of `klamm serve` as Strimzi KafkaTopic resources; needs no server.
    Manifest(ManifestOptions),
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
    /// Go on with new records as they come.
    #[arg(long)]
    pub follow: bool,
    /// At most so many records.
    #[arg(long, default_value_t = 0)]
    pub limit: u64,
    /// Only records whose key contains this text.
    #[arg(long, default_value = "")]
    pub key: String,
    /// One JSON object per line instead of text.
    #[arg(long)]
    pub json: bool,
    /// Where the server is.
    #[command(flatten)]
    pub server: Server,
}

/// `klamm schedule …`
#[derive(Debug, Clone, Subcommand)]
pub enum ScheduleCommand {
    /// What the schedule was to do and what it did: expected against actual times. Ends with 1 when a time that is over has no decision.
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
    /// Last nominal time, likewise; now unless told.
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = point_in_time)]
    pub to: DateTime<Utc>,
    /// One JSON object per line instead of text; the summary last.
    #[arg(long)]
    pub json: bool,
    /// Where the server is.
    #[command(flatten)]
    pub server: Server,
}

/// A time as RFC 3339 has it, or so long ago.
fn point_in_time(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.to_utc());
    }
    let wrong = || format!("{text:?} is no time: write one like 2026-01-31T09:00:00Z, or how long ago, such as 24h");
    let ago: Span = text.parse().map_err(|_| wrong())?;
    let ago = chrono::Duration::from_std(ago.0).map_err(|_| wrong())?;
    Utc::now().checked_sub_signed(ago).ok_or_else(wrong)
}

/// Options of `klamm verify`.
#[derive(Debug, Clone, Args)]
pub struct VerifyOptions {
    /// Where the server is.
    #[command(flatten)]
    pub server: Server,
}

/// Where the server is.
#[derive(Debug, Clone, Args)]
pub struct Server {
    /// Host and port of the server's gRPC API.
    #[arg(long, env = "KLAMM_ADDRESS", default_value = ADDRESS)]
    pub address: String,
}
