//! The checked-in schemas: not stale, and every version readable by every other.
//!
//! `KLAMM_UPDATE_SCHEMAS=1 cargo test -p klamm-avro --test schemas` rewrites them: a version that no release has yet is replaced, else the next
//! one is added. Build and commit what it writes.

use std::{collections::BTreeSet, env, fs, path::PathBuf};

use klamm_avro::{
    compatibility::check_reads,
    schemas::{self, RESERVED_ID_MIN, Schema},
};
use serde_json::{Value as Json, json};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../schemas")
}

fn read(name: &str) -> String {
    fs::read_to_string(folder().join(name)).unwrap_or_default()
}

fn write(name: &str, text: &str) {
    let path = folder().join(name);
    fs::create_dir_all(path.parent().expect("a folder around the file")).expect("the folder can be made");
    fs::write(&path, text).expect("the file can be written");
}

fn present(schema: &Schema) -> String {
    format!("avro/{}.avsc", schema.subject)
}

fn version(subject: &str, version: u64) -> String {
    format!("avro/versions/{subject}/v{version}.avsc")
}

#[test]
fn checked_in_schemas_are_those_of_the_messages() {
    if env::var("KLAMM_UPDATE_SCHEMAS").is_ok_and(|it| it == "1") {
        update();
    }
    for schema in schemas::all() {
        for file in [present(schema), version(schema.subject, newest(schema.subject)["version"].as_u64().unwrap_or(0))] {
            assert!(read(&file) == schema.json, "schemas/{file} is stale: KLAMM_UPDATE_SCHEMAS=1 rewrites it");
        }
    }
}

fn ids() -> Json {
    serde_json::from_str(&read("ids.json")).expect("ids.json is JSON")
}

fn newest(subject: &str) -> Json {
    ids()[subject].as_array().and_then(|versions| versions.last()).cloned().expect("a subject has a version")
}

fn update() {
    let mut ids = ids();
    for schema in schemas::all() {
        let newest = newest(schema.subject);
        let number = newest["version"].as_u64().expect("a number");
        write(&present(schema), schema.json);
        if read(&version(schema.subject, number)) == schema.json {
            continue;
        }
        if newest["released"] == true {
            let used = ids.as_object().expect("an object").values().flat_map(|versions| versions.as_array().into_iter().flatten());
            let id = used.filter_map(|version| version["id"].as_u64()).max().map_or(u64::from(RESERVED_ID_MIN), |id| id + 1);
            let next = json!({ "version": number + 1, "id": id, "released": false });
            ids[schema.subject].as_array_mut().expect("versions").push(next);
            write(&version(schema.subject, number + 1), schema.json);
        } else {
            write(&version(schema.subject, number), schema.json);
        }
    }
    let subjects: Vec<String> = ids
        .as_object()
        .expect("an object")
        .iter()
        .map(|(subject, versions)| {
            let versions: Vec<String> = versions.as_array().expect("versions").iter().map(|it| format!("    {it}")).collect();
            format!("  {subject:?}: [\n{}\n  ]", versions.join(",\n"))
        })
        .collect();
    write("ids.json", &format!("{{\n{}\n}}\n", subjects.join(",\n")));
}

/// FULL_TRANSITIVE: each version reads each other.
#[test]
fn every_version_reads_every_other() {
    for one in schemas::versions() {
        for other in schemas::versions().iter().filter(|other| other.subject == one.subject) {
            let read = check_reads(one.json, other.json);
            assert_eq!(read, Ok(()), "{} version {} as version {}", one.subject, one.version, other.version);
        }
    }
}

#[test]
fn ids_are_reserved_and_used_once() {
    let ids: BTreeSet<u32> = schemas::versions().iter().map(|schema| schema.id).collect();
    assert_eq!(ids.len(), schemas::versions().len());
    assert!(ids.iter().all(|id| *id >= RESERVED_ID_MIN));
}

/// A consumer's Avro library takes them.
#[test]
fn schemas_parse_elsewhere() {
    for schema in schemas::versions() {
        let parsed = apache_avro::Schema::parse_str(schema.json);
        assert!(parsed.is_ok(), "{}: {:?}", schema.subject, parsed.err());
    }
}
