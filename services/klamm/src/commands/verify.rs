//! `klamm verify`: makes a running server rebuild its state from its topics and compare.

use std::process::ExitCode;

use klamm_api::klamm::v1::{VerifyProgress, VerifyRequest, VerifySummary, verify_report::Report};
use serde_json::{Value, json};

use crate::{
    cli::{VerifyOptions, connect, print},
    logging,
    setup_error::{Exit, SetupError},
};

/// Prints the result. [`Exit::Fine`] when nothing differs, [`Exit::Amiss`] otherwise. Progress goes to standard error.
///
/// # Errors
/// No server answers, or it breaks off.
pub async fn run(options: VerifyOptions) -> Result<ExitCode, SetupError> {
    let mut client = connect::connect(&options.server).await?;
    let mut reports = client.verify(VerifyRequest {}).await.map_err(connect::refused)?.into_inner();
    let (mut summary, mut begun) = (None, None);
    while let Some(report) = reports.message().await.map_err(connect::refused)? {
        match report.report {
            Some(Report::Difference(difference)) if options.json => {
                print(&json!({ "difference": { "partition": difference.partition, "what": difference.key } }).to_string());
            }
            Some(Report::Difference(difference)) => print(&format!("partition {}: {}", difference.partition, difference.key)),
            Some(Report::Summary(found)) => summary = Some(found),
            Some(Report::Progress(progress)) => {
                let is_over = begun.replace(progress.partition) == Some(progress.partition);
                tell(&progress, is_over, options.json);
            }
            None => {}
        }
    }
    let Some(summary) = summary else {
        return Err(SetupError::new("verifying", "the server ended the report early", "see the server's log").ending(Exit::Refused));
    };
    let VerifySummary { partitions, rows, differences, .. } = summary;
    print(&match options.json {
        true => json!({ "summary": { "partitions": partitions, "rows": rows, "differences": differences } }).to_string(),
        false => format!("{partitions} partitions, {rows} rows compared, {differences} differences"),
    });
    Ok(if differences == 0 { Exit::Fine } else { Exit::Amiss }.into())
}

/// Prints one report about a partition. There are two for each: one when it begins, and one when it is over.
fn tell(progress: &VerifyProgress, is_over: bool, as_json: bool) {
    let VerifyProgress { partition, records, partition_count } = *progress;
    let text = match is_over {
        false => format!("partition {partition} of 0 to {}: rebuilding", i64::from(partition_count) - 1),
        true => format!("partition {partition}: {records} rows compared"),
    };
    match as_json {
        true => eprintln!("{}", json!({ "progress": { "partition": partition, "partitions": partition_count, "rows": records } })),
        false => logging::progress(&text, Value::Null),
    }
}
