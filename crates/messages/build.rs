//! Generates klamm's own messages over Temporal's, from schemas/proto, and announces one descriptor set of both.

use std::{env, error::Error, fs, path::PathBuf};

use protox::file::{ChainFileResolver, DescriptorSetFileResolver, GoogleFileResolver, IncludeFileResolver};

const FILES: &[&str] = &[
    "klamm/v1/command.proto",
    "klamm/v1/settings.proto",
    "klamm/v1/schedule.proto",
    "klamm/v1/history.proto",
    "klamm/v1/cluster.proto",
    "klamm/v1/visibility.proto",
    "klamm/v1/member.proto",
    "klamm/v1/store.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    let protos = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../schemas/proto");
    println!("cargo:rerun-if-changed={}", protos.display());
    let temporal = env::var("DEP_TEMPORALIO_PROTOS_DESCRIPTOR_PATH")?;

    let mut resolver = ChainFileResolver::new();
    resolver.add(IncludeFileResolver::new(protos));
    resolver.add(DescriptorSetFileResolver::decode(fs::read(&temporal)?.as_slice())?);
    resolver.add(GoogleFileResolver::new());
    let mut compiler = protox::Compiler::with_file_resolver(resolver);
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(FILES)?;
    let descriptors = compiler.file_descriptor_set();

    let out = PathBuf::from(env::var("OUT_DIR")?).join("klamm_descriptors.bin");
    fs::write(&out, compiler.encode_file_descriptor_set())?;
    println!("cargo:descriptor_path={}", out.display());

    // prost-build needs every file that ours refer to; what it generates for the others is left in OUT_DIR, unused.
    let mut config = prost_build::Config::new();
    config.enable_type_names().btree_map(["."]).extern_path(".temporal.api", "::temporalio_protos::temporal::api");
    config.compile_fds(descriptors)?;
    Ok(())
}
