//! Generates schemas and code from the descriptors that klamm-messages announces. Also lists the checked-in schema versions.

use std::{collections::BTreeMap, env, error::Error, fmt::Write as _, fs, path::PathBuf};

#[path = "codegen/mod.rs"]
mod codegen;

/// Each topic, without prefix, and the message that is its value (schemas/README.md).
const TOPICS: &[(&str, &str)] = &[
    ("commands", "klamm.v1.Command"),
    ("history", "klamm.v1.HistoryRecord"),
    ("visibility", "klamm.v1.VisibilityDocument"),
    ("schedules", "klamm.v1.ScheduleRecord"),
    ("cluster", "klamm.v1.ClusterRecord"),
    ("held", "klamm.v1.HeldRecord"),
    ("members", "klamm.v1.Member"),
    // Of each namespace that has the topic.
    ("outcomes", "klamm.v1.Outcome"),
    ("requests", "klamm.v1.Request"),
    // Of each stream task queue whose format is Avro.
    ("tasks", "klamm.v1.ActivityTask"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let schemas = here.join("../../schemas");
    println!("cargo:rerun-if-changed={}", here.join("codegen").display());
    println!("cargo:rerun-if-changed={}", schemas.join("ids.json").display());
    println!("cargo:rerun-if-changed={}", schemas.join("avro/versions").display());

    let descriptors = env::var("DEP_KLAMM_MESSAGES_DESCRIPTOR_PATH")?;
    println!("cargo:rerun-if-changed={descriptors}");
    let mut output = codegen::generate(&fs::read(descriptors)?, TOPICS)?;

    let out = PathBuf::from(env::var("OUT_DIR")?);
    let ids = Ids::read(&schemas)?;
    let (mut current, mut versions) = (String::new(), String::new());
    for schema in &output.schemas {
        let subject = format!("{}-value", schema.topic);
        let known = ids.of(&subject)?;
        let (newest, earlier) = known.split_last().ok_or_else(|| format!("schemas/ids.json has no version of {subject}"))?;
        for version in earlier {
            let json = fs::read_to_string(schemas.join(format!("avro/versions/{subject}/v{}.avsc", version.number)))?;
            push(&mut versions, &subject, version, &json);
        }
        push(&mut versions, &subject, newest, &schema.json);
        push(&mut current, &subject, newest, &schema.json);
        writeln!(
            output.rust,
            "impl crate::Value for {} {{\n    const TOPIC: &'static str = {:?};\n    const SCHEMA_ID: u32 = {:#x};\n}}\n",
            schema.rust, schema.topic, newest.id,
        )?;
    }
    fs::write(out.join("codec.rs"), output.rust)?;
    fs::write(
        out.join("schemas.rs"),
        format!("const CURRENT: &[Schema] = &[\n{current}];\n\nconst VERSIONS: &[Schema] = &[\n{versions}];\n"),
    )?;
    Ok(())
}

fn push(table: &mut String, subject: &str, version: &Version, json: &str) {
    let Version { number, id } = version;
    let _ = writeln!(table, "    Schema {{ subject: {subject:?}, version: {number}, id: {id:#x}, json: {json:?} }},");
}

/// schemas/ids.json: the versions of each subject, oldest first.
struct Ids(BTreeMap<String, Vec<serde_json::Value>>);

struct Version {
    number: u64,
    id: u64,
}

impl Ids {
    fn read(schemas: &std::path::Path) -> Result<Self, Box<dyn Error>> {
        Ok(Self(serde_json::from_slice(&fs::read(schemas.join("ids.json"))?)?))
    }

    fn of(&self, subject: &str) -> Result<Vec<Version>, Box<dyn Error>> {
        let number = |version: &serde_json::Value, member: &str| {
            version[member].as_u64().ok_or_else(|| format!("schemas/ids.json: a version of {subject} has no {member}"))
        };
        let versions = self.0.get(subject).map(Vec::as_slice).unwrap_or_default();
        versions.iter().map(|it| Ok(Version { number: number(it, "version")?, id: number(it, "id")? })).collect()
    }
}
