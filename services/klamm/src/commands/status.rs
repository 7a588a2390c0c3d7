//! `klamm status`: how a running server is doing.

use std::process::ExitCode;

use chrono::{DateTime, SecondsFormat};
use klamm_api::klamm::v1::{GetStatusRequest, GetStatusResponse, PartitionStatus};
use serde_json::{Value, json};

use crate::{
    cli::{StatusOptions, connect, print},
    setup_error::{Exit, SetupError},
};

/// Prints the status. [`Exit::Fine`] when all works, [`Exit::Amiss`] otherwise.
///
/// # Errors
/// No server answers.
pub async fn run(options: StatusOptions) -> Result<ExitCode, SetupError> {
    let mut client = connect::connect(&options.server).await?;
    let status = client.get_status(GetStatusRequest {}).await.map_err(connect::refused)?.into_inner();
    match options.json {
        true => print(&as_json(&status).to_string()),
        false => print_text(&status),
    }
    let works = status.problem.is_empty() && status.partitions.iter().all(|partition| partition.failure.is_empty());
    Ok(if works { Exit::Fine } else { Exit::Amiss }.into())
}

fn print_text(status: &GetStatusResponse) {
    print(&format!("klamm {}", status.version));
    print(&format!("owner:      {} since {}", status.owner, since(status)));
    print(&format!("health:     {}", if status.problem.is_empty() { "ok" } else { &status.problem }));
    print(&format!("namespaces: {}", status.namespaces));
    print(&format!("{:>9} {:>12} {:>12} {:>12} {:>9}", "partition", "committed", "end", "uncommitted", "list lag"));
    for partition in &status.partitions {
        let PartitionStatus { partition: number, next_command_offset, end_offset, visibility_lag, failure } = partition;
        let waiting = end_offset - next_command_offset;
        let line = format!("{number:>9} {next_command_offset:>12} {end_offset:>12} {waiting:>12} {visibility_lag:>9}  {failure}");
        print(line.trim_end());
    }
}

fn as_json(status: &GetStatusResponse) -> Value {
    let partition = |partition: &PartitionStatus| {
        json!({
            "partition": partition.partition,
            "committed": partition.next_command_offset,
            "end": partition.end_offset,
            "visibility_lag": partition.visibility_lag,
            "failure": optional(&partition.failure),
        })
    };
    json!({
        "version": status.version,
        "owner": status.owner,
        "owner_since": since(status),
        "problem": optional(&status.problem),
        "namespaces": status.namespaces,
        "partitions": status.partitions.iter().map(partition).collect::<Vec<_>>(),
    })
}

fn optional(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

fn since(status: &GetStatusResponse) -> String {
    let time = status.owner_since.as_ref();
    let time = time.and_then(|time| DateTime::from_timestamp(time.seconds, u32::try_from(time.nanos).ok()?));
    time.map(|time| time.to_rfc3339_opts(SecondsFormat::Millis, true)).unwrap_or_default()
}
