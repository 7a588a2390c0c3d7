//! Generates the server trait of Temporal's WorkflowService as `klamm-api` has it, but with answers for the calls that are left out: the
//! floor answers a few of a hundred.

use std::{env, error::Error, fs};

use prost::Message as _;
use prost_types::FileDescriptorSet;

/// The file that defines the service.
const SERVICE: &str = "temporal/api/workflowservice/v1/service.proto";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    let all = FileDescriptorSet::decode(fs::read(env::var("DEP_KLAMM_MESSAGES_DESCRIPTOR_PATH")?)?.as_slice())?;
    // Messages are extern: only the service reaches the generator.
    let service = FileDescriptorSet { file: all.file.into_iter().filter(|file| file.name() == SERVICE).collect() };
    assert_eq!(service.file.len(), 1, "the service's file is in the set");
    tonic_prost_build::configure()
        .build_client(false)
        .build_server(true)
        .generate_default_stubs(true)
        .codec_path("klamm_api::codec::BoundedCodec")
        .extern_path(".temporal.api", "::klamm_messages::temporal")
        .compile_fds(service)?;
    Ok(())
}
