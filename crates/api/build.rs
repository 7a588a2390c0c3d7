//! Generates gRPC code: Temporal's two server traits over the messages that its SDK's crate has, and klamm's Inspect.

use std::{collections::BTreeSet, env, error::Error, fs, path::PathBuf};

use prost::Message as _;
use prost_build_types::{FileDescriptorProto, FileDescriptorSet};
use protox::file::{ChainFileResolver, GoogleFileResolver, IncludeFileResolver};

/// Files that define the services of Temporal that klamm serves.
const TEMPORAL_SERVICES: &[&str] = &["temporal/api/workflowservice/v1/service.proto", "temporal/api/operatorservice/v1/service.proto"];

/// klamm's own service.
const INSPECT: &str = "klamm/v1/inspect.proto";

fn main() -> Result<(), Box<dyn Error>> {
    let protos = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../schemas/proto");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo:rerun-if-changed={}", protos.join(INSPECT).display());
    println!("cargo:rerun-if-changed=build.rs");

    let path = env::var("DEP_TEMPORALIO_PROTOS_DESCRIPTOR_PATH")?;
    let all = FileDescriptorSet::decode(fs::read(path)?.as_slice())?;

    // Only the files that define the services reach the generator: their messages are extern, so that nothing of them is generated again.
    let services = FileDescriptorSet { file: all.file.iter().filter(|file| TEMPORAL_SERVICES.contains(&file.name())).cloned().collect() };
    assert_eq!(services.file.len(), TEMPORAL_SERVICES.len(), "the services' files are in the set");
    tonic_prost_build::configure()
        .compile_well_known_types(true)
        .build_client(false)
        .build_server(true)
        .extern_path(".temporal.api", "::temporalio_protos::temporal::api")
        .extern_path(".google.protobuf", "::prost_types")
        .compile_fds(services)?;

    let inspect = inspect(protos)?;
    tonic_prost_build::configure()
        .compile_well_known_types(true)
        .build_client(true)
        .build_server(true)
        .extern_path(".google.protobuf", "::prost_types")
        .compile_fds(FileDescriptorSet { file: inspect.clone() })?;

    // What reflection shows: the services and all that they use.
    let mut shown = with_imports(&all, TEMPORAL_SERVICES);
    shown.extend(inspect.into_iter().filter(|file| file.name() == INSPECT));
    fs::write(out.join("api_descriptors.bin"), FileDescriptorSet { file: shown }.encode_to_vec())?;
    Ok(())
}

/// klamm's service and what it imports.
fn inspect(protos: PathBuf) -> Result<Vec<FileDescriptorProto>, Box<dyn Error>> {
    let mut resolver = ChainFileResolver::new();
    resolver.add(IncludeFileResolver::new(protos));
    resolver.add(GoogleFileResolver::new());
    let mut compiler = protox::Compiler::with_file_resolver(resolver);
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files([INSPECT])?;
    Ok(compiler.file_descriptor_set().file)
}

/// `names` and all files that they import, directly or not, without source comments; order as in `all` (imports first).
fn with_imports(all: &FileDescriptorSet, names: &[&str]) -> Vec<FileDescriptorProto> {
    let mut wanted: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
    loop {
        let before = wanted.len();
        let imports: Vec<_> =
            all.file.iter().filter(|file| wanted.contains(file.name())).flat_map(|file| file.dependency.clone()).collect();
        wanted.extend(imports);
        if wanted.len() == before {
            break;
        }
    }
    all.file
        .iter()
        .filter(|file| wanted.contains(file.name()))
        .map(|file| FileDescriptorProto { source_code_info: None, ..file.clone() })
        .collect()
}
