//! Generates Temporal's messages and klamm's own (schemas/proto). Announces one descriptor set of both.
//!
//! Temporal's come from the descriptor set that `temporalio-protos` announces, and not from that crate's types: here bytes are
//! `bytes::Bytes`, so that a payload is shared instead of copied, and maps are ordered.

use std::{env, error::Error, fs, path::PathBuf};

use protox::file::{ChainFileResolver, DescriptorSetFileResolver, GoogleFileResolver, IncludeFileResolver};

/// klamm's own files.
const KLAMM: &[&str] = &[
    "klamm/v1/command.proto",
    "klamm/v1/settings.proto",
    "klamm/v1/schedule.proto",
    "klamm/v1/history.proto",
    "klamm/v1/held.proto",
    "klamm/v1/cluster.proto",
    "klamm/v1/visibility.proto",
    "klamm/v1/outcome.proto",
    "klamm/v1/member.proto",
    "klamm/v1/request.proto",
    "klamm/v1/task.proto",
    "klamm/v1/store.proto",
];

/// Temporal's files that, with their imports, define all that klamm speaks.
const TEMPORAL: &[&str] = &[
    "temporal/api/workflowservice/v1/service.proto",
    "temporal/api/operatorservice/v1/service.proto",
    "temporal/api/errordetails/v1/message.proto",
    "temporal/api/sdk/v1/workflow_metadata.proto",
    "google/rpc/status.proto",
];

/// Fields and cases that are kept in a box of their own, because they are large and most messages have others. An enum is as large as its largest
/// case: without this each event would take 2 KB and each history record 4, and all of it moves whenever one is made, kept or sent.
const BOXED: &[&str] = &[
    "klamm.v1.Command.body.start_workflow",
    "klamm.v1.Command.body.signal_with_start_workflow",
    "klamm.v1.Command.body.update_with_start",
    "klamm.v1.Command.body.create_schedule",
    "klamm.v1.Command.body.update_schedule",
    "klamm.v1.HistoryRecord.record.activity",
    "klamm.v1.HistoryRecord.record.outcome",
    "temporal.api.history.v1.HistoryEvent.user_metadata",
    "temporal.api.history.v1.HistoryEvent.attributes.workflow_execution_started_event_attributes",
    "temporal.api.history.v1.HistoryEvent.attributes.workflow_execution_continued_as_new_event_attributes",
    "temporal.api.history.v1.HistoryEvent.attributes.start_child_workflow_execution_initiated_event_attributes",
    "temporal.api.history.v1.HistoryEvent.attributes.workflow_execution_update_rejected_event_attributes",
    "temporal.api.history.v1.HistoryEvent.attributes.workflow_task_failed_event_attributes",
];

/// The packages of messages, by how they begin.
const PACKAGES: &[&str] = &["temporal.api", "google.rpc", "google.protobuf", "klamm"];

fn main() -> Result<(), Box<dyn Error>> {
    let protos = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../schemas/proto");
    println!("cargo:rerun-if-changed={}", protos.display());
    println!("cargo:rerun-if-changed=build.rs");
    let temporal = env::var("DEP_TEMPORALIO_PROTOS_DESCRIPTOR_PATH")?;

    let mut resolver = ChainFileResolver::new();
    resolver.add(IncludeFileResolver::new(protos));
    resolver.add(DescriptorSetFileResolver::decode(fs::read(&temporal)?.as_slice())?);
    resolver.add(GoogleFileResolver::new());
    let mut compiler = protox::Compiler::with_file_resolver(resolver);
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(TEMPORAL.iter().chain(KLAMM))?;
    let mut descriptors = compiler.file_descriptor_set();

    let out = PathBuf::from(env::var("OUT_DIR")?);
    let announced = out.join("descriptors.bin");
    fs::write(&announced, compiler.encode_file_descriptor_set())?;
    println!("cargo:descriptor_path={}", announced.display());

    // Annotations of calls (HTTP, Nexus) are no messages of anybody.
    descriptors.file.retain(|file| PACKAGES.iter().any(|package| file.package().starts_with(package)));
    let mut config = prost_build::Config::new();
    config.enable_type_names().btree_map(["."]).bytes(["."]).include_file("modules.rs");
    for path in BOXED {
        config.boxed(format!(".{path}"));
    }
    // Their comments are prose with indented examples, which rustdoc would take for tests.
    config.disable_comments([".temporal", ".google"]);
    config.compile_fds(descriptors)?;
    Ok(())
}
