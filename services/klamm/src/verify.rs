//! `klamm verify`: has a running server rebuild its state from its topics and compare.

use std::process::ExitCode;

use klamm_api::klamm::v1::{VerifyRequest, verify_report::Report};

use crate::{cli::VerifyOptions, setup_error::SetupError, topics::connect};

/// Exit code 0 when nothing differs, 1 otherwise.
pub async fn run(options: VerifyOptions) -> Result<ExitCode, SetupError> {
    let mut client = connect::connect(&options.server).await?;
    let mut reports = client.verify(VerifyRequest {}).await.map_err(connect::refused)?.into_inner();
    let mut summary = None;
    while let Some(report) = reports.message().await.map_err(connect::refused)? {
        match report.report {
            Some(Report::Difference(difference)) => println!("partition {}: {}", difference.partition, difference.key),
            Some(Report::Summary(found)) => summary = Some(found),
            Some(Report::Progress(_)) | None => {}
        }
    }
    let Some(summary) = summary else {
        return Err(SetupError::new("verifying", "the server ended the report early", "see the server's log"));
    };
    println!("{} partitions, {} rows compared, {} differences", summary.partitions, summary.rows, summary.differences);
    Ok(if summary.differences == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
