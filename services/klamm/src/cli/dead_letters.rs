//! Options of `klamm dlq …`.

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};

use super::shared::{Server, point_in_time};

/// `klamm dlq …`
#[derive(Debug, Clone, Subcommand)]
pub enum DeadLettersCommand {
    /// The topics of dead letters; with a trigger, its dead letters.
    List(ListDeadLettersOptions),
    /// One dead letter: what is wrong, and the record as it came.
    Show(ShowDeadLetterOptions),
    /// Decide dead letters again by the trigger as it is declared now, and have them take effect, each once. Ends with 1 when some are
    /// still wrong.
    Replay(ReplayOptions),
}

/// Which dead letters.
#[derive(Debug, Clone, Args)]
pub struct Filters {
    /// Only this class: decode, expression, mapping, size, tombstone or rejected.
    #[arg(long)]
    pub class: Option<String>,
    /// Only those of this rule, from 1.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub rule: Option<u32>,
    /// Only those since this time: RFC 3339, or a time ago such as 10m, 24h, 7d.
    #[arg(long, value_name = "TIME", value_parser = point_in_time)]
    pub since: Option<DateTime<Utc>>,
    /// Only those that no replay has dealt with.
    #[arg(long)]
    pub open: bool,
}

/// Options of `klamm dlq list`.
#[derive(Debug, Clone, Args)]
pub struct ListDeadLettersOptions {
    /// Name of the trigger.
    pub trigger: Option<String>,
    /// Which dead letters.
    #[command(flatten)]
    pub filters: Filters,
    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: u64,
    /// One JSON object per line.
    #[arg(long)]
    pub json: bool,
    /// Where the server is.
    #[command(flatten)]
    pub server: Server,
}

/// Options of `klamm dlq show`.
#[derive(Debug, Clone, Args)]
pub struct ShowDeadLetterOptions {
    /// Name of the trigger.
    pub trigger: String,
    /// Partition of the topic of dead letters.
    pub partition: i32,
    /// Offset there.
    pub offset: i64,
    /// One JSON object.
    #[arg(long)]
    pub json: bool,
    /// Where the server is.
    #[command(flatten)]
    pub server: Server,
}

/// Options of `klamm dlq replay`.
#[derive(Debug, Clone, Args)]
pub struct ReplayOptions {
    /// Name of the trigger.
    pub trigger: String,
    /// Only this partition of the topic of dead letters.
    #[arg(long, value_name = "N")]
    pub partition: Option<i32>,
    /// Only the dead letter at this offset of the partition.
    #[arg(long, requires = "partition")]
    pub offset: Option<i64>,
    /// Which dead letters.
    #[command(flatten)]
    pub filters: Filters,
    /// At most so many; default: all that there are when the replay begins.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
    /// Say what each would do; change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// One JSON object per dead letter and line; the summary comes last.
    #[arg(long)]
    pub json: bool,
    /// Where the server is.
    #[command(flatten)]
    pub server: Server,
}
