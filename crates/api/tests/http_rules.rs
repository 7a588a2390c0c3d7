//! `http_rules.txt` has the HTTP rules of Temporal's services, which the descriptor set of `temporalio-protos` has lost. They are taken from
//! the proto files of that crate. After an update of the crate: `KLAMM_UPDATE_SCHEMAS=1 cargo test --workspace --test http_rules`.

use std::{env, path::PathBuf, process::Command};

use prost_reflect::{DescriptorPool, DynamicMessage, Value};

const FILES: &[&str] = &["temporal/api/workflowservice/v1/service.proto", "temporal/api/operatorservice/v1/service.proto"];

/// The proto files of the version of `temporalio-protos` that is built.
fn protos() -> PathBuf {
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    // Packages of other platforms may not be there.
    let about = String::from_utf8(Command::new("rustc").arg("-vV").output().unwrap().stdout).unwrap();
    let host = about.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let arguments = ["metadata", "--format-version", "1", "--offline", "--filter-platform", host];
    let output = Command::new(cargo).args(arguments).output().unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let manifest = packages.iter().find(|package| package["name"] == "temporalio-protos").unwrap()["manifest_path"].as_str().unwrap();
    PathBuf::from(manifest).with_file_name("protos/api_upstream")
}

fn rules(service: &str, method: &str, rule: &DynamicMessage, lines: &mut String) {
    let text = |name: &str| rule.get_field_by_name(name).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default();
    assert!(!rule.has_field_by_name("custom") && text("response_body").is_empty(), "{method}: a rule that klamm-rest does not know");
    for verb in ["get", "put", "post", "delete", "patch"] {
        let path = text(verb);
        if !path.is_empty() {
            lines.push_str(format!("{service} {method} {} {path} {}", verb.to_uppercase(), text("body")).trim_end());
            lines.push('\n');
        }
    }
    if let Some(Value::List(more)) = rule.get_field_by_name("additional_bindings").as_deref() {
        more.iter().filter_map(Value::as_message).for_each(|rule| rules(service, method, rule, lines));
    }
}

#[test]
fn the_rules_are_those_of_the_proto_files() {
    let mut compiler = protox::Compiler::new([protos()]).unwrap();
    compiler.include_imports(true).open_files(FILES).unwrap();
    let pool = DescriptorPool::decode(compiler.encode_file_descriptor_set().as_slice()).unwrap();
    let extension = pool.get_extension_by_name("google.api.http").unwrap();
    let mut lines = String::new();
    for service in pool.services() {
        for method in service.methods() {
            let options = method.options();
            if options.has_extension(&extension)
                && let Value::Message(rule) = options.get_extension(&extension).as_ref()
            {
                rules(service.full_name(), method.name(), rule, &mut lines);
            }
        }
    }
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("http_rules.txt");
    if env::var("KLAMM_UPDATE_SCHEMAS").is_ok() {
        std::fs::write(&file, &lines).unwrap();
    }
    assert!(lines.lines().count() > 200, "{lines}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), lines, "KLAMM_UPDATE_SCHEMAS=1 writes it anew");
}
