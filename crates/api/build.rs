//! Generates gRPC code: Temporal's two server traits and its clients, over the messages of `klamm-messages`, and klamm's Inspect.

use std::{collections::BTreeMap, collections::BTreeSet, env, error::Error, fmt::Write as _, fs, path::PathBuf};

use prost::Message as _;
use prost_types::{DescriptorProto, FileDescriptorProto, FileDescriptorSet, field_descriptor_proto::Type};
use protox::file::{ChainFileResolver, GoogleFileResolver, IncludeFileResolver};

/// Files that define the services of Temporal's that klamm serves.
const TEMPORAL_SERVICES: &[&str] = &["temporal/api/workflowservice/v1/service.proto", "temporal/api/operatorservice/v1/service.proto"];

/// klamm's own service.
const INSPECT: &str = "klamm/v1/inspect.proto";

fn main() -> Result<(), Box<dyn Error>> {
    let protos = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../schemas/proto");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo:rerun-if-changed={}", protos.join(INSPECT).display());
    println!("cargo:rerun-if-changed=build.rs");

    let path = env::var("DEP_KLAMM_MESSAGES_DESCRIPTOR_PATH")?;
    let all = FileDescriptorSet::decode(fs::read(path)?.as_slice())?;

    // Only the files that define the services reach the generator. Their messages are extern, so they are not generated again.
    let services = FileDescriptorSet { file: all.file.iter().filter(|file| TEMPORAL_SERVICES.contains(&file.name())).cloned().collect() };
    assert_eq!(services.file.len(), TEMPORAL_SERVICES.len(), "the services' files are in the set");
    tonic_prost_build::configure()
        .build_client(true)
        .build_server(true)
        .codec_path("crate::codec::BoundedCodec")
        .extern_path(".temporal.api", "::klamm_messages::temporal")
        .compile_fds(services)?;

    let inspect = inspect(protos)?;
    tonic_prost_build::configure().build_client(true).build_server(true).compile_fds(FileDescriptorSet { file: inspect.clone() })?;

    // What server reflection shows: the services, and all that they use.
    let mut shown = with_imports(&all, TEMPORAL_SERVICES);
    fs::write(out.join("shapes.rs"), shapes(&shown))?;
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

/// The files `names` and all that they import, directly or not, without source comments. The order is that of `all` (imports first).
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

/// A table that says by message name which fields hold messages, for `codec.rs`.
fn shapes(files: &[FileDescriptorProto]) -> String {
    let mut messages = BTreeMap::new();
    for file in files {
        file.message_type.iter().for_each(|message| collect(&format!(".{}", file.package()), message, &mut messages));
    }
    let places: BTreeMap<&String, usize> = messages.keys().zip(0..).collect();
    let mut code = String::from("const SHAPES: &[Shape] = &[\n");
    for (name, message) in &messages {
        let mut fields: Vec<_> = message
            .field
            .iter()
            .filter(|field| field.r#type() == Type::Message)
            .filter_map(|field| Some((field.number(), *places.get(&field.type_name().to_owned())?)))
            .collect();
        fields.sort_unstable();
        let _ = writeln!(code, "    Shape {{ name: {:?}, fields: &{fields:?} }},", &name[1..]);
    }
    code.push_str("];\n");
    code
}

/// Collects the message, and the messages that are defined in it (map entries among them).
fn collect<'m>(scope: &str, message: &'m DescriptorProto, messages: &mut BTreeMap<String, &'m DescriptorProto>) {
    let name = format!("{scope}.{}", message.name());
    message.nested_type.iter().for_each(|nested| collect(&name, nested, messages));
    messages.insert(name, message);
}
